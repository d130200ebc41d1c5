"""Model files: their kinds, what is checked of them, and what is known of them."""
