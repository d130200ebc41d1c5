"""The correction page: what was read over the photo, mended, kept, and learnt from."""
