"""A row that is drawn anew: from a box around it to its text."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ocr_cli import layout, recognition
from ocr_cli.input import Picture, load_page
from ocr_cli.page import Page
from ocr_cli.recognition import Reader
from ocr_cli.review import pages
from ocr_cli.review.document import SavedRow

TEXTS = ("the quick brown fox", "a lazy dog again")


@pytest.fixture(scope="module")
def reader() -> Reader:
    return recognition.load_reader("default", "en")


@pytest.fixture(scope="module")
def page(handwriting: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Page:
    path = tmp_path_factory.mktemp("drawn") / "page.png"
    handwriting(*TEXTS).save(path)
    return load_page(Picture(str(path)))


@pytest.fixture(scope="module")
def ink(page: Page) -> list[tuple[float, float, float, float]]:
    """The box x1, y1, x2, y2 of each row's ink."""
    found = []
    for row in layout.with_ink(layout.analyse(page)).rows:
        glyphs = [glyph.box for word in row.words for glyph in word.glyphs]
        ends = min(g.x1 for g in glyphs), min(g.y1 for g in glyphs)
        found.append((*ends, max(g.x2 for g in glyphs), max(g.y2 for g in glyphs)))
    return found


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("room", [0, 15, 40])
@pytest.mark.parametrize("tall", [0, 12, 24])
def test_a_box_close_to_the_ink_is_read_to_its_ends(
    page: Page, ink: list[Any], reader: Reader, number: int, room: int, tall: int
) -> None:
    x1, y1, x2, y2 = ink[number]
    drawn = x1 - room, y1 - tall, x2 + room, y2 + tall
    row = pages.read_box(page, drawn, "n1", reader)
    assert row.text == TEXTS[number]
    assert row.points[0][0] < drawn[0]
    assert row.points[-1][0] > drawn[2]


def test_corners_may_be_given_in_any_order_and_off_the_page(
    page: Page, ink: list[Any], reader: Reader
) -> None:
    x1, y1, x2, y2 = ink[0]
    drawn = pages.read_box(page, (x2 + 1e6, y2 + 8, x1 - 1e6, y1 - 8), "n1", reader)
    assert drawn.text == TEXTS[0]


def test_nothing_is_read_where_nothing_is_written(
    page: Page, ink: list[Any], reader: Reader
) -> None:
    blank = Page(np.ones_like(page.grey), page.source)
    row = pages.read_box(blank, ink[0], "n1", reader)
    assert row.id == "n1"
    assert row.text == ""


@pytest.mark.parametrize("box", [(10, 10, 12, 60), (10, 10, 90, 13), (-50, 10, -10, 60)])
def test_a_box_too_small_is_told(page: Page, reader: Reader, box: Any) -> None:
    with pytest.raises(ValueError, match="at least four pixels"):
        pages.read_box(page, box, "n1", reader)


def test_rows_are_read_anew_where_they_are_and_keep_their_ids(page: Page, reader: Reader) -> None:
    read = recognition.read_page(layout.analyse(page), reader)
    rows = [pages.saved_row(row, f"r{k}") for k, row in enumerate(read.rows)]
    empty = [SavedRow(row.id, row.points, row.spread, row.slant) for row in rows]
    again = pages.read_anew(page, empty, reader)
    assert [row.id for row in again] == ["r0", "r1"]
    assert [row.text for row in again] == list(TEXTS)
    assert pages.read_anew(page, [], reader) == []
