"""Deskew: how far the rows of a page lean from level, and the page turned upright."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ocr_cli.page import Course, Page

Array = NDArray[Any]

COARSE = 512  # cells along the longer side of a page
STEEPEST = 15.0  # degrees either way
LEAST = 0.7  # degrees; rows stand a slope of their own, so less is left alone


def straighten(page: Page) -> Page:
    """The page turned so that its rows run level, if they lean by 0.7° to 15°.

    `grey`, `ink` and `to_file` turn together; the picture grows so that nothing is cut off.
    Letters and rows of an earlier stage, which no longer fit, are dropped.
    """
    if page.ink is None:
        raise ValueError("straighten needs a page with ink: call find_ink first")
    tilt = find_tilt(page.ink)
    return page if abs(tilt) < LEAST else rotate(page, tilt)


def level(page: Page, courses: Sequence[Course]) -> tuple[Page, list[Course]]:
    """The page turned so that most of its rows run level, and the courses on it then."""
    tilt = _common_tilt(courses)
    if abs(tilt) < LEAST:
        return page, list(courses)
    turned = rotate(page, tilt)
    to_new = np.linalg.inv(turned.to_file) @ page.to_file
    return turned, [replace(c, points=c.points @ to_new[:2, :2].T + to_new[:2, 2]) for c in courses]


def _common_tilt(courses: Sequence[Course]) -> float:
    """Degrees by which rows fall to the right: the median of their pixels."""
    if not courses:
        return 0.0
    ends = np.array([c.points[-1] - c.points[0] for c in courses])
    angles = np.rad2deg(np.arctan2(ends[:, 1], ends[:, 0]))
    order = np.argsort(angles)
    share = np.cumsum(np.hypot(*ends[order].T))
    return float(angles[order[np.searchsorted(share, share[-1] / 2)]])


def quarter_turned(page: Page, quarters: int) -> Page:
    """The page turned clockwise by so many quarters."""
    grey = np.ascontiguousarray(np.rot90(page.grey, -quarters))
    ink = None if page.ink is None else np.ascontiguousarray(np.rot90(page.ink, -quarters))
    height, width = page.grey.shape
    # (x, y) of the turned page to those before: a quarter clockwise takes (x, y) to (H - y, x)
    to_old = np.eye(3)
    for _ in range(quarters):
        to_old = to_old @ np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, height], [0.0, 0.0, 1.0]])
        height, width = width, height
    return replace(page, grey=grey, ink=ink, to_file=page.to_file @ to_old, letters=(), rows=())


def mirrored(page: Page) -> Page:
    """The page with left and right exchanged."""
    to_old = np.array([[-1.0, 0.0, page.grey.shape[1]], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    grey = np.ascontiguousarray(page.grey[:, ::-1])
    to_file = page.to_file @ to_old
    return replace(page, grey=grey, ink=None, to_file=to_file, letters=(), rows=())


def find_tilt(ink: NDArray[np.bool_]) -> float:
    """Degrees by which rows of writing fall to the right (below 0: rise), 0.0 if unsure.

    The right angle makes the sums of ink along the rows differ most from line to line
    (projection profile: W. Postl, ICPR 1986). Slanted letters do not sway it, as only
    level runs of letters make a sharp profile.
    """
    x, y, weight = _coarse_ink(ink)
    if weight.size < 8:
        return 0.0
    angles = np.arange(-STEEPEST, STEEPEST + 0.1, 0.5)
    scores = np.array([_sharpness(x, y, weight, a) for a in angles])
    best = float(angles[scores.argmax()])
    for step in (0.25, 0.1):
        near = best + step * np.arange(-2, 3)
        best = float(near[np.argmax([_sharpness(x, y, weight, a) for a in near])])
    level = _sharpness(x, y, weight, 0.0)
    sure = _sharpness(x, y, weight, best) > 1.05 * level and abs(best) <= STEEPEST
    return best if sure else 0.0


def _coarse_ink(ink: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """(x, y, weight) of the cells that hold ink, the longer side cut into COARSE cells."""
    step = max(1, max(ink.shape) // COARSE)
    height, width = (n // step for n in ink.shape)
    cells = ink[: height * step, : width * step].reshape(height, step, width, step)
    counts = np.add.reduce(cells, axis=(1, 3), dtype=np.int32)
    y, x = np.nonzero(counts)
    return x.astype(np.float32), y.astype(np.float32), counts[y, x].astype(np.float32)


def _sharpness(x: Array, y: Array, weight: Array, degrees: float) -> float:
    """How strongly the ink's sums along lines that fall by `degrees` vary from line to line."""
    angle = np.deg2rad(degrees)
    place = y * np.cos(angle) - x * np.sin(angle)
    place -= place.min()
    cell = place.astype(np.int32)
    part = place - cell  # each cell's ink is shared between two lines, so that angles compare
    profile = np.bincount(cell, weight * (1 - part), cell.max() + 2)
    profile[1:] += np.bincount(cell, weight * part, cell.max() + 1)
    return float(np.square(profile).sum())


def rotate(page: Page, degrees: float) -> Page:
    """The page with lines that fall to the right by `degrees` made level; ink turns too."""
    from PIL import Image

    angle = np.deg2rad(degrees)
    height, width = page.grey.shape
    cos, sin = np.cos(angle), np.sin(angle)
    new_width = int(np.ceil(width * cos + height * abs(sin)))
    new_height = int(np.ceil(height * cos + width * abs(sin)))
    # Takes (x, y) of the turned picture to the old one's: turn about the two centres.
    turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    turn[:2, 2] = (width / 2, height / 2) - turn[:2, :2] @ (new_width / 2, new_height / 2)
    pad = int(np.ceil(max(height, width) * abs(sin))) + 2
    shifted = turn[:2].copy()
    shifted[:, 2] += pad

    def turned(image: Array, how: Literal["edge", "constant"]) -> Image.Image:
        data = Image.Transform.AFFINE, tuple(shifted.ravel()), Image.Resampling.BILINEAR
        return Image.fromarray(np.pad(image, pad, mode=how)).transform(
            (new_width, new_height), *data
        )

    # the paper goes on beyond the picture: a corner of another shade would have an edge
    grey = np.asarray(turned(page.grey, "edge"), np.float32)
    ink = None
    if page.ink is not None:
        ink = np.asarray(turned(page.ink.astype(np.uint8) * np.uint8(255), "constant")) >= 128
    return replace(page, grey=grey, ink=ink, to_file=page.to_file @ turn, letters=(), rows=())
