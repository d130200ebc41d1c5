"""Page analysis: ink, tilt, letters, rows; each a function that returns a fuller Page."""

from __future__ import annotations

from collections.abc import Sequence

from ocr_cli.layout.assembly import near, with_rows
from ocr_cli.layout.crops import letter_crops
from ocr_cli.layout.ink import find_ink
from ocr_cli.layout.letters import find_letters
from ocr_cli.layout.rows import find_rows
from ocr_cli.layout.tilt import straighten
from ocr_cli.page import Course, Page

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
    """All of the page analysis: the page with ink, letters and rows, its tilt undone."""
    return find_rows(find_letters(straighten(find_ink(page))))


def place_rows(page: Page, courses: Sequence[Course]) -> Page:
    """The page with a row for each course, in their order, and the ink that belongs to them."""
    page = find_ink(page)
    return with_rows(find_letters(near(page, courses)), courses)
