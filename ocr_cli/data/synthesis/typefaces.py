"""Rows set in typefaces, as patches: hands that widen a line model's practice.

The fonts are files that the user has; none is part of this project.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ocr_cli.data import charset
from ocr_cli.data.patches import ROOM, WIDEST, Patch, patch_of
from ocr_cli.layout import courses
from ocr_cli.layout.courses import Pyramid
from ocr_cli.layout.strips import SPREAD
from ocr_cli.page import X_HEIGHT, Course

SIZE = 64  # of the type, in pixels


class Face:
    """A font file, and which characters of `charset.WESTERN` it has."""

    def __init__(self, path: Path) -> None:
        from PIL import ImageFont

        self.path = path
        self.font: Any = ImageFont.truetype(str(path), SIZE)
        missing = _shape(self.font, "\ue123")
        self.characters = {
            c for c in charset.WESTERN if c == " " or _shape(self.font, c) not in (missing, b"")
        }


def _shape(font: Any, character: str) -> bytes:
    return bytes(font.getmask(character))


def faces_in(folder: Path) -> list[Face]:
    """The fonts of a folder and those below it that have the letters of English."""
    found = []
    for path in sorted(folder.rglob("*-latin-400-normal.woff")) or sorted(folder.rglob("*.?tf")):
        try:
            face = Face(path)
        except OSError:
            continue
        if set(map(chr, range(97, 123))) <= face.characters:
            found.append(face)
    return found


def typeset(text: str, face: Face, rng: np.random.Generator) -> Patch | None:
    """A row of `text` in a typeface; None where it lacks a sign, or the row would be too long."""
    from PIL import Image, ImageDraw

    if not set(text) <= face.characters:
        return None
    left, top, right, bottom = face.font.getbbox(text)
    if right - left < 8:
        return None
    pad = SIZE
    width, height = int(right - left + 2 * pad), int(bottom - top + 2 * pad)
    if width > 14000:
        return None
    picture = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(picture)
    x = pad - left
    for word, gap in _words(text, rng):  # gaps between words as uneven as a hand's
        draw.text((x, pad - top + rng.normal(0, 1.5)), word, 0, font=face.font)
        x += face.font.getlength(word) + gap * SIZE
    grey = np.asarray(picture, np.float32) / np.float32(255)
    columns = np.flatnonzero(grey.min(0) < 0.5)
    if len(columns) < 8:
        return None
    ends = np.array([columns[0], columns[-1] + 1.0])
    base = pad - top + face.font.getmetrics()[0]
    body = _x_height(face)
    line = np.stack([ends, np.full(2, base - body / 2)], 1)
    spread = body / X_HEIGHT
    pyramid = Pyramid(grey)
    course = courses.placed(pyramid, Course(courses.smoothed(line, spread), spread))
    long = course.length / course.spread * SPREAD
    if not 3.2 * len(text) <= long + 2 * ROOM <= WIDEST:
        return None
    return Patch(patch_of(pyramid, course), course.slant, text)


def _words(text: str, rng: np.random.Generator) -> Sequence[tuple[str, float]]:
    wide = rng.uniform(0.15, 0.6)
    return [(word, wide * float(np.exp(rng.normal(0, 0.25)))) for word in text.split(" ")]


def _x_height(face: Face) -> float:
    top, bottom = face.font.getbbox("x")[1::2]
    return float(max(4, bottom - top))
