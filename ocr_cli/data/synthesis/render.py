"""Pen strokes to 32x32 pictures that look like the letters cut from a photographed page.

Everything is done for a batch at once: strokes are warped, resampled at even steps and
stamped with a round pen on 64x64 canvases, which are then roughened, softened and halved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.formats.ink import Ink, Strokes

SIDE = 32  # the finished picture
CANVAS = 64  # where the pen runs
_STEP = 0.7  # canvas pixels between two stamps of the pen
_MARGIN = 48  # canvas pixels around it, cut off afterwards: room for the broadest pen
_FINE = 5.0  # pens up to this radius are pressed together


@dataclass(frozen=True)
class LetterVariation:
    """Limits on how far pictures may stray from the strokes; lengths in pixels of the picture."""

    rotation: float = 6.0  # degrees, standard deviation
    shear: float = 0.16  # dx per dy, standard deviation
    aspect: float = 0.12  # log of width over height, standard deviation
    warp: float = 0.03  # share of the letter's size, standard deviation of a smooth warp
    pen: tuple[float, float] = (2.1, 4.0)  # stroke width that a crop is brought to
    nib: tuple[float, float] = (50.0, 130.0)  # stroke width on paper, in the strokes' units
    extent: tuple[float, float] = (22.0, 30.0)  # longer side of the letter
    shift: float = 0.7  # standard deviation of the centre
    pressure: float = 0.12  # standard deviation of the width along a stroke
    gap: float = 0.05  # probability of a break in the ink
    remains: float = 0.08  # probability of a neighbour's ink at the edge
    roughness: float = 0.12  # noise before the threshold


NO_VARIATION = LetterVariation(0, 0, 0, 0, (3.0, 3.0), (85.0, 85.0), (26.0, 26.0), 0, 0, 0, 0, 0)
_MOST = 2.0  # pixels by which a crop may move a stroke's edge, as in `layout.letter_crops`


def render(
    ink: Ink, rng: np.random.Generator, variation: LetterVariation = NO_VARIATION
) -> NDArray[np.float32]:
    """Pictures of all items, (N, 32, 32) float32, 0 ink to 1 paper, each as large as fits.

    A usual letter is 1,000 units of the strokes tall. As on a page, a full stop is all pen
    and stays a spot, while the strokes of larger letters come to one width.
    """
    n = len(ink)
    if n == 0:
        return np.ones((0, SIDE, SIDE), np.float32)
    points, pen, stroke_item, stroke_of_point = _warped(ink, rng, variation)
    canvas = _stamp(points, stroke_of_point, stroke_item, pen / 2, n, rng, variation)
    if variation.remains:
        canvas = _with_remains(canvas, rng, variation.remains)
    return _develop(canvas, rng, variation)


def written(
    strokes: Strokes, scale: float, pen: float, margin: int, most: int = 4_000_000
) -> NDArray[np.bool_] | None:
    """The ink of strokes written with a round pen: a mask, True where ink is.

    scale : pixels in a unit of the strokes; pen : width of the line, and margin : of the paper
    around it, in pixels. None where that takes more than `most` pixels.
    """
    from PIL import Image, ImageDraw

    low = np.concatenate(strokes).min(0)
    paths = [(stroke - low) * scale + margin for stroke in strokes]
    width, height = (np.concatenate(paths).max(0) + margin + 1).astype(int).tolist()
    if width * height > most:
        return None
    picture = Image.new("1", (width, height))
    draw = ImageDraw.Draw(picture)
    for path in paths:
        draw.line([tuple(point) for point in path.tolist()], 1, max(1, round(pen)), "curve")
        for x, y in path[[0, -1]].tolist():
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), 1)
    return np.asarray(picture, bool)


def _per_item(values: NDArray[Any], ufunc: Any, starts: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(ufunc.reduceat(values, starts, axis=0))


def _warped(
    ink: Ink, rng: np.random.Generator, variation: LetterVariation
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Points and pens on the canvas, warped and fitted; each stroke's item; each point's stroke."""
    n = len(ink)
    per_stroke = np.diff(ink.stroke_start)
    stroke_item = np.repeat(np.arange(n), np.diff(ink.item_start))
    stroke_of_point = np.repeat(np.arange(len(per_stroke)), per_stroke)
    item = stroke_item[stroke_of_point]
    starts = ink.stroke_start[ink.item_start[:-1]]

    low, high = (_per_item(ink.points, f, starts) for f in (np.minimum, np.maximum))
    size = np.maximum((high - low).max(1), 1e-3)
    p = (ink.points - ((low + high) / 2)[item]) / size[item][:, None]

    if variation.warp:
        for _ in range(2):  # two slow waves in random directions bend each letter
            wave = rng.normal(0, 3.5, (n, 2)).astype(np.float32)
            phase = rng.uniform(0, 2 * np.pi, n)
            bend = rng.normal(0, variation.warp, (n, 2)).astype(np.float32)
            p = p + bend[item] * np.sin((p * wave[item]).sum(1) + phase[item])[:, None]
    p = np.einsum("pij,pj->pi", _matrices(n, rng, variation)[item], p)

    low, high = (_per_item(p, f, starts) for f in (np.minimum, np.maximum))
    nib = rng.uniform(*variation.nib, n) / size  # relative to the item, as p is
    target = 2 * rng.uniform(*variation.pen, n)
    extent = 2 * rng.uniform(*variation.extent, n)
    scale = (extent - target) / np.maximum((high - low).max(1), nib)
    natural = nib * scale
    pen = natural + np.clip(target - natural, -4 * _MOST, 4 * _MOST)
    centre = CANVAS / 2 - 0.5 + rng.normal(0, 2 * variation.shift + 1e-9, (n, 2))
    p = (p - ((low + high) / 2)[item]) * scale[item][:, None] + centre[item]
    return p.astype(np.float32), pen, stroke_item, stroke_of_point


def _matrices(n: int, rng: np.random.Generator, variation: LetterVariation) -> NDArray[np.float32]:
    """(n, 2, 2): aspect, then shear, then rotation."""
    angle = np.deg2rad(rng.normal(0, variation.rotation + 1e-9, n))
    shear = rng.normal(0, variation.shear + 1e-9, n)
    stretch = np.exp(rng.normal(0, variation.aspect + 1e-9, n) / 2)
    cos, sin = np.cos(angle), np.sin(angle)
    a, b, d = stretch, shear / stretch, 1 / stretch
    rows = [[cos * a, cos * b - sin * d], [sin * a, sin * b + cos * d]]
    return np.array(rows).transpose(2, 0, 1).astype(np.float32)


def resampled(
    points: NDArray[Any], stroke: NDArray[Any], step: NDArray[Any] | float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Points at even steps (one length, or one a point) along strokes, and the stroke of each."""
    same = stroke[1:] == stroke[:-1]
    length = np.where(same, np.hypot(*(points[1:] - points[:-1]).T), 0.0)
    step = step[:-1] if isinstance(step, np.ndarray) else step
    count = np.append(np.ceil(length / step), 1).astype(np.int64)
    count = np.maximum(count, 1)
    source = np.repeat(np.arange(len(points)), count)
    within = np.arange(len(source)) - np.repeat(np.cumsum(count) - count, count)
    following = np.minimum(source + 1, len(points) - 1)
    t = np.where(stroke[following] == stroke[source], within / count[source], 0.0)
    dense = points[source] + t[:, None].astype(np.float32) * (points[following] - points[source])
    return dense, stroke[source]


def _stamp(
    points: NDArray[Any],
    stroke: NDArray[Any],
    stroke_item: NDArray[Any],
    radius: NDArray[Any],
    n: int,
    rng: np.random.Generator,
    variation: LetterVariation,
) -> NDArray[np.float32]:
    """(n, CANVAS, CANVAS) of 0 and 1: a round pen set down at every resampled point."""
    dense, stroke = resampled(points, stroke, _STEP)
    item = stroke_item[stroke]
    r = radius[item]
    if variation.pressure:
        phase = rng.uniform(0, 2 * np.pi, len(stroke_item))
        pace = rng.uniform(0.01, 0.08, len(stroke_item))
        swell = rng.normal(0, variation.pressure * 1.4, len(stroke_item))
        along = np.arange(len(stroke)) * pace[stroke] + phase[stroke]
        r = r * (1 + swell[stroke] * np.sin(along))
    if variation.gap:
        broken = rng.random(n) < variation.gap
        middle = rng.uniform(8, CANVAS - 8, (n, 2))[item]
        near = np.hypot(*(dense - middle).T) < rng.uniform(1.5, 5, n)[item]
        r = np.where(near & broken[item], -1, r)
    side = CANVAS + 2 * _MARGIN
    canvas = np.zeros((n, side, side), np.float32)
    for pens in (r <= _FINE, r > _FINE):  # few are broad, such as full stops, but of many pixels
        reach = min(_MARGIN // 2, int(np.ceil(r[pens].max(initial=0)))) + 1
        at = np.clip(np.rint(dense[pens]).astype(np.int64) + _MARGIN, reach, side - 1 - reach)
        press(canvas, at, item[pens], r[pens], reach)
    return canvas[:, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]


def press(
    canvas: NDArray[Any], at: NDArray[Any], item: NDArray[Any], radius: NDArray[Any], reach: int
) -> None:
    """Set a round pen down at points of canvases (N, H, W), in place.

    at : (P, 2) whole x, y, none nearer to the edge than `reach`, the broadest pen's. item : (P,) on
    which canvas.
    """
    _, tall, wide = canvas.shape
    flat = canvas.reshape(-1)
    base = (item * tall + at[:, 1]) * wide + at[:, 0]
    order = np.argsort(-radius)  # wide pens first: a far offset then touches a prefix alone
    base, radius = base[order], radius[order]
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            count = np.searchsorted(-radius, 0.25 - np.hypot(dx, dy), side="right")
            flat[base[:count] + (dy * wide + dx)] = 1


def _with_remains(
    canvas: NDArray[np.float32], rng: np.random.Generator, probability: float
) -> NDArray[np.float32]:
    """Put a sliver of another's ink at the left or right edge of some canvases."""
    n = len(canvas)
    other = canvas[rng.permutation(n)]
    canvas = canvas.copy()
    for i in np.flatnonzero(rng.random(n) < probability):
        columns = np.flatnonzero(other[i].any(0))
        if len(columns) == 0:
            continue
        width = int(rng.integers(2, 8))
        if rng.random() < 0.5:
            piece = other[i][:, columns[-1] - width + 1 : columns[-1] + 1]
            canvas[i][:, : piece.shape[1]] += piece
        else:
            piece = other[i][:, columns[0] : columns[0] + width]
            canvas[i][:, CANVAS - piece.shape[1] :] += piece
    return np.minimum(canvas, 1.0)


def blur_matrix(sigma: float, size: int) -> NDArray[np.float32]:
    """(size, size) that blurs an axis by a Gaussian when multiplied with it."""
    at = np.arange(size)
    kernel = np.exp(-0.5 * ((at[:, None] - at[None]) / sigma) ** 2)
    return (kernel / kernel.sum(1, keepdims=True)).astype(np.float32)


def _develop(
    canvas: NDArray[np.float32], rng: np.random.Generator, variation: LetterVariation
) -> NDArray[np.float32]:
    """Threshold noise on the ink's edge, a mild blur, and half the size; ink 1 becomes 0."""
    if variation.roughness:
        blur = blur_matrix(1.0, CANVAS)
        soft = blur @ canvas @ blur.T
        coarse = rng.standard_normal((len(canvas), CANVAS // 2, CANVAS // 2), np.float32)
        noise = coarse.repeat(2, 1).repeat(2, 2)
        level = rng.uniform(0.4, 0.6, (len(canvas), 1, 1)).astype(np.float32)
        rough = rng.uniform(0, 2 * variation.roughness, (len(canvas), 1, 1)).astype(np.float32)
        # noise moves the ink's edge; specks on bare paper are the page analysis's to drop
        canvas = (soft + 4 * rough * noise * soft * (1 - soft) > level).astype(np.float32)
    half = canvas.reshape(-1, SIDE, 2, SIDE, 2).mean((2, 4))
    blur = blur_matrix(0.55, SIDE)
    return 1.0 - blur @ half @ blur.T
