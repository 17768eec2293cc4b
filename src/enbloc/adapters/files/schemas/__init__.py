"""JSON Schema (2020-12) of every file that goes in or comes out."""
