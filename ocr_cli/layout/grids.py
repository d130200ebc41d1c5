"""Grids of cells with a letter in each: the combs of forms, crosswords. Their lines go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.marks import Marked, enlarged, papered
from ocr_cli.page import X_HEIGHT, Course, Row

Array = NDArray[Any]
Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]
LONG = 9.0  # spreads of a grid, at least
LEVEL = 0.75  # share of a grid's width that a line across it is drawn over
UPRIGHT = 0.85  # and of the height between two such lines that one between cells is
SQUARE = 0.5, 1.6  # a cell's width to its height
TALL = 2.6  # spreads that a cell is high, at least
CROSSED = 0.15  # share of the lines between written cells that writing crosses, at most
ACROSS = 0.6  # of what is written a line of squared paper runs across
LINES = 3  # of it, at least, each way
CELLS = 4  # of a grid, at least
BLACK = 0.6  # share of a cell that is dark where it is a black one
INKED = 0.012  # and where something is written in it
LETTER = 0.85  # of the width of most cells, that what is written in them fills at most
HIGH = 0.5  # of a cell's height, about, is a letter's
_STEEP = 0.06  # dy per dx of a grid that is nearly level
_COLUMNS = 100  # of its upper edge by which that is told, about


@dataclass(frozen=True)
class Band:
    """A row of cells: its course, and where on the page, x1 and x2, the white cells lie."""

    course: Course
    cells: tuple[tuple[float, float], ...]


def without_grids(
    grey: Grey, courses: Sequence[Course], seen: Marked
) -> tuple[Grey, list[Course], list[Band]]:
    """Take grids off a page: the page without lines, its other courses, bands of cells."""
    bands: list[Band] = []
    kept = list(courses)
    for p in candidates(seen):
        grid = _grid(seen, p)
        if grid is None:
            continue
        found, lines = _bands(seen, grid)
        if not found:
            continue
        bands += found
        grey = papered(grey, enlarged(lines, seen), 4 * seen.spread * seen.step)
        kept = [course for course in kept if not _inside(course, grid, seen.step)]
    return grey, kept, bands


def candidates(seen: Marked) -> list[int]:
    """Pieces that are large and mostly bare."""
    y1, x1, y2, x2 = seen.pieces.boxes.T
    wide, high = x2 - x1, y2 - y1
    large = (wide >= LONG * seen.spread) & (high >= X_HEIGHT * seen.spread)
    drawn = seen.pieces.area / (wide * high)
    return [int(p) for p in np.flatnonzero(large & (drawn < 0.6))]


@dataclass(frozen=True)
class Grid:
    """Lines in the pixels of a `Marked`, levelled about its corner.

    box : y1 x1 y2 x2. slope : dy per dx. ys : of level lines; xs : of upright ones; thick : both.
    """

    box: tuple[int, int, int, int]
    slope: float
    ys: Array = field(repr=False)
    xs: Array = field(repr=False)
    thick: float


def _grid(seen: Marked, p: int) -> Grid | None:
    """The lines of a piece that is a grid of cells about as wide as high."""
    grid = grid_of(seen, p)
    if grid is None:
        return None
    width, height = np.median(np.diff(grid.xs)), np.median(np.diff(grid.ys))
    cells = (len(grid.xs) - 1) * (len(grid.ys) - 1)
    even = np.abs(np.diff(grid.xs) - width) < 0.25 * width
    if cells < CELLS or not SQUARE[0] < width / height < SQUARE[1] or even.mean() < 0.8:
        return None
    return grid


def is_squared(seen: Marked) -> bool:
    """Whether lines, level and upright, are drawn across what is written."""
    for p in candidates(seen):
        mask = seen.pieces.mask(p)
        if min(mask.shape) < LONG * seen.spread:
            continue
        flat = _sheared(mask, _slope(mask))
        ways = flat, flat.T
        if all(len(_lines(_thickened(way).mean(1) > ACROSS)[0]) >= LINES for way in ways):
            return True
    return False


def grid_of(seen: Marked, p: int) -> Grid | None:
    """The lines of a piece, level and upright, that part cells as high as writing."""
    mask = seen.pieces.mask(p)
    slope = _slope(mask)
    flat = _sheared(mask, slope)
    levels, thick = _lines(_thickened(flat).mean(1) > LEVEL)
    if len(levels) < 2:
        return None
    top, bottom = int(levels[0]), int(levels[-1]) + 1
    part = _thickened(flat[top:bottom].T).T
    uprights, _ = _lines(part.mean(0) > UPRIGHT)
    if len(uprights) < 3 or np.median(np.diff(levels)) < TALL * seen.spread:
        return None
    y1, x1, y2, x2 = (int(v) for v in seen.pieces.boxes[p])
    high, wide = seen.pieces.labels.shape
    if (y1 < 2) + (x1 < 2) + (y2 > high - 2) + (x2 > wide - 2) > 1:
        return None  # squared paper
    return Grid((y1, x1, y2, x2), slope, levels, uprights, thick)


def _slope(mask: Mask) -> float:
    """How a piece's upper edge falls, dy per dx; of a grid that is its first line."""
    at = np.arange(0, mask.shape[1], max(1, mask.shape[1] // _COLUMNS))
    first = mask[:, at].argmax(0)
    slopes = np.linspace(-_STEEP, _STEEP, 61)
    levelled = first - slopes[:, None] * at
    away = np.abs(levelled - np.median(levelled, axis=1, keepdims=True)).mean(1)
    return float(slopes[away.argmin()])


def _sheared(mask: Mask, slope: float) -> Mask:
    """Shear a mask level: each column moves up by its share of the slope, each row sideways."""
    height, width = mask.shape
    y, x = np.mgrid[0:height, 0:width]
    sy = np.rint(y + slope * (x - 0)).astype(int)
    sx = np.rint(x - slope * y).astype(int)
    inside = (sy >= 0) & (sy < height) & (sx >= 0) & (sx < width)
    out = np.zeros(mask.shape, bool)
    out[inside] = mask[sy[inside], sx[inside]]
    return out


def _thickened(mask: Mask) -> Mask:
    """Dilate a mask by a pixel up and down."""
    out = mask.copy()
    out[1:] |= mask[:-1]
    out[:-1] |= mask[1:]
    return out


def _lines(there: Mask) -> tuple[Array, float]:
    """The middles of runs of True, and how long the runs are."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(np.int8), [0]])))
    start, end = edges[::2], edges[1::2]
    long = end - start
    thin = long <= 3 * max(1.0, float(np.median(long)) if len(long) else 1.0)
    return ((start + end - 1) / 2)[thin], float(np.median(long)) if len(long) else 1.0


def _bands(seen: Marked, grid: Grid) -> tuple[list[Band], Mask]:
    """The rows of cells in which something is written, and the pixels of all lines."""
    y1, x1, y2, x2 = grid.box
    ink = _sheared(seen.pieces.labels[y1:y2, x1:x2] > 0, grid.slope)
    half = int(np.ceil(grid.thick / 2)) + 1
    bands, crossings = [], []
    black = np.zeros(ink.shape, bool)
    fills = []
    for top, bottom in zip(grid.ys[:-1], grid.ys[1:], strict=True):
        white, inked = [], []
        rows = slice(int(top) + half, int(bottom) - half + 1)
        for left, right in zip(grid.xs[:-1], grid.xs[1:], strict=True):
            columns = slice(int(left) + half, int(right) - half + 1)
            cell = ink[rows, columns]
            if not cell.size:
                return [], black
            if cell.mean() > BLACK:
                black[int(top) : int(bottom) + 1, int(left) : int(right) + 1] = True
                continue
            white.append((left, right))
            inked.append(bool(cell.mean() > INKED))
            if inked[-1]:
                fills.append(np.ptp(np.flatnonzero(cell.any(0))) / cell.shape[1])
                crossings += _crossings(ink, (int(top), int(bottom), int(left), int(right)), half)
        if any(inked):
            used = [cell for cell, there in zip(white, inked, strict=True) if there]
            bands.append(_band(grid, white, used, (top + bottom) / 2, bottom - top, seen.step))
    joined = bool(crossings) and np.mean(crossings) > CROSSED
    if not fills or joined or np.median(fills) > LETTER:
        return [], black
    lines = _drawn(seen, grid, half) | _unsheared(black, grid.slope, seen, grid.box)
    return bands, lines


def _crossings(ink: Mask, cell: tuple[int, int, int, int], half: int) -> list[bool]:
    """For the sides of a cell, left and lower, whether writing crosses them."""
    top, bottom, left, right = cell
    away = half + 2
    rows, columns = slice(top + away, bottom - away), slice(left + away, right - away)
    found = []
    if left >= away:
        found.append(bool((ink[rows, left - away] & ink[rows, left + away]).any()))
    if bottom + away < len(ink):
        found.append(bool((ink[bottom - away, columns] & ink[bottom + away, columns]).any()))
    return found


def _band(
    grid: Grid, white: list[Any], used: list[Any], middle: float, high: float, step: int
) -> Band:
    x = np.array([used[0][0], used[-1][1]], float)
    y1, x1, _, _ = grid.box

    def page_x(v: float) -> float:
        return float((x1 + v - grid.slope * middle + 0.5) * step)

    ends = np.array([page_x(v) for v in x])
    ys = (y1 + middle + grid.slope * x + 0.5) * step
    at = np.linspace(0, 1, max(2, 2 * len(white)))
    points = np.stack([np.interp(at, [0, 1], ends), np.interp(at, [0, 1], ys)], 1)
    cells = tuple((page_x(a), page_x(b)) for a, b in white)
    return Band(Course(points, HIGH * high * step / X_HEIGHT), cells)


def _drawn(seen: Marked, grid: Grid, half: int) -> Mask:
    """(h, w) the pixels of a grid's lines."""
    y1, x1, y2, x2 = grid.box
    flat = np.zeros((y2 - y1, x2 - x1), bool)
    for y in grid.ys:
        flat[max(0, int(y) - half) : int(y) + half + 2] = True
    top, bottom = int(grid.ys[0]), int(grid.ys[-1])
    for x in grid.xs:
        flat[max(0, top - half) : bottom + half + 2, max(0, int(x) - half) : int(x) + half + 2] = (
            True
        )
    return _unsheared(flat, grid.slope, seen, grid.box)


def _unsheared(flat: Mask, slope: float, seen: Marked, box: tuple[int, int, int, int]) -> Mask:
    y1, x1, y2, x2 = box
    out = np.zeros(seen.pieces.labels.shape, bool)
    out[y1:y2, x1:x2] = _sheared(flat, -slope)
    return out


def _inside(course: Course, grid: Grid, step: int) -> bool:
    """Whether a course runs within a grid."""
    at = np.linspace(0, 1, 20) * (len(course.points) - 1)
    x, y = (np.interp(at, np.arange(len(v)), v) / step for v in course.points.T)
    y1, x1, y2, x2 = grid.box
    return bool(((x > x1) & (x < x2) & (y > y1) & (y < y2)).mean() > 0.5)


def with_cells(rows: Sequence[Row], bands: Sequence[Band]) -> tuple[Row, ...]:
    """The rows, those that run along bands with their cells."""
    out = list(rows)
    for band in bands:
        y, x = band.course.points[:, 1].mean(), band.course.points[:, 0].mean()
        for i, row in enumerate(out):
            if row.course is None:
                continue
            points = row.course.points
            near = np.abs(points[:, 1].mean() - y) < 2 * band.course.spread
            if near and points[0, 0] < x < points[-1, 0]:
                out[i] = replace(row, cells=band.cells)
    return tuple(out)
