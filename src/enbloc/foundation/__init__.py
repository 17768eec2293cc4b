"""What every step stands on: the field's words, patient space, and how we know."""
