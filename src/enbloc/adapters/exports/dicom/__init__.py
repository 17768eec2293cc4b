"""DICOM: segmentations, structured report, contours, encapsulated models and report, the burnt-in series."""
