"""Training data: NIST36 sets, real pen strokes, synthetic handwriting, and how to vary them."""
