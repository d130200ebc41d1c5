"""Rings drawn around words, which are no letters: they go, what they cross stays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.marks import Marked, erased

Array = NDArray[Any]
Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]
WIDE, HIGH = 7.0, 5.0  # spreads that a ring measures, at least: a letter is smaller
WAYS = 120  # directions from its middle in which its outline is looked at,
CLOSED = 0.95  # and share of them in which it is there,
ROUND = 0.62, 1.12  # of the distance of its box's ellipse
ROUGH = 0.08  # of that by which its outline leaves the smooth one, usually
SMOOTH = 15  # directions over which it is smoothed
HELD = 4.0, 2.0  # spreads that what it holds is wide and high, at least


def without_rings(grey: Grey, seen: Marked) -> Grey:
    """The page without rings around words; itself where there are none."""
    found = rings(seen)
    return erased(grey, seen, found) if found.any() else grey


def rings(seen: Marked) -> Mask:
    """(h, w) the pixels of rings around words."""
    out = np.zeros(seen.pieces.labels.shape, bool)
    y1, x1, y2, x2 = seen.pieces.boxes.T
    large = (x2 - x1 >= WIDE * seen.spread) & (y2 - y1 >= HIGH * seen.spread)
    bare = seen.pieces.area < 0.25 * (x2 - x1) * (y2 - y1)
    for p in np.flatnonzero(large & bare):
        ring = _ring(seen.pieces.mask(int(p)))
        if ring is None:
            continue
        box = slice(y1[p], y2[p]), slice(x1[p], x2[p])
        if _holds_word((seen.pieces.labels[box] > 0) & ~ring, seen.spread):
            out[box] |= ring
    return out


def _ring(mask: Mask) -> Mask | None:
    """The pixels of a mask that are its round outline; None where it has none."""
    height, width = mask.shape
    y, x = np.nonzero(mask)
    down, across = y + 0.5 - height / 2, x + 0.5 - width / 2
    v, u = 2 * down / height, 2 * across / width
    way = ((np.arctan2(v, u) / (2 * np.pi) + 0.5) * WAYS).astype(int) % WAYS
    away, pixels = np.hypot(u, v), np.hypot(down, across)
    outline = np.zeros(WAYS)
    np.maximum.at(outline, way, away)
    if (outline > ROUND[0]).mean() < CLOSED:
        return None
    smooth = _median_around(outline)
    if smooth.min() < ROUND[0] or smooth.max() > ROUND[1]:
        return None
    if np.median(np.abs(outline - smooth)) > ROUGH:
        return None
    inward = (smooth[way] / away - 1) * pixels  # pixels from the outline to its middle
    outer = np.abs(inward) < 0.3 * pixels
    arc = 2 * np.pi / WAYS * np.bincount(way[outer], pixels[outer], WAYS)
    count = np.bincount(way[outer], minlength=WAYS)
    thick = float(np.median(count**2 / np.maximum(arc, 1e-6)))
    ring = (inward > -thick) & (inward < 1.5 * thick + 1)
    out = np.zeros(mask.shape, bool)
    out[y[ring], x[ring]] = True
    return out


def _median_around(outline: Array) -> Array:
    """Smooth an outline: the median of its radii in the directions about each."""
    half = SMOOTH // 2
    around = np.concatenate([outline[-half:], outline, outline[:half]])
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(around, SMOOTH), axis=1))


def _holds_word(inside: Mask, spread: float) -> bool:
    """Whether ink that is as long as two letters, and as high as one, stands within a ring."""
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if not len(rows):
        return False
    return bool(np.ptp(columns) > HELD[0] * spread and np.ptp(rows) > HELD[1] * spread)
