"""Output: a page as text, JSON lines, TSV and pictures; pure functions of a Page."""
