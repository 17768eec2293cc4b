"""DICOM as hospitals send it: series of slices, segmentations and structure sets, read within stated limits."""
