"""Grounds that writing is photographed on: desks, cloths, carpets, and paper of all rulings.

All pictures are (H, W) float32, 0 black to 1 white.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Array = NDArray[Any]
Grey = NDArray[np.float32]
Shape = tuple[int, int]
Ground = Callable[[Shape, np.random.Generator], Grey]


def clouds(shape: Shape, rng: np.random.Generator, finest: float, coarsest: float) -> Grey:
    """Smooth noise of zero mean and unit variance, with detail from `finest` pixels on."""
    total = np.zeros(shape, np.float32)
    size, height = finest, 1.0
    while size <= coarsest:
        total += height * _noise(shape, rng, size, size)
        size, height = size * 2.1, height * 1.7
    return (total - total.mean()) / max(float(total.std()), 1e-6)


def _noise(shape: Shape, rng: np.random.Generator, tall: float, wide: float) -> Grey:
    """Noise with blobs of so many pixels."""
    cells = [max(2, round(n / s) + 1) for n, s in zip(shape, (tall, wide), strict=True)]
    raw = Image.fromarray(rng.standard_normal(cells).astype(np.float32))
    return np.asarray(raw.resize(shape[::-1], Image.Resampling.BICUBIC), np.float32)


def _within(grey: Grey, rng: np.random.Generator, least: float = 0.08) -> Grey:
    """Values of any range in a random part of 0 to 1."""
    low, high = np.percentile(grey, (1, 99))
    contrast = rng.uniform(least, 0.5)
    base = rng.uniform(0.05, 0.95 - contrast)
    grey = base + contrast * (grey - low) / max(high - low, 1e-6)
    return np.clip(grey, 0, 1).astype(np.float32)


def wood(shape: Shape, rng: np.random.Generator) -> Grey:
    """Grain along one side, with rings, pores and joints of planks."""
    height, width = shape
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    drift = _noise(shape, rng, rng.uniform(40, 200), rng.uniform(200, 900))
    rings = np.sin((y + 25 * drift) * rng.uniform(0.05, 0.5) + 0.002 * x)
    streaks = _noise(shape, rng, rng.uniform(1.5, 5), rng.uniform(40, 400))
    grey = rings * rng.uniform(0, 1) + streaks * rng.uniform(0.3, 1.2)
    plank = int(rng.uniform(60, 500))
    if rng.random() < 0.5:
        step = rng.normal(0, 1, height // plank + 2).astype(np.float32)
        grey = grey + step[(y // plank).astype(int)]
        grey = np.where(y % plank < rng.uniform(1, 5), grey.min(), grey)
    return _within(grey.T if rng.random() < 0.4 and height == width else grey, rng)


def cloth(shape: Shape, rng: np.random.Generator) -> Grey:
    """A weave, with checks or stripes."""
    height, width = shape
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    thread = rng.uniform(0.5, 2.2)
    grey = 0.4 * np.sin(thread * x) * np.sin(thread * y)
    for axis in (x, y):
        period, share = rng.uniform(20, 200), rng.uniform(0.08, 0.6)
        if rng.random() < 0.8:
            grey = grey + rng.uniform(0.3, 1.5) * ((axis % period) < share * period)
            if rng.random() < 0.4:
                grey = grey + rng.uniform(-1, 1) * ((axis % period) < 0.1 * period)
    return _within(grey + 0.3 * _noise(shape, rng, 2, 2), rng)


def carpet(shape: Shape, rng: np.random.Generator) -> Grey:
    """Tufts, plaster, stone: noise of one size or of many."""
    size = np.exp(rng.uniform(0, 2.5))
    grey = clouds(shape, rng, size, size * rng.choice([1.5, 5, 60]))
    if rng.random() < 0.3:
        grey = np.abs(grey)
    return _within(grey, rng, 0.05)


def blank(shape: Shape, rng: np.random.Generator) -> Grey:
    """An even surface with hardly any noise."""
    grey = rng.uniform(0.02, 0.98) + 0.02 * clouds(shape, rng, 100, 600)
    return np.clip(grey, 0, 1).astype(np.float32)


def landscape(shape: Shape, rng: np.random.Generator) -> Grey:
    """Sky over hills over hills, with trees or poles."""
    height, width = shape
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    grey = 0.9 - rng.uniform(0, 0.4) * y + 0.04 * clouds(shape, rng, 60, 500)
    top = rng.uniform(0.2, 0.5)
    for _ in range(int(rng.integers(1, 5))):
        line = top + 0.08 * _noise((1, width), rng, 1, rng.uniform(20, 400))
        tone = rng.uniform(0.1, 0.8) + 0.08 * clouds(shape, rng, rng.uniform(1.5, 12), 80)
        grey = np.where(y > line, tone, grey)
        top += rng.uniform(0.05, 0.3)
    image = Image.fromarray((np.clip(grey, 0, 1) * 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(0, 14))):
        x, foot = rng.uniform(0, width), rng.uniform(0.3, 1) * height
        _branch(pen, rng, (x, foot), -np.pi / 2, rng.uniform(0.03, 0.25) * height, 4)
    return np.asarray(image, np.float32) / np.float32(255)


def _branch(
    pen: Any, rng: np.random.Generator, at: tuple[float, float], angle: float, long: float, n: int
) -> None:
    end = at[0] + long * np.cos(angle), at[1] + long * np.sin(angle)
    pen.line([at, end], fill=int(rng.integers(0, 90)), width=max(1, int(long / 12)))
    for _ in range(n // 2 if long > 4 else 0):
        _branch(pen, rng, end, angle + rng.normal(0, 0.6), long * rng.uniform(0.5, 0.8), n - 1)


def objects(shape: Shape, rng: np.random.Generator) -> Grey:
    """A desk with cables, pens, coins, cups and boxes on it."""
    from scipy import ndimage

    grey = any_desk(shape, rng)
    height, width = shape
    image = Image.fromarray((grey * 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(1, 9))):
        tone, where = int(rng.integers(0, 255)), rng.uniform(0, 1, 2) * (width, height)
        x, y = where
        size, kind = np.exp(rng.uniform(2, 5.5)), rng.integers(5)
        if kind == 0:
            steps = np.cumsum(rng.normal(0, size / 4, (14, 2)), 0)
            path = ndimage.gaussian_filter1d(steps.repeat(5, 0), 6, axis=0) + where
            thick = int(rng.integers(2, 14))
            pen.line(path.ravel().tolist(), fill=tone, width=thick, joint="curve")
        elif kind == 1:
            angle = rng.uniform(0, np.pi)
            end = x + 2 * size * np.cos(angle), y + 2 * size * np.sin(angle)
            pen.line([(x, y), end], fill=tone, width=int(rng.integers(3, 16)))
        elif kind == 2:
            pen.ellipse([x, y, x + size, y + size], fill=tone)
            inner = size * rng.uniform(0.05, 0.3)
            box = [x + inner, y + inner, x + size - inner, y + size - inner]
            pen.ellipse(box, fill=int(rng.integers(0, 255)))
        elif kind == 3:
            pen.rectangle([x, y, x + 2 * size, y + size], fill=tone)
            for i in range(int(rng.integers(0, 9))):
                left = x + 0.2 * i * size
                cell = [left, y + 2, left + 0.14 * size, y + 3 + 0.2 * size]
                pen.rectangle(cell, fill=255 - tone)
        else:
            corners = rng.normal(0, size, (3, 2)) + where
            pen.polygon(corners.ravel().tolist(), fill=tone)
    soft = ndimage.gaussian_filter(np.asarray(image, np.float32) / 255, rng.uniform(0.3, 2))
    return np.asarray(soft, np.float32)


def any_desk(shape: Shape, rng: np.random.Generator) -> Grey:
    """Draw one of wood, cloth, carpet and an even surface."""
    kinds: list[Ground] = [wood, cloth, carpet, blank]
    return kinds[int(rng.choice(4, p=[0.35, 0.2, 0.25, 0.2]))](shape, rng)


def any_ground(shape: Shape, rng: np.random.Generator) -> Grey:
    """Anything without writing."""
    kinds: list[Ground] = [any_desk, objects, landscape]
    return kinds[int(rng.choice(3, p=[0.45, 0.35, 0.2]))](shape, rng)


def hand_shadow(shape: Shape, rng: np.random.Generator) -> Grey:
    """The light that a hand, or a telephone, leaves on a sheet: 1 where it is full."""
    from scipy import ndimage

    height, width = shape
    size = rng.uniform(0.15, 0.5) * min(shape)
    x, y = rng.uniform(0, width), height * (1 - rng.exponential(0.25))
    image = Image.new("L", (width, height))
    pen = ImageDraw.Draw(image)
    pen.ellipse([x - size, y, x + size, y + 2 * size], fill=255)
    finger = size * rng.uniform(0.12, 0.22)
    for k in range(int(rng.integers(0, 6))):
        left = x - size + k * size * rng.uniform(0.38, 0.46)
        box = [left, y - size * rng.uniform(0.2, 1), left + 2 * finger, y + size]
        pen.rounded_rectangle(box, finger, fill=255)
    turned = image.rotate(rng.uniform(-30, 30))
    soft = ndimage.gaussian_filter(np.asarray(turned, np.float32) / 255, rng.uniform(1.5, 15))
    return np.asarray(1 - np.float32(rng.uniform(0.3, 0.75)) * soft, np.float32)


def paper(shape: Shape, rng: np.random.Generator) -> Grey:
    """A sheet: tone, fibres, ruling, holes, creases."""
    tone = rng.uniform(0.75, 1) if rng.random() < 0.85 else rng.uniform(0.4, 0.75)
    grey = np.full(shape, tone, np.float32)
    if rng.random() < 0.5:
        grey += np.float32(rng.exponential(0.012)) * clouds(shape, rng, rng.uniform(1, 4), 400)
    if rng.random() < 0.12:
        grey = _creased(grey, rng)
    image = Image.fromarray((np.clip(grey, 0, 1) * 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    _ruled(pen, shape, rng, int(255 * tone))
    if rng.random() < 0.15:
        _holes(pen, shape, rng)
    return np.asarray(image, np.float32) / np.float32(255)


def _creased(grey: Grey, rng: np.random.Generator) -> Grey:
    height, width = grey.shape
    y, x = np.ogrid[0:height, 0:width]
    for _ in range(int(rng.integers(1, 5))):
        cos, sin = np.cos(angle := rng.uniform(0, np.pi)), np.sin(angle)
        sharp = rng.uniform(1, 6)
        far = (cos / sharp * (x - rng.uniform(0, width))).astype(np.float32) + (
            sin / sharp * (y - rng.uniform(0, height))
        ).astype(np.float32)
        fold = np.clip(far, -1, 1)
        grey = grey + np.float32(rng.normal(0, 0.06)) * fold
        grey -= np.float32(rng.uniform(0, 0.15)) * (1 - np.abs(fold))
    return grey


def _ruled(pen: Any, shape: Shape, rng: np.random.Generator, tone: int) -> None:
    """Lines, squares, dots or Seyès ruling, pale to dark, from side to side."""
    height, width = shape
    kinds = ["", "lines", "squares", "dots", "seyes"]
    kind = str(rng.choice(kinds, p=[0.4, 0.28, 0.16, 0.08, 0.08]))
    pitch = np.exp(rng.uniform(np.log(14), np.log(90)))
    dark = int(tone * (1 - (rng.uniform(0.05, 0.35) if rng.random() < 0.75 else 0.7)))
    thick = 1 if rng.random() < 0.7 else int(rng.integers(2, 4))
    levels = np.arange(rng.uniform(0, 2 * pitch), height, pitch)
    uprights = np.arange(rng.uniform(0, pitch), width, pitch)
    if kind == "seyes":
        finer = np.arange(levels[0] % (pitch / 4), height, pitch / 4)
        _lines(pen, shape, finer, [], (dark + tone) // 2, 1)
    if kind == "dots":
        size = rng.uniform(0.5, 2)
        for y in levels:
            for x in uprights:
                pen.ellipse([x - size, y - size, x + size, y + size], fill=dark)
    elif kind:
        _lines(pen, shape, levels, [] if kind == "lines" else uprights, dark, thick)
    if rng.random() < 0.25:  # a margin
        _lines(pen, shape, [], [rng.uniform(0.05, 0.25) * width], dark, int(rng.integers(1, 4)))


def _lines(
    pen: Any, shape: Shape, levels: Iterable[Any], uprights: Iterable[Any], tone: int, thick: int
) -> None:
    for y in levels:
        pen.line([0, y, shape[1], y], fill=tone, width=thick)
    for x in uprights:
        pen.line([x, 0, x, shape[0]], fill=tone, width=thick)


def _holes(pen: Any, shape: Shape, rng: np.random.Generator) -> None:
    height, width = shape
    count = int(rng.choice([2, 3, 4, 25, 40]))
    radius = rng.uniform(0.2, 0.35) * height / max(count, 12)
    x, tone = rng.uniform(0.01, 0.06) * width + radius, int(rng.integers(0, 160))
    for y in (np.arange(count) + 0.5) * height / count:
        box = [x - radius, y - radius, x + radius, y + radius]
        if rng.random() < 0.1 or count < 5 or radius < 4:
            pen.ellipse(box, fill=tone)
        else:
            pen.ellipse(box, outline=tone, width=2)
            pen.arc([x - 4 * radius, y - radius, x, y + radius], 180, 360, fill=tone, width=2)
