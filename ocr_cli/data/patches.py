"""Patches: rows of real or typeset writing, from which a line model's training strips are made.

A patch is sampled along a row's course like a strip, but finer, taller and upright as it was
written, so that each time it can be bent, sheared, scaled and shaded anew into a strip.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli import input as images
from ocr_cli.data.charset import WESTERN, folded
from ocr_cli.data.formats.folders import MOST_JUNK
from ocr_cli.data.formats.given import GivenRow
from ocr_cli.data.formats.pagexml import is_foreign, load_page_xml
from ocr_cli.data.formats.rowcourses import measured_courses
from ocr_cli.data.formats.transcripts import text_in
from ocr_cli.data.synthesis.lines import blurred
from ocr_cli.errors import InputError
from ocr_cli.layout import courses
from ocr_cli.layout.courses import Course, Grey, Pyramid
from ocr_cli.layout.strips import HEIGHT, MARGIN, MIDDLE, SPREAD, measure

Array = NDArray[Any]
FINE = 1.5  # pixels of a patch to one of a strip
TALL = 120  # height of a patch; its middle lies at half of it
ROOM = 14  # strip pixels to the left and right of the writing
WIDEST = 1500  # strip pixels; longer rows are left out


@dataclass(frozen=True)
class WordSpan:
    """A word of a patch: its text, and its start and end along the middle, in pixels."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Patch:
    """A row to train on, with a margin on all sides for augmentation.

    image : (120, W) uint8 grey, 0 black. slant : of its upright strokes. text : folded, of
    charset.WESTERN alone. hand : the page or writer that it comes from, where that is known.
    words : where its words lie, if they were cut.
    """

    image: NDArray[np.uint8] = field(repr=False)
    slant: float
    text: str
    hand: str = ""
    words: tuple[WordSpan, ...] = field(default=(), repr=False)


def as_target(text: str) -> str | None:
    """Turn a transcript into the target text; None where a character of it is not in WESTERN.

    Crossed-out words (`>so<`, ⟦so⟧) are read as nothing, `^` before a superscript is no sign.
    """
    text = re.sub(r">[^<>]*<|⟦[^⟧]*⟧", " ", text)
    text = re.sub(r"\^(?=\S)", "", folded(text))
    text = " ".join(text.split())
    return text if text and set(text) <= set(WESTERN) else None


def patch_of(pyramid: Pyramid, course: Course) -> NDArray[np.uint8]:
    """Sample a page along a course: (120, W) uint8, 0 black, its middle in row 60, slant kept."""
    upright = Course(course.points, course.spread)
    frame = courses.frame_of(upright, ROOM, FINE)
    grey = pyramid.sample(frame, TALL, TALL / 2)
    return np.asarray((np.clip(grey, 0, 1) * 255).round(), np.uint8)


def load_grey(path: Path) -> Grey:
    """Load a picture as (H, W) float32, 0 black to 1 white, of the size that its transcript means.

    InputError where it cannot be read.
    """
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("L"), np.float32) / np.float32(255)
    except MemoryError:
        raise
    except Exception as error:  # Pillow raises many kinds on a damaged picture
        raise InputError("the picture cannot be read", "", str(path)) from error


def page_patches(path: Path) -> Iterator[Patch]:
    """Yield a patch for each legible row of an ALTO or PAGE file; InputError."""
    page = load_page_xml(path)
    pyramid = Pyramid(load_grey(page.picture))
    rows = measured_courses(page.rows, np.eye(3), pyramid)
    for row, course in zip(page.rows, rows, strict=True):
        text = as_target(row.text) if _is_whole(row) else None
        if text is None or course is None:
            continue
        patch = _sound(pyramid, course, text, path.stem)
        if patch is not None:
            yield patch


def _is_whole(row: GivenRow) -> bool:
    return row.legible and all(word.text for word in row.words)


def _sound(pyramid: Pyramid, course: Course, text: str, hand: str) -> Patch | None:
    """Make the patch, unless the row is too long, or too short for CTC to tell its characters."""
    width = course.length / course.spread * SPREAD
    if not 3.2 * len(text) <= width + 2 * MARGIN <= min(WIDEST, 300 + 60 * len(text)):
        return None
    return Patch(patch_of(pyramid, course), course.slant, text, hand)


def picture_patch(path: Path, text_path: Path) -> Patch | None:
    """Make a patch of a picture of one row; None where its text is no target; InputError."""
    text = as_target(text_in(text_path))
    if text is None:
        return None
    grey = load_grey(path)
    pyramid = Pyramid(grey)
    hand = path.with_suffix("").name.partition("_")[0]  # as sets of single words name them
    return _sound(pyramid, course_of_picture(grey), text, hand)


def course_of_picture(grey: Grey) -> Course:
    """Measure the course of the one row that fills a picture (H, W), 0 black to 1 white."""
    height, width = grey.shape
    scale = height / HEIGHT
    dark = courses.without_rules(courses.darkness(grey, height / 2, height / 2), width)
    y, x = np.nonzero(dark > 0.5)
    if len(y) < 20:
        line = np.array([[0.0, height / 2], [float(width), height / 2]])
        return Course(line, 4.4 * scale)
    found = measure(np.stack([x + 0.5, y + 0.5], 1), np.zeros(len(x), np.int64), 1)
    middle, skew, spread = float(found.middle[0]), float(found.skew[0]), float(found.spread[0])
    ends = np.array([x.min(), x.max() + 1.0])
    line = np.stack([ends, middle + skew * (ends - float(found.x_mean[0]))], 1)
    spread = float(np.clip(spread, height / 25, height / 5))
    return courses.placed(Pyramid(grey), Course(courses.smoothed(line, spread), spread))


def folder_patches(folder: Path, tell: Callable[[str], None] | None = None) -> list[Patch]:
    """Make patches of all rows in a folder of transcribed pages and pictures of rows.

    tell : is given a line for each file that cannot be read, and is left out.
    InputError where more than one file in MOST_JUNK cannot be read.
    """
    found: list[Patch] = []
    junk: list[InputError] = []
    planned: list[Callable[[], list[Patch]]] = [
        *(
            partial(_page_rows, path)
            for path in sorted(folder.glob("*.xml"))
            if not is_foreign(path)
        ),
        *(partial(_picture_row, *pair) for pair in pictures_of_rows(folder)),
    ]
    for load in planned:
        try:
            found += load()
        except InputError as failure:
            junk.append(failure)
    if len(junk) > max(1, len(planned) // MOST_JUNK):
        counted = f"{len(junk)} of {len(planned)} pages and rows cannot be read"
        raise InputError(counted, f"the first: {junk[0]}", str(folder))
    if tell is not None:
        for one in junk:
            tell(f"left out: {one}")
    return found


def _page_rows(path: Path) -> list[Patch]:
    return list(page_patches(path))


def _picture_row(picture: Path, text: Path) -> list[Patch]:
    patch = picture_patch(picture, text)
    return [] if patch is None else [patch]


def pictures_of_rows(folder: Path) -> list[tuple[Path, Path]]:
    """Pair a folder's pictures of rows with their texts: NAME.gt.txt, or NAME.txt of one line."""
    if not folder.is_dir():
        return []
    pictures = {
        path.with_suffix("").name: path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in images.SUFFIXES and not path.name.startswith(".")
    }
    marked = {t.name.removesuffix(".gt.txt"): t for t in sorted(folder.glob("*.gt.txt"))}
    plain = {text.stem: text for text in sorted(folder.glob("*.txt")) if _is_one_line(text)}
    texts = plain | marked
    return [(pictures[name], texts[name]) for name in sorted(texts) if name in pictures]


def _is_one_line(path: Path) -> bool:
    """Whether a text has one line; True of one that is no UTF-8, which is told when it is read."""
    try:
        return len(path.read_text(encoding="utf-8-sig").strip().splitlines()) == 1
    except UnicodeDecodeError:
        return True
    except OSError:
        return False


@dataclass(frozen=True)
class Strain:
    """Limits on augmentation, standard deviations unless told; lengths in pixels of the strip."""

    scale: float = 0.13  # of the logarithm, standard deviation
    aspect: float = 0.12  # of the logarithm of the width alone
    slant: float = 0.14  # dx per dy
    skew: float = 0.010  # dy per dx
    shift: float = 1.8  # up and down
    waves: float = 0.8  # of the course, up and down
    stretch: float = 2.2  # along the row
    warp: float = 0.8  # of letters
    ends: float = 7.0  # paper more, at most, before and after the row


AS_FOUND = Strain(0.04, 0.0, 0.03, 0.002, 0.6, 0.2, 0.0, 0.0, 0.0)


def bent(patch: Patch, rng: np.random.Generator, strain: Strain) -> Grey:
    """Sample a patch as a strip, warped at random: (48, W) grey, upright; W divides by 4.

    Scale, shear, rotation, slow waves of the course and along it, and an elastic warp of letters
    are one map from the strip to the patch, so that it is sampled once.
    """
    high, wide = patch.image.shape
    scale = np.exp(rng.normal(0, strain.scale))
    across = scale * np.exp(rng.normal(0, strain.aspect))
    before, after = rng.uniform(-0.15, 1.0, 2) * strain.ends
    length = wide / FINE - 2 * (ROOM - MARGIN) + before + after
    width = max(8, int(np.ceil(length * across / 4)) * 4)
    x = np.arange(width, dtype=np.float32)[None] + np.float32(0.5)
    y = np.arange(HEIGHT, dtype=np.float32)[:, None] + np.float32(0.5 - MIDDLE)
    if strain.warp:
        for _ in range(2):
            a, b = rng.normal(0, 0.12, 2)
            bend = np.sin(a * x + b * y + rng.uniform(0, 6.3)).astype(np.float32)
            dx, dy = rng.normal(0, strain.warp, 2).astype(np.float32)
            x, y = x + bend * dx, y + bend * dy
    pace = rng.uniform(0.006, 0.05)
    y = y + np.float32(rng.normal(0, strain.waves)) * np.sin(pace * x + rng.uniform(0, 6.3))
    y = y + np.float32(rng.normal(0, strain.skew)) * (x - width / 2) + rng.normal(0, strain.shift)
    if strain.stretch:
        pace = rng.uniform(0.02, 0.09)
        x = x + np.float32(rng.normal(0, strain.stretch)) * np.sin(pace * x + rng.uniform(0, 6.3))
    slant = patch.slant + rng.normal(0, strain.slant)
    x = x / across - slant * y / scale + rng.normal(0, 1) * (strain.warp > 0)
    x = (x + (ROOM - MARGIN) - before) * FINE
    y = y / scale * FINE + high / 2
    return courses.sample(patch.image.astype(np.float32) / np.float32(255), x, y)


def shaded(dark: Grey, other: Grey | None, rng: np.random.Generator) -> Grey:
    """Vary a strip's darkness (48, W), 0 paper to 1 ink, and normalise it anew.

    Stroke width, blur, resolution, gamma, fading, rulings, specks and noise are each applied by
    chance. other : a strip (48, W2) of which an edge is laid above or below, as a neighbour's ink.
    """
    height, width = dark.shape
    dark = dark.astype(np.float32, copy=True)
    if other is not None:
        dark = _beside(dark, other, rng)
    if rng.random() < 0.45:
        dark = _thicker(dark, rng)
    if rng.random() < 0.4:
        dark = _soft(dark, float(rng.uniform(0.3, 1.1)))
    if rng.random() < 0.12:
        dark = _coarse(dark, float(rng.uniform(1.3, 2.6)))
    if rng.random() < 0.5:
        dark = np.sign(dark) * np.abs(dark) ** np.float32(rng.uniform(0.6, 1.6))
    if rng.random() < 0.3:  # pressure and ink that come and go
        knots = rng.uniform(0.45, 1.0, max(2, width // 60 + 2))
        dark *= np.interp(np.arange(width), np.linspace(0, width, len(knots)), knots)
    if rng.random() < 0.25:
        dark = np.maximum(dark, _ruled(height, width, rng))
    if rng.random() < 0.15:
        y, x = int(rng.integers(0, height - 6)), int(rng.integers(0, max(1, width - 12)))
        dark[y : y + rng.integers(2, 7), x : x + rng.integers(2, 12)] *= rng.uniform(0, 0.6)
    if rng.random() < 0.5:
        noise = rng.standard_normal((height, width), np.float32)
        noise = _soft(noise, float(rng.uniform(0.01, 1.2)))
        dark += noise * np.float32(rng.uniform(0.01, 0.14))
    paper = np.float32(0.9) - np.float32(rng.uniform(0.25, 0.8)) * dark
    return courses.darkness(paper, MIDDLE)


def _beside(dark: Grey, other: Grey, rng: np.random.Generator) -> Grey:
    """Lay the edge of another strip over the top or the foot of this one, in place."""
    width = min(dark.shape[1], other.shape[1])
    shift = int(rng.integers(27, 42))
    if rng.random() < 0.5:
        dark[shift:, :width] = np.maximum(dark[shift:, :width], other[: HEIGHT - shift, :width])
    else:
        dark[: HEIGHT - shift, :width] = np.maximum(
            dark[: HEIGHT - shift, :width], other[shift:, :width]
        )
    return dark


def _thicker(dark: Grey, rng: np.random.Generator) -> Grey:
    """Dilate or erode by a share of a pixel: towards the darkest or lightest of four neighbours."""
    pick = np.maximum if rng.random() < 0.55 else np.minimum
    wide = dark.copy()
    wide[1:] = pick(wide[1:], dark[:-1])
    wide[:-1] = pick(wide[:-1], dark[1:])
    wide[:, 1:] = pick(wide[:, 1:], dark[:, :-1])
    wide[:, :-1] = pick(wide[:, :-1], dark[:, 1:])
    share = np.float32(rng.uniform(0.1, 0.8))
    return np.asarray(dark + share * (wide - dark), np.float32)


def _soft(image: Grey, sigma: float) -> Grey:
    """Blur (H, W) by the three middle taps of a Gaussian of `sigma` pixels."""
    side = np.exp(-0.5 / sigma**2)
    return blurred(image.T[None], np.float32(side / (1 + 2 * side)))[0].T


def _coarse(image: Grey, step: float) -> Grey:
    """Resample (H, W) to every `step` pixels and back, as small writing was that is enlarged."""
    height, width = image.shape
    y = np.arange(step / 2, height, step)[:, None]
    x = np.arange(step / 2, width, step)[None]
    small = courses.sample(_soft(image, 0.45 * step), x + 0 * y, y + 0 * x)
    across = (np.arange(width, dtype=np.float32)[None] + np.float32(0.5)) / np.float32(step)
    down = (np.arange(height, dtype=np.float32)[:, None] + np.float32(0.5)) / np.float32(step)
    return courses.sample(small, across + 0 * down, down + 0 * across)


def _ruled(height: int, width: int, rng: np.random.Generator) -> Grey:
    """Draw rulings, level ones and at times upright ones too: (height, width), 0 to 1."""
    lines = np.zeros((height, width), np.float32)
    dark, thick = np.float32(rng.uniform(0.15, 0.9)), int(rng.integers(1, 3))
    pitch = int(rng.integers(14, 60))
    slope, first = rng.normal(0, 0.006), rng.uniform(0, pitch)
    columns = np.arange(width)
    for y0 in np.arange(first, height + 4, pitch):
        y = np.rint(y0 + slope * (columns - width / 2)).astype(int)
        for k in range(thick):
            inside = (y + k >= 0) & (y + k < height)
            lines[y[inside] + k, columns[inside]] = dark
    if rng.random() < 0.3:
        lines[:, int(rng.integers(0, pitch)) :: pitch] = dark
    return lines


def strip_of(patch: Patch, other: Patch | None, rng: np.random.Generator, strain: Strain) -> Grey:
    """Make a training strip (48, W) of a patch; an edge of `other` may show beside it."""
    dark = courses.darkness(bent(patch, rng, strain), MIDDLE)
    beside = None if other is None else courses.darkness(bent(other, rng, strain), MIDDLE)
    return shaded(dark, beside, rng)
