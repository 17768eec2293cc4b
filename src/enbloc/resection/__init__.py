"""Step 4, what can be cut: families, bounded cuts, the specimen, and its margins."""
