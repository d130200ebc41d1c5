"""First guesses of courses: from what a transcribed page tells of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.courses import smoothed
from ocr_cli.page import Course

Array = NDArray[Any]


def from_baseline(baseline: Array, outline: Array, words: Sequence[Array] = ()) -> Course | None:
    """The course that a transcribed row tells: a first guess, see `courses.placed`.

    baseline, outline : (n, 2) x, y; `words` outlines of its words, whose middles are better
    than a baseline that follows tails. None where there is next to nothing.
    """
    if words:
        return _through_words(words)
    if len(baseline) < 2 or len(outline) < 3:
        return None
    length = float(np.hypot(*np.diff(baseline, axis=0).T).sum())
    if length < 4:
        return None
    # half of the height over the line is the middle of what stands on it
    body = np.clip(area(outline) / max(length, 1.0), 4, None)
    spread = body / 7.5
    points = smoothed(baseline, spread)
    return Course(points - np.array([0, 1.6 * spread]), spread)


def area(outline: Array) -> float:
    """The area within a ring of points (n, 2)."""
    x, y = outline.T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


def _through_words(words: Sequence[Array]) -> Course:
    """Fit a line through the middles of words: straight, or a gentle curve where there are many."""
    ends, heights, weight = [], [], []
    for outline in words:
        x1, x2 = outline[:, 0].min(), outline[:, 0].max()
        middle = outline[:, 0].mean()
        left, right = outline[outline[:, 0] <= middle], outline[outline[:, 0] > middle]
        if not len(left) or not len(right):
            left = right = outline
        ends += [[x1, left[:, 1].mean()], [x2, right[:, 1].mean()]]
        heights.append(area(outline) / max(1.0, x2 - x1))
        weight.append(max(1.0, x2 - x1))
    spread = max(1.0, float(np.average(heights, weights=weight)) / 6.5)
    points = np.array(ends)
    x1, x2 = points[:, 0].min(), points[:, 0].max()
    degree = min(3, len(words) // 2 + 1, max(1, int((x2 - x1) / (30 * spread))))
    degree = 1 if len(words) < 3 else degree
    if x2 - x1 < 1:
        return Course(np.array([[x1, points[:, 1].mean()], [x1 + 1, points[:, 1].mean()]]), spread)
    centre, half = (x1 + x2) / 2, (x2 - x1) / 2
    fit = np.polyfit((points[:, 0] - centre) / half, points[:, 1], degree, w=np.repeat(weight, 2))
    x = np.linspace(x1, x2, max(2, int((x2 - x1) / (2 * spread))))
    return Course(np.stack([x, np.polyval(fit, (x - centre) / half)], 1), spread)
