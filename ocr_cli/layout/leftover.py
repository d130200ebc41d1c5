"""Where on a page there is ink that its rows do not account for: small print beside writing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.chains import Chain
from ocr_cli.layout.faint import ink_along
from ocr_cli.layout.quantiles import median, percentile
from ocr_cli.layout.raster import label
from ocr_cli.page import Box, Course

Array = NDArray[Any]
Grey = NDArray[np.float32]
_HIGH, _WIDE = 2, 8  # cells to a block: rows of small print fill such
_INKED = 0.4  # of the contrast of the page's rows: as much is ink
_FULL = 0.55  # share of a block's cells
_ABOVE, _BELOW = 4.5, 4.5  # spreads from a row's middle to the tips of its letters
_BEYOND = 3.0  # spreads over its ends
_ROOM = 8  # cells around what is left over
_LEAST = 3  # blocks
_BESIDE = 2.0  # spreads from a row in which another is the same
_SAME = 0.4  # share of a row that runs along another


def leftover(contrast: Grey, chains: Sequence[Chain]) -> list[Box]:
    """Boxes in cells of a map around ink that is far from all of its rows, largest first.

    contrast : (h, w), see `layout.faint`.
    """
    if not chains:
        return []
    usual = float(median([percentile(ink_along(c, contrast), 80) for c in chains]))
    ink = contrast > _INKED * usual
    for chain in chains:
        _erase(ink, chain)
    height, width = (n // size for n, size in zip(ink.shape, (_HIGH, _WIDE), strict=True))
    blocks = ink[: height * _HIGH, : width * _WIDE].reshape(height, _HIGH, width, _WIDE)
    full = blocks.mean((1, 3)) > _FULL
    grown = full.copy()
    for step in (1, 2):  # rows of one text lie closer to each other than to the next
        grown[step:] |= full[:-step]
        grown[:-step] |= full[step:]
    grown[:, 1:] |= grown[:, :-1].copy()
    pieces = label(grown)
    count = np.bincount(pieces.labels[full], minlength=len(pieces.boxes) + 1)[1:]
    scale, room = np.array([_HIGH, _WIDE] * 2), _ROOM * np.array([-1, -1, 1, 1])
    most = np.array([ink.shape[0], ink.shape[1]] * 2)
    boxes = np.clip(pieces.boxes * scale + room, 0, most)
    return [Box(*map(int, boxes[k])) for k in np.argsort(-count) if count[k] >= _LEAST]


def _erase(ink: NDArray[np.bool_], chain: Chain) -> None:
    """Erase, in place, the contrast of a row's own ink."""
    height, width = ink.shape
    room = _BEYOND * chain.spread
    left = int(np.clip(chain.x[0] - room, 0, width))
    right = int(np.clip(chain.x[-1] + room + 1, 0, width))
    middle = np.interp(np.arange(left, right) + 0.5, chain.x, chain.y)
    down = np.arange(height)[:, None] + 0.5 - middle
    ink[:, left:right] &= (down < -_ABOVE * chain.spread) | (down > _BELOW * chain.spread)


def is_new(course: Course, others: Sequence[Course]) -> bool:
    """Whether a row runs along none of the others."""
    x, y = course.points.T
    for other in others:
        ox, oy = other.points.T
        inside = (x >= ox[0]) & (x <= ox[-1])
        near = np.abs(np.interp(x, ox, oy) - y) < _BESIDE * max(course.spread, other.spread)
        if (inside & near).mean() > _SAME:
            return False
    return True
