"""Pictures of single things, as data sets have them, brought to the 32x32 that a network takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ocr_cli.layout import crops
from ocr_cli.layout.strips import pen_width
from ocr_cli.page import Box, Glyph

SIDE = 32
WORK = 84  # pixels on the long side at which letters are measured: 3 to each of MNIST's 28
PLAIN = 0.1  # standard deviation of the outermost pixels, up to which they are bare paper
FAINT = 0.1  # contrast below which there is no ink
BOLD = 0.18  # share of a letter's longer side, beyond which its pen does not count
_CHUNK = 512  # pictures at a time

Grey = NDArray[np.uint8]  # (H, W), 0 black to 255 white


def letter_sized(grey: NDArray[np.floating[Any]]) -> Grey:
    """(H, W), 0 black to 1 white, at no more than WORK pixels on the long side."""
    tall, wide = grey.shape
    longest = max(tall, wide)
    if longest > WORK:
        size = max(1, round(wide * WORK / longest)), max(1, round(tall * WORK / longest))
        grey = np.asarray(
            Image.fromarray(grey.astype(np.float32)).resize(size, Image.Resampling.BOX)
        )
    return np.asarray(np.clip(255 * grey + 0.5, 0, 255), np.uint8)


def to_network(greys: Sequence[Grey], characters: bool) -> NDArray[np.float32]:
    """(N, 32, 32) float32, 0 ink to 1 paper, of N pictures of any sizes.

    A set of `characters` on bare paper, dark on light or light on dark, comes to look like
    the letters that are cut from a page. Pictures of 32x32 keep their size and strokes;
    what is no writing is scaled.
    """
    if not len(greys):
        return np.ones((0, SIDE, SIDE), np.float32)
    written = characters and np.mean([_edge(grey).std() < 255 * PLAIN for grey in greys]) > 0.5
    dark = written and np.mean([grey.mean() > np.median(_edge(grey)) for grey in greys]) > 0.5
    if all(grey.shape == (SIDE, SIDE) for grey in greys):
        images = np.stack(list(greys)).astype(np.float32) / np.float32(255)
        return 1 - images if dark else images
    if not written:
        scaled = np.stack([_resized(grey, (SIDE, SIDE)) for grey in greys])
        return (scaled / 255).astype(np.float32)
    images = np.empty((len(greys), SIDE, SIDE), np.float32)
    for i in range(0, len(greys), _CHUNK):
        part = [255 - grey if dark else grey for grey in greys[i : i + _CHUNK]]
        images[i : i + _CHUNK] = _as_cut_from_a_page(part)
    return images


def _edge(grey: Grey) -> Grey:
    """The outermost pixels, all in a row."""
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def _resized(grey: Grey, size: tuple[int, int]) -> NDArray[np.float32]:
    image = Image.fromarray(grey.astype(np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR), np.float32)


def _as_cut_from_a_page(greys: Sequence[Grey]) -> NDArray[np.float32]:
    """Crops of dark characters on light, as `layout.letter_crops` makes them."""
    masks = [_ink(grey) for grey in greys]
    result = np.ones((len(masks), SIDE, SIDE), np.float32)
    pens = np.array([_pen(mask) for mask in masks])
    for pen in np.unique(pens[pens > 0]):
        chosen = np.flatnonzero(pens == pen)
        glyphs = [Glyph(Box(0, 0, *masks[i].shape), masks[i]) for i in chosen]
        result[chosen] = crops.letter_crops(glyphs, float(pen))
    return result


def _ink(grey: Grey) -> NDArray[np.bool_]:
    """The ink in its own box, in a picture WORK pixels long; (0, 0) where there is none."""
    scale = WORK / max(grey.shape)
    tall, wide = (max(1, round(scale * length)) for length in grey.shape)
    large = _resized(grey, (wide, tall))
    paper, black = float(np.median(_edge(grey))), float(large.min())
    if paper - black < 255 * FAINT:
        return np.zeros((0, 0), bool)
    mask = large < (paper + black) / 2
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _pen(mask: NDArray[np.bool_]) -> int:
    """The width of the strokes in pixels: twice their area over the length of their edges.

    Of a bold letter less, as it would not fit the crop if it were as long from stroke to
    stroke as a fine one; what is all pen, a full stop, stays so.
    """
    pen, longest = pen_width(mask), max(mask.shape)
    if not pen:
        return 0
    if pen < longest / 2:
        pen = min(pen, BOLD * longest)
    return max(1, round(pen))
