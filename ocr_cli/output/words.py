"""A table of words with the file that each is from: `ocr read -f words`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocr_cli.output.table import line

if TYPE_CHECKING:
    from ocr_cli.page import Page

COLUMNS = ("source", "page", "row", "word", "y1", "x1", "y2", "x2", "confidence", "text")
HEADER = line(*COLUMNS)


def page(page: Page) -> str:
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
