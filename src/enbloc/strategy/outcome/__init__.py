"""What can go wrong, how often, and the chance that the cuts stay clear."""
