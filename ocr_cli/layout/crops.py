"""Letters → the small pictures that a letter model reads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.raster import square_distance
from ocr_cli.page import Glyph

SIDE = 32  # a crop's side, as in NIST36
LETTER = 26.0  # the longer side of a letter in it
PEN = 3.0  # the width of its strokes
SOFT = 0.9  # half the width of a stroke's soft edge
FINE = 2  # strokes are widened in a picture that many times finer
MOST = 2.0  # pixels by which an edge moves; so a full stop, all pen, stays a spot
REACH = 6  # pixels of the finer picture up to which distances count
BATCH = 64  # letters at a time: their pictures stay in the processor's cache


def letter_crops(glyphs: Sequence[Glyph], stroke_width: float) -> NDArray[np.float32]:
    """(N, 32, 32) float32 pictures of N glyphs, 0 ink to 1 paper, upright, as NIST36 looks.

    The longer side of each letter becomes 26 pixels, centred; its strokes, `stroke_width`
    pixels wide on the page, become 3 pixels wide, with a soft edge.
    """
    pen = max(1.0, stroke_width)
    crops = np.ones((len(glyphs), SIDE, SIDE), np.float32)
    for start in range(0, len(glyphs), BATCH):
        batch = glyphs[start : start + BATCH]
        scales = np.array([_scale(glyph, pen) for glyph in batch])
        fine = np.stack([_scaled(g.ink, s) for g, s in zip(batch, scales, strict=True)])
        grow = np.clip((PEN - pen * scales) / 2, -MOST, MOST)
        crops[start : start + BATCH] = _drawn(fine, grow.astype(np.float32))
    return crops


def _scale(glyph: Glyph, pen: float) -> float:
    """Crop pixels in a page pixel: the middles of the outer strokes come LETTER - PEN apart."""
    return (LETTER - PEN) / max(max(glyph.ink.shape) - pen, pen)


def _scaled(ink: NDArray[np.bool_], scale: float) -> NDArray[np.bool_]:
    """The ink in the middle of a picture FINE times finer than a crop, (64, 64) bool."""
    rows, columns = (_cover(size, scale * FINE) for size in ink.shape)
    return rows @ ink.astype(np.float32) @ columns.T > 0.5


@lru_cache(maxsize=1024)  # letters of a page have few sizes
def _cover(size: int, scale: float) -> NDArray[np.float32]:
    """(64, size): how much of each fine pixel each of `size` page pixels in a row covers.

    A page pixel that is wider than a fine one fades into its neighbours.
    """
    at = np.arange(SIDE * FINE) + 0.5 - SIDE * FINE / 2
    page = (np.arange(size) + 0.5 - size / 2) * scale
    wide = max(1.0, scale)
    apart = np.abs(at[:, None] - page)
    weight = np.clip((1 + min(1.0, scale)) / 2 - apart, 0, min(1.0, scale))
    if scale > 1:
        weight = np.clip(1 - apart / wide, 0, 1)
    return weight.astype(np.float32)


def _drawn(fine: NDArray[np.bool_], grow: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 32, 32) crops of fine pictures with strokes `grow` (N,) crop pixels wider each side."""
    outside, inside = (
        np.sqrt(square_distance(goal, REACH).astype(np.float32)) for goal in (fine, ~fine)
    )
    # Pixel centres on either side of an edge are half a pixel from it.
    edge = (outside - inside + np.where(fine, 0.5, -0.5).astype(np.float32)) / FINE
    edge -= grow[:, None, None]
    shade = np.clip((edge + SOFT) / (2 * SOFT), 0, 1)
    shade = shade[:, ::2] + shade[:, 1::2]
    shade = (shade[..., ::2] + shade[..., 1::2]) / FINE**2
    return shade.astype(np.float32, copy=False)
