"""Courses: where a row runs, the strip along it, and the way back."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_cli import layout
from ocr_cli.layout import courses
from ocr_cli.layout.assembly import ink_near, with_rows
from ocr_cli.layout.courses import Course, Pyramid
from ocr_cli.layout.letters import find_letters
from ocr_cli.layout.strips import MARGIN, MIDDLE, SPREAD
from ocr_cli.page import Page


def zigzag(bend: float = 0.0, slope: float = 0.0, gap: int = 18) -> np.ndarray:
    """A page with one row of upright strokes, x-height 28, along y = 100 + slope x + bend x²."""
    grey = np.ones((260, 640), np.float32)
    for x in range(60, 580, gap):
        middle = 100 + slope * (x - 60) + bend * ((x - 320) / 260) ** 2
        grey[int(middle) - 14 : int(middle) + 14, x : x + 4] = 0.1
    return grey


def straight(y: float, spread: float, x1: float = 55, x2: float = 585) -> Course:
    return Course(courses.smoothed(np.array([[x1, y], [x2, y]]), spread), spread)


@pytest.mark.parametrize("off", [-6, 0, 5])
@pytest.mark.parametrize("size", [0.8, 1.0, 1.3])
def test_a_course_is_moved_onto_its_ink_and_takes_its_size(off: float, size: float) -> None:
    true = 7.0  # upright strokes of 28 pixels: the mean distance from their middle is a quarter
    found = courses.placed(Pyramid(zigzag()), straight(100 + off, true * size))
    assert abs(found.points[:, 1].mean() - 100) < 1.5
    assert found.spread == pytest.approx(true, rel=0.12)
    assert abs(found.slant) < 0.1


def test_a_short_row_keeps_the_size_that_it_came_with() -> None:
    grey = np.ones((120, 200), np.float32)
    grey[50:64, 90:93] = 0.1
    grey[64:78, 80:110:6] = 0.1  # another row's ink, right below
    found = courses.placed(Pyramid(grey), straight(57, 4.0, 86, 98))
    assert 3.4 < found.spread < 4.7


def test_the_strip_follows_a_bent_row() -> None:
    bend = 30.0
    x = np.linspace(60, 580, 40)
    middle = 100 + bend * ((x - 320) / 260) ** 2
    bent = Course(courses.smoothed(np.stack([x, middle], 1), 7.0), 7.0)
    strip = courses.grey_strip(Pyramid(zigzag(bend)), bent).image
    rows = np.flatnonzero(strip.max(1) > 0.5)
    assert strip.shape[0] == 48
    assert abs((rows[0] + rows[-1]) / 2 - MIDDLE) < 1.5  # level, all along
    assert rows[-1] - rows[0] < 28 * SPREAD / 7 + 4


def test_light_that_changes_along_the_row_does_not_show() -> None:
    plain = courses.grey_strip(Pyramid(zigzag()), straight(100, 7.0)).image
    light = np.linspace(1.0, 0.5, 640, dtype=np.float32)
    shaded = courses.grey_strip(Pyramid(zigzag() * light), straight(100, 7.0)).image
    ink = plain > 0.8
    assert np.abs(shaded[~ink & (plain < 0.1)]).mean() < 0.05
    assert shaded[ink].min() > 0.4


def test_a_ruled_line_is_no_ink_to_measure_by() -> None:
    dark = np.zeros((48, 300), np.float32)
    dark[30:32] = 1.0
    dark[10:24, 40:280:20] = 1.0
    cleared = courses.without_rules(dark)
    assert cleared[30:32].max() < 0.05
    assert (cleared[10:24, 40:280:20] > 0.9).all()


@given(
    x=st.floats(10, 150),
    y=st.floats(-14, 14),
    slant=st.floats(-0.5, 0.8),
    slope=st.floats(-0.15, 0.15),
)
def test_from_the_strip_to_the_page_and_back(
    x: float, y: float, slant: float, slope: float
) -> None:
    course = Course(np.array([[50.0, 80.0], [450.0, 80.0 + 400 * slope]]), 7.0, slant)
    frame = courses.frame_of(course)
    px, py = frame.to_page(np.array([x]), np.array([y]))
    assert abs(float(frame.column(px, py)[0]) - x) < 0.75


def test_ends_go_out_by_a_letter_but_not_into_the_row_beside() -> None:
    left, right = straight(100, 7.0, 50, 200), straight(100, 7.0, 210, 400)
    below = straight(160, 7.0, 50, 200)
    first, second, third = courses.lengthened(
        Pyramid(np.ones((260, 640), np.float32)), [left, right, below]
    )
    assert first.points[0, 0] == pytest.approx(50 - courses.ENDS * 7)
    assert first.points[-1, 0] == pytest.approx(205)
    assert second.points[0, 0] == pytest.approx(205)
    assert third.points[-1, 0] == pytest.approx(200 + courses.ENDS * 7)


def test_a_row_goes_on_to_its_last_letter_but_not_over_an_upright_line() -> None:
    grey = zigzag(gap=36)
    grey[:, 24:28] = 0.1  # a margin's line
    whole = courses.lengthened(Pyramid(grey), [straight(100, 7.0, 130, 520)])[0]
    assert whole.points[0, 0] == pytest.approx(60 - courses.ENDS * 7, abs=6)
    assert whole.points[-1, 0] == pytest.approx(568 + courses.ENDS * 7, abs=6)


@pytest.mark.parametrize(("x2", "reached"), [(200, 278), (500, 492)])
def test_a_short_row_goes_on_over_a_wide_gap_and_a_long_one_does_not(x2: int, reached: int) -> None:
    """A figure or two beside a word: of few gaps nothing tells what is usual."""
    grey = np.ones((260, 640), np.float32)
    for x in (*range(60, x2, 18), *range(x2 + 38, x2 + 92, 18)):
        grey[86:114, x : x + 4] = 0.1
    (row,) = courses.lengthened(Pyramid(grey), [straight(100, 7.0, 60, x2)])
    assert row.points[-1, 0] == pytest.approx(reached + courses.ENDS * 7, abs=12)


def test_each_piece_goes_to_the_row_that_it_stands_in_and_far_ink_to_none() -> None:
    ink = np.zeros((300, 640), bool)
    for y in (80, 150):
        for x in range(60, 580, 30):
            ink[y - 12 : y + 12, x : x + 6] = True
    ink[250:262, 300:306] = True
    page = Page(np.where(ink, 0.0, 1.0).astype(np.float32), ink=ink, stroke_width=6.0)
    rows = [straight(80, 6.0), straight(150, 6.0)]
    found = with_rows(find_letters(ink_near(page, rows)), rows)
    assert [sum(len(w.glyphs) for w in row.words) for row in found.rows] == [18, 18]
    assert all(row.course is course for row, course in zip(found.rows, rows, strict=True))


def test_a_strip_begins_with_a_margin_of_paper() -> None:
    strip = courses.grey_strip(Pyramid(zigzag()), straight(100, 7.0, 60, 584)).image
    columns = np.flatnonzero(strip.max(0) > 0.5)
    assert abs(columns[0] - MARGIN) <= 1


def test_a_course_of_one_point_is_a_row_of_its_size() -> None:
    assert np.ptp(courses.smoothed(np.array([[5.0, 5.0]]), 3.0)[:, 0]) == pytest.approx(6.0)
    assert replace(straight(0, 1.0)).length == pytest.approx(530, abs=1)


def test_a_dark_sheet_on_a_light_table_is_told_by_its_rows() -> None:
    assert not courses.is_light(Pyramid(zigzag()), straight(100, 7.0))
    assert courses.is_light(Pyramid(1 - zigzag()), straight(100, 7.0))


def test_a_letter_that_fills_the_picture_is_a_row_and_a_blot_is_none() -> None:
    grey = np.ones((300, 260), np.float32)
    grey[60:240, 120:138] = 0.1
    grey[60:78, 60:200] = 0.1  # a T
    assert len(layout.locate(Page(grey)).rows) == 1
    y, x = np.mgrid[:300, :260]
    blot = np.where((y - 150) ** 2 + (x - 130) ** 2 < 80**2, 0.1, 1.0).astype(np.float32)
    assert layout.locate(Page(blot)).rows == ()
