"""The heart: a picture is loaded, its rows are located, and they are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ocr_cli import input as images
from ocr_cli import layout, recognition
from ocr_cli.input import Picture
from ocr_cli.layout.quantiles import median
from ocr_cli.page import Page
from ocr_cli.recognition import Reader

SMALL = 3.6  # spread in pixels, below which writing is looked at in a larger page, if there is one
WANTED = 5.0  # spread that it has there
LARGEST = 8192  # pixels of the long side


def read_picture(
    picture: Picture,
    reader: Callable[[], Reader],
    keep_doubtful: bool = False,
    alternatives: bool = False,
) -> Page:
    """The page of a picture with its text; without rows that nobody should trust, unless kept.

    reader : asked for once the rows are located, so that its models may load meanwhile.
    alternatives : whether doubtful words get those.
    """
    found = load_and_locate(picture)
    page = recognition.read_page(found, reader(), alternatives)
    way = recognition.other_way(found, page, reader())
    if way is not None:
        again = layout.mirrored(found) if way == "mirrored" else layout.quarter_turned(found, 2)
        found = layout.locate(again, upright=way != "mirrored")
        page = recognition.read_page(found, reader(), alternatives)
    return page if keep_doubtful else recognition.without_doubtful(page)


def load_and_locate(picture: Picture) -> Page:
    """The page of a picture with its rows, at a size that suits its writing.

    InputError where it cannot be read.
    """
    page = layout.locate(images.load_page(picture))
    longest = _wanted_size(page)
    if longest is None:
        return page
    return layout.locate(images.load_page(replace(picture, longest=longest)))


def _wanted_size(page: Page) -> int | None:
    """The long side of a page at which small writing is legible; None where this one will do."""
    spreads = [row.course.spread for row in page.rows if row.course is not None]
    longest = max(page.grey.shape)
    if not spreads or max(page.file_shape) <= 1.2 * longest:
        return None
    usual = float(median(spreads))
    return None if usual >= SMALL else min(LARGEST, round(longest * WANTED / usual))
