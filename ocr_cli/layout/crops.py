"""Letters → the small pictures that a letter model reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ocr_cli.page import Glyph

SIDE = 32  # a crop's side, as in NIST36
LETTER = 26.0  # the longer side of a letter in it
PEN = 3.0  # the width of its strokes
SOFT = 0.9  # half the width of a stroke's soft edge


def letter_crops(glyphs: Sequence[Glyph], stroke_width: float) -> NDArray[np.float32]:
    """(N, 32, 32) float32 pictures of N glyphs, 0 ink to 1 paper, upright, as NIST36 looks.

    The longer side of each letter becomes 26 pixels, centred; its strokes, `stroke_width`
    pixels wide on the page, become 3 pixels wide, with a soft edge.
    """
    crops = np.ones((len(glyphs), SIDE, SIDE), np.float32)
    for i, glyph in enumerate(glyphs):
        if glyph.ink.any():
            crops[i] = _crop(glyph.ink, max(1.0, stroke_width))
    return crops


def _crop(ink: NDArray[np.bool_], pen: float) -> NDArray[np.float32]:
    """One letter's picture: scaled as a distance to the stroke's edge, cut at PEN's width."""
    from scipy.ndimage import distance_transform_edt

    # The centre lines of the strokes span the box less a pen's width.
    span = max(ink.shape) - pen
    scale = (LETTER - PEN) / max(span, pen, 1.0)
    shrink = max(1, int(1 / scale / 1.5))
    margin = int(np.ceil((SIDE / 2) / scale)) + 1
    height, width = ink.shape
    side = 2 * margin
    small = _shrunk(ink, shrink)
    # Distance to the strokes' edge in the page's pixels, above 0 outside.
    padded = np.pad(small, 2)
    edge = distance_transform_edt(~padded) - distance_transform_edt(padded)
    edge = np.sign(edge) * (np.abs(edge) - 0.5) * shrink
    del side
    # Page coordinates of the crop's pixels.
    at = (np.arange(SIDE) + 0.5 - SIDE / 2) / scale
    rows = _taps((at + height / 2) / shrink + 2, padded.shape[0])
    columns = _taps((at + width / 2) / shrink + 2, padded.shape[1])
    far = rows @ edge.astype(np.float32) @ columns.T * np.float32(scale)
    grow = (PEN - pen * scale) / 2
    outside_y = np.clip(np.abs(at) * scale - height * scale / 2, 0, None)
    outside_x = np.clip(np.abs(at) * scale - width * scale / 2, 0, None)
    far += np.hypot(outside_y[:, None], outside_x[None]).astype(np.float32)
    return np.clip((far - grow + SOFT) / (2 * SOFT), 0, 1)


def _shrunk(ink: NDArray[np.bool_], step: int) -> NDArray[np.bool_]:
    if step == 1:
        return ink
    height, width = (-(-n // step) for n in ink.shape)
    full = np.zeros((height * step, width * step), np.float32)
    full[: ink.shape[0], : ink.shape[1]] = ink
    return full.reshape(height, step, width, step).mean((1, 3)) >= 0.4


def _taps(place: NDArray, size: int) -> NDArray[np.float32]:
    """(len(place), size) weights that read a row of cells at `place` linearly."""
    place = np.clip(place - 0.5, 0, size - 1)
    return np.maximum(0, 1 - np.abs(place[:, None] - np.arange(size))).astype(np.float32)
