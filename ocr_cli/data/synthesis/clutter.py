"""Clutter that lies about on pages and is no writing: bar codes, stamps, rings, doodles, frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ocr_cli.layout.courses import Course

Array = NDArray[Any]
Grey = NDArray[np.float32]
Drawing = Callable[[Any, Array, float, int, np.random.Generator], None]


def add_clutter(grey: Grey, courses: Sequence[Course], rng: np.random.Generator) -> Grey:
    """The page with some clutter on it, mostly where no row is."""
    height, width = grey.shape
    if rng.random() < 0.12:
        grey = _framed(grey, rng)
    if rng.random() < 0.1:
        grey = _ringed(grey, rng)
    image = Image.fromarray((np.clip(grey, 0, 1) * 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    taken = [c.points for c in courses]
    rows = np.concatenate(taken) if taken else np.zeros((0, 2))
    usual = float(np.median([c.spread for c in courses])) if courses else 6.0
    for _ in range(int(rng.integers(1, 7))):
        size = float(np.clip(3.2 * usual * np.exp(rng.normal(0.8, 0.7)), 8, 0.3 * min(grey.shape)))
        where = rng.uniform(0, 1, 2) * [width, height]
        drawing, free = _KINDS[int(rng.integers(len(_KINDS)))]
        near = np.hypot(*(rows - where).T) < 2.2 * size + 4 * usual
        if not free and near.any():
            continue
        tone = int(rng.uniform(0, 140))
        drawing(pen, where, size, tone, rng)
    return np.asarray(image, np.float32) / np.float32(255)


def _framed(grey: Grey, rng: np.random.Generator) -> Grey:
    """The black, slanting frame that a copier leaves around a sheet."""
    from scipy import ndimage

    height, width = grey.shape
    image = Image.new("L", (width, height), 255)
    edge = rng.uniform(-0.02, 0.08, 8) * min(height, width)
    corners = np.array([0, 0, width, 0, width, height, 0, height])
    inwards = np.array([1, 1, -1, 1, -1, -1, 1, -1])
    ImageDraw.Draw(image).polygon((corners + inwards * edge).tolist(), fill=0)
    frame = ndimage.gaussian_filter(np.asarray(image, np.float32) / 255, rng.uniform(0.3, 3))
    framed = grey * (1 - frame) + frame * rng.uniform(0, 0.25)
    return framed.astype(np.float32)


def _ringed(grey: Grey, rng: np.random.Generator) -> Grey:
    """Rings and spots of coffee, or a marker's stripe."""
    height, width = grey.shape
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    for _ in range(int(rng.integers(1, 4))):
        cx, cy = rng.uniform(0, width), rng.uniform(0, height)
        if rng.random() < 0.5:
            radius, thick = np.exp(rng.uniform(2.5, 5.5)), rng.uniform(2, 14)
            far = np.hypot(x - cx, y - cy)
            stain = np.exp(-(((far - radius) / thick) ** 2)) + 0.3 * (far < radius)
        else:
            wide, tall = np.exp(rng.uniform(3, 6)), np.exp(rng.uniform(2, 4))
            stain = (np.abs(x - cx) < wide) & (np.abs(y - cy) < tall)
        grey = grey * (1 - np.float32(rng.uniform(0.05, 0.45)) * np.minimum(stain, 1))
    return np.asarray(grey, np.float32)


def _bars(pen: Any, at: Array, size: float, tone: int, rng: np.random.Generator) -> None:
    x, (_, y) = float(at[0]), at
    module = max(1.0, size / 25)
    for _ in range(int(rng.integers(20, 50))):
        wide = module * rng.integers(1, 4)
        pen.rectangle([x, y, x + wide, y + size], fill=tone)
        x += wide + module * rng.integers(1, 4)


def _matrix(pen: Any, at: Array, size: float, tone: int, rng: np.random.Generator) -> None:
    n = int(rng.choice([21, 25, 29]))
    cell = max(2.0, 1.6 * size / n)
    dark = rng.random((n, n)) < 0.5
    for i, j in ((0, 0), (0, n - 7), (n - 7, 0)):
        dark[i : i + 7, j : j + 7] = True
        dark[i + 1 : i + 6, j + 1 : j + 6] = False
        dark[i + 2 : i + 5, j + 2 : j + 5] = True
    for i, j in np.argwhere(dark):
        x, y = at[0] + j * cell, at[1] + i * cell
        pen.rectangle([x, y, x + cell, y + cell], fill=tone)


def _stamp(pen: Any, at: Array, size: float, tone: int, rng: np.random.Generator) -> None:
    for radius in (size, 0.75 * size):
        box = [at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius]
        pen.ellipse(box, outline=tone, width=max(1, int(size / 25)))
    for k in range(int(rng.integers(0, 6))):
        y = at[1] - size * 0.4 + k * size / 5
        t = np.linspace(-size, 2 * size, 40)
        path = np.stack([at[0] + t, y + 0.06 * size * np.sin(t / size * 6)], 1)
        pen.line(path.ravel().tolist(), fill=tone, width=max(1, int(size / 30)))


def _dashes(pen: Any, at: Array, size: float, tone: int, rng: np.random.Generator) -> None:
    """A line to cut along, level or upright, from side to side."""
    long, thick = rng.uniform(3, 20), int(rng.integers(1, 4))
    level = rng.random() < 0.7
    for s in np.arange(0, 3000, long * rng.uniform(1.4, 2.2)):
        ends = [s, at[1], s + long, at[1]] if level else [at[0], s, at[0], s + long]
        pen.line(ends, fill=tone, width=thick)


def _rule(pen: Any, at: Array, size: float, tone: int, rng: np.random.Generator) -> None:
    angle = rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)])
    way = 20 * size * np.array([np.cos(angle), np.sin(angle)])
    pen.line([*(at - way), *(at + way)], fill=tone, width=int(rng.integers(1, 5)))


def _face(pen: Any, at: Array, size: float, tone: int, rng: np.random.Generator) -> None:
    s, thick = 0.6 * size, max(1, int(size / 14))
    pen.ellipse([*(at - s), *(at + s)], outline=tone, width=thick)
    for side in (-0.4, 0.4):
        eye = at + np.array([side * s, -0.3 * s])
        pen.ellipse([*(eye - 0.1 * s), *(eye + 0.1 * s)], fill=tone)
    pen.arc([*(at - 0.6 * s), *(at + 0.6 * s)], 20, 160, fill=tone, width=thick)


def _doodle(pen: Any, at: Array, size: float, tone: int, rng: np.random.Generator) -> None:
    """Spirals, stars, flowers and scribbles."""
    from scipy import ndimage

    t = np.linspace(0, 1, 90)
    kind = rng.integers(4)
    if kind == 0:
        radius, angle = size * t, 2 * np.pi * rng.uniform(2, 6) * t
    elif kind == 1:
        angle = 2 * np.pi * t
        radius = size * (0.6 + 0.4 * np.cos(rng.integers(3, 9) * angle))
    elif kind == 2:
        t = np.arange(6) / 5
        radius, angle = np.full(6, size), 4 * np.pi * t
    else:
        steps = np.cumsum(rng.normal(0, 1, (90, 2)), 0)
        path = at + size / 4 * ndimage.gaussian_filter1d(steps, 3, axis=0)
        pen.line(path.ravel().tolist(), fill=tone, width=max(1, int(size / 15)), joint="curve")
        return
    path = np.stack([at[0] + radius * np.cos(angle), at[1] + radius * np.sin(angle)], 1)
    pen.line(path.ravel().tolist(), fill=tone, width=max(1, int(size / 15)), joint="curve")


def _arrow(pen: Any, at: Array, size: float, tone: int, rng: np.random.Generator) -> None:
    angle, thick = rng.uniform(0, 2 * np.pi), max(1, int(size / 12))
    tip = at + 2 * size * np.array([np.cos(angle), np.sin(angle)])
    pen.line([*at, *tip], fill=tone, width=thick)
    for turn in (2.6, -2.6):
        barb = tip + 0.6 * size * np.array([np.cos(angle + turn), np.sin(angle + turn)])
        pen.line([*tip, *barb], fill=tone, width=thick)


def _boxes(pen: Any, at: Array, size: float, tone: int, rng: np.random.Generator) -> None:
    """Empty boxes, in a row or a grid."""
    rows, columns = int(rng.integers(1, 6)), int(rng.integers(1, 9))
    cell, thick = size * rng.uniform(0.4, 1), int(rng.integers(1, 4))
    gap = cell * rng.choice([1.0, 1.4])
    for i in range(rows):
        for j in range(columns):
            corner = at + np.array([j * gap, i * gap])
            pen.rectangle([*corner, *(corner + cell)], outline=tone, width=thick)
            if rng.random() < 0.1:
                pen.line([*corner, *(corner + cell)], fill=tone, width=thick)


def _disc(pen: Any, at: Array, size: float, tone: int, rng: np.random.Generator) -> None:
    s = rng.uniform(0.1, 1) * size
    pen.ellipse([*(at - s), *(at + s)], fill=tone)


def _ring(pen: Any, at: Array, size: float, tone: int, rng: np.random.Generator) -> None:
    s = rng.uniform(0.15, 1.2) * size
    pen.ellipse([*(at - s), *(at + s)], outline=tone, width=max(1, int(s * rng.uniform(0.03, 0.3))))


def _holes(pen: Any, at: Array, size: float, tone: int, rng: np.random.Generator) -> None:
    """Punched holes, a spiral binding's or a sheet's few, along an edge."""
    s, many = rng.uniform(0.15, 0.6) * size, rng.random() < 0.5
    pitch = s * (rng.uniform(2.6, 5) if many else rng.uniform(10, 40))
    level, thick = rng.random() < 0.3, max(1, int(s * rng.uniform(0.05, 0.3)))
    way = np.array([1.0, 0.0]) if level else np.array([0.0, 1.0])
    shape = pen.ellipse if rng.random() < 0.7 else pen.rectangle
    fill = tone if rng.random() < 0.6 else None
    for k in range(60 if many else 3):
        c = at * way[::-1] + way * pitch * (k + 0.5)
        shape([*(c - s), *(c + s)], fill=fill, outline=tone, width=thick)


# What is drawn, and whether it may run through rows.
_KINDS: tuple[tuple[Drawing, bool], ...] = (
    (_bars, False),
    (_matrix, False),
    (_stamp, False),
    (_dashes, False),
    (_rule, True),
    (_face, False),
    (_doodle, False),
    (_arrow, False),
    (_boxes, False),
    (_disc, False),
    (_ring, False),
    (_holes, False),
)
