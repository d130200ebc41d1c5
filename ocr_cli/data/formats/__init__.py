"""What data comes in: sets of characters, pen strokes, transcribed pages."""
