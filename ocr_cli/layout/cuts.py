"""Over-segmentation: wide pieces of ink taken apart wherever letters may meet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ocr_cli.page import Box, Glyph, Row

WIDE = 0.9  # pieces wider than this many x-heights are looked into
APART = 0.2  # least distance from a cut to the end, in x-heights
LONG = 0.8  # x-heights from which on a valley may be cut at its ends
THICK = 2.0  # a cut crosses at most so much ink, in stroke widths


def cut_row(row: Row, stroke_width: float) -> list[list[Glyph]]:
    """For each of the row's glyphs, its slices from left to right, each one letter at most.

    Cuts follow the row's slant and cross the ink where it is thin: where it is one stroke
    thick or little more (R. Casey and E. Lecolinet, PAMI 1996, 3.1).
    """
    return [
        cut_glyph(glyph, row.slant, stroke_width, row.x_height)
        for word in row.words
        for glyph in word.glyphs
    ]


def cut_glyph(glyph: Glyph, slant: float, stroke_width: float, x_height: float) -> list[Glyph]:
    """Slices of a glyph, from left to right; the glyph itself where there is nothing to cut."""
    y, x = np.nonzero(glyph.ink)
    upright = x + slant * (y - glyph.box.height / 2)
    column = np.rint(upright - upright.min()).astype(np.int64)
    width = int(column.max()) + 1
    if width < WIDE * x_height:
        return [glyph]
    ink = np.bincount(column, minlength=width)
    ink[_strokes_crossed(y, column, width) > 1] = glyph.box.height  # through a loop is no cut
    cuts = _cuts(ink, stroke_width, x_height)
    if not cuts:
        return [glyph]
    part = np.searchsorted(np.array(cuts), column, side="right")
    return [_slice(glyph, y[part == k], x[part == k]) for k in np.unique(part)]


def _strokes_crossed(
    y: NDArray[np.int64], column: NDArray[np.int64], width: int
) -> NDArray[np.int64]:
    """(width,) how many strokes each column meets: its runs of ink, small breaks bridged."""
    order = np.lexsort((y, column))
    y, column = y[order], column[order]
    starts = (np.diff(column, prepend=-1) > 0) | (np.diff(y, prepend=0) > 3)
    return np.bincount(column[starts], minlength=width)


def _cuts(profile: NDArray[np.int64], stroke_width: float, x_height: float) -> list[int]:
    """Columns to cut before, from the ink in each column.

    A cut crosses a valley, thin ink with more of it on both sides: the bar of a T or the foot
    of an L that ends free is none. A long valley may be cut near its ends as well.
    """
    margin = max(2, int(APART * x_height))
    smooth = np.convolve(np.pad(profile, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    thin = smooth <= THICK * stroke_width
    edges = np.flatnonzero(np.diff(thin, prepend=False, append=False)).reshape(-1, 2)
    cuts: list[int] = []
    for first, end in edges:
        if first == 0 or end == len(thin):
            continue
        depth = smooth[first:end]
        lowest = np.flatnonzero(depth <= depth.min() + 0.35 * stroke_width)
        cuts.append(int(first + (lowest[0] + lowest[-1]) // 2))
        if end - first > LONG * x_height:
            cuts += [int(first + margin // 2), int(end - margin // 2)]
    return [cut for cut in sorted(cuts) if margin <= cut <= len(thin) - margin]


def _slice(glyph: Glyph, y: NDArray[np.int64], x: NDArray[np.int64]) -> Glyph:
    """The glyph's pixels at (y, x) as a glyph of their own."""
    y1, x1, y2, x2 = int(y.min()), int(x.min()), int(y.max()) + 1, int(x.max()) + 1
    ink = np.zeros((y2 - y1, x2 - x1), bool)
    ink[y - y1, x - x1] = True
    top, left = glyph.box.y1, glyph.box.x1
    return Glyph(Box(top + y1, left + x1, top + y2, left + x2), ink)
