"""By which way, in which order."""
