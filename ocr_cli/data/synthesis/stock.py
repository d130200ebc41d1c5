"""A stock of pen strokes: words, lines and characters, normalised once to the strips' measure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import ASCII, EXTENTS, Extent
from ocr_cli.data.formats import ink as archives
from ocr_cli.data.formats import unipen
from ocr_cli.data.formats.ink import Ink
from ocr_cli.data.synthesis.render import resampled
from ocr_cli.errors import InputError
from ocr_cli.layout import strips

Array = NDArray[Any]
TOGETHER = 4000  # items that are made level at a time
WIDEST = 900  # pixels; longer lines are not trained on
_ARCHIVES = ("words", "lines", "chars")


class ItemKind(IntEnum):
    """The kinds of items in a stock."""

    WORD = 0
    LINE = 1
    CHARACTER = 2


# UNIPEN's writers go so many times as far below the line as a school hand: on 60,000 letters of
# its train split g, q and y are 1.9 of their writer's x-heights tall, and j 2.5.
_DESCENT = 1.5


def _extent(character: str) -> Extent:
    """The ends of an archive's character above and below the baseline, in x-heights."""
    top, bottom = EXTENTS.get(character, (1.5, 0.0))
    return Extent(top, _DESCENT * bottom if character.isalpha() else bottom)


def expected_ink(text: str) -> tuple[float, float]:
    """(height of the ink's middle above the baseline, its spread), in x-heights, from the text."""
    ends = [_extent(c) for c in text if c in EXTENTS]
    y = [np.linspace(b, t, max(2, round(16 * (t - b)))) for t, b in ends]
    if not y:
        return 0.5, 0.3
    heights = np.concatenate(y)
    # the ends of letters hold more ink than their middles
    return float(heights.mean()), float(1.12 * np.abs(heights - heights.mean()).mean())


@dataclass(frozen=True)
class Stock:
    """Normalised strokes of words, lines and characters.

    ink : points in pixels of a strip, x from 0, y = 0 in the writing's middle; for characters
    y = 0 is the baseline and a usual letter 20 pixels tall. width : (N,) of each item's ink.
    kind : (N,) of each item, see `ItemKind`. base : (N,) y of the baseline, by the text;
    unit : (N,) the x-height, by the text.
    """

    ink: Ink = field(repr=False)
    width: Array = field(repr=False)
    kind: Array = field(repr=False)
    base: Array = field(repr=False)
    unit: Array = field(repr=False)


def make_stock(words: Ink, lines: Ink, characters: Ink) -> Stock:
    """Cleans, measures and normalises archives, once."""
    words = words.take(np.flatnonzero([is_clean(str(t), True) for t in words.labels]))
    lines = lines.take(np.flatnonzero([is_clean(str(t), False) for t in lines.labels]))
    parts = [normalised(words), normalised(lines), placed_characters(characters)]
    kind = np.repeat(list(ItemKind), [len(p) for p in parts])
    ink = archives.joined(parts)
    width = ink.corners()[1][:, 0]
    room = np.array([room_needed(str(t)) for t in ink.labels])
    steps = (width + 2 * strips.MARGIN) / 4
    letters = np.array([max(1, len(str(t))) for t in ink.labels])
    per_letter = width / letters
    fits = (steps >= 1.05 * room) & (width < WIDEST - 20) & (per_letter > 4)
    fits &= (per_letter < 60) | (letters == 1)
    kept = np.flatnonzero((fits & (width < 200 + 40 * letters)) | (kind == ItemKind.CHARACTER))
    ink, width, kind = ink.take(kept), width[kept], kind[kept]
    expected = np.array([expected_ink(str(t)) for t in ink.labels])
    unit = strips.SPREAD / expected[:, 1]
    base = expected[:, 0] * unit
    alone = kind == ItemKind.CHARACTER
    return Stock(ink, width, kind, np.where(alone, 0, base), np.where(alone, 14, unit))


def load_stock(folder: Path, split: str) -> Stock:
    """The stock of one split (train, valid, test) of a folder's words, lines and chars .npz.

    InputError where one of them is not there, not an archive of pen strokes, or empty.
    """
    if not (folder / "words.npz").exists() and unipen.is_unipen(folder):
        advice = f"first make archives of them: ocr train --data {folder} --convert DIR"
        raise InputError("these are UNIPEN files", advice, str(folder))
    parts = {name: archives.load(folder / f"{name}.npz", split) for name in _ARCHIVES}
    if lacking := [f"{name}.npz" for name, part in parts.items() if not len(part)]:
        raise InputError(f"nothing in the {split} split of {', '.join(lacking)}", "", str(folder))
    return make_stock(*parts.values())


def is_clean(text: str, word: bool) -> bool:
    """Whether a label says what was written: no marks of cutting, no numbers of files."""
    if not text.strip() or any(c not in ASCII for c in text):
        return False
    if word:
        return "@" not in text and text not in set("-_.,'`~=\"")
    return re.fullmatch(r"[A-Z][a-z]+[A-Z0-9]", text) is None


def room_needed(text: str) -> int:
    """Steps that CTC needs for a text: one a character, one more between equal neighbours."""
    return len(text) + sum(a == b for a, b in pairwise(text))


def normalised(ink: Ink) -> Ink:
    """The same items in pixels of a strip: level, upright, y = 0 in the middle, x from 0."""
    parts = []
    for start in range(0, len(ink), TOGETHER):
        part = ink.take(np.arange(start, min(start + TOGETHER, len(ink))))
        parts.append(_normalised(part))
    return archives.joined(parts)


def _frame(ink: Ink) -> strips.WritingFrame:
    """The position and lean of each item, in the archive's units."""
    n = len(ink)
    item = ink.item_of_point()
    low, high = ink.corners()
    stroke = np.repeat(np.arange(len(ink.stroke_start) - 1), np.diff(ink.stroke_start))
    # fine enough for the smallest letters, which a strip shows at a spread of 4.4
    step = np.maximum((high - low).max(1), 1)[item] / 400
    stroke_item = np.repeat(np.arange(n), np.diff(ink.item_start))
    dense, at = resampled(ink.points, stroke, np.maximum(step, 5))
    return strips.measure(dense, stroke_item[at], n)


def x_heights(ink: Ink) -> Array:
    """(N,) the height of each item's small letters in the archive's units, judged by its text."""
    spread = np.array([expected_ink(str(text))[1] for text in ink.labels])
    return np.asarray(np.maximum(_frame(ink).spread, 1) / spread)


def _normalised(ink: Ink) -> Ink:
    frame, item = _frame(ink), ink.item_of_point()
    scale = strips.SPREAD / np.maximum(frame.spread, 1)
    x, y = ink.points[:, 0], ink.points[:, 1]
    up = frame.middle[item] + frame.skew[item] * (x - frame.x_mean[item]) - y
    straight = x - frame.slant[item] * up
    points = np.stack([straight, -up], 1) * scale[item][:, None]
    starts = ink.stroke_start[ink.item_start[:-1]]
    points[:, 0] -= np.minimum.reduceat(points[:, 0], starts)[item]
    return replace(ink, points=points.astype(np.float32))


def placed_characters(ink: Ink) -> Ink:
    """Single characters at 20 pixels a usual letter, put on the baseline by their class."""
    item = ink.item_of_point()
    low, high = ink.corners()
    extents = [_extent(str(c)) for c in ink.labels]
    top, bottom = np.array(extents).T
    height = (high - low)[:, 1]
    rises = bottom > 0  # quotes and dashes hang where a letter's part would be
    sinks = np.where(bottom < 0, -bottom / (top - bottom), 0.0) * height
    floor = np.where(rises, -bottom * 700, sinks)  # y of the lowest ink; 700 is an x-height
    offset = np.stack([low[:, 0], high[:, 1] - floor], 1)
    return replace(ink, points=((ink.points - offset[item]) * 0.02).astype(np.float32))
