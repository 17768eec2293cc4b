"""Images and label maps on their grids."""
