"""Batches of line strips for a line model: words and lines of real strokes, joined and varied.

Strokes are normalised once, see `stock`, put together as `pieces`, and drawn anew with new
variation each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.formats.ink import Ink
from ocr_cli.data.synthesis.pieces import TextPieces
from ocr_cli.data.synthesis.render import press, resampled
from ocr_cli.data.synthesis.stock import Stock
from ocr_cli.layout import strips

Array = NDArray[Any]
_FINE = 2  # the pen runs on a canvas so many times as fine


@dataclass(frozen=True)
class Variation:
    """Limits on how far strips may stray from the strokes; lengths in pixels of the strip."""

    scale: float = 0.10  # of the logarithm, standard deviation
    aspect: float = 0.10  # of the logarithm of the width alone
    slant: float = 0.13  # dx per dy, standard deviation
    skew: float = 0.008  # dy per dx
    shift: float = 1.3  # up and down
    warp: float = 0.7  # standard deviation of a smooth warp of the strokes
    drift: float = 0.8  # of a slow wave of the baseline
    pen: tuple[float, float] = (1.5, 3.3)  # stroke width
    pressure: float = 0.12  # share of the width, along a stroke
    gaps: float = 0.004  # breaks of the ink a pixel of width
    neighbours: float = 0.12  # probability of ink of the rows above and below
    specks: float = 0.06  # probability of specks, and of a ruled line's remains
    roughness: float = 0.12  # noise before the threshold


NO_VARIATION = Variation(0, 0, 0, 0, 0, 0, 0, (2.3, 2.3), 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Batch:
    """Strips padded to one width.

    images : (B, 48, W) float32, 1 ink; widths : (B,) each strip's own; labels : B texts.
    """

    images: NDArray[np.float32]
    widths: NDArray[np.int64]
    labels: list[str]


def draw_batch(
    stock: Stock, pieces: TextPieces, rng: np.random.Generator, variation: Variation = NO_VARIATION
) -> Batch:
    """Renders texts as strips."""
    n = len(pieces.labels)
    points, stroke, item = _gathered(stock.ink, pieces)
    several = np.bincount(pieces.out, minlength=n) > 1
    points = _recentred(points, item, n, several)
    points = _varied(points, item, n, rng, variation)
    low = np.full(n, np.inf)
    np.minimum.at(low, item, points[:, 0])
    points[:, 0] += (strips.MARGIN - low)[item]
    high = np.zeros(n)
    np.maximum.at(high, item, points[:, 0])
    widths = (np.ceil((high + strips.MARGIN) / 4) * 4).astype(np.int64)
    points[:, 1] += strips.MIDDLE + rng.normal(0, variation.shift + 1e-9, n)[item]
    side = _FINE * int(widths.max())
    letters = np.array([max(1, len(text.replace(" ", ""))) for text in pieces.labels])
    pen = rng.uniform(*variation.pen, n)
    # narrow writing was written with a fine pen, or nobody could read it
    pen = np.minimum(pen, 1.0 + 0.16 * (high - strips.MARGIN) / letters)
    canvas = _stamped(points * _FINE, stroke, item, side, pen * _FINE, rng, variation)
    canvas = _with_dirt(canvas, widths, rng, variation)
    return Batch(_developed(canvas, rng, variation), widths, pieces.labels)


def _gathered(ink: Ink, pieces: TextPieces) -> tuple[Array, Array, Array]:
    """Points of all pieces at their places; the stroke and the text of each."""
    first = ink.item_start[pieces.item]
    strokes, stroke_piece = _ranges(first, ink.item_start[pieces.item + 1] - first)
    begin = ink.stroke_start[strokes]
    source, stroke = _ranges(begin, ink.stroke_start[strokes + 1] - begin)
    piece = stroke_piece[stroke]
    points = ink.points[source] * pieces.size[piece][:, None]
    points += np.stack([pieces.x, pieces.y], 1)[piece]
    return points.astype(np.float32), stroke, pieces.out[piece]


def _ranges(start: Array, length: Array) -> tuple[Array, Array]:
    """start[i], start[i] + 1, … for `length[i]` numbers, all i after another; and each one's i."""
    owner = np.repeat(np.arange(len(start)), length)
    return np.arange(len(owner)) + np.repeat(start - np.cumsum(length) + length, length), owner


def _recentred(points: Array, item: Array, n: int, several: Array) -> Array:
    """Joined texts are put in the middle and to size by their own ink, as a page's row is."""
    if not several.any():
        return points
    frame = strips.measure(points, item, n)  # the pen's own points are even enough here
    scale = np.where(several, strips.SPREAD / np.maximum(frame.spread, 2.0), 1.0)
    middle = np.where(several, frame.middle, 0.0)
    slant = np.where(several, frame.slant, 0.0)[item]
    points = points.copy()
    points[:, 1] -= middle[item]
    points[:, 0] += slant * points[:, 1]
    return (points * scale[item][:, None]).astype(np.float32)


def _varied(
    points: Array, item: Array, n: int, rng: np.random.Generator, variation: Variation
) -> Array:
    """Size, slant, skew, a slow drift of the baseline, and a smooth warp."""
    v = variation
    scale = np.exp(rng.normal(0, v.scale + 1e-9, n))[item]
    aspect = np.exp(rng.normal(0, v.aspect + 1e-9, n))[item]
    x, y = points[:, 0] * scale * aspect, points[:, 1] * scale
    x = x - rng.normal(0, v.slant + 1e-9, n)[item] * y
    if v.warp:
        for _ in range(2):
            wave = rng.normal(0, 0.12, (n, 2))[item]
            phase = rng.uniform(0, 2 * np.pi, n)[item]
            bend = np.sin(wave[:, 0] * x + wave[:, 1] * y + phase)[:, None]
            bend = bend * rng.normal(0, v.warp, (n, 2))[item]
            x, y = x + bend[:, 0], y + bend[:, 1]
        pace, phase = rng.uniform(0.006, 0.03, n)[item], rng.uniform(0, 2 * np.pi, n)[item]
        y = y + rng.normal(0, v.drift, n)[item] * np.sin(pace * x + phase)
    middle = (np.bincount(item, x, n) / np.maximum(np.bincount(item, minlength=n), 1))[item]
    y = y + rng.normal(0, v.skew + 1e-9, n)[item] * (x - middle)
    return np.stack([x, y], 1).astype(np.float32)


def _stamped(
    points: Array,
    stroke: Array,
    item: Array,
    side: int,
    pen: Array,
    rng: np.random.Generator,
    variation: Variation,
) -> NDArray[np.uint8]:
    """(n, 96, side) of 0 and 1: a round pen set down at even steps."""
    n = len(pen)
    owner = np.zeros(int(stroke[-1]) + 1, np.int64)
    owner[stroke] = item
    dense, stroke = resampled(points, stroke, 0.9)
    item = owner[stroke]
    radius = (pen / 2).astype(np.float32)[item]
    if variation.pressure:
        phase = rng.uniform(0, 2 * np.pi, len(owner))[stroke]
        pace = rng.uniform(0.01, 0.08, len(owner))[stroke]
        swell = rng.normal(0, variation.pressure * 1.4, n)[item]
        wave = swell * np.sin(np.arange(len(stroke)) * pace + phase)
        radius *= (1 + wave).astype(np.float32)
    if variation.gaps:
        radius[_broken(dense, item, n, side, rng, variation)] = -1
    reach = 6
    tall, wide = _FINE * strips.HEIGHT + 2 * reach, side + 2 * reach
    at = np.rint(dense).astype(np.int64) + reach
    inside = (at[:, 1] >= reach) & (at[:, 1] < tall - reach)
    inside &= (at[:, 0] >= reach) & (at[:, 0] < wide - reach)
    at, item, radius = at[inside], item[inside], radius[inside]
    canvas = np.zeros((n, tall, wide), np.uint8)
    press(canvas, at, item, radius, reach)
    return canvas[:, reach:-reach, reach:-reach]


def _broken(
    dense: Array, item: Array, n: int, side: int, rng: np.random.Generator, variation: Variation
) -> Array:
    """(P,) whether the ink is missing at a point: a few holes in each strip."""
    broken = np.zeros(len(dense), bool)
    for _ in range(4):
        has = rng.random(n) < variation.gaps * side / 4
        hole = np.stack([rng.uniform(0, side, n), rng.uniform(20, 76, n)], 1)
        size = np.where(has, rng.uniform(1.5, 4.5, n), -1)[item]
        near = np.abs(dense[:, 0] - hole[:, 0][item]) < size
        near[near] = np.hypot(*(dense[near] - hole[item[near]]).T) < size[near]
        broken |= near
    return broken


def _with_dirt(
    canvas: NDArray[np.uint8], widths: Array, rng: np.random.Generator, variation: Variation
) -> NDArray[np.uint8]:
    """Ink of the rows above and below, specks, and what is left of a ruled line."""
    n, tall, _ = canvas.shape
    if variation.neighbours:
        clean = canvas.copy()
        for i in np.flatnonzero(rng.random(n) < variation.neighbours):
            shift = int(rng.integers(56, 80))
            other = clean[rng.integers(n)]
            if rng.random() < 0.5:
                canvas[i, shift:] |= other[: tall - shift]
            else:
                canvas[i, : tall - shift] |= other[shift:]
    for i in np.flatnonzero(rng.random(n) < variation.specks):
        for _ in range(int(rng.integers(1, 4))):
            y, x = rng.integers(tall), rng.integers(_FINE * widths[i])
            a, b = rng.integers(1, 5, 2)
            canvas[i, y : y + a, x : x + b] = 1
        if rng.random() < 0.4:
            y, x = rng.integers(56, 80), rng.integers(_FINE * widths[i])
            canvas[i, y : y + rng.integers(1, 4), x : x + rng.integers(8, 90)] = 1
    return canvas


def _developed(
    canvas: NDArray[np.uint8], rng: np.random.Generator, variation: Variation
) -> NDArray[np.float32]:
    """Noise on the ink's edge, half the size, and a soft edge; (n, 48, W)."""
    n, tall, side = canvas.shape
    fine = canvas.astype(np.float32)
    if variation.roughness:
        soft = blurred(fine)
        coarse = rng.standard_normal((n, tall // 2, side // 2), np.float32)
        noise = coarse.repeat(2, 1).repeat(2, 2)
        level = rng.uniform(0.4, 0.6, (n, 1, 1)).astype(np.float32)
        rough = rng.uniform(0, 8 * variation.roughness, (n, 1, 1)).astype(np.float32)
        noise *= soft
        noise *= 1 - soft
        noise *= rough
        soft += noise
        fine = (soft > level).astype(np.float32, copy=False)
    half = fine.reshape(n, tall // 2, 2, side // 2, 2).mean((2, 4))
    return blurred(half, 0.2)


def blurred(x: NDArray[np.float32], side: float | np.float32 = 0.25) -> NDArray[np.float32]:
    """Pictures (N, H, W) under (side, 1 - 2 side, side) along both axes; zeros outside."""
    y = (1 - 2 * side) * x
    y[:, 1:] += side * x[:, :-1]
    y[:, :-1] += side * x[:, 1:]
    z = (1 - 2 * side) * y
    z[:, :, 1:] += side * y[:, :, :-1]
    z[:, :, :-1] += side * y[:, :, 1:]
    return z
