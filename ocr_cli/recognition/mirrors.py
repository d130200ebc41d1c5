"""Pages that are mirrored, or on their heads unseen by the finder: turned, they read better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ocr_cli.modelfiles.weights import Model
from ocr_cli.nn import ctc
from ocr_cli.page import Page, Row
from ocr_cli.recognition import lines

Grey = NDArray[np.float32]
Way = Literal["mirrored", "upside down"]
LEGIBLE = 0.75  # of a page as it is, or as sure: hardly a mirrored one is so legible and sure,
CLEAR = 0.86  # and none is so legible, however sure its words are,
MIXED = 0.15  # unless more of them than this are mixed of letters and figures
ENOUGH = 15  # letters, below which a page does not tell,
LETTERS = 0.8  # and their share of what is read in the mirror: of figures some read as well there
CLEARER = 0.08  # by so much more legible is it the other way round
SAMPLE = 2  # rows by which that is told, the longest,
WIDE = 400  # and columns of their strips


def clearer_way(page: Page, read: Page, model: Model) -> Way | None:
    """The way in which a page's rows are more legible to a line model than as they are.

    page : with its rows; read : the same with its text.
    """
    rows = [row for row in read.rows if row.course is not None]
    usual = [min(row.legibility, row.confidence) for row in rows]
    letters = sum(c.isalpha() for row in read.rows for c in row.text)
    if letters < ENOUGH or not usual:
        return None
    legible = np.median(usual) >= LEGIBLE or np.median([row.legibility for row in rows]) >= CLEAR
    if legible and share_of_mixed(read) < MIXED:
        return None
    longest = sorted(page.rows, key=_length)[-SAMPLE:]
    strips = [strip.image for strip in lines.strips_of(replace(page, rows=tuple(longest)))]
    ways: tuple[Way | None, ...] = None, "mirrored", "upside down"
    turned = [_turned(strip, way) for way in ways for strip in strips]
    scores = lines.sorted_scores(turned, model)  # all at once takes less
    best, found = -1.0, None
    for k, way in enumerate(ways):
        seen = scores[k * len(strips) : (k + 1) * len(strips)]
        legibility = _legibility(seen) + CLEARER * (way is None)
        if legibility > best and (way is None or share_of_letters(seen, model.classes) >= LETTERS):
            best, found = legibility, way
    return found


def share_of_mixed(read: Page) -> float:
    """The share of a page's words that hold letters and figures, as capitals do in a mirror."""
    words = [word for row in read.rows for word in row.text.split()]
    mixed = [any(map(str.isdigit, word)) and any(map(str.isalpha, word)) for word in words]
    return sum(mixed) / max(1, len(words))


def _turned(strip: Grey, way: Way | None) -> Grey:
    """The beginning of a strip (48, W) as it is, in the mirror, or of one on its head."""
    if way == "upside down":
        strip = strip[::-1, ::-1]
    part = strip[:, :WIDE]
    return np.ascontiguousarray(part[:, ::-1] if way == "mirrored" else part)


def _legibility(scores: Sequence[NDArray[np.float32]]) -> float:
    return float(np.mean([lines.legibility(one) for one in scores]))


def share_of_letters(scores: Sequence[NDArray[np.float32]], classes: Sequence[str]) -> float:
    """The share of letters among the letters and figures that a network reads."""
    signs = [c for one in scores for k in ctc.greedy(one) if (c := classes[k]).isalnum()]
    return sum(c.isalpha() for c in signs) / max(1, len(signs))


def _length(row: Row) -> float:
    return 0.0 if row.course is None else row.course.length
