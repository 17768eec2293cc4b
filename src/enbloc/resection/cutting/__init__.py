"""Where the cuts of a kind lie: the textbook first, then the pose that costs the least bone."""
