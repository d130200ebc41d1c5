"""Non-letters: pieces of a letter, and several in one, as wrong cuts of a row leave them."""

from __future__ import annotations

import numpy as np

from ocr_cli.data.charset import NON_LETTER
from ocr_cli.data.formats.ink import Ink, Strokes, from_strokes


def draw(ink: Ink, count: int, rng: np.random.Generator) -> Ink:
    """`count` non-letters made of the letters in `ink`: pieces, pairs and threes."""
    chosen = rng.integers(0, len(ink), (count, 3))
    items = []
    for first, second, third in chosen:
        width, height = np.ptp(np.concatenate(ink.strokes(first)), axis=0)
        # half of a narrow letter looks like a letter, so only wide ones are cut
        cut = rng.random() < 0.5 and width > 0.6 * height
        if cut:
            items.append(_piece(ink.strokes(first), rng))
            continue
        several = _beside(ink.strokes(first), ink.strokes(second), rng)
        if rng.random() < 0.3:
            several = _beside(several, ink.strokes(third), rng)
        items.append(several)
    return from_strokes(items, [NON_LETTER] * count)


def _piece(strokes: Strokes, rng: np.random.Generator) -> Strokes:
    """The left or the right part of a letter, cut upright."""
    xs = np.concatenate([stroke[:, 0] for stroke in strokes])
    cut = xs.min() + rng.uniform(0.3, 0.7) * np.ptp(xs)
    left = rng.random() < 0.5
    pieces: Strokes = []
    for stroke in strokes:
        inside = (stroke[:, 0] <= cut) == left
        ends = np.flatnonzero(np.diff(inside)) + 1
        runs = zip(np.split(stroke, ends), np.split(inside, ends), strict=True)
        pieces += [run for run, kept in runs if kept[0]]
    return pieces or strokes


def _beside(one: Strokes, two: Strokes, rng: np.random.Generator) -> Strokes:
    """Two letters side by side, near or touching, on one baseline."""
    a, b = np.concatenate(one), np.concatenate(two)
    size = max(np.ptp(a, axis=0).max(), np.ptp(b, axis=0).max())
    gap = rng.uniform(-0.05, 0.2) * size
    shift = np.array([a[:, 0].max() - b[:, 0].min() + gap, a[:, 1].max() - b[:, 1].max()])
    return one + [stroke + shift.astype(np.float32) for stroke in two]
