"""What the cuts set free, and how far tumour keeps from its surface."""
