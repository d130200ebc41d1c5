"""A row of writing → the strip that a line model reads: upright, level, of one size and pen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.raster import interpolated

HEIGHT = 48  # of a strip, in pixels
MIDDLE = 24.0  # where the middle of the small letters comes to lie
SPREAD = 4.4  # the ink's mean distance from its middle; makes small letters about 14 high
PEN = 2.3  # width of the strokes
EDGE = 1.5  # width of a stroke's soft edge
MARGIN = 6  # paper to the left and to the right
_SLANTS = np.linspace(-0.9, 1.2, 22)  # dx per dy upwards that are tried
_SAMPLE = 5000  # points of ink that are enough to measure a row by

Array = NDArray[Any]


@dataclass(frozen=True)
class WritingFrame:
    """How each of n pieces of writing lies: (n,) arrays in the units of the points measured.

    The writing's middle is y = middle + skew * (x - x_mean); spread is the ink's mean distance
    from the middle.
    """

    skew: Array
    x_mean: Array
    middle: Array
    spread: Array
    _slant: Callable[[], Array] = field(repr=False, compare=False)

    @cached_property
    def slant(self) -> Array:
        """How upright strokes lean, dx per dy upwards: the dearest to measure, so when asked."""
        return self._slant()


def measure(points: Array, item: Array, n: int) -> WritingFrame:
    """The frame of n pieces of writing, each given by points strewn evenly over its ink.

    points : (P, 2) x to the right and y down; item : (P,) from 0 to n - 1. The points may
    be a mask's pixels or steps along pen strokes: both give the same frame.
    """
    x, y = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
    which = _Items(item, n)
    x_mean = which.sums(x) / np.maximum(which.count, 1)
    x = x - x_mean[which.at]
    middle, spread = _middle_and_spread(y, which)
    skew = _skew(x, y - middle[which.at], which, spread)
    y = y - skew[which.at] * x
    middle, spread = _middle_and_spread(y, which)
    slant = partial(_slant, x, middle[which.at] - y, which, spread)
    return WritingFrame(skew, x_mean, middle, spread, slant)


class _Items:
    """To which of n pieces of writing each of (P,) points belongs.

    Of a single piece nothing is looked up or counted: that is the usual case, and much quicker.

    at : picks each point's own out of (n,) values. count : (n,) points of each.
    """

    def __init__(self, item: Array, n: int) -> None:
        self.n, self._item = n, item
        self.at: Array | slice = slice(None) if n == 1 else item
        self.count = np.bincount(item, minlength=n) if n > 1 else np.array([len(item)])

    def sums(self, values: Array) -> Array:
        """(n,) sums of (P,) values."""
        if self.n == 1:
            return np.array([values.sum()])
        return np.bincount(self._item, values, self.n)

    def largest(self, values: Array) -> Array:
        """(n,) the largest of (P,) values, -inf where there is none."""
        found = np.full(self.n, -np.inf)
        if self.n == 1:
            found[0] = values.max(initial=-np.inf)
        else:
            np.maximum.at(found, self._item, values)
        return found


def _middle_and_spread(y: Array, which: _Items) -> tuple[Array, Array]:
    """Mean of y and mean distance from it, long tails and tall loops left out."""
    weight, away = np.ones(len(y)), y
    middle = spread = np.zeros(which.n)
    for step in range(4):
        if step:
            # a soft edge, so that a small change of the ink makes a small change of the frame
            weight = 3.5 - away / np.maximum(spread[which.at], 1e-9)
            np.clip(weight, 0.0, 1.0, out=weight)
        total = np.maximum(which.sums(weight), 1e-9)
        middle = which.sums(weight * y) / total
        away = np.abs(y - middle[which.at])
        spread = which.sums(weight * away) / total
    return middle, spread


def _skew(x: Array, y: Array, which: _Items, spread: Array) -> Array:
    """Slope of the ink's middle: least squares, drawn to 0 where the ink is too short to tell.

    A letter's middle strays by about its size; the slope's variance falls with the cube of
    the length, and is weighed against what skews are usual (0.05).
    """
    skew = np.zeros(which.n)
    for _ in range(2):
        away = np.abs(y - skew[which.at] * x)
        weight = np.clip(3.0 - away / np.maximum(spread[which.at], 1e-9), 0.0, 1.0)
        weight *= x
        moment = np.maximum(which.sums(weight * x), 1e-9)
        skew = which.sums(weight * y) / moment
    length = np.sqrt(12 * which.sums(x * x) / np.maximum(which.count, 1))
    doubt = 1.2 * (3.2 * spread / np.maximum(length, 1e-9)) ** 3
    return np.asarray(np.clip(skew * 0.0025 / (0.0025 + doubt), -0.2, 0.2))


def _slant(x: Array, up: Array, which: _Items, spread: Array) -> Array:
    """The shear that gathers the ink in the fewest columns (sum of squares of their counts).

    After A. Vinciarelli and J. Luettin, A new normalization technique for cursive
    handwritten words, Pattern Recognition Letters 22 (2001).
    """
    reach = np.maximum(which.largest(np.abs(x) + np.abs(up)), 0.0)
    # a flat line has hardly any spread; its columns need not be finer than a few thousand
    cell = np.maximum(0.45 * spread, np.maximum(reach / 1000, 1e-9))
    u, v = x / cell[which.at], up / cell[which.at]
    aside = 1.2 * np.abs(v)
    left, right = -which.largest(aside - u), which.largest(u + aside)
    width = np.where(right >= left, np.ceil(right - left) + 2, 1).astype(np.int64)
    end = int(width.sum())
    start = np.cumsum(width) - width
    u += np.where(right >= left, start - left, 0.0)[which.at]
    scores = np.empty((len(_SLANTS), which.n))
    place = np.empty_like(v)
    for k, slant in enumerate(_SLANTS):
        np.multiply(v, slant, out=place)
        np.subtract(u, place, out=place)
        columns = np.bincount(place.astype(np.int64), minlength=end)
        scores[k] = np.add.reduceat(columns * columns, start)
    scores /= np.maximum(scores.max(0), 1e-9)
    scores -= 0.06 * (_SLANTS[:, None] - 0.15) ** 2
    return _peak(scores)


def _peak(scores: Array) -> Array:
    """(n,) slants at which (slants, n) scores are highest, by a parabola through three."""
    best = np.clip(scores.argmax(0), 1, len(scores) - 2)
    below, at, above = (scores[best + d, np.arange(len(best))] for d in (-1, 0, 1))
    bend = np.minimum(below - 2 * at + above, -1e-9)
    shift = np.clip(0.5 * (below - above) / bend, -0.5, 0.5)
    return np.asarray(_SLANTS[best] + shift * (_SLANTS[1] - _SLANTS[0]))


@dataclass(frozen=True)
class Strip:
    """A row ready to read, and the way back.

    image : (48, W) float32, 1 ink to 0 paper. to_row : (2, 3), takes (X, Y, 1) in the strip
    to (x, y) in the mask that it was made from. left, top : where that mask lies on the page.
    """

    image: NDArray[np.float32]
    to_row: NDArray[np.float64]
    left: int = 0
    top: int = 0

    def column(self, x: Array, y: Array) -> Array:
        """The strip's columns of points x, y in the page's pixels."""
        (a, b, c), (d, e, f) = self.to_row
        x, y = x - self.left, y - self.top
        return (e * (x - c) - b * (y - f)) / (a * e - b * d)

    def to_page(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Points of the strip in the page's pixels."""
        px, py = self.to_row @ np.stack([x, y, np.ones_like(x)])
        return px + self.left, py + self.top


def make_strip(ink: NDArray[np.bool_], left: int = 0, top: int = 0) -> Strip:
    """The strip of a row's ink and the transform back; a row without ink gives 4 blank columns."""
    y, x = np.nonzero(ink)
    if len(y) == 0:
        return Strip(np.zeros((HEIGHT, 4), np.float32), np.eye(2, 3), left, top)
    pen = pen_width(ink)
    to_row, width = _placement(x + 0.5, y + 0.5, pen)
    source, step = _reduced(ink, to_row)
    cells = to_row.copy()  # from pixels of the strip, by their centres, to cells of `source`
    cells[:, 2] += cells[:, :2] @ [0.5, 0.5]
    cells /= step
    matrix, offset = cells[::-1, 1::-1], cells[::-1, 2] - 0.5
    image = _sampled(source, matrix, offset, (HEIGHT, width))
    scale = 1 / np.sqrt(abs(np.linalg.det(to_row[:, :2])))
    level, sigma, slope = _pen_level(pen * scale, PEN)
    image = _blurred(_blurred(image, sigma).T, sigma).T
    image = np.clip(0.5 + (image - level) / slope, 0, 1)
    return Strip(np.ascontiguousarray(image, np.float32), to_row, left, top)


def _sampled(
    source: NDArray[np.float32], matrix: Array, offset: Array, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """(shape) bilinear samples of `source` at matrix @ (row, column) + offset; outside is 0."""
    padded = np.pad(source, 1)
    rows, columns = (np.arange(n, dtype=np.float32) for n in shape)
    (a, b), (c, d) = matrix.astype(np.float32)
    y = (a * rows + np.float32(offset[0] + 1))[:, None] + b * columns
    x = (c * rows + np.float32(offset[1] + 1))[:, None] + d * columns
    height, width = padded.shape
    np.clip(y, 0, height - 1.001, out=y)
    np.clip(x, 0, width - 1.001, out=x)
    top, left = y.astype(np.int32), x.astype(np.int32)
    y -= top
    x -= left
    return interpolated(padded, top, left, y, x)


def _blurred(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur a picture along its columns by a Gaussian; its edges go on beyond the border."""
    reach = int(2.5 * sigma + 0.5)
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    taps = (bell / bell.sum()).astype(np.float32)
    padded = np.pad(image, ((reach, reach), (0, 0)), mode="edge")
    blurred = np.zeros_like(image)
    for k, tap in enumerate(taps):
        blurred += tap * padded[k : k + len(image)]
    return blurred


def _placement(x: Array, y: Array, pen: float) -> tuple[NDArray[np.float64], int]:
    """The strip-to-row transform for ink at (x, y), and the strip's width."""
    some = slice(None, None, max(1, len(x) // _SAMPLE))
    points = np.stack([x[some], y[some]], 1)
    frame = measure(points, np.zeros(len(points), np.int64), 1)
    skew, slant, x_mean, middle, spread = (
        float(v[0]) for v in (frame.skew, frame.slant, frame.x_mean, frame.middle, frame.spread)
    )
    scale = SPREAD / max(spread, pen)
    up = middle + skew * (x - x_mean) - y
    straight = x - slant * up
    low, high = float(straight.min()), float(straight.max())
    width = int(np.ceil((high - low) * scale / 4)) * 4 + 2 * MARGIN
    # straight = low + (X - MARGIN) / scale, up = (MIDDLE - Y) / scale; x = straight + slant up
    a, b = 1 / scale, -slant / scale
    c = low - MARGIN / scale + slant * MIDDLE / scale
    # y = middle + skew (x - x_mean) - up
    d, e = skew * a, skew * b + 1 / scale
    f = middle + skew * (c - x_mean) - MIDDLE / scale
    return np.array([[a, b, c], [d, e, f]]), width


def _reduced(ink: NDArray[np.bool_], to_row: Array) -> tuple[NDArray[np.float32], int]:
    """The mask in cells of step x step pixels, somewhat smaller than one of the strip's."""
    step = max(1, int(0.6 * np.sqrt(abs(np.linalg.det(to_row[:, :2])))))
    if step == 1:
        return ink.astype(np.float32), 1
    height, width = (-(-n // step) for n in ink.shape)
    full = np.zeros((height * step, width * step), np.float32)
    full[: ink.shape[0], : ink.shape[1]] = ink
    return full.reshape(height, step, width, step).mean((1, 3)), step


def pen_width(ink: NDArray[np.bool_]) -> float:
    """Width of the strokes in a mask, in its pixels: twice the area over the outline's length."""
    padded = np.pad(ink, 1)
    across = np.count_nonzero(padded[:, 1:] != padded[:, :-1])
    down = np.count_nonzero(padded[1:] != padded[:-1])
    # a line in all directions crosses pixel edges 4 / pi times as often as it is long
    return float(2 * np.count_nonzero(ink) / max(1.0, np.pi / 4 * (across + down)))


def _pen_level(pen: float, wanted: float) -> tuple[float, float, float]:
    """Blur and threshold that turn strokes `pen` wide into ones `wanted` wide, in pixels.

    (level, sigma, slope): after a Gaussian blur by sigma a stroke has the value `level` at
    wanted / 2 from its middle line, and changes by `slope` over its soft edge there.
    """
    from statistics import NormalDist

    wanted = float(np.clip(wanted, pen - 1.5, pen + 1.25))
    sigma = max(0.6, 0.3 * pen)
    normal = NormalDist(0, float(np.hypot(sigma, 0.35)))  # sampling blurs a little by itself
    near, far = (wanted - pen) / 2, (wanted + pen) / 2
    level = normal.cdf(far) - normal.cdf(near)
    slope = EDGE * (normal.pdf(near) - normal.pdf(far))
    return level, sigma, float(np.clip(slope, 0.04, 2 * level))  # so paper stays white
