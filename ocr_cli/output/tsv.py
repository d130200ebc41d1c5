"""Tab-separated values: one line a word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ocr_cli.errors import shown

if TYPE_CHECKING:
    from ocr_cli.page import Page

WORD_COLUMNS = ("source", "page", "row", "word", "y1", "x1", "y2", "x2", "confidence", "text")
LETTER_COLUMNS = ("source", "page", "row", "word", "letter", "y1", "x1", "y2", "x2")
ESCAPES = str.maketrans({"\\": r"\\"})


def page_words(page: Page) -> str:
    """A line for each word: numbers count from 1, boxes are in the file's pixels."""
    return "".join(
        line(
            *(page.source, page.frame + 1, row_number, number),
            *page.box_in_file(word.box),
            *(f"{word.confidence:.4f}", word.text),
        )
        for row_number, row in enumerate(page.rows, 1)
        for number, word in enumerate(row.words, 1)
    )


def page_letters(page: Page) -> str:
    """A line for each letter, in reading order: numbers count from 1, boxes as in `page_words`."""
    return "".join(
        line(
            *(page.source, page.frame + 1, row_number, word_number, number),
            *page.box_in_file(glyph.box),
        )
        for row_number, row in enumerate(page.rows, 1)
        for word_number, word in enumerate(row.words, 1)
        for number, glyph in enumerate(word.glyphs, 1)
    )


def header(columns: Iterable[str]) -> str:
    """The first line of a table."""
    return line(*columns)


def line(*cells: object) -> str:
    r"""One line of cells, in which tab, line break and backslash stand as \t, \n, \r and \\.

    Other control characters, which could steer a terminal, stand as \x1b.
    """
    return "\t".join(shown(str(cell).translate(ESCAPES)) for cell in cells) + "\n"
