"""Rows to words: which of a row's gaps are spaces, by what is usual on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.page import Glyph, Row, Word, union

Array = NDArray[Any]

# Gaps in x-heights, for rows of single letters and for rows of joined-up writing: one of more
# than `widest` is a space like any other; where all are alike, those above `space` are spaces.
SPACING = {False: {"widest": 3.0, "space": 1.1}, True: {"widest": 1.2, "space": 0.5}}
PRIOR = 3  # gaps of each kind that the page's usual ones count for in a row


def split_words(rows: Sequence[Row]) -> list[Row]:
    """The rows with their glyphs parted into words at the wide gaps.

    Gaps are either inside words or between them. What each kind usually measures is found
    over all rows of the page that are written alike, joined up or in single letters, and
    counts for a few gaps in each row's own decision.
    """
    joined = [is_joined(row) for row in rows]
    gaps = [
        np.clip(letter_gaps(row) / row.x_height, 0.0, SPACING[j]["widest"])
        for row, j in zip(rows, joined, strict=True)
    ]
    usual = {}
    for kind in set(joined):
        alike = [g for g, j in zip(gaps, joined, strict=True) if j == kind]
        usual[kind] = usual_gaps(np.concatenate(alike), SPACING[kind]["space"])
    return [
        part_words(row, g > row_threshold(g, usual[j]))
        for row, g, j in zip(rows, gaps, joined, strict=True)
    ]


def part_words(row: Row, spaces: NDArray[np.bool_]) -> Row:
    """The row with its glyphs in words; `spaces` (n-1,) says after which glyph one ends."""
    glyphs = [g for word in row.words for g in word.glyphs]
    cuts = [0, *(np.flatnonzero(spaces) + 1), len(glyphs)]
    parts = [tuple(glyphs[a:b]) for a, b in pairwise(cuts)]
    return replace(row, words=tuple(Word(union([g.box for g in part]), part) for part in parts))


def is_joined(row: Row) -> bool:
    """Whether most of a row's ink is in pieces too wide to be single letters."""
    left, right = upright_sides(row)
    wide = right - left
    return bool(wide[wide > 2.2 * row.x_height].sum() > 0.4 * wide.sum())


def letter_gaps(row: Row) -> Array:
    """(n-1,) gaps between a row's neighbouring glyphs in pixels, from left to right.

    They are measured with the slant taken out, and are below 0 where glyphs overlap. A full
    stop or comma clings to what stands before it: its gap is 0 at most.
    """
    left, right = upright_sides(row)
    gaps = left[1:] - np.maximum.accumulate(right)[:-1]
    glyphs = [g for word in row.words for g in word.glyphs]
    clings = np.array([_is_low(g, row) for g in glyphs], bool)
    return np.where(clings[1:], np.minimum(gaps, 0), gaps)


def upright_sides(row: Row) -> tuple[Array, Array]:
    """(n,) left and (n,) right ends of a row's glyphs, sheared upright about the baseline."""
    sides = []
    for word in row.words:
        for glyph in word.glyphs:
            y, x = np.nonzero(glyph.ink)
            x = x + glyph.box.x1
            upright = x - row.slant * (row.baseline + row.slope * x - y - glyph.box.y1)
            sides.append((upright.min(), upright.max() + 1))
    left, right = np.array(sides).T
    return left, right


def _is_low(glyph: Glyph, row: Row) -> bool:
    """Whether a glyph is a full stop or comma by its size and place."""
    foot = row.baseline + row.slope * (glyph.box.x1 + glyph.box.x2) / 2
    low = foot - glyph.box.y1 < 0.45 * row.x_height
    return bool(low and glyph.box.width < 0.6 * row.x_height)


def usual_gaps(gaps: Array, space: float) -> tuple[float, float]:
    """What gaps inside and between words usually measure.

    Where all are of one kind it is the one that their median tells, by comparing with
    `space`; the other kind is then out of reach.
    """
    at = _otsu(gaps)
    if at is not None:
        inside, between = float(gaps[gaps <= at].mean()), float(gaps[gaps > at].mean())
        if between > 2.2 * max(inside, 0.15):
            return inside, between
    alone = gaps.size and np.median(gaps) > space
    return (-np.inf, 0.0) if alone else (0.0, np.inf)


def row_threshold(gaps: Array, usual: tuple[float, float]) -> float:
    """The gap from which on a space is meant in a row, in x-heights."""
    if not np.isfinite(usual).all():
        return usual[0] if np.isinf(usual[0]) else usual[1]
    at = _otsu(np.concatenate([gaps, np.repeat(usual, PRIOR)]))
    return np.inf if at is None else at


def _otsu(values: Array) -> float | None:
    """The level that parts values into two classes best (N. Otsu, 1979); None if all are one."""
    ordered = np.sort(values)
    n = len(ordered)
    if n < 2 or ordered[0] == ordered[-1]:
        return None
    k = np.arange(1, n)
    low = np.cumsum(ordered)[:-1]
    between = k * (n - k) * ((ordered.sum() - low) / (n - k) - low / k) ** 2
    best = int(between.argmax())
    return float((ordered[best] + ordered[best + 1]) / 2)
