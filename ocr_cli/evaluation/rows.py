"""Whether rows were found where they were written: recall and precision of courses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.page import X_HEIGHT, Course

Array = NDArray[Any]
_COVERED = 0.7  # share of a row's length that makes it found
_NEAR = 0.7  # x-heights up or down


@dataclass(frozen=True)
class RowScores:
    """`found` of the `given` rows were found; `right` of the `seen` courses are on a row."""

    found: int
    given: int
    right: int
    seen: int


def score_rows(seen: Sequence[Course], given: Sequence[Course]) -> RowScores:
    """Compares courses that were found with those of a transcribed page.

    A given row is found where one course covers at least 70 % of its length within 0.7
    x-heights and covers as much of no other given row. A course is right where at least half
    of it lies along given rows.
    """
    cover = np.array([[_share(g, s) for s in seen] for g in given]).reshape(len(given), len(seen))
    takes = cover >= _COVERED
    single = takes.sum(0) == 1
    found = int((takes & single).any(1).sum())
    along = np.array([[_share(s, g) for g in given] for s in seen]).reshape(len(seen), len(given))
    return RowScores(found, len(given), int((along.sum(1) >= 0.5).sum()), len(seen))


def _share(row: Course, other: Course) -> float:
    """The share of a row's length along which another runs close to its middle."""
    x1, x2 = row.points[0, 0], row.points[-1, 0]
    at = np.linspace(x1, x2, 50)
    y = np.interp(at, *row.points.T)
    ox, oy = other.points.T
    inside = (at >= ox[0]) & (at <= ox[-1])
    away = np.abs(np.interp(at, ox, oy) - y)
    return float((inside & (away <= _NEAR * X_HEIGHT * row.spread)).mean())
