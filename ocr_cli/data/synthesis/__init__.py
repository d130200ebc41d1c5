"""Writing made by machine: strokes, typefaces, pages, texts."""
