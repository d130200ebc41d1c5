"""The gaps that a dry pen leaves in its strokes: many small pieces of ink, close together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.marks import Marked, from_course
from ocr_cli.layout.raster import running_max
from ocr_cli.layout.shade import odd
from ocr_cli.page import Course

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]
SPECK = 0.3  # spreads that a piece measures, at least,
SMALL = 1.6  # a small one at most,
LARGE = 8.0  # and any: what is larger is a line or a drawing
NEAR = 2.5  # spreads from a row's middle
SHARE = 0.05  # of a row's ink, at least, is in small pieces
SIZED = 0.11  # of the others' area, at least, is a small piece's: it is no speck and no dot
CLOSE = 0.5  # spreads, at most, between pieces of one stroke
OFTEN = 0.08  # small pieces so close to another, at least, to a spread along the rows
MOST = 4000  # pieces that are looked at
BROADER = 0.5  # spreads that every point of a dry pen's strokes becomes


def with_bridged_gaps(grey: Grey, courses: Sequence[Course], seen: Marked) -> Grey:
    """The page with broader strokes where a dry pen left gaps in them; else itself."""
    if not is_dry(courses, seen):
        return grey
    return -running_max(-grey, odd(BROADER * seen.spread * seen.step))


def is_dry(courses: Sequence[Course], seen: Marked) -> bool:
    """Whether rows are written in many small pieces that are close together."""
    y1, x1, y2, x2 = seen.pieces.boxes.T
    size = np.maximum(y2 - y1, x2 - x1) / seen.spread
    near = np.zeros(len(size), bool)
    length = 0.0
    for course in courses:
        x, down = from_course(seen, course)
        first, last = course.points[[0, -1], 0] / seen.step
        near |= (x > first) & (x < last) & (np.abs(down) < NEAR * seen.spread)
        length += float(last - first) / seen.spread
    near &= (size > SPECK) & (size < LARGE)
    small = near & (size < SMALL)
    area = seen.pieces.area
    if small.sum() < OFTEN * length or area[small].sum() < SHARE * area[near].sum():
        return False
    if not (near & ~small).any() or area[small].mean() < SIZED * area[near & ~small].mean():
        return False
    return bool(_close(seen.pieces.boxes[near], small[near], CLOSE * seen.spread) >= OFTEN * length)


def _close(boxes: NDArray[np.int64], small: Mask, away: float) -> int:
    """How many of the small boxes (n, 4) lie as near as that to another."""
    boxes, small = boxes[:MOST], small[:MOST]
    y1, x1, y2, x2 = boxes.T.astype(np.float32)
    count = 0
    for k in np.flatnonzero(small):
        across = np.maximum(np.maximum(x1[k] - x2, x1 - x2[k]), 0)
        down = np.maximum(np.maximum(y1[k] - y2, y1 - y2[k]), 0)
        count += int((np.hypot(across, down) <= away).sum() > 1)  # itself, and another
    return count
