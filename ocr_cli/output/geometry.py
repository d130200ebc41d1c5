"""Geometry of rows and words in the file's pixels: baselines, outlines, and which way they run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ocr_cli.page import Box, Page, Row, Word

Points = NDArray[np.float64]

UP, DOWN = 1.9, 0.7  # how far a row reaches above and below its baseline, in x-heights
BENT = 0.35  # x-heights that a baseline strays from a level line, from which on it has an outline


def baseline(row: Row) -> Points:
    """(n, 2) x, y in the page's pixels, from the row's start to its end."""
    if row.course is None:
        x = np.array([row.box.x1, row.box.x2], float)
        return np.stack([x, row.baseline + row.slope * x], 1)
    return shifted(row.course.points, -row.x_height / 2)


def shifted(line: Points, up: float) -> Points:
    """A polyline moved by `up` pixels to the left of the way it runs: upwards, for a row."""
    pieces = np.diff(line, axis=0)
    pieces /= np.maximum(np.hypot(*pieces.T), 1e-9)[:, None]
    turns = np.concatenate([pieces[:1], (pieces[1:] + pieces[:-1]) / 2, pieces[-1:]])
    return line + up * np.stack([turns[:, 1], -turns[:, 0]], 1)


def part(line: Points, box: Box) -> Points:
    """The piece of a row's line that a word's box spans, lengthened where that lies beyond it."""
    run = np.abs(line[-1] - line[0])
    axis = int(run[1] > run[0])
    ends = np.array([box.y1, box.y2] if axis else [box.x1, box.x2], float)
    far = 2 * float(np.abs(line[:, axis] - ends[:, None]).max()) + 1
    before, after = (_unit(line[a] - line[b]) for a, b in ((0, 1), (-1, -2)))
    whole = np.concatenate([[line[0] + far * before], line, [line[-1] + far * after]])
    whole = whole[np.argsort(whole[:, axis], kind="stable")]
    inner = whole[(whole[:, axis] > ends[0]) & (whole[:, axis] < ends[1])]
    found = np.empty((2, 2))
    found[:, axis] = ends
    found[:, 1 - axis] = np.interp(ends, whole[:, axis], whole[:, 1 - axis])
    piece = np.concatenate([found[:1], inner, found[1:]])
    return piece if line[-1, axis] >= line[0, axis] else piece[::-1]


def _unit(step: Points) -> Points:
    return np.asarray(step / max(1e-9, float(np.hypot(*step))))


def to_file(page: Page, points: Points) -> Points:
    """Points of the page in the file's pixels, brought back to its edge where they are beyond."""
    moved = points @ page.to_file[:2, :2].T + page.to_file[:2, 2]
    return np.asarray(np.clip(moved, 0, np.array(page.file_shape[::-1], float)))


def scale(page: Page) -> float:
    """Pixels of the file to a pixel of the page."""
    return math.sqrt(abs(float(np.linalg.det(page.to_file[:2, :2]))))


def is_bent(page: Page, row: Row) -> bool:
    """Whether a box tells too little of where a row lies: it is curved, or leans."""
    points = to_file(page, baseline(row))
    return bool(np.ptp(points, 0).min() > BENT * row.x_height * scale(page))


def outline(page: Page, row: Row, word: Word | None = None) -> Points:
    """(n, 2) around a row or one of its words in the file's pixels: its box unless it is bent."""
    box = (word or row).box
    if not is_bent(page, row):
        y1, x1, y2, x2 = page.box_in_file(box)
        return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], float)
    line = part(baseline(row), box)
    above, below = shifted(line, UP * row.x_height), shifted(line, -DOWN * row.x_height)
    return to_file(page, np.concatenate([above, below[::-1]]))


def angle(page: Page, row: Row) -> float:
    """Degrees, counter-clockwise, by which a row's direction in the file is off to the right."""
    line = baseline(row)
    x, y = page.to_file[:2, :2] @ (line[-1] - line[0])
    return math.degrees(math.atan2(-y, x))


def box_of(points: Points) -> tuple[int, int, int, int]:
    """x1, y1, x2, y2 in whole pixels around some points."""
    (x1, y1), (x2, y2) = np.floor(points.min(0)), np.ceil(points.max(0))
    return int(x1), int(y1), int(x2), int(y2)


def points_list(points: Points, within: str = ",") -> str:
    """Points in whole pixels as text: "x,y x,y"."""
    return " ".join(f"{x}{within}{y}" for x, y in np.rint(points).astype(int).tolist())
