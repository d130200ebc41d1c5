"""Rows in two sizes, as a form's: its label is printed small, what is filled in is large."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.courses import FAINT, NEAR, TALL, dark_near, placed
from ocr_cli.layout.sampling import Frame, Pyramid, frame_of
from ocr_cli.layout.strips import SPREAD, WritingFrame, measure
from ocr_cli.page import Course

Array = NDArray[Any]
Mask = NDArray[np.bool_]
GAP = 18  # pixels of a strip without ink that part a row, at least
WIDE = 24  # and that each part is wide
MOST = 3  # gaps of a row, the widest, are looked at
OTHER = 1.4  # times as large is one part as the other, at least,
ROUGHLY = 1.22  # and by rows of pixels alone, the slope of each part left out of account


def in_sizes(pyramid: Pyramid, course: Course) -> Course:
    """Part a course at the gap where its writing changes size the most, if it does."""
    frame = frame_of(replace(course, slant=0.0))
    inked = dark_near(pyramid, frame) > FAINT
    gaps = [gap for gap in _gaps(inked) if _may_differ(inked[:, : gap[1]], inked[:, gap[1] :])]
    if not gaps:
        return course
    y, x = np.nonzero(inked)
    points = np.stack([x + 0.5, y + NEAR[0] + 0.5], 1)
    best, gap, found = OTHER, (0, 0), None
    for a, b in gaps:
        # one after the other: several at once are looked up point by point, which takes longer
        sides = [_lie(points[here]) for here in (x < b, x >= b)]
        least, most = sorted(float(side.spread[0]) for side in sides)
        other = most / least if least > 0 else 0.0
        if other >= best:
            best, gap, found = other, (a, b), sides
    if found is None:
        return course
    middle = (gap[0] + gap[1]) // 2
    ends = (0, middle), (middle, frame.width)
    parts = [
        _part(course, frame, end, float(side.middle[0]) - TALL / 2, float(side.spread[0]))
        for side, end in zip(found, ends, strict=True)
    ]
    return replace(course, parts=tuple(placed(pyramid, part, 2) for part in parts))


def _lie(points: Array) -> WritingFrame:
    return measure(points, np.zeros(len(points), np.int64), 1)


def _may_differ(*sides: Mask) -> bool:
    """Whether the sides of a gap may be of two sizes; of most it is plain that they are not."""
    least, most = sorted(_rough_spread(side.sum(1)) for side in sides)
    return most >= ROUGHLY * least


def _rough_spread(count: Array) -> float:
    """What `measure` finds of a level row with so much ink in each row of pixels."""
    y, spread, away = np.arange(len(count)), 0.0, np.zeros(len(count))
    for step in range(4):
        weight = count * (np.clip(3.5 - away / max(spread, 1e-9), 0, 1) if step else 1.0)
        total = max(float(weight.sum()), 1e-9)
        away = np.abs(y - weight @ y / total)
        spread = float(weight @ away) / total
    return spread


def _gaps(inked: Mask) -> list[tuple[int, int]]:
    """Where the widest gaps between columns with ink begin and end, with enough on both sides."""
    columns = np.flatnonzero(inked.any(0))
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
