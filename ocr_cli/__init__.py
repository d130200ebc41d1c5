"""Reads handwriting from photos and scans, offline, with networks of our own."""

__version__ = "0.2.0"
