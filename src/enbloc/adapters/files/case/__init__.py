"""The case folder, read and written."""
