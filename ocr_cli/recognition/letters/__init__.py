"""Reads a page letter by letter: rows taken apart, scored, and put together as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import NON_LETTER
from ocr_cli.modelfiles.weights import Model
from ocr_cli.page import Glyph, Page, Row, Word, union
from ocr_cli.recognition.language.interface import Language
from ocr_cli.recognition.letters import lattice as lattices
from ocr_cli.recognition.letters.lattice import Atoms, Lattice
from ocr_cli.recognition.letters.search import LatticeDecoding, Step, best_paths


def lattices_of(page: Page, model: Model) -> list[Lattice]:
    """The lattice of each of the page's rows."""
    return (
        lattices.score_arcs(pieces_of(page, model), model, page.stroke_width) if page.rows else []
    )


def pieces_of(page: Page, model: Model) -> list[Atoms]:
    """The page's rows taken apart, as far as the model can tell what is no letter."""
    if NON_LETTER in model.classes:
        return [lattices.take_apart(row, page.stroke_width) for row in page.rows]
    return [lattices.take_whole(row) for row in page.rows]


def read_rows(
    rows: Sequence[Row],
    found: Sequence[Lattice],
    language: Language | None,
    decoding: LatticeDecoding | None = None,
) -> list[Row]:
    """Each row with the text of the best path through its lattice.

    A word's confidence is the geometric mean of its glyphs', a row's that of its words.
    """
    paths = best_paths(found, language, decoding or LatticeDecoding())
    return [
        filled(row, lattice, path) for row, lattice, path in zip(rows, found, paths, strict=True)
    ]


def filled(row: Row, lattice: Lattice, steps: Sequence[Step]) -> Row:
    """The row with the words and letters of a path through its lattice."""
    words: list[list[Glyph]] = []
    for step in steps:
        scores = lattice.scores[step.edge]
        odds = float(np.exp(scores[step.character] - np.logaddexp.reduce(scores)))
        letter = replace(
            lattice.glyph(step.edge), text=lattice.classes[step.character], confidence=odds
        )
        if step.space_before or not words:
            words.append([])
        words[-1].append(letter)
    return row_of_words(row, words)


def row_of_words(row: Row, words: Sequence[Sequence[Glyph]]) -> Row:
    """The row with the letters of its words, and the text and confidence that these make."""
    read = tuple(_word(glyphs) for glyphs in words)
    text = " ".join(word.text for word in read)
    confidence = geometric_mean([word.confidence for word in read])
    return replace(row, words=read, text=text, confidence=confidence)


def _word(glyphs: Sequence[Glyph]) -> Word:
    return Word(
        union([glyph.box for glyph in glyphs]),
        tuple(glyphs),
        "".join(glyph.text for glyph in glyphs),
        geometric_mean([glyph.confidence for glyph in glyphs]),
    )


def geometric_mean(values: list[float] | NDArray[np.float32]) -> float:
    """The geometric mean of numbers from 0 to 1; 0 where there are none."""
    if len(values) == 0:
        return 0.0
    return float(np.exp(np.log(np.maximum(values, 1e-12)).mean()))
