"""Page analysis: ink, rows, letters; each a function that returns a fuller Page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ocr_cli.layout.assembly import near, with_rows
from ocr_cli.layout.courses import Pyramid, placed
from ocr_cli.layout.crops import letter_crops
from ocr_cli.layout.ink import find_ink
from ocr_cli.layout.letters import find_letters
from ocr_cli.layout.rows import find_rows
from ocr_cli.layout.tilt import level, quarter_turned, straighten
from ocr_cli.page import Course, Page

if TYPE_CHECKING:
    from ocr_cli.weights import Model

__all__ = [
    "analyse",
    "find_ink",
    "find_letters",
    "find_rows",
    "letter_crops",
    "place_rows",
    "straighten",
]


def analyse(page: Page) -> Page:
    """All of the page analysis: the page upright, with its rows and the ink that is theirs.

    A network finds the rows, see `layout.finder`; what lies far from them all is no writing.
    """
    from ocr_cli.layout.finder import courses_of, survey

    page = find_ink(page)
    found = survey(page.grey, _finder())
    if found.turn:
        page = quarter_turned(page, found.turn)
        found = survey(page.grey, _finder())
    return _with_ink(*level(page, courses_of(found)))


def place_rows(page: Page, courses: Sequence[Course]) -> Page:
    """The page with a row for each course, in their order, and the ink that belongs to them."""
    return _with_ink(find_ink(page), courses)


def _with_ink(page: Page, guesses: Sequence[Course]) -> Page:
    pyramid = Pyramid(page.grey)
    courses = [placed(pyramid, guess) for guess in guesses]
    return with_rows(find_letters(near(page, courses)), courses)


@lru_cache(maxsize=1)
def _finder() -> Model:
    """The shipped row finder, loaded once in each process."""
    from ocr_cli.layout.finder import load_finder

    return load_finder()
