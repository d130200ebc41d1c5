"""JSON lines: one object a page, as page.schema.json describes it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ocr_cli.page import Glyph, Page, Row, Word

_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def page_line(page: Page) -> str:
    """The page with its rows, words and glyphs as one line of JSON; boxes in the file's pixels."""
    return _line(page, [_row(row, page) for row in page.rows], text=page.text)


def page_letters(page: Page) -> str:
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
    return _line(page, rows)


def _line(page: Page, rows: list[dict[str, Any]], **more: Any) -> str:
    height, width = page.file_shape
    head = {"source": page.source, "frame": page.frame, "width": width, "height": height}
    return dumps({**head, **more, "rows": rows}) + "\n"


def dumps(value: Any) -> str:
    r"""`value` as JSON on one line, readable but for what no UTF-8 or no terminal can take.

    A file name that is no UTF-8 has its bytes as \udc80 to \udcff, as Python's os.fsdecode.
    """
    text = json.dumps(value, ensure_ascii=False)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _row(row: Row, page: Page) -> dict[str, Any]:
    return _entry(row, page) | {"words": [_word(word, page) for word in row.words]}


def _word(word: Word, page: Page) -> dict[str, Any]:
    return _entry(word, page) | {"glyphs": [_entry(glyph, page) for glyph in word.glyphs]}


def _entry(part: Row | Word | Glyph, page: Page) -> dict[str, Any]:
    return {
        "text": part.text,
        "confidence": round(float(part.confidence), 4),
        "box": page.box_in_file(part.box),
    }
