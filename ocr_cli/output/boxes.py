"""Letters' boxes as JSON lines: `ocr extract -f json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocr_cli.output.jsonl import page_line

if TYPE_CHECKING:
    from ocr_cli.page import Page


def page(page: Page) -> str:
    """The page with the boxes of its letters, row by row, as one line of JSON."""
    rows = [
        {
            "box": page.box_in_file(row.box),
            "words": [
                {
                    "box": page.box_in_file(word.box),
                    "glyphs": [{"box": page.box_in_file(glyph.box)} for glyph in word.glyphs],
                }
                for word in row.words
            ],
        }
        for row in page.rows
    ]
    return page_line(page, rows)
