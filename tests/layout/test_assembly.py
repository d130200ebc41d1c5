"""Courses and pieces of ink to rows: whose a piece is, and whose it is not."""

from dataclasses import replace

import numpy as np
import pytest

from ocr_cli.layout.assembly import bare_row, ink_near, with_rows
from ocr_cli.page import Box, Course, Glyph, Page

COURSE = Course(np.array([[200.0, 100.0], [400.0, 100.0]]), 10.0)  # small letters: 84 to 116
SHAPE = (200, 600)


def page_with(*boxes: Box) -> Page:
    """A page whose letters are bars, each of which fills its box."""
    ink = np.zeros(SHAPE, bool)
    for y1, x1, y2, x2 in boxes:
        ink[y1:y2, x1:x2] = True
    letters = tuple(Glyph(box, np.ones((box.height, box.width), bool)) for box in boxes)
    return Page(1 - ink.astype(np.float32), ink=ink, stroke_width=4.0, letters=letters)


INSIDE = Box(84, 240, 116, 250)


@pytest.mark.parametrize(
    ("piece", "is_its"),
    [
        (Box(84, 300, 116, 310), True),
        (Box(84, 130, 116, 150), True),  # a first letter that the finder missed
        (Box(84, 440, 116, 450), True),
        (Box(84, 80, 116, 100), False),  # too far out
        (Box(98, 130, 102, 150), False),  # out there, and no letter: a dash, a rule
        (Box(20, 130, 190, 150), False),  # an edge of the paper
        (Box(98, 185, 102, 195), True),  # a dash at the row's start
        (Box(20, 300, 40, 310), False),
    ],
)
def test_whose_a_piece_is(piece: Box, is_its: bool) -> None:
    page = with_rows(page_with(INSIDE, piece), [COURSE])
    found = [glyph.box for word in page.rows[0].words for glyph in word.glyphs]
    assert found == (sorted([INSIDE, piece], key=lambda box: box.x1) if is_its else [INSIDE])
    assert sorted(glyph.box for glyph in page.letters) == sorted(found)


def test_a_letter_at_a_rows_end_is_not_cut_through() -> None:
    page = page_with(INSIDE, Box(84, 160, 116, 185))
    assert (ink_near(page, [COURSE]).ink == page.ink).all()


def test_a_rows_box_is_as_high_as_its_ink_and_as_wide_as_its_course() -> None:
    bare, (row,) = bare_row(COURSE, SHAPE), with_rows(page_with(INSIDE), [COURSE]).rows
    assert (row.box.y1, row.box.y2) == (INSIDE.y1, INSIDE.y2)
    assert (row.box.x1, row.box.x2) == (bare.box.x1, bare.box.x2)
    assert bare.box.height > row.box.height


def test_one_slash_does_not_make_its_row_lean() -> None:
    other = Course(COURSE.points + np.array([0, 60]), 10.0)
    page = page_with(*(Box(84, x, 116, x + 10) for x in range(220, 400, 20)))
    slash = Glyph(Box(144, 240, 176, 272), np.fliplr(np.eye(32, dtype=bool)))
    alone, together = replace(page, letters=(slash,)), (*page.letters, slash)
    assert with_rows(alone, [other]).rows[0].slant > 0.5
    rows = with_rows(replace(page, letters=together), [COURSE, other]).rows
    assert [abs(row.slant) < 0.2 for row in rows] == [True, True]
