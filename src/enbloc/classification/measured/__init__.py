"""Findings that are measured on the scene."""
