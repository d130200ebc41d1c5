"""Formats of data: sets of characters, pen strokes, transcribed pages."""
