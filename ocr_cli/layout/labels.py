"""Rows that begin with small print, as a form's do: a label, told from the entry by its pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.marks import Marked, from_course
from ocr_cli.page import Course

Array = NDArray[Any]
NEAR = 2.2  # spreads from a row's middle to that of a piece of its ink, at most
BEYOND = 14.0, 4.0  # spreads before its beginning, where the finder may miss it, and over its end
CLOSE = 1.2  # of their height, at most, are a label's letters apart
LEAST = 0.25  # of the entry's letters, at least, and as dark as half of it, is a label
SPECK = 0.25  # spreads that a piece measures, at least
FLAT = 6.0  # times as wide as high is a line
GAP = 2.2  # spreads between a label and its entry, at least
LETTERS = 2  # side by side, at least, are a label
LOWER = 0.62  # of the height of the entry's letters, at most, is the highest of the label's
SMALLER = 1.7  # times the label's spread, at least, is the entry's
FORM = 2, 0.3  # rows with labels, at least, and share of a page's, that make it a form


def with_labels(courses: Sequence[Course], seen: Marked) -> list[Course]:
    """The rows, those that begin with a label in two parts, each of its own size."""
    found = [_parted(course, seen, _before(course, courses)) for course in courses]
    labelled = sum(bool(course.parts) for course in found)
    return found if labelled >= max(FORM[0], FORM[1] * len(courses)) else list(courses)


def _before(course: Course, courses: Sequence[Course]) -> float:
    """From which x on ink may be a row's: after the row before it."""
    x, y = course.points[0]
    beside = [
        float(other.points[-1, 0])
        for other in courses
        if other.points[-1, 0] < x
        and abs(other.points[-1, 1] - y) < 3 * (course.spread + other.spread)
    ]
    return max([x - BEYOND[0] * course.spread, *beside])


def _parted(course: Course, seen: Marked, start: float) -> Course:
    """The course with its label and its entry as parts; itself where there is no label."""
    boxes, numbers = _pieces_along(course, seen, start)
    at = _label_ends(boxes, course.spread / seen.step)
    if at is None:
        return course
    sides = numbers[:at], numbers[at:]
    found = [_place(course, seen, side) for side in sides]
    if found[1][1] < SMALLER * found[0][1]:
        return course
    middle = (boxes[:at, 3].max() + boxes[at, 1]) / 2 * seen.step
    first = min(course.points[0, 0], boxes[0, 1] * seen.step)
    last = max(course.points[-1, 0], boxes[:, 3].max() * seen.step)
    ends = (first, middle), (middle, last)
    parts = [_part(course, end, *place) for end, place in zip(ends, found, strict=True)]
    return replace(course, parts=tuple(parts))


def _pieces_along(course: Course, seen: Marked, start: float) -> tuple[Array, Array]:
    """Boxes (n, 4) of the pieces of ink along a row, lines left out, and their numbers."""
    boxes, spread = seen.pieces.boxes, course.spread / seen.step
    high, wide = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    _, down = from_course(seen, course)
    end = course.points[-1, 0] / seen.step + BEYOND[1] * spread
    mine = (np.abs(down) < NEAR * spread) & (np.maximum(high, wide) >= SPECK * spread)
    mine &= (boxes[:, 1] > start / seen.step) & (boxes[:, 1] < end)
    mine &= wide < FLAT * np.maximum(high, 1)
    found = np.flatnonzero(mine)
    found = found[np.argsort(boxes[found, 1], kind="stable")]
    return boxes[found], found


def _label_ends(boxes: Array, spread: float) -> int | None:
    """How many of a row's pieces (n, 4), from the left, are its label; None where it has none."""
    if len(boxes) < LETTERS + 1:
        return None
    high = boxes[:, 2] - boxes[:, 0]
    reached = np.maximum.accumulate(boxes[:, 3])
    gaps = boxes[1:, 1] - reached[:-1]
    best = None
    for k in np.flatnonzero(gaps >= GAP * spread) + 1:
        entry = high[k:]
        usual = float(np.median(entry[2 * entry >= entry.max()]))
        beside = 1 + int((boxes[1:k, 1] >= reached[: k - 1]).sum())
        tall = high[:k].max()
        fits = LEAST * usual <= tall <= LOWER * usual
        if fits and beside >= LETTERS and gaps[: k - 1].max(initial=0) <= CLOSE * tall:
            best = int(k) if best is None or gaps[k - 1] > gaps[best - 1] else best
    return best


def _place(course: Course, seen: Marked, pieces: Array) -> tuple[float, float]:
    """How far below a course pieces of ink lie, and how far from their middle their ink is."""
    (y1, x1, _, _), ink = seen.pieces.together(pieces)
    y, x = np.nonzero(ink)
    down = y + y1 + 0.5 - np.interp(x + x1 + 0.5, *(course.points.T / seen.step))
    middle = float(np.median(down))
    return middle * seen.step, float(np.abs(down - middle).mean()) * seen.step


def _part(course: Course, ends: tuple[float, float], down: float, spread: float) -> Course:
    """The part of a course between two x of the page, so far below it and of that spread."""
    x = np.linspace(ends[0] + spread, ends[1] - spread, max(2, int((ends[1] - ends[0]) / spread)))
    y = np.interp(x, *course.points.T) + down
    return replace(course, points=np.stack([x, y], 1), spread=spread, parts=())
