"""The picture as the row finder sees it: small, and of even light and contrast."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]
_STEP = 4  # light and contrast are told in cells of so many pixels
_REACH = 12  # cells to each side that are looked at
_QUIET = 0.04  # contrast that is added everywhere, so that bare paper stays quiet


def evened(grey: Grey) -> Grey:
    """(H, W) grey, sides multiples of 4, less its local mean, in units of its local contrast."""
    height, width = grey.shape
    cells = grey.reshape(height // _STEP, _STEP, width // _STEP, _STEP)
    mean = cells.mean((1, 3))
    square = np.einsum("aibj,aibj->ab", cells, cells) / np.float32(_STEP**2)
    light = _box(mean)
    contrast = np.sqrt(np.maximum(_box(square) - light**2, 0)) + np.float32(_QUIET)
    light, contrast = (cells.repeat(_STEP, 1).repeat(_STEP, 0) for cells in (light, contrast))
    return np.asarray((grey - light) / contrast, np.float32)


def _box(values: NDArray[Any]) -> Grey:
    """The mean over the neighbourhood of every cell, as far as the picture goes."""
    for _ in range(2):
        n = len(values)
        total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, 0, np.float64)])
        low, high = np.maximum(np.arange(n) - _REACH, 0), np.minimum(np.arange(n) + _REACH + 1, n)
        values = ((total[high] - total[low]) / (high - low)[:, None]).T
    return np.ascontiguousarray(values, np.float32)
