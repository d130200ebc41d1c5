"""Pages drawn for a row finder: real strokes and print laid out on paper, on a desk, amid clutter.

The courses are measured on the strokes themselves, so that they are right where people's
outlines of rows are rough. A page without rows shows the finder what writing is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ocr_cli.data.formats import ink as archives
from ocr_cli.data.rowpages import RowPage
from ocr_cli.data.synthesis import grounds
from ocr_cli.data.synthesis.clutter import add_clutter
from ocr_cli.data.synthesis.pagelayouts import LAYOUTS, SHARES, one_item, one_row, plain_rows
from ocr_cli.data.synthesis.pieces import LineSource, make_source
from ocr_cli.data.synthesis.sheets import Sheet, SheetWriter
from ocr_cli.data.synthesis.stock import make_stock
from ocr_cli.data.synthesis.typesetting import print_faces
from ocr_cli.page import Course

Array = NDArray[Any]
Grey = NDArray[np.float32]


def draw_page(source: LineSource, rng: np.random.Generator, faces: Sequence[str] = ()) -> RowPage:
    """A page of one of many kinds; in one of five nothing is written.

    faces : font files for print, see `typesetting.print_faces`.
    """
    longest = rng.uniform(1000, 1500)
    ratio = rng.uniform(0.65, 1.0)
    shape = round(longest), round(longest * ratio)
    if rng.random() < 0.35:
        shape = shape[::-1]
    sheet = Sheet(shape, rng)
    empty = rng.random() < 0.2
    ground = grounds.paper(shape, rng) if rng.random() < 0.6 else grounds.any_ground(shape, rng)
    writer = SheetWriter(sheet, source, faces or print_faces(None))
    if not empty:
        layouts = list(LAYOUTS)
        layout = layouts[int(rng.choice(len(layouts), p=SHARES))]
        box = (0.0, 0.0, float(shape[1]), float(shape[0]))
        if rng.random() < 0.45:
            ground = grounds.any_ground(shape, rng)
            for box in _sheets_of(shape, rng, layout):
                ground = _laid(ground, box, rng)
                layout(writer, box)
        else:
            if layout not in (one_item, one_row):
                ground = grounds.paper(shape, rng)
            layout(writer, box)
    grey = _inked(ground, writer)
    busy = 0.75 if empty else 0.4
    if rng.random() < busy:
        grey = add_clutter(grey, sheet.courses, rng)
    if rng.random() < 0.12:
        grey = grey * grounds.hand_shadow(shape, rng)
    kept = tuple(c for c in sheet.courses if _in_sight(c, shape))
    return RowPage((np.clip(grey, 0, 1) * 255).astype(np.uint8), kept)


def _in_sight(course: Course, shape: tuple[int, int]) -> bool:
    x, y = course.points.T
    inside = (x > 0) & (y > 0) & (x < shape[1]) & (y < shape[0])
    return bool(inside.mean() > 0.3)


def _sheets_of(
    shape: tuple[int, int], rng: np.random.Generator, layout: Any
) -> Iterator[tuple[float, float, float, float]]:
    """Boxes of one to three sheets that lie on a desk."""
    height, width = shape
    count = int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1])) if layout is plain_rows else 1
    edges = np.linspace(0, width, count + 1)
    for x1, x2 in pairwise(edges):
        wide = (x2 - x1) * rng.uniform(0.55, 0.95)
        tall = min(height * rng.uniform(0.4, 0.97), wide * rng.uniform(0.6, 1.7))
        left = x1 + (x2 - x1 - wide) * rng.random()
        top = (height - tall) * rng.random()
        yield left, top, left + wide, top + tall


def _laid(ground: Grey, box: tuple[float, float, float, float], rng: np.random.Generator) -> Grey:
    """A sheet of paper on the ground, its shadow beside it."""
    from scipy import ndimage

    x1, y1, x2, y2 = (round(v) for v in box)
    height, width = ground.shape
    mask = Image.new("L", (width, height))
    lean = rng.normal(0, 0.012, 8) * min(x2 - x1, y2 - y1)
    corners = np.array([x1, y1, x2, y1, x2, y2, x1, y2]) + lean
    ImageDraw.Draw(mask).polygon(corners.tolist(), fill=255)
    inside = np.asarray(mask, np.float32) / 255
    shadow = ndimage.gaussian_filter(np.roll(inside, rng.integers(-12, 13, 2), (0, 1)), 8)
    shaded = ground * (1 - rng.uniform(0, 0.5) * shadow)
    sheet = grounds.paper((height, width), rng)
    return (shaded * (1 - inside) + sheet * inside).astype(np.float32)


def _inked(ground: Grey, writer: SheetWriter) -> Grey:
    """The sheet's ink on the ground, with the grain of pencil, and the back page's ink."""
    from scipy import ndimage

    sheet, rng, ink = writer.sheet, writer.rng, writer.sheet.ink()
    if rng.random() < 0.25:  # pencil, dry pen
        grain = grounds.clouds(ink.shape, rng, rng.uniform(1, 3), rng.uniform(3, 40))
        ink = ink * np.clip(0.8 + rng.uniform(0.1, 0.6) * grain, 0, 1)
    if rng.random() < 0.25:
        ink = ndimage.gaussian_filter(ink, rng.uniform(0.3, 1.0))
    if rng.random() < 0.1 and sheet.courses:  # what is written on the back
        back = Sheet(sheet.shape, rng)
        plain_rows(
            SheetWriter(back, writer.source, writer.faces),
            (0.0, 0.0, float(ink.shape[1]), float(ink.shape[0])),
        )
        through = ndimage.gaussian_filter(back.ink()[:, ::-1], rng.uniform(0.7, 2.5))
        ground = ground * (1 - np.float32(rng.uniform(0.08, 0.28)) * through)
    paper = float(np.median(ground))
    if paper < 0.35 and rng.random() < 0.7:  # chalk
        return (ground + (1 - ground) * ink).astype(np.float32)
    black = rng.uniform(0, 0.25) * paper
    return (ground - np.maximum(ground - black, 0) * ink).astype(np.float32)


def load_source(folder: Path, most: int, rng: np.random.Generator) -> LineSource:
    """Load up to `most` words, lines and characters of the train split, drawn at random."""
    parts = []
    for name in ("words", "lines", "chars"):
        ink = archives.load(folder / f"{name}.npz", "train")
        parts.append(ink.take(np.sort(rng.permutation(len(ink))[:most])))
    return make_source(make_stock(*parts))
