"""Patients whose truth is known by formula."""
