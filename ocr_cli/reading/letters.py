"""Reads a page letter by letter: one glyph, one character, the most probable one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr_cli import layout
from ocr_cli.page import Glyph, Page, Row, Word
from ocr_cli.weights import Model


def read_letters(page: Page, model: Model) -> Page:
    """The page with every glyph classified by itself; words and rows join their glyphs' text.

    A word's confidence is the geometric mean of its glyphs', a row's that of its words.
    """
    glyphs = [glyph for row in page.rows for word in row.words for glyph in word.glyphs]
    crops = layout.letter_crops(glyphs, page.stroke_width)
    probabilities = model.probabilities(crops)
    read = iter(
        replace(glyph, text=model.classes[p.argmax()], confidence=float(p.max()))
        for glyph, p in zip(glyphs, probabilities, strict=True)
    )
    return replace(page, rows=tuple(_filled_row(row, read) for row in page.rows))


def _filled_row(row: Row, read: Iterator[Glyph]) -> Row:
    words = tuple(_filled_word(word, read) for word in row.words)
    text = " ".join(word.text for word in words)
    return replace(
        row, words=words, text=text, confidence=geometric_mean([w.confidence for w in words])
    )


def _filled_word(word: Word, read: Iterator[Glyph]) -> Word:
    glyphs = tuple(next(read) for _ in word.glyphs)
    return replace(
        word,
        glyphs=glyphs,
        text="".join(glyph.text for glyph in glyphs),
        confidence=geometric_mean([glyph.confidence for glyph in glyphs]),
    )


def geometric_mean(values: list[float] | NDArray[np.float32]) -> float:
    """The geometric mean of numbers from 0 to 1; 0 where there are none."""
    if len(values) == 0:
        return 0.0
    return float(np.exp(np.log(np.maximum(values, 1e-12)).mean()))
