"""Tesseract's table of twelve columns, level by level: page, block, paragraph, line, word.

https://tesseract-ocr.github.io/tessdoc/Command-Line-Usage.html#tsv; all rows are one block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocr_cli.errors import shown
from ocr_cli.page import Box, union

if TYPE_CHECKING:
    from ocr_cli.page import Page

COLUMNS = (
    *("level", "page_num", "block_num", "par_num", "line_num", "word_num"),
    *("left", "top", "width", "height", "conf", "text"),
)
HEADER = "\t".join(COLUMNS) + "\n"


def page(page: Page) -> str:
    """A line for the page, its block and paragraph, each row and each word.

    left, top, width and height are in the file's pixels; conf is 0 to 100, -1 for all but words.
    """
    height, width = page.file_shape
    lines = [_line(1, page, 0, 0, Box(0, 0, height, width))]
    if page.rows:
        whole = page.box_in_file(union([row.box for row in page.rows]))
        lines += [_line(level, page, 0, 0, whole) for level in (2, 3)]
    for number, row in enumerate(page.rows, 1):
        lines.append(_line(4, page, number, 0, page.box_in_file(row.box)))
        lines += [
            _line(5, page, number, place, page.box_in_file(word.box), word.confidence, word.text)
            for place, word in enumerate(row.words, 1)
        ]
    return "".join(lines)


def _line(
    level: int,
    page: Page,
    row: int,
    word: int,
    box: Box,
    confidence: float | None = None,
    text: str = "",
) -> str:
    block, paragraph = int(level >= 2), int(level >= 3)
    rated = "-1" if confidence is None else f"{100 * confidence:.6f}"
    place = box.x1, box.y1, box.width, box.height
    cells = level, page.number, block, paragraph, row, word, *place, rated, shown(text)
    return "\t".join(map(str, cells)) + "\n"
