"""JSON lines: one object a page, as page.schema.json describes it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ocr_cli.page import Glyph, Page, Row, Word

SCHEMA = Path(__file__).with_name("page.schema.json")
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def page(page: Page) -> str:
    """The page with its rows, words and glyphs as one line of JSON; boxes in the file's pixels."""
    rows = [_row(row, page) for row in page.rows]
    return page_line(page, rows, language=page.language, text=page.text)


def page_line(page: Page, rows: list[dict[str, Any]], **more: Any) -> str:
    """A page's line: its head, and its rows."""
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
    glyphs = [_entry(glyph, page) for glyph in word.glyphs]
    other = [
        {"text": text, "confidence": round(float(confidence), 4)}
        for text, confidence in word.alternatives
    ]
    return _entry(word, page) | {"alternatives": other, "glyphs": glyphs}


def _entry(part: Row | Word | Glyph, page: Page) -> dict[str, Any]:
    return {
        "text": part.text,
        "confidence": round(float(part.confidence), 4),
        "box": page.box_in_file(part.box),
    }
