"""Tells pages scanned through the back, or taken by a mirror: turned, they read better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr_cli.modelfiles.weights import Model
from ocr_cli.nn import ctc
from ocr_cli.page import Page, Row
from ocr_cli.recognition import lines

LEGIBLE = 0.75  # of a page as it is, or as sure: hardly a mirrored one is so legible and sure,
CLEAR = 0.86  # and none is so legible, however sure its words are
ENOUGH = 15  # letters, below which a page does not tell,
LETTERS = 0.8  # and their share of what is read in the mirror: of figures some read as well there
CLEARER = 0.08  # by so much more legible is it the other way round
SAMPLE = 2  # rows by which that is told, the longest,
WIDE = 400  # and columns of their strips


def reads_backwards(page: Page, read: Page, model: Model) -> bool:
    """Whether a page's rows are more legible to a line model from right to left.

    page : with its rows; read : the same with its text.
    """
    rows = [row for row in read.rows if row.course is not None]
    usual = [min(row.legibility, row.confidence) for row in rows]
    letters = sum(c.isalpha() for row in read.rows for c in row.text)
    if letters < ENOUGH or not usual or np.median(usual) >= LEGIBLE:
        return False
    if np.median([row.legibility for row in rows]) >= CLEAR:
        return False
    longest = sorted(page.rows, key=_length)[-SAMPLE:]
    some = replace(page, rows=tuple(longest))
    strips = [strip.image[:, :WIDE] for strip in lines.strips_of(some)]
    turned = [np.ascontiguousarray(strip[:, ::-1]) for strip in strips]
    scores = lines.sorted_scores([*strips, *turned], model)  # all at once takes less
    here, other = scores[: len(strips)], scores[len(strips) :]
    clearer = _legibility(other) > _legibility(here) + CLEARER
    return clearer and share_of_letters(other, model.classes) >= LETTERS


def _legibility(scores: Sequence[NDArray[np.float32]]) -> float:
    return float(np.mean([lines.legibility(one) for one in scores]))


def share_of_letters(scores: Sequence[NDArray[np.float32]], classes: Sequence[str]) -> float:
    """The share of letters among the letters and figures that a network reads."""
    signs = [c for one in scores for k in ctc.greedy(one) if (c := classes[k]).isalnum()]
    return sum(c.isalpha() for c in signs) / max(1, len(signs))


def _length(row: Row) -> float:
    return 0.0 if row.course is None else row.course.length
