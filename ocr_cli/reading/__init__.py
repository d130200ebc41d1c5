"""From analysed pages to text: a reader holds the models, `read_page` fills in the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ocr_cli import weights
from ocr_cli.page import Page, Row
from ocr_cli.reading import confidence, letters, lines
from ocr_cli.reading.confidence import calibrated
from ocr_cli.reading.search import Language
from ocr_cli.weights import Model

__all__ = ["Reader", "load_language", "load_reader", "read_page"]

CAPITAL = 0.7  # a row with so many capitals and figures among its letters is in block capitals
APART = 0.8  # pieces of ink to a letter, from which on letters stand apart


@dataclass(frozen=True)
class Reader:
    """What reading takes: a model of letters, one of lines, or both; and of language, or none."""

    letters: Model | None
    lines: Model | None = None
    language: Language | None = None


def load_reader(model: str = "default", language: str = "en") -> Reader:
    """The reader of that name or file, with the language "en", "none" or a file's.

    "default" reads with letters and lines both, whichever suits a row. ModelError where a
    model cannot be had.
    """
    known = load_language(language)
    if model == "default":
        both = weights.load_model("letters"), lines.load_line_model("lines")
        return Reader(*both, known)
    if weights.kind_of(weights.model_path(model)) == lines.KIND:
        return Reader(None, lines.load_line_model(model), known)
    return Reader(weights.load_model(model), None, known)


def load_language(name: str) -> Language | None:
    """The language model "en" (the shipped one), "none", or of a file."""
    if name == "none":
        return None
    from ocr_cli.reading import language

    return language.load(weights.model_path("english") if name == "en" else Path(name))


def read_page(page: Page, reader: Reader) -> Page:
    """The analysed page with the text and confidence of every glyph, word and row filled in."""
    of_letters, of_lines = reader.letters, reader.lines
    if of_lines is not None:
        read = _by_lines(page, of_lines, reader.language)
        return read if of_letters is None else _again(page, read, of_letters, reader.language)
    if of_letters is not None:
        return _by_letters(page, of_letters, reader.language)
    raise ValueError("a reader needs a model of letters or of lines")


def _by_letters(page: Page, model: Model, language: Language | None) -> Page:
    read = letters.read_letters(page, model, language)
    return replace(read, rows=tuple(calibrated(row, confidence.LETTERS) for row in read.rows))


def _by_lines(page: Page, model: Model, language: Language | None) -> Page:
    read = lines.read_rows(page, model, language)
    return replace(read, rows=tuple(calibrated(row, confidence.LINES) for row in read.rows))


def _again(page: Page, read: Page, model: Model, language: Language | None) -> Page:
    """The page as the line model read it, with rows in block capitals read letter by letter."""
    pairs = zip(page.rows, read.rows, strict=True)
    block = [i for i, (found, row) in enumerate(pairs) if in_block_capitals(found, row)]
    again = replace(page, rows=tuple(page.rows[i] for i in block))
    again = _by_letters(again, model, language)
    return replace(read, rows=_with(read.rows, block, again.rows))


def _with(rows: Sequence[Row], at: Sequence[int], others: Sequence[Row]) -> tuple[Row, ...]:
    """The rows, with `others` in the places `at`."""
    merged = dict(enumerate(rows)) | dict(zip(at, others, strict=True))
    return tuple(merged.values())


def in_block_capitals(found: Row, read: Row) -> bool:
    """Whether a row, as the line model read it, is in capitals and figures that stand apart.

    The line model was trained on words as people write them and knows these rows less well;
    cutting letters out is what block capitals are made for.
    """
    signs = [c for c in read.text if c.isalnum()]
    pieces = sum(len(word.glyphs) for word in found.words)
    capital = sum(c.isupper() or c.isdigit() for c in signs)
    apart = pieces >= APART * len(read.text.replace(" ", ""))
    return bool(signs) and capital >= CAPITAL * len(signs) and apart
