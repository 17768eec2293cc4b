"""Step 1, what arrives: the case, its clinical facts, and the checks on both."""
