"""The run folder, written and read again."""
