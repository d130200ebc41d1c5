"""What is drawn or printed beside rows and is none: faces, square codes, bullets of lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.marks import Marked, erased, measuring
from ocr_cli.layout.raster import label
from ocr_cli.layout.ticks import stand_in_line
from ocr_cli.page import Course

Array = NDArray[Any]
Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]
FACE = 4.2, 14.0  # spreads that a face measures,
ROUNDISH = 1.35  # times as wide as high, at most, or as high as wide,
FEATURES = 2, 6  # pieces within its outline, eyes and a mouth,
PART = 0.72  # of its width and half its height, at most, that each of these measures
CODE = 8.0  # spreads that a square code measures, at least,
DENSE = 0.28, 0.7  # share of nearly all its parts, and at most of it all, that is ink
EVEN = 0.75  # share of its parts that are so full
OBLONG = 1.6  # times as long as wide, at most,
LARGEST = 0.6  # and of the picture's shorter side: more is a chequered cloth
CHANGES = 1.0  # strokes to CODE spreads of most lines through it, at least
HOLE = 0.7, 4.0  # spreads that a spiral's hole measures,
FULL = 0.72  # of its box is dark,
ALIKE = 0.2  # of its size by which others differ, at most,
MANY = 5  # one below the other, at least
BULLET = 0.35, 1.9  # spreads that a bullet of a list measures
SOLID = 0.62  # of its box is ink
HALF = 1.1  # spreads that its middle is off its row's, at most,
GAP = 0.7  # and that it stands before the row, at least
APART = 2.0  # spreads by which the bullets of a list are off one upright line, at most
FEWEST = 2  # of a list


def without_drawn(grey: Grey, courses: Sequence[Course], seen: Marked) -> Grey:
    """The page without faces, square codes and bullets; itself where there are none."""
    points = [course.points / seen.step for course in courses]
    gone = faces(seen) | codes(seen) | seen.pieces.of(holes(seen) | bullets(seen, points))
    return erased(grey, seen, gone) if gone.any() else grey


def faces(seen: Marked) -> Mask:
    """(h, w) the pixels of round outlines that hold eyes and a mouth, and of what they hold."""
    labels = seen.pieces.labels
    out = np.zeros(labels.shape, bool)
    y1, x1, y2, x2 = seen.pieces.boxes.T
    high, wide = y2 - y1, x2 - x1
    sized = measuring(seen, FACE)
    sized &= np.maximum(high, wide) <= ROUNDISH * np.minimum(high, wide)
    sized &= seen.pieces.area < 0.4 * high * wide
    for p in np.flatnonzero(sized):
        inside = (y1 > y1[p]) & (x1 > x1[p]) & (y2 < y2[p]) & (x2 < x2[p])
        parts = np.flatnonzero(inside)
        small = (wide[parts] <= PART * wide[p]) & (high[parts] <= 0.5 * high[p])
        if FEATURES[0] <= len(parts) <= FEATURES[1] and small.all() and _is_round(seen, int(p)):
            out |= np.isin(labels, [p + 1, *(parts + 1)])
    return out


def _is_round(seen: Marked, p: int) -> bool:
    """Whether a piece runs along the ellipse of its box, and hardly within."""
    mask = seen.pieces.mask(p)
    y, x = ((np.arange(n) + 0.5) / n * 2 - 1 for n in mask.shape)
    away = np.sqrt(y[:, None] ** 2 + x**2)
    way = (np.arctan2(y[:, None], x + 0 * y[:, None]) / (2 * np.pi) * 24).astype(int) % 24
    outline = mask & (away > 0.72)
    return bool(len(np.unique(way[outline])) >= 22 and outline.sum() >= 0.85 * mask.sum())


def codes(seen: Marked) -> Mask:
    """(h, w) the pixels of blocks about as wide as high that are evenly full of small marks."""
    ink = seen.pieces.labels > 0
    out = np.zeros(ink.shape, bool)
    side = int(CODE * seen.spread)
    cell = max(2, side // 4)
    height, width = (n // cell for n in ink.shape)
    if min(height, width) < 4:
        return out
    most = LARGEST * min(height, width)
    share = ink[: height * cell, : width * cell].reshape(height, cell, width, cell).mean((1, 3))
    blocks = label(share > DENSE[0])
    for y1, x1, y2, x2 in blocks.boxes.tolist():
        high, wide = y2 - y1, x2 - x1
        if min(high, wide) < 4 or max(high, wide) > min(OBLONG * min(high, wide), most):
            continue
        part = share[y1:y2, x1:x2]
        box = _grown(ink, (y1 * cell, x1 * cell, y2 * cell, x2 * cell), cell)
        full = (part > DENSE[0]).mean() >= EVEN and part.mean() < DENSE[1]
        if full and _is_busy(ink[box], side):
            out[box] = True
    return out


def _grown(ink: Mask, box: tuple[int, int, int, int], cell: int) -> tuple[slice, slice]:
    """A box with a cell more on every side, where the picture goes on: rows and columns."""
    y1, x1, y2, x2 = box
    rows = slice(max(0, y1 - cell), min(ink.shape[0], y2 + cell))
    columns = slice(max(0, x1 - cell), min(ink.shape[1], x2 + cell))
    return rows, columns


def _is_busy(ink: Mask, side: int) -> bool:
    """Whether lines across and down a block meet many strokes."""
    if min(ink.shape) < side:
        return False
    least = CHANGES * min(ink.shape) / side
    across = (ink[:, 1:] & ~ink[:, :-1]).sum(1)
    down = (ink[1:] & ~ink[:-1]).sum(0)
    return bool(np.percentile(across, 35) >= least and np.percentile(down, 35) >= least)


def holes(seen: Marked) -> Mask:
    """(P,) the pieces that are solid, alike and one below the other, as a spiral's holes."""
    y1, x1, y2, x2 = seen.pieces.boxes.T
    high, wide = y2 - y1, x2 - x1
    sized = measuring(seen, HOLE)
    sized &= seen.pieces.area >= FULL * high * wide
    found = np.zeros(len(sized), bool)
    for p in np.flatnonzero(sized):
        alike = sized & (np.abs(high - high[p]) <= ALIKE * high[p] + 1)
        alike &= np.abs(wide - wide[p]) <= ALIKE * wide[p] + 1
        alike &= np.abs(x1 + x2 - x1[p] - x2[p]) <= seen.spread
        found[p] = alike.sum() >= MANY
    return found


def bullets(seen: Marked, courses: Sequence[Array]) -> Mask:
    """(P,) the pieces that are dots or small squares before the rows of a list.

    courses : points (n, 2) in the pieces' pixels.
    """
    found = np.zeros(len(seen.pieces.area), bool)
    marks = [p for course in courses if (p := _bullet(seen, course)) is not None]
    fewest = max(FEWEST, len(courses) / 2)
    found[stand_in_line(seen.pieces, marks, APART * seen.spread, fewest)] = True
    return found


def _bullet(seen: Marked, course: Array) -> int | None:
    """The piece before a row that may be a bullet."""
    spread = seen.spread
    y1, x1, y2, x2 = seen.pieces.boxes.T
    x, y = course.T
    high, wide = y2 - y1, x2 - x1
    near = np.abs((y1 + y2) / 2 - y[0]) <= 3 * spread
    there = np.flatnonzero(near & (x2 > x[0] - 9 * spread) & (x1 < x[-1]) & (high * wide > 2))
    if len(there) < 2:  # it, and what follows
        return None
    order = there[np.argsort(x1[there])]
    p, following = int(order[0]), int(order[1])
    low, most = (v * spread for v in BULLET)
    dot = low <= min(high[p], wide[p]) and max(high[p], wide[p]) <= most
    dot = dot and max(high[p], wide[p]) <= 1.3 * min(high[p], wide[p]) + 1
    dot = dot and seen.pieces.area[p] >= SOLID * high[p] * wide[p]
    middle = abs((y1[p] + y2[p]) / 2 - y[0]) <= HALF * spread
    return p if dot and middle and x1[following] - x2[p] >= GAP * spread else None
