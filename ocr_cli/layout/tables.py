"""Tables whose lines are drawn: what stands in one row of their cells is one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.grids import Grid, candidates, grid_of
from ocr_cli.layout.marks import LEAST, Marked
from ocr_cli.layout.raster import label
from ocr_cli.page import Course

Array = NDArray[Any]
ROWS, COLUMNS = 2, 2  # of a table, at least
LARGE = 20.0, 8.0  # spreads that it is wide and high, at least,
BARE = 0.12  # and share of it that its lines cover, at most
PALE = 0.2  # of the contrast of clear strokes: paler lines are none
ALIKE = 2.5  # times as large is the writing in one cell as in another, at most
OVER = 3.0  # spreads by which what stands side by side may reach into the next cell


def with_table_rows(courses: Sequence[Course], seen: Marked) -> list[Course]:
    """Join the rows in cells of a table that stand side by side."""
    out = list(courses)
    if not _has_long_lines(seen):
        return out
    seen = replace(seen, pieces=label(seen.dark > max(LEAST, PALE * seen.full)))
    for p in candidates(seen):
        grid = grid_of(seen, p)
        if grid is not None and len(grid.ys) > ROWS and len(grid.xs) > COLUMNS:
            out = _joined(out, grid, seen.step)
    return out


def _has_long_lines(seen: Marked) -> bool:
    """Whether a piece of ink is as large as a table and as bare."""
    y1, x1, y2, x2 = seen.pieces.boxes.T
    high, wide = y2 - y1, x2 - x1
    large = (wide > LARGE[0] * seen.spread) & (high > LARGE[1] * seen.spread)
    return bool((large & (seen.pieces.area < BARE * high * wide)).any())


def _joined(courses: Sequence[Course], grid: Grid, step: int) -> list[Course]:
    """Join the rows in a grid along its levels, unless some cell holds several."""
    levels = [_level(course, grid, step) for course in courses]
    instead = [[course] for course in courses]
    for level in {level for level in levels if level is not None}:
        mine = [k for k, other in enumerate(levels) if other == level]
        whole = _one([courses[k] for k in mine])
        for k in mine if whole else ():
            instead[k] = [whole] if whole and k == mine[0] else []
    return [row for rows in instead for row in rows]


def _level(course: Course, grid: Grid, step: int) -> int | None:
    """The number of the row of cells that a course runs in, None where it is outside."""
    x, y = course.points.mean(0) / step - [grid.box[1], grid.box[0]]
    flat = y - grid.slope * x
    if not grid.xs[0] < x < grid.xs[-1] or not grid.ys[0] < flat < grid.ys[-1]:
        return None
    return int(np.searchsorted(grid.ys, flat))


def _one(parts: Sequence[Course]) -> Course | None:
    """Join courses side by side into one; None where some lie above others, or are far larger."""
    parts = sorted(parts, key=lambda course: float(course.points[0, 0]))
    spreads = [course.spread for course in parts]
    ends = [float(course.points[-1, 0]) for course in parts[:-1]]
    starts = [float(course.points[0, 0]) for course in parts[1:]]
    room = OVER * float(np.mean(spreads))
    apart = all(end < start + room for end, start in zip(ends, starts, strict=True))
    if not apart or max(spreads) > ALIKE * min(spreads):
        return None
    points = np.concatenate([course.points for course in parts])
    before = np.maximum.accumulate(np.concatenate([[-np.inf], points[:-1, 0]]))
    points = points[points[:, 0] > before]
    return Course(points, float(np.mean(spreads)), parts[0].slant)
