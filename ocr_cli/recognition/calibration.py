"""Confidence that means something: of the words given 0.9, nine in ten are right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ocr_cli.page import Row
from ocr_cli.recognition.letters import geometric_mean

# Slope and offset of the log-odds that a word is right, over the log-odds that its reader gives
# it (J. Platt 1999). LINES is fitted on gnhk/valid, copiste/valid and pages/dev, SETTLED and MIXED
# on the first and last of these (benchmarks/calibrate.py; MIXED lies between what suits drawn pages
# and what suits notes); LETTERS on writers of the valid split.
# Letters are scored by shape alone and mended by all else, so theirs say little.
LETTERS = (0.46, 1.45)
SETTLED = (0.20, 3.40)  # rows that were read both ways
LINES = (0.42, 0.06)  # rows read by one network,
MIXED = (0.60, 1.10)  # and by two: the mean of their probabilities is less sure than it could be


def of_lines(mixed: bool) -> tuple[float, float]:
    """The odds of rows that one line network read, or two."""
    return MIXED if mixed else LINES


def calibrated(row: Row, odds: tuple[float, float]) -> Row:
    """The row with the confidence of its words made the share of such words that are right."""
    slope, offset = odds
    words = []
    for word in row.words:
        p = float(np.clip(word.confidence, 1e-6, 1 - 1e-6))
        logit = slope * np.log(p / (1 - p)) + offset
        words.append(replace(word, confidence=float(1 / (1 + np.exp(-logit)))))
    confidence = geometric_mean([word.confidence for word in words])
    return replace(row, words=tuple(words), confidence=confidence)
