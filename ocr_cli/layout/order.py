"""The order in which rows are read: down a column, then the next; a table row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ocr_cli.layout.quantiles import median
from ocr_cli.page import X_HEIGHT, Course

_CORRIDOR = 0.8  # x-heights of paper between columns
_LEANS = (0.0, -0.03, 0.03, -0.06, 0.06)  # of a corridor, dx per dy
_RAGGED = 1.2  # x-heights by which a column's rows may reach into its corridor
_RAGGED_ROWS = 3  # in each of two columns, at least, for that
_CELL = 7.6  # x-heights: shorter rows that stand on one level are cells of a table
_NARROW = 0.5  # of the text's width: a margin's note is no wider,
_BELOW = 4.0  # and begins so many x-heights further down
_APART = 9.0  # x-heights between two rows: they are not of one column that stands beside others
_LEVEL = 0.45  # x-heights by which rows on one level may differ
_LEVEL_SHARE = 0.6  # of the rows of two columns: so many on one level make a table


@dataclass(frozen=True)
class _Bar:
    """A row on the page made level: its number, ends, middle and x-height."""

    number: int
    x1: float
    x2: float
    y: float
    x_height: float

    @property
    def length(self) -> float:
        return (self.x2 - self.x1) / self.x_height


def in_reading_order(courses: Sequence[Course]) -> list[Course]:
    """The same rows in the order in which a person reads them."""
    if len(courses) < 2:
        return list(courses)
    return [courses[bar.number] for bar in _ordered(_levelled(courses))]


def _levelled(courses: Sequence[Course]) -> list[_Bar]:
    """Rows as level bars, by the usual slope of all."""
    steps = np.array([c.points[-1] - c.points[0] for c in courses])
    long = np.abs(steps[:, 0])
    slopes = steps[:, 1] / np.maximum(long, 1)
    order = np.argsort(slopes)
    share = np.cumsum(long[order])
    slope = float(slopes[order][np.searchsorted(share, share[-1] / 2)])
    angle = np.arctan(slope)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    bars = []
    for k, course in enumerate(courses):
        x, y = turn @ course.points.T
        height = X_HEIGHT * course.spread
        bars.append(_Bar(k, float(x.min()), float(x.max()), float(median(y)), height))
    return bars


def _ordered(bars: list[_Bar]) -> list[_Bar]:
    """Columns in turn, if there are any; else what lies above first."""
    if len(bars) < 2:
        return bars
    parted = _columns(bars)
    if parted is not None:
        left, right = parted
        if _is_table(left, right):
            return _by_level(bars)
        if _is_note(left, right):
            return _ordered(right) + _ordered(left)
        return _ordered(left) + _ordered(right)
    bars = sorted(bars, key=lambda bar: bar.y)
    cut = _cut(bars)
    if cut is not None:
        return _ordered(bars[:cut]) + _ordered(bars[cut:])
    return _by_level(bars)


def _columns(bars: Sequence[_Bar]) -> tuple[list[_Bar], list[_Bar]] | None:
    """The rows left and right of the widest corridor through all of them, which may lean."""
    usual = float(median([bar.x_height for bar in bars]))
    parted = [_parted(bars, lean, usual) for lean in _LEANS]
    wide, left, right = max(parted, key=lambda part: part[0])
    return (left, right) if wide > _CORRIDOR * usual else None


def _parted(
    bars: Sequence[_Bar], lean: float, usual: float
) -> tuple[float, list[_Bar], list[_Bar]]:
    """How wide the widest corridor of a lean (dx per dy) is, and the rows to both sides of it.

    Long rows may reach into it: their ends are where a page's writing is least even.
    """
    trimmed = [min(_RAGGED * usual, 0.1 * (bar.x2 - bar.x1)) for bar in bars]
    starts = np.array([bar.x1 - lean * bar.y + t for bar, t in zip(bars, trimmed, strict=True)])
    ends = np.array([bar.x2 - lean * bar.y - t for bar, t in zip(bars, trimmed, strict=True)])
    order = np.argsort(starts, kind="stable")
    reach = np.maximum.accumulate(ends[order])
    room = starts[order][1:] - reach[:-1]
    k = int(np.argmax(room))
    left, right = ([bars[i] for i in part] for part in (order[: k + 1], order[k + 1 :]))
    ragged = min(len(left), len(right)) >= _RAGGED_ROWS
    return float(room[k]) - (0 if ragged else 2 * _RAGGED * usual), left, right


def _is_table(left: Sequence[_Bar], right: Sequence[_Bar]) -> bool:
    """Whether two columns are cells that stand on one level, or too few rows to tell."""
    few, many = sorted((left, right), key=len)
    heights = np.array([bar.y for bar in many])
    level = [np.abs(heights - bar.y).min() < _LEVEL * bar.x_height for bar in few]
    short = min(float(median([bar.length for bar in part])) for part in (left, right))
    return bool(np.mean(level) >= _LEVEL_SHARE and (short < _CELL or len(few) == 1))


def _is_note(left: Sequence[_Bar], right: Sequence[_Bar]) -> bool:
    """Whether the left of two columns is a note in the margin, to be read after the text."""
    wide = [max(bar.x2 for bar in part) - min(bar.x1 for bar in part) for part in (left, right)]
    first = [min(bar.y for bar in part) for part in (left, right)]
    below = first[0] - first[1] > _BELOW * right[0].x_height
    return len(right) > len(left) and wide[0] < _NARROW * wide[1] and below


def _cut(bars: Sequence[_Bar]) -> int | None:
    """Find where rows, from the top down, part into those above columns and those below."""
    best, at = 3, None
    for k in range(1, len(bars)):
        for part in (bars[:k], bars[k:]):
            parted = _columns(part) if len(part) > best else None
            if parted is None or min(map(len, parted)) < 2 or _is_table(*parted):
                continue
            if not all(_is_whole(column) for column in parted):
                continue
            if len(part) > best:
                best, at = len(part), k
    return at


def _is_whole(column: Sequence[_Bar]) -> bool:
    """Whether no gap parts a column's rows, as one parts a letter's head from its salutation."""
    down = sorted(column, key=lambda bar: bar.y)
    return all(
        below.y - above.y < _APART * max(above.x_height, below.x_height)
        for above, below in pairwise(down)
    )


def _by_level(bars: Sequence[_Bar]) -> list[_Bar]:
    """Sort bars from the top down; those on one level from left to right."""
    levels: list[list[_Bar]] = []
    for bar in sorted(bars, key=lambda b: b.y):
        last = levels[-1] if levels else []
        free = all(bar.x1 > b.x2 or bar.x2 < b.x1 for b in last)
        y = float(np.mean([b.y for b in last])) if last else 0.0
        if last and free and bar.y - y < 0.7 * min(bar.x_height, last[-1].x_height):
            last.append(bar)
        else:
            levels.append([bar])
    return [bar for level in levels for bar in sorted(level, key=lambda b: b.x1)]
