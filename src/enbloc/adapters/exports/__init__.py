"""What leaves a run: models, scenes, DICOM, tables. Everything is read from the run folder; nothing is decided here."""
