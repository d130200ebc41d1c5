"""How well it reads: error rates, confusions, reports."""
