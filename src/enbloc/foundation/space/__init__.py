"""Where things are: patient LPS millimetres, grids, volumes, planes, surfaces and distances."""
