"""A reader learns one hand."""
