"""From analysed pages to text: a reader holds the models, `read_page` fills in the text."""

from __future__ import annotations

from dataclasses import dataclass

from ocr_cli.page import Page
from ocr_cli.reading import letters
from ocr_cli.weights import Model, load_model

__all__ = ["Reader", "load_reader", "read_page"]


@dataclass(frozen=True)
class Reader:
    """What reading takes: a classifier of single letters."""

    letters: Model


def load_reader(model: str = "default") -> Reader:
    """The reader of that name or file; ModelError where it cannot be had."""
    return Reader(load_model(model))


def read_page(page: Page, reader: Reader) -> Page:
    """The analysed page with the text and confidence of every glyph, word and row filled in."""
    return letters.read_letters(page, reader.letters)
