"""Rows in two sizes, as a form's: its label is printed small, what is filled in is large."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.courses import FAINT, NEAR, TALL, dark_near, placed
from ocr_cli.layout.sampling import Frame, Pyramid, frame_of
from ocr_cli.layout.strips import SPREAD, measure
from ocr_cli.page import Course

Array = NDArray[Any]
GAP = 18  # pixels of a strip without ink that part a row, at least
WIDE = 24  # and that each part is wide
MOST = 3  # gaps of a row, the widest, are looked at
OTHER = 1.4  # times as large is one part as the other, at least


def in_sizes(pyramid: Pyramid, course: Course) -> Course:
    """Part a course at the gap where its writing changes size the most, if it does."""
    frame = frame_of(replace(course, slant=0.0))
    y, x = np.nonzero(dark_near(pyramid, frame) > FAINT)
    points = np.stack([x + 0.5, y + NEAR[0] + 0.5], 1)
    best, gap, found = OTHER, (0, 0), None
    for a, b in _gaps(x):
        sides = measure(points, (x >= b).astype(np.int64), 2)
        least = float(sides.spread.min())
        other = float(sides.spread.max()) / least if least > 0 else 0.0
        if other >= best:
            best, gap, found = other, (a, b), sides
    if found is None:
        return course
    middle = (gap[0] + gap[1]) // 2
    ends = (0, middle), (middle, frame.width)
    parts = [
        _part(course, frame, end, float(found.middle[k]) - TALL / 2, float(found.spread[k]))
        for k, end in enumerate(ends)
    ]
    return replace(course, parts=tuple(placed(pyramid, part, 2) for part in parts))


def _gaps(x: Array) -> list[tuple[int, int]]:
    """Where the widest gaps between columns with ink begin and end, with enough on both sides."""
    columns = np.unique(x)
    wide = np.flatnonzero(np.diff(columns) > GAP)
    gaps = [(int(columns[k]), int(columns[k + 1])) for k in wide]
    parting = [(a, b) for a, b in gaps if min(a - columns[0], columns[-1] - b) >= WIDE]
    return sorted(sorted(parting, key=lambda gap: gap[0] - gap[1])[:MOST])


def _part(
    course: Course, frame: Frame, ends: tuple[int, int], down: float, spread: float
) -> Course:
    """Cut a part out of a course between two columns, `down` pixels lower, of that spread."""
    at = np.linspace(ends[0] + 6, ends[1] - 6, max(2, (ends[1] - ends[0]) // 12))
    x, y = frame.to_page(at, np.full(len(at), down))
    return replace(course, points=np.stack([x, y], 1), spread=spread * course.spread / SPREAD)
