"""Rows of close capitals, rows in two sizes, rows of tables; what rings and a page's edge hide."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ocr_cli import layout
from ocr_cli.layout import crowded, marks, rings, sizes, tables
from ocr_cli.layout.courses import Pyramid, frame_of, grey_strip
from ocr_cli.layout.ticks import is_arrow
from ocr_cli.page import Course

Grey = NDArray[np.float32]


def sheet(width: int = 700, height: int = 300) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (width, height), 240)
    return image, ImageDraw.Draw(image)


def grey_of(image: Image.Image) -> Grey:
    return np.asarray(image, np.float32) / np.float32(255)


def capitals(pen: ImageDraw.ImageDraw, x: int, y: int, height: int, count: int) -> None:
    """Es, Hs and Os whose tops are at y."""
    wide = round(0.6 * height)
    for k in range(count):
        left = x + round(k * 1.1 * height)
        bars = (0, 1, 2) if k % 3 == 0 else (1,)
        if k % 3 == 2:
            pen.ellipse([left, y, left + wide, y + height], outline=20, width=3)
            continue
        for side in (left, left + wide) if k % 3 == 1 else (left,):
            pen.line([side, y, side, y + height], fill=20, width=3)
        for bar in bars:
            at = y + bar * height // 2
            pen.line([left, at, left + wide, at], fill=20, width=3)


def level(y: float, spread: float, x1: float = 40, x2: float = 600) -> Course:
    return Course(np.array([[x1, y], [x2, y]]), spread)


def seen_of(image: Image.Image, courses: list[Course]) -> marks.Marked:
    seen = marks.marked(grey_of(image), courses)
    assert seen is not None
    return seen


@pytest.mark.parametrize("rows", [2, 3, 5])
@pytest.mark.parametrize("pitch", [44, 48])
@pytest.mark.parametrize("fall", [0.0, 0.02])
def test_rows_of_close_capitals_are_told_though_the_finder_saw_but_one(
    rows: int, pitch: int, fall: float
) -> None:
    image, pen = sheet(700, 100 + 60 * rows)
    for k in range(rows):
        capitals(pen, 50, 40 + k * pitch, 40, 12 - k)
    if fall:
        angle = -float(np.degrees(np.arctan(fall)))
        image = image.rotate(angle, Image.Resampling.BILINEAR, fillcolor=240)
    first = level(60, 11)
    found = crowded.with_crowded_rows([first], seen_of(image, [first]))
    assert len(found) == rows
    for k, course in enumerate(found):
        middle = 60 + k * pitch + fall * (course.points[:, 0] - 350)
        assert np.abs(course.points[:, 1] - middle).max() < 10 + 4 * (fall > 0)
        assert course.reach == pytest.approx(pitch / 2, rel=0.2)


def test_rows_that_stand_well_apart_are_left_as_they_are() -> None:
    image, pen = sheet()
    courses = [level(60 + 100 * k, 11) for k in range(2)]
    for k in range(2):
        capitals(pen, 50, 40 + 100 * k, 40, 12)
    kept = crowded.with_crowded_rows(courses, seen_of(image, courses))
    assert all(a is b for a, b in zip(kept, courses, strict=True))


def test_beyond_a_course_s_reach_there_is_paper() -> None:
    image, pen = sheet()
    for k in range(3):
        capitals(pen, 50, 40 + 44 * k, 40, 12)
    course = Course(level(104, 11).points, 11, reach=22.0)
    alone, crowd = (grey_strip(Pyramid(grey_of(image)), c).image for c in (course, level(104, 11)))
    assert (alone[:14] < 0.2).all()
    assert (alone[34:] < 0.2).all()
    assert (crowd[:14] > 0.5).any()
    assert np.abs(alone[18:30] - crowd[18:30]).max() < 0.3


def test_a_printed_label_and_what_is_filled_in_are_read_each_at_its_size() -> None:
    image, pen = sheet()
    capitals(pen, 50, 108, 20, 5)
    capitals(pen, 250, 80, 50, 6)
    found = sizes.in_sizes(Pyramid(grey_of(image)), level(110, 13))
    label, entry = found.parts
    assert label.points[-1, 0] < 250 < entry.points[0, 0] + 40
    assert entry.spread > 1.4 * label.spread
    assert label.points[:, 1].mean() == pytest.approx(118, abs=4)
    strip = grey_strip(Pyramid(grey_of(image)), found)
    x, y = strip.to_page(np.array([20.0, strip.image.shape[1] - 60.0]), np.array([24.0, 24.0]))
    assert x[0] < 120
    assert x[1] > 300
    assert strip.column(x, y) == pytest.approx([20, strip.image.shape[1] - 60], abs=2)


def test_a_row_in_one_size_is_in_one_part() -> None:
    image, pen = sheet()
    capitals(pen, 50, 80, 50, 3)
    capitals(pen, 330, 80, 50, 4)
    assert sizes.in_sizes(Pyramid(grey_of(image)), level(105, 13)).parts == ()


@pytest.mark.parametrize("tone", [40, 150])
def test_what_stands_in_one_row_of_a_table_is_one_row(tone: int) -> None:
    image, pen = sheet(700, 360)
    for k in range(4):
        pen.line([20, 20 + 100 * k, 680, 20 + 100 * k], fill=tone, width=2)
        pen.line([20 + 220 * k, 20, 20 + 220 * k, 320], fill=tone, width=2)
    cells = []
    for row in range(3):
        for column in range(3):
            capitals(pen, 50 + 220 * column, 50 + 100 * row, 40, 3)
            x = 50.0 + 220 * column
            cells.append(level(70 + 100 * row, 11, x, x + 130))
    rows = tables.with_table_rows(cells, seen_of(image, cells))
    assert [round(row.points[:, 1].mean()) for row in rows] == [70, 170, 270]
    assert all(np.ptp(row.points[:, 0]) > 500 for row in rows)


def test_cells_with_several_rows_are_read_one_after_the_other() -> None:
    image, pen = sheet(700, 420)
    for k in range(3):
        pen.line([20, 20 + 180 * k, 680, 20 + 180 * k], fill=40, width=2)
        pen.line([20 + 330 * k, 20, 20 + 330 * k, 380], fill=40, width=2)
    cells = []
    for x in (50, 380):
        for y in (50, 120, 230, 300):
            capitals(pen, x, y, 36, 5)
            cells.append(level(y + 18, 10, x, x + 200))
    kept = tables.with_table_rows(cells, seen_of(image, cells))
    assert all(a is b for a, b in zip(kept, cells, strict=True))


@pytest.mark.parametrize("touch", [False, True])
@pytest.mark.parametrize(("wide", "high"), [(130, 45), (160, 60)])
def test_a_ring_around_a_word_goes_and_the_word_stays(touch: bool, wide: int, high: int) -> None:
    image, pen = sheet()
    capitals(pen, 100, 100, 40, 5)
    capitals(pen, 420, 100, 40, 5)
    plain = grey_of(image)
    middle = 100 + round(2.5 * 44) + (28 if touch else 0)
    box = [middle - wide, 120 - high, middle + wide, 120 + high]
    pen.ellipse(box, outline=60, width=3)
    grey = grey_of(image)
    courses = [level(120, 11)]
    out = rings.without_rings(grey, seen_of(image, courses))
    ring = (grey < 0.5) & (plain > 0.5)
    assert (out[ring] > 0.8).mean() > 0.9
    assert (out[plain < 0.5] < 0.6).mean() > 0.9


def test_an_o_is_no_ring() -> None:
    image, pen = sheet()
    pen.ellipse([100, 60, 200, 180], outline=20, width=4)
    capitals(pen, 260, 100, 40, 6)
    grey = grey_of(image)
    assert rings.without_rings(grey, seen_of(image, [level(120, 11)])) is grey


@pytest.mark.parametrize(
    ("paths", "arrow"),
    [
        ([[(2, 14), (44, 14)], [(34, 4), (44, 14), (34, 24)]], True),
        ([[(2, 14), (30, 14)], [(20, 6), (30, 14), (20, 22)]], True),
        ([[(2, 2), (2, 30)], [(2, 2), (20, 2)], [(2, 16), (16, 16)]], False),  # F
        ([[(2, 2), (24, 2)], [(13, 2), (13, 30)]], False),  # T
        ([[(2, 14), (44, 14)]], False),  # a dash
        ([[(2, 2), (30, 15), (2, 28)]], False),  # >
    ],
)
def test_arrows_are_told_from_letters(paths: list[list[tuple[int, int]]], arrow: bool) -> None:
    image = Image.new("1", (50, 34))
    for path in paths:
        ImageDraw.Draw(image).line(path, fill=1, width=3)
    mask = np.asarray(image)
    y, x = np.nonzero(mask)
    assert is_arrow(mask[y.min() : y.max() + 1, x.min() : x.max() + 1]) == arrow


def test_beyond_the_page_paper_goes_on_where_its_edge_cuts_ink() -> None:
    image, pen = sheet(300, 120)
    capitals(pen, 0, 40, 40, 6)
    course = level(60, 11, 2, 280)
    strip = grey_strip(Pyramid(grey_of(image)), course).image
    frame = frame_of(course)
    outside = frame.centres[:, 0] < -3
    assert outside.any()
    assert (strip[:, outside] < 0.3).all()


def test_no_row_of_large_capitals_is_cut_in_two() -> None:
    image, pen = sheet(700, 420)
    for k in range(3):
        capitals(pen, 50, 40 + 130 * k, 80, 3 + k)
    courses = [level(80 + 130 * k, 20, 50, 300) for k in range(3)]
    kept = crowded.with_crowded_rows(courses, seen_of(image, courses))
    assert all(a is b for a, b in zip(kept, courses, strict=True))


@pytest.mark.parametrize(("y", "kept"), [(4, False), (30, True), (497, False)])
def test_a_row_that_the_picture_s_edge_cuts_through_is_not_read(y: float, kept: bool) -> None:
    rows = [level(y, 6), *(level(at, 10) for at in (120, 220, 320, 420))]
    assert len(layout._without_cut(rows, 500)) == 4 + kept
    assert layout._without_cut(rows[:2], 500) == rows[:2]  # of two rows none is the usual one
