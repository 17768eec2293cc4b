"""Import: from a folder of a hospital's DICOM to a case folder, with or without the patient's identity removed."""
