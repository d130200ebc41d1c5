"""The shipped weights (`*.npz`), and a card (`*.md`) that tells where each comes from."""
