"""From analysed pages to text: a reader holds the models, `read_page` fills in the text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ocr_cli.page import Page
from ocr_cli.reading import letters
from ocr_cli.reading.search import Language
from ocr_cli.weights import Model, load_model, model_path

__all__ = ["Reader", "load_reader", "read_page"]


@dataclass(frozen=True)
class Reader:
    """What reading takes: a classifier of single letters, and a language model or none."""

    letters: Model
    language: Language | None = None


def load_reader(model: str = "default", language: str = "en") -> Reader:
    """The reader of that name or file, with the language "en", "none" or a file's.

    ModelError where one of them cannot be had.
    """
    return Reader(load_model(model), load_language(language))


def load_language(name: str) -> Language | None:
    """The language model "en" (the shipped one), "none", or of a file."""
    if name == "none":
        return None
    from ocr_cli.reading import language

    return language.load(model_path("english") if name == "en" else Path(name))


def read_page(page: Page, reader: Reader) -> Page:
    """The analysed page with the text and confidence of every glyph, word and row filled in."""
    return letters.read_letters(page, reader.letters, reader.language)
