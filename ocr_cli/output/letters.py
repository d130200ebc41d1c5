"""A table of letters' boxes: `ocr extract -f tsv`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocr_cli.output.table import line

if TYPE_CHECKING:
    from ocr_cli.page import Page

COLUMNS = ("source", "page", "row", "word", "letter", "y1", "x1", "y2", "x2")
HEADER = line(*COLUMNS)


def page(page: Page) -> str:
    """A line for each letter, in reading order: numbers count from 1, boxes as in `words`."""
    return "".join(
        line(
            *(page.source, page.frame + 1, row_number, word_number, number),
            *page.box_in_file(glyph.box),
        )
        for row_number, row in enumerate(page.rows, 1)
        for word_number, word in enumerate(row.words, 1)
        for number, glyph in enumerate(word.glyphs, 1)
    )
