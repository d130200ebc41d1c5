"""Heights and places of letters, against the baseline and the x-height.

c and C, o and O, comma and apostrophe have one shape; their size and place tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import EXTENTS
from ocr_cli.page import Box, Row

NEIGHBOURS = 7  # letters whose feet say where the baseline runs
_SPREAD = 0.28  # standard deviation of top and bottom, in x-heights
_STRAY = -4.5  # log-density, relative to the peak, of a letter that is anywhere


def place(row: Row, boxes: Sequence[Box]) -> NDArray[np.float32]:
    """(N, 2): top and bottom of boxes (page's pixels) over the row's baseline, in x-heights.

    Where the writing strays from its straight baseline, the feet of the neighbours count.
    """
    y1, y2, x = _sides(boxes)
    baseline = row.baseline + row.slope * x + _drift(row, x)
    return np.asarray(np.stack([baseline - y1, baseline - y2], 1) / row.x_height, np.float32)


def _sides(boxes: Sequence[Box]) -> NDArray[np.float32]:
    """(3, N): top, bottom and middle of boxes."""
    sides = [(box.y1, box.y2, (box.x1 + box.x2) / 2) for box in boxes]
    return np.array(sides, np.float32).reshape(-1, 3).T


def _drift(row: Row, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The drift of the row's writing below its straight baseline at x, in pixels."""
    glyphs = [glyph for word in row.words for glyph in word.glyphs]
    y1, y2, middle = _sides([glyph.box for glyph in glyphs])
    below = y2 - (row.baseline + row.slope * middle)
    body = (y2 - y1 > 0.6 * row.x_height) & (np.abs(below) < 2 * row.x_height)
    if body.sum() < NEIGHBOURS:
        return np.zeros_like(x)
    order = np.argsort(middle[body])
    half = NEIGHBOURS // 2
    padded = np.pad(below[body][order], half, mode="edge")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(padded, NEIGHBOURS), axis=1)
    return np.interp(x, middle[body][order], usual).astype(np.float32)


def log_fit(classes: Sequence[str], places: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, C): how well each class suits each place, as a log-density relative to its peak.

    A class of which nothing is known suits every place alike.
    """
    extents = [EXTENTS.get(character, (np.nan, np.nan)) for character in classes]
    means = np.array(extents, np.float32)
    known = ~np.isnan(means[:, 0])
    away = (places[:, None] - np.where(known[:, None], means, 0)) / np.float32(_SPREAD)
    fit = np.logaddexp(-0.5 * np.square(away).sum(-1), np.float32(_STRAY))
    return np.where(known, fit, np.float32(0.5 * _STRAY))
