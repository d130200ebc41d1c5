"""Tells pages that were scanned through the back, or taken by a mirror: read both ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ocr_cli import layout
from ocr_cli.page import Course, Page, Row

LEGIBLE = 0.84  # of a page as it is: no mirrored one is so legible
CLEARER = 0.08  # by so much more legible is it the other way round
SAMPLE = 5  # rows by which that is told, the longest


def reads_backwards(page: Page, read: Page, legibility: Callable[[Page], list[float]]) -> bool:
    """Whether a page's rows are more legible from right to left.

    page : with its rows; read : the same with its text. legibility : of the rows of a page.
    """
    usual = [min(row.legibility, row.confidence) for row in read.rows if row.course is not None]
    if not usual or np.median(usual) >= LEGIBLE:
        return False
    rows = sorted(page.rows, key=_length)[-SAMPLE:]
    here = float(np.median(legibility(replace(page, rows=tuple(rows)))))
    if here >= LEGIBLE:
        return False
    wide = page.grey.shape[1]
    courses = [_turned(row.course, wide) for row in rows if row.course is not None]
    other = legibility(layout.place_rows(layout.mirrored(page), courses))
    return bool(np.median(other) > here + CLEARER)


def _length(row: Row) -> float:
    return 0.0 if row.course is None else row.course.length


def _turned(course: Course, wide: int) -> Course:
    points = course.points[::-1] * [-1, 1] + [wide, 0]
    return replace(course, points=points, slant=-course.slant)
