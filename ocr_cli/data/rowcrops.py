"""Crops of pages for a row finder's training: warped, lit and blurred anew each time.

A crop comes with what the finder shall say of it: for each cell of 4 x 4 pixels whether it lies
in the body of a row, which way that row is up, and how large it is.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ocr_cli.data.rowpages import RowPage
from ocr_cli.layout.courses import Course, sample
from ocr_cli.page import X_HEIGHT

CELL = 4  # pixels of the shrunk page to a cell of the finder's map
TURNS = 4  # classes after `none`: rows on a page turned by so many quarters
_FINE = 2  # the bands are drawn on a canvas so many times as fine
_LEAST = 0.9  # pixels of a spread: nobody can tell the rows of smaller writing
_CLOSE = 2.4  # spreads from a row's middle that are still its own surroundings

Array = NDArray[Any]
Grey = NDArray[np.float32]


@dataclass(frozen=True)
class CropVariation:
    """Limits on how far crops may stray from their pages."""

    x_height: tuple[float, float] = (4.5, 45.0)  # pixels of the crop
    rotation: float = 5.0  # degrees, standard deviation; at most 14
    shear: float = 0.06
    aspect: float = 0.12  # of the logarithm
    perspective: float = 0.25  # change of scale over the crop, standard deviation
    bend: float = 0.012  # of the crop's side, amplitude of slow waves
    own_size: float = 0.5  # share of the crops whose scale is told by the row that they show
    turned: tuple[float, ...] = (0.66, 0.09, 0.16, 0.09)  # shares of quarter turns


@dataclass(frozen=True)
class Warp:
    """Crop pixels to page pixels: a slow wave, a perspective and an affine map."""

    matrix: Array
    centre: Array
    tilt: Array
    side: int
    wave: Array  # (2, 4): amplitude, two frequencies and a phase of the bends in x and in y

    @property
    def unit(self) -> float:
        """Pixels of the page to one of the crop."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix))))

    def to_page(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Points of the crop on the page."""
        d = np.stack([x - self.side / 2, y - self.side / 2]).astype(np.float32)
        if self.wave[:, 0].any():
            d += self._bend(d)
        if self.tilt.any():
            a, b = self.tilt.astype(np.float32)
            d /= np.maximum(1 + a * d[0] + b * d[1], np.float32(0.05))
        matrix, centre = self.matrix.astype(np.float32), self.centre.astype(np.float32)
        px, py = (m[0] * d[0] + m[1] * d[1] + c for m, c in zip(matrix, centre, strict=True))
        return px, py

    def to_crop(self, points: Array) -> Array:
        """(n, 2) points of the page on the crop; NaN for those behind the horizon."""
        d = np.linalg.solve(self.matrix, (points - self.centre).T)
        below = 1 - self.tilt @ d
        d = np.where(below > 0.2, d / np.where(below > 0.2, below, 1), np.nan)
        u = d
        for _ in range(4 if self.wave[:, 0].any() else 0):
            u = d - self._bend(u)
        return u.T + self.side / 2

    def _bend(self, d: Array) -> Array:
        amplitude, fx, fy, phase = self.wave.T.astype(d.dtype).reshape(4, 2, *[1] * (d.ndim - 1))
        return amplitude * np.sin(fx * d[0] + fy * d[1] + phase)


@dataclass(frozen=True)
class PageSizes:
    """A page ready for crops: in several sizes, each half as large as the one before."""

    page: RowPage
    name: str = ""

    @cached_property
    def sizes(self) -> list[NDArray[np.uint8]]:
        """The grey picture, halved again and again."""
        image, found = Image.fromarray(self.page.grey), [self.page.grey]
        while min(image.size) > 40 and len(found) < 5:
            image = image.reduce(2)
            found.append(np.asarray(image))
        return found

    @cached_property
    def spread(self) -> float:
        """The usual spread of its rows; 0 where it has none."""
        spreads = [c.spread for c in self.page.courses]
        return float(np.median(spreads)) if spreads else 0.0


@dataclass(frozen=True)
class Target:
    """The finder's expected output, in cells (h, w).

    kind : share of each cell that is body of a row: (h, w, 4), by quarter turns of the page.
    log_spread : (h, w) of the row that covers the cell, pixels. weight : (h, w) of the cell.
    """

    kind: Grey = field(repr=False)
    log_spread: Grey = field(repr=False)
    weight: Grey = field(repr=False)


def draw_crop(
    sheet: PageSizes,
    fills: Sequence[PageSizes],
    side: int,
    rng: np.random.Generator,
    v: CropVariation,
    back: PageSizes | None = None,
) -> tuple[Grey, Target]:
    """A crop (side, side), 0 ink to 1 paper, and its target.

    `fills` lie beyond the page; the writing of `back` shows through it.
    """
    turn = int(rng.choice(TURNS, p=v.turned))
    warp = _draw_warp(sheet, side, turn, rng, v)
    grey = _sampled(sheet, fills, warp, rng)
    if back is not None:
        grey = _shown_through(grey, back, sheet.spread / warp.unit, rng)
    return developed(grey, rng), target_of(sheet.page.courses, warp, turn)


def _draw_warp(
    sheet: PageSizes, side: int, turn: int, rng: np.random.Generator, v: CropVariation
) -> Warp:
    height, width = sheet.page.grey.shape
    courses = sheet.page.courses
    course = courses[int(rng.integers(len(courses)))] if courses else None
    if course is not None:
        low, high = np.log(v.x_height)
        wanted = np.exp(np.clip(rng.normal(np.log(12), 0.75), low, high))
        # rows of other sizes than most are seen at every size as well
        spread = course.spread if rng.random() < v.own_size else sheet.spread
        zoom = wanted / (X_HEIGHT * spread)
    else:
        zoom = 1000 / max(height, width) * np.exp(rng.uniform(-2.0, 0.9))
    zoom = min(zoom, 3.0)
    if course is not None and rng.random() < 0.75:
        centre = course.points[int(rng.integers(len(course.points)))]
        centre = centre + rng.normal(0, side / 4, 2) / zoom
    else:
        centre = rng.uniform(0, 1, 2) * [width, height]
    angle = np.deg2rad(np.clip(rng.normal(0, v.rotation), -14, 14)) + turn * np.pi / 2
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.array([[cos, -sin], [sin, cos]])
    stretch = np.exp(rng.normal(0, v.aspect) / 2)
    lean = np.array([[1.0, rng.normal(0, v.shear)], [rng.normal(0, v.shear / 3), 1.0]])
    matrix = lean @ np.diag([stretch, 1 / stretch]) @ rotation / zoom
    tilt = np.clip(rng.normal(0, v.perspective, 2), -0.6, 0.6) / side
    if rng.random() < 0.4:
        tilt = np.zeros(2)
    strength = v.bend * side * rng.normal(0, 1, 2) * (rng.random() < 0.5)
    frequency = rng.normal(0, 3.0 / side, (2, 2))
    wave = np.column_stack([strength, frequency, rng.uniform(0, 2 * np.pi, 2)])
    return Warp(matrix, centre, tilt, side, wave)


def _sampled(
    sheet: PageSizes, fills: Sequence[PageSizes], warp: Warp, rng: np.random.Generator
) -> Grey:
    side = warp.side
    at = np.arange(side, dtype=np.float32) + np.float32(0.5)
    x, y = warp.to_page(*np.meshgrid(at, at))
    height, width = sheet.page.grey.shape
    grey = _at_size(sheet, x, y, warp.unit)
    outside = (x < 0) | (y < 0) | (x > width) | (y > height)
    chance = rng.random()
    if not outside.any() or chance < 0.25:
        return grey
    if chance < 0.5 or not fills:
        beyond = np.full_like(grey, rng.choice([0.0, 1.0, rng.uniform(0, 1)]))
    else:
        fill = fills[int(rng.integers(len(fills)))]
        fy, fx = (rng.uniform(0, max(1, n - side)) for n in fill.page.grey.shape)
        left, top = np.meshgrid(at + fx, at + fy)
        beyond = _at_size(fill, left, top, 1.0)
    return np.where(outside, beyond, grey)


def _shown_through(grey: Grey, back: PageSizes, spread: float, rng: np.random.Generator) -> Grey:
    """The crop with another page's writing, mirrored, soft and pale, of about its size."""
    from scipy import ndimage

    unit = back.spread / max(spread, 1.0) * np.exp(rng.normal(0, 0.3))
    side = len(grey)
    height, width = back.page.grey.shape
    left, top = (rng.uniform(0, max(1, n - side * unit)) for n in (width, height))
    at = np.arange(side, dtype=np.float32) * np.float32(unit)
    x, y = np.meshgrid(at[::-1] + np.float32(left), at + np.float32(top))
    other = ndimage.gaussian_filter(_at_size(back, x, y, unit), rng.uniform(0.4, 1.4))
    dark = np.clip(1 - other / np.percentile(other, 85), 0, 1)
    own = 1 - float(np.percentile(grey, 1.5)) / max(float(np.percentile(grey, 85)), 0.05)
    strength = rng.uniform(0.08, 0.4) * min(own, 0.6) / max(float(np.percentile(dark, 98.5)), 0.1)
    return grey * (1 - np.clip(strength, 0, 0.5) * dark).astype(np.float32)


def _at_size(sheet: PageSizes, x: Array, y: Array, unit: float) -> Grey:
    """Samples of the picture where a crop's pixel has `unit` of its own."""
    level = int(np.clip(np.floor(np.log2(max(unit, 1e-3)) + 0.4), 0, len(sheet.sizes) - 1))
    picture: Any = sheet.sizes[level]
    picture = picture.astype(np.float32) if level else picture
    step = 2**level
    return sample(picture, x / step, y / step) / np.float32(255)


def target_of(courses: Sequence[Course], warp: Warp, turn: int) -> Target:
    """The target of the rows under a warp."""
    side, cells = warp.side, warp.side // CELL
    band = Image.new("L", (side * _FINE, side * _FINE))
    sizes = Image.new("F", (cells, cells))
    bands, spreads = ImageDraw.Draw(band), ImageDraw.Draw(sizes)
    crowd = np.zeros((cells, cells), np.float32)
    unclear = np.zeros((cells, cells), bool)
    for points, normal, spread in _on_crop(courses, warp):
        bands.polygon(_outline(points, normal, 1.0, _FINE), fill=255)
        spreads.polygon(_outline(points, normal, 1.6, 1 / CELL), fill=float(np.log(spread)))
        near = Image.new("L", (cells, cells))
        ImageDraw.Draw(near).polygon(_outline(points, normal, _CLOSE, 1 / CELL), fill=1)
        crowd += np.asarray(near)
        if spread < _LEAST:
            unclear |= np.asarray(near) > 0
    covered = np.asarray(band.reduce(CELL * _FINE), np.float32) / np.float32(255)
    kind = np.zeros((cells, cells, TURNS), np.float32)
    kind[..., turn] = covered
    weight = 1 + np.minimum(crowd, 1) + 2 * np.clip(crowd - 1, 0, 1) * (1 - covered)
    weight[unclear] = 0
    return Target(kind, np.array(sizes, np.float32), weight)


def _on_crop(courses: Sequence[Course], warp: Warp) -> Iterator[tuple[Array, Array, float]]:
    """Each row in sight: its points, the (n, 2) steps of one spread across it, its spread."""
    if not courses:
        return
    points = np.concatenate([c.points for c in courses])
    across = np.concatenate([_across(c) for c in courses])
    moved = warp.to_crop(np.concatenate([points, points + across, points - across]))
    middles, above, below = moved.reshape(3, -1, 2)
    normals = (above - below) / 2
    sound = np.asarray(np.isfinite(moved).reshape(3, -1, 2).all((0, 2)))
    margin = 0.3 * warp.side
    near = (middles > -margin) & (middles < warp.side + margin)
    seen = np.asarray(sound & near.all(1))
    end = 0
    for course in courses:
        start, end = end, end + len(course.points)
        inside = seen[start:end]
        if inside.sum() < 2:
            continue
        first, last = np.flatnonzero(inside)[[0, -1]]
        part = slice(start + max(0, first - 1), start + last + 2)
        part = slice(part.start, min(part.stop, end))
        good = sound[part]
        normal = normals[part][good]
        yield middles[part][good], normal, float(np.hypot(*normal.T).mean())


def _across(course: Course) -> Array:
    """(n, 2) steps of one spread at right angles to the course."""
    along = np.gradient(course.points, axis=0)
    along /= np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    return np.stack([-along[:, 1], along[:, 0]], 1) * course.spread


def _outline(points: Array, normal: Array, reach: float, scale: float) -> list[float]:
    """The ring of x, y in turn around what lies within `reach` spreads of a row's middle."""
    ring = np.concatenate([points - reach * normal, (points + reach * normal)[::-1]]) * scale
    return (ring - 0.5).ravel().tolist()  # pixels are told by their centres


def developed(grey: Grey, rng: np.random.Generator) -> Grey:
    """The picture as one of many cameras would have taken it."""
    grey = _lit(_inked(grey, rng), rng)
    grey = _noisy(_blurred(grey, rng), rng)
    if rng.random() < 0.07:
        grey = 1 - grey
    if rng.random() < 0.5:  # less of the range
        low, high = np.sort(rng.uniform(0, 1, 2))
        grey = low + (max(high, low + 0.25) - low) * grey
    if rng.random() < 0.35:
        grey = _compressed(grey, int(rng.integers(12, 80)))
    return np.asarray(grey, np.float32)


def _inked(grey: Grey, rng: np.random.Generator) -> Grey:
    """Ink darker or paler than it was."""
    if rng.random() < 0.5:
        grey = np.clip(grey, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.4)))
    if rng.random() < 0.45:
        grey = 1 - (1 - grey) * np.float32(rng.uniform(0.2, 1))
    return grey


def _lit(grey: Grey, rng: np.random.Generator) -> Grey:
    """Light from one side, the edge of a shadow, glare."""
    at = np.linspace(-1, 1, grey.shape[0], dtype=np.float32)
    x, y = at[None], at[:, None]
    if rng.random() < 0.5:
        a, b = rng.normal(0, 0.22, 2)
        light = (1 + a * x + b * y) / (1 + abs(a) + abs(b))
        grey = grey * np.clip(light, 0.1, 1).astype(np.float32)
    if rng.random() < 0.2:
        angle, sharp = rng.uniform(0, 2 * np.pi), rng.uniform(3, 60)
        far = np.cos(angle) * x + np.sin(angle) * y - rng.uniform(-0.7, 0.7)
        shadow = rng.uniform(0.2, 0.7) / (1 + np.exp(-sharp * far))
        grey = grey * (1 - shadow).astype(np.float32)
    if rng.random() < 0.12:
        cx, cy, wide = rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(0.05, 0.5)
        glare = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / wide**2)
        grey = grey + (1.1 - grey) * (glare * rng.uniform(0.3, 0.95)).astype(np.float32)
    return grey


def _blurred(grey: Grey, rng: np.random.Generator) -> Grey:
    """Out of focus, or moved."""
    from scipy import ndimage

    chance = rng.random()
    if chance < 0.35:
        return np.asarray(ndimage.gaussian_filter(grey, rng.uniform(0.3, 1.8), truncate=2.5))
    if chance < 0.45:
        size, axis = int(rng.integers(2, 8)), int(rng.integers(2))
        return np.asarray(ndimage.uniform_filter1d(grey, size, axis=axis))
    return grey


def _noisy(grey: Grey, rng: np.random.Generator) -> Grey:
    from scipy import ndimage

    if rng.random() < 0.6:
        noise = rng.standard_normal(grey.shape, np.float32) * np.float32(rng.exponential(0.025))
        if rng.random() < 0.4:
            noise = ndimage.uniform_filter(noise, 2) * 2
        grey = grey + noise
    return np.clip(grey, 0, 1)


def _compressed(grey: Grey, quality: int) -> Grey:
    buffer = io.BytesIO()
    picture = Image.fromarray((np.clip(grey, 0, 1) * 255).astype(np.uint8))
    picture.save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer), np.float32) / np.float32(255)
