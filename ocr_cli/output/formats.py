"""The formats by name: a new one is one new file and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocr_cli.output import jsonl, text, tsv

if TYPE_CHECKING:
    from ocr_cli.page import Page


@dataclass(frozen=True)
class Format:
    """How pages are written: `header`, then page after page, with `between` in between."""

    page: Callable[[Page], str]
    header: str = ""
    between: str = ""


READ = {
    "text": Format(text.page_text, between="\n"),
    "jsonl": Format(jsonl.page_line),
    "tsv": Format(tsv.page_words, header=tsv.header(tsv.WORD_COLUMNS)),
}
EXTRACT = {
    "tsv": Format(tsv.page_letters, header=tsv.header(tsv.LETTER_COLUMNS)),
    "json": Format(jsonl.page_letters),
}
