"""What must be rebuilt: the defect, the body that fills it, and what holds it."""
