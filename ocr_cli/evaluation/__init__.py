"""Evaluation: error rates, confusions, reports."""
