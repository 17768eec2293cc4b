"""3D Slicer: a segmentation, markups and the scene that holds them."""
