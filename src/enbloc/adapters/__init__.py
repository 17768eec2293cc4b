"""The doors: the only folder that opens anything."""
