"""Rows of capitals that stand hardly further apart than they are high: told by their strokes.

How many strokes a level line through a block crosses falls between two rows, even where some
letters touch; within capitals it hardly does, and in small letters' rows it falls for long.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.marks import Marked
from ocr_cli.page import Course

Array = NDArray[Any]
Mask = NDArray[np.bool_]
FALLS = 0.72  # of the strokes in the rows on both sides, at most, are crossed between two rows
LEAST = 1.4  # spreads that a row is high, at least
TWO = 1.6, 2.5  # times as high as the lowest row may be two,
FALLS_IN_TWO = 0.88  # in which so much is crossed between them
SLOPES = np.linspace(-0.06, 0.06, 25)  # of rows, dy per dx
FULL = 0.6  # of its usual strokes are crossed
FILLED = 0.66  # in such a share of its height, and more, as in capitals
ALIKE = 1.5  # times as high is one row as the usual one, at most
AROUND = 3.0  # spreads over rows' ends in which strokes are counted
FEWEST = 6  # strokes that a row's lines cross, at least: fewer may be a sheet's edges
TALL = 2.6, 5.5  # spreads, as the finder saw them, that a row of capitals is high
STROKES = 0.2  # of the usual ones are crossed where rows begin and end,
GAP = 0.9  # spreads at most between close rows
LINKED = 14.0  # spreads up or down between rows of one block
SPREAD = 0.25  # of a row's height, about, is a course's spread in capitals


def with_crowded_rows(courses: Sequence[Course], seen: Marked) -> list[Course]:
    """Replace the rows of close capitals by one for each row of strokes, with its reach."""
    instead = {id(course): [course] for course in courses}
    for block in _blocks(courses):
        rows = _rows_of(block, seen)
        if rows:
            instead |= {id(course): [] for course in block} | {id(block[0]): rows}
    return [row for course in courses for row in instead[id(course)]]


def _blocks(courses: Sequence[Course]) -> list[list[Course]]:
    """Group rows that lie close above one another into blocks, each in reading order."""
    blocks: list[list[Course]] = []
    for course in courses:
        near = [any(_is_close(course, other) for other in block) for block in blocks]
        joined = [c for block, one in zip(blocks, near, strict=True) if one for c in block]
        rest = [block for block, one in zip(blocks, near, strict=True) if not one]
        blocks = [*rest, [*joined, course]]
    return blocks


def _is_close(course: Course, other: Course) -> bool:
    down = float(course.points[:, 1].mean() - other.points[:, 1].mean())
    x1 = max(course.points[0, 0], other.points[0, 0])
    x2 = min(course.points[-1, 0], other.points[-1, 0])
    room = LINKED * max(course.spread, other.spread)
    return bool(x2 > x1 - room and abs(down) < room)


def _rows_of(block: Sequence[Course], seen: Marked) -> list[Course]:
    """Find the rows of a block of close capitals, and of ink as close; none in another."""
    spread = float(np.median([course.spread for course in block])) / seen.step
    points = np.concatenate([course.points for course in block]) / seen.step
    x1 = max(0, int(points[:, 0].min() - AROUND * spread))
    x2 = int(points[:, 0].max() + AROUND * spread)
    ink = seen.pieces.labels[:, x1:x2] > 0
    strokes = _strokes(ink)
    slope = _slope(strokes, len(ink))
    down = points[:, 1] - slope * (points[:, 0] - x1)
    edges = _edges(
        _crossed(strokes, len(ink), slope), (int(down.min()), int(down.max()) + 1), spread
    )
    if not len(edges) or down.min() < edges[0] or down.max() > edges[-1]:
        return []  # some of the rows stand well apart
    y, x = np.nonzero(ink)
    found = []
    for top, bottom in pairwise(edges):
        mine = x[(y - slope * x >= top) & (y - slope * x < bottom)]
        along = np.linspace(mine.min(), mine.max() + 1, 12)
        middle = (top + bottom) / 2 + slope * along
        tall = float(bottom - top) * seen.step
        row = np.stack([along + x1, middle], 1) * seen.step
        found.append(Course(row, SPREAD * tall, reach=0.5 * tall))
    return found if len(found) >= len(block) / 2 else []


def _strokes(ink: Mask) -> tuple[Array, Array]:
    """Find where strokes begin, from the left: y and x."""
    y, x = np.divmod(np.flatnonzero(ink[:, 1:] & ~ink[:, :-1]), ink.shape[1] - 1)
    return y.astype(np.float32), x.astype(np.float32)


def _slope(strokes: tuple[Array, Array], height: int) -> float:
    """Find the rows' slope, dy per dx: the one that gathers the strokes' beginnings most."""
    return float(max(SLOPES, key=lambda slope: np.square(_crossed(strokes, height, slope)).sum()))


def _crossed(strokes: tuple[Array, Array], height: int, slope: float) -> Array:
    """Count the strokes that a line of a slope crosses, (h,) by the height at which it begins."""
    y, x = strokes
    at = np.rint(y - np.float32(slope) * x).astype(np.intp)
    inside = (at >= 0) & (at < height)
    count = np.bincount(at[inside], minlength=height)
    return np.convolve(count, np.ones(3) / 3, "same")


def _edges(crossed: Array, where: tuple[int, int], spread: float) -> NDArray[np.intp]:
    """Where rows of capitals about a place begin and end; empty where there are no two of them."""
    start, end = _extent(crossed, where, spread)
    edges = np.array([start, *_cuts(crossed, start, end, int(max(3, LEAST * spread))), end])
    edges = _halved(crossed, edges)
    tall = np.diff(edges)
    rows = [crossed[a:b] for a, b in pairwise(edges)]
    if len(rows) < 2:
        return edges[:0]
    strokes = [float(np.percentile(row, 75)) for row in rows]
    fits = (tall > TALL[0] * spread) & (tall < TALL[1] * spread)
    if min(strokes) < FEWEST or not fits.all():
        return edges[:0]
    filled = [float((row > FULL * np.percentile(row, 75)).mean()) for row in rows]
    usual = float(np.median(tall))
    alike = (tall < ALIKE * usual) & (tall > usual / ALIKE)
    return edges if alike.all() and np.median(filled) >= FILLED else edges[:0]


def _extent(crossed: Array, where: tuple[int, int], spread: float) -> tuple[int, int]:
    """How far the ink about a place goes on up and down, without a gap."""
    here = crossed[max(0, where[0] - int(spread)) : where[1] + int(spread)]
    least = STROKES * float(np.percentile(here, 75)) if len(here) else 0.0
    there = np.flatnonzero(crossed > least)
    parts = np.split(there, np.flatnonzero(np.diff(there) > GAP * spread) + 1)
    middle = (where[0] + where[1]) / 2
    if not len(there):
        return where
    part = min(parts, key=lambda part: max(part[0] - middle, middle - part[-1]))
    return int(part[0]), int(part[-1]) + 1


def _halved(crossed: Array, edges: NDArray[np.intp]) -> NDArray[np.intp]:
    """The edges, and one more in rows that are as high as two where strokes fall a little."""
    low = int(np.diff(edges).min())
    more = []
    for top, bottom in pairwise(edges):
        if TWO[0] * low < bottom - top < TWO[1] * low:
            room = int(0.35 * (bottom - top))
            at = top + room + int(np.argmin(crossed[top + room : bottom - room]))
            beside = min(np.percentile(crossed[top:at], 75), np.percentile(crossed[at:bottom], 75))
            more += [at] if crossed[at] < FALLS_IN_TWO * beside else []
    return np.sort(np.append(edges, np.array(more, edges.dtype)))


def _cuts(crossed: Array, start: int, end: int, least: int) -> list[int]:
    """Where rows part between two places, from the top down."""
    if end - start < 2 * least:
        return []
    at = start + least + int(np.argmin(crossed[start + least : end - least + 1]))
    beside = min(np.percentile(crossed[start:at], 75), np.percentile(crossed[at:end], 75))
    if crossed[at] > FALLS * beside:
        return []
    return [*_cuts(crossed, start, at, least), at, *_cuts(crossed, at, end, least)]
