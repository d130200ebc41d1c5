"""Ticks and arrows before the rows of a list, which are no letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.raster import LabelledComponents

Array = NDArray[Any]
Mask = NDArray[np.bool_]
SIZE = 1.5, 9.0  # spreads that a tick is wide and high
REACH = 3.5  # spreads from its row's middle to its own, at most
APART = 2.5  # spreads by which the ticks of a list are off one upright line, at most
FEWEST = 2  # of a list
LEVEL = 0.2, 1.1  # an arrow's height to its width
STEPS = 12  # columns in which its outline is looked at


def ticks(pieces: LabelledComponents, spread: float, courses: Sequence[Array]) -> Mask:
    """(P,) the pieces that are ticks or arrows at the starts of rows, one above the other.

    courses : points (n, 2) in the pieces' pixels, whose usual spread is `spread`.
    """
    found = np.zeros(len(pieces.area), bool)
    firsts = [p for course in courses if (p := _first(pieces, spread, course)) is not None]
    marks = [p for p in firsts if is_tick(mask := pieces.mask(p)) or is_arrow(mask)]
    found[stand_in_line(pieces, marks, APART * spread, FEWEST)] = True
    return found


def stand_in_line(
    pieces: LabelledComponents, marks: Sequence[int], apart: float, fewest: float
) -> list[int]:
    """Those of some pieces that are `fewest` or more on one upright line, `apart` pixels off."""
    left = pieces.boxes[marks, 1]
    beside = (np.abs(left[:, None] - left) <= apart).sum(1)
    return [p for p, count in zip(marks, beside.tolist(), strict=True) if count >= fewest]


def _first(pieces: LabelledComponents, spread: float, course: Array) -> int | None:
    """The leftmost piece of a letter's size in a row."""
    y1, x1, y2, x2 = pieces.boxes.T
    low, most = (v * spread for v in SIZE)
    x, y = course.T
    sized = (np.minimum(y2 - y1, x2 - x1) >= 0.5 * low) & (y2 - y1 >= low) & (y2 - y1 <= most)
    near = np.abs((y1 + y2) / 2 - y[0]) <= REACH * spread
    start = x2 > x[0] - 6 * spread
    there = np.flatnonzero(sized & near & start & (x1 < x[-1]))
    return int(there[np.argmin(x1[there])]) if len(there) else None


def is_tick(mask: Mask) -> bool:
    """Whether a mask is a short stroke down and a long one up to the right, nothing else."""
    height, width = mask.shape
    if width < 5 or height < 5 or not 0.5 < height / width < 2.5:
        return False
    at = np.linspace(0, width - 1, STEPS).astype(int)
    columns = mask[:, at]
    top = np.where(columns.any(0), columns.argmax(0), height) / height
    bottom = 1 - columns[::-1].argmax(0) / height
    lowest = int(bottom.argmax())
    thick = (bottom - top) <= 0.62
    return bool(
        0.1 < at[lowest] / width < 0.55
        and 0.25 < top[0] < 0.85
        and top[-1] < 0.2
        and bottom[-1] < 0.45
        and (np.diff(top[lowest:]) <= 0.04).all()
        and (np.diff(bottom[: lowest + 1]) >= -0.04).all()
        and thick.all()
        and (columns.sum(0) >= 0.75 * height * (bottom - top)).all()
    )


def is_arrow(mask: Mask) -> bool:
    """Whether a mask is a level shaft with a head at its right end, nothing else."""
    height, width = mask.shape
    if height < 5 or not LEVEL[0] < height / width < LEVEL[1]:
        return False
    columns = mask[:, np.linspace(0, width - 1, STEPS).astype(int)]
    there = columns.any(0)
    top = columns.argmax(0) / height
    bottom = 1 - columns[::-1].argmax(0) / height
    shaft, head = slice(0, STEPS // 2), slice(STEPS // 2, STEPS)
    middle = (top + bottom)[shaft] / 2
    return bool(
        there.all()
        and (bottom - top)[shaft].max() < 0.4
        and middle.min() > 0.25
        and middle.max() < 0.75
        and top[head].min() < 0.1
        and bottom[head].max() > 0.9
        and top[-1] > 0.25
        and bottom[-1] < 0.75
    )
