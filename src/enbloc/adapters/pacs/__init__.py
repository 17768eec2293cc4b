"""PACS: find a study, fetch it, store what was planned, over DICOMweb or classic DICOM, to addresses the user gives."""
