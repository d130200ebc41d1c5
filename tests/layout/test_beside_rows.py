"""What is drawn beside rows goes, and what is a row's stays: labels, faces, codes, holes, gaps."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ocr_cli.layout import drawn, dry, labels, lost, marks, panels
from ocr_cli.layout.grids import is_squared
from ocr_cli.layout.shade import has_edges
from ocr_cli.page import Course

Grey = NDArray[np.float32]
Pen = ImageDraw.ImageDraw
YS = (80, 180, 280)
SPREAD = 11.0


def sheet(width: int = 800, height: int = 360) -> tuple[Image.Image, Pen]:
    image = Image.new("L", (width, height), 240)
    return image, ImageDraw.Draw(image)


def grey_of(image: Image.Image) -> Grey:
    return np.asarray(image, np.float32) / np.float32(255)


def letters(pen: Pen, x: int, y: int, height: int, count: int, tone: int = 20) -> None:
    """Hs and Os about a middle y."""
    top, foot, wide = y - height // 2, y + height // 2, round(0.6 * height)
    for k in range(count):
        left = x + round(k * 0.95 * height)
        if k % 2:
            pen.ellipse([left, top, left + wide, foot], outline=tone, width=3)
            continue
        for side in (left, left + wide):
            pen.line([side, top, side, foot], tone, 3)
        pen.line([left, y, left + wide, y], tone, 3)


def rows(pen: Pen, x: int = 150) -> list[Course]:
    for y in YS:
        letters(pen, x, y, 44, 10)
    return courses(x, x + 420)


def courses(first: float, last: float) -> list[Course]:
    return [Course(np.array([[first, y], [last, y]], float), SPREAD) for y in YS]


def seen_of(image: Image.Image, found: list[Course]) -> marks.Marked:
    seen = marks.marked(grey_of(image), found)
    assert seen is not None
    return seen


@pytest.mark.parametrize("gap", [40, 110])
@pytest.mark.parametrize("missed", [False, True])
def test_a_form_s_rows_begin_with_labels(gap: int, missed: bool) -> None:
    """The finder may see a row from its entry on."""
    image, pen = sheet()
    for y in YS:
        letters(pen, 40, y + 8, 18, 4)
        letters(pen, 110 + gap, y, 44, 8)
    found = courses(100 + gap if missed else 36, 450 + gap)
    for course in labels.with_labels(found, seen_of(image, found)):
        label, entry = course.parts
        assert label.points[:, 0].min() < 64
        assert label.points[:, 0].max() < 110 + gap
        assert entry.points[:, 0].min() > 95
        assert entry.spread > 1.7 * label.spread


@pytest.mark.parametrize("labelled", [1, 0])
def test_one_small_word_makes_no_form(labelled: int) -> None:
    image, pen = sheet()
    for k, y in enumerate(YS):
        letters(pen, 40, y, 18 if k < labelled else 44, 2)
        letters(pen, 200, y, 44, 8)
    found = courses(36, 550)
    kept = labels.with_labels(found, seen_of(image, found))
    assert all(a is b for a, b in zip(kept, found, strict=True))


@pytest.mark.parametrize("radius", [30, 44, 60])
def test_faces_go(radius: int) -> None:
    image, pen = sheet()
    found = rows(pen)
    plain = grey_of(image)
    x, y, r = 690, 180, radius
    pen.ellipse([x - r, y - r, x + r, y + r], None, 20, 4)
    for side in (-0.35, 0.35):
        pen.ellipse([x + side * r - 4, y - 0.4 * r, x + side * r + 4, y - 0.2 * r], 20)
    pen.arc([x - 0.5 * r, y - 0.4 * r, x + 0.5 * r, y + 0.6 * r], 20, 160, 20, 4)
    assert (
        np.abs(drawn.without_drawn(grey_of(image), found, seen_of(image, found)) - plain).max()
        < 0.1
    )


def test_a_ringed_letter_is_no_face() -> None:
    image, pen = sheet()
    found = rows(pen)
    pen.ellipse([650, 140, 730, 220], None, 20, 4)
    letters(pen, 677, 180, 44, 1)
    assert not drawn.faces(seen_of(image, found)).any()


@pytest.mark.parametrize("cell", [5, 8])
@pytest.mark.parametrize("seed", [0, 1])
def test_square_codes_go_and_rows_stay(cell: int, seed: int) -> None:
    image, pen = sheet(900)
    found = rows(pen)
    plain = grey_of(image)
    code = np.random.default_rng(seed).random((25, 25)) < 0.5
    block = Image.fromarray(np.where(code, 15, 240).astype(np.uint8)).resize((25 * cell,) * 2, 0)
    image.paste(block, (640, 40))
    out = drawn.without_drawn(grey_of(image), found, seen_of(image, found))
    assert (out[:, 640:] > 0.8).mean() > 0.98
    assert np.array_equal(out[:, :580], plain[:, :580])


@pytest.mark.parametrize("size", [(20, 12), (16, 16), (30, 22)])
def test_a_spiral_s_holes_go(size: tuple[int, int]) -> None:
    image, pen = sheet()
    found = rows(pen)
    plain = grey_of(image)
    for y in range(8, 350, 40):
        pen.rectangle([30, y, 30 + size[0], y + size[1]], fill=15)
    out = drawn.without_drawn(grey_of(image), found, seen_of(image, found))
    assert np.abs(out - plain).max() < 0.1


@pytest.mark.parametrize("square", [False, True])
def test_dots_before_the_rows_of_a_list_go_and_one_stays(square: bool) -> None:
    for many in (True, False):
        image, pen = sheet()
        found = rows(pen)
        plain = grey_of(image)
        for y in YS if many else YS[:1]:
            (pen.rectangle if square else pen.ellipse)([100, y - 6, 112, y + 6], fill=20)
        out = drawn.without_drawn(grey_of(image), found, seen_of(image, found))
        assert (np.abs(out - plain).max() < 0.1) == many


@pytest.mark.parametrize("there", [2, 4])
def test_clear_letters_in_line_are_a_row_though_the_finder_saw_none(there: int) -> None:
    image, pen = sheet()
    rows(pen)
    for y in YS[1:2]:
        pen.rectangle([0, y - 40, 800, y + 40], fill=240)
        letters(pen, 200, y, 44, there)
    found = [course for k, course in enumerate(courses(150, 570)) if k != 1]
    more = lost.with_lost_rows(found, seen_of(image, found))
    assert [round(course.points[:, 1].mean() / 10) for course in more] == [8, 18, 28]
    assert more[1].spread == pytest.approx(SPREAD, rel=0.25)


def test_a_drawing_is_no_lost_row() -> None:
    image, pen = sheet(800, 600)
    rows(pen)
    for k in range(12):
        pen.line([200 + 30 * k, 420, 190 + 34 * k, 560], 20, 3)
        pen.line([180, 420 + 11 * k, 240, 425 + 11 * k], 20, 3)
    letters(pen, 620, 480, 44, 2)
    found = courses(150, 570)
    assert len(lost.with_lost_rows(found, seen_of(image, found))) == 3


@pytest.mark.parametrize("gaps", [0, 2, 4])
def test_the_gaps_of_a_dry_pen_are_told_and_bridged(gaps: int) -> None:
    image, pen = sheet()
    found = rows(pen)
    plain = grey_of(image)
    y, x = np.nonzero(plain < 0.5)
    rng = np.random.default_rng(0)
    for k in rng.choice(len(y), gaps * len(y) // 200, replace=False):
        pen.ellipse([x[k] - 2, y[k] - 2, x[k] + 2, y[k] + 2], fill=240)
    grey, seen = grey_of(image), seen_of(image, found)
    out = dry.with_bridged_gaps(grey, found, seen)
    assert (out is not grey) == dry.is_dry(found, seen) == (gaps > 0)
    if gaps:
        assert (out[plain < 0.5] < 0.5).mean() > 0.95 > (grey[plain < 0.5] < 0.5).mean()


def test_specks_around_whole_strokes_are_no_dry_pen() -> None:
    image, pen = sheet()
    found = rows(pen)
    rng = np.random.default_rng(0)
    for x, y in rng.uniform((150, 60), (570, 300), (300, 2)):
        pen.ellipse([x, y, x + 3, y + 3], fill=60)
    assert not dry.is_dry(found, seen_of(image, found))


@pytest.mark.parametrize("pitch", [24, 30, 40])
def test_squared_paper_is_told_by_lines_across_it(pitch: int) -> None:
    image, pen = sheet()
    found = rows(pen)
    assert not is_squared(seen_of(image, found))
    for at in range(5, 800, pitch):
        pen.line([at, 0, at, 360], 100, 2)
        pen.line([0, at, 800, at], 100, 2)
    assert is_squared(seen_of(image, found))


@pytest.mark.parametrize("tone", [20, 70])
def test_light_strokes_on_a_dark_panel_become_dark(tone: int) -> None:
    image, pen = sheet(1200)
    rows(pen, 60)
    light = grey_of(image)[:, :700]
    pen.rectangle([700, 0, 1200, 360], fill=tone)
    letters(pen, 760, 180, 44, 8, tone=220)
    out = panels.with_dark_strokes(grey_of(image))
    assert np.median(out[60:300, 720:1180]) > 0.7
    assert out[165:195, 760:780].min() < 0.4
    assert np.array_equal(out[:, :680], light[:, :680])


def test_a_dark_table_beside_a_sheet_is_left_as_it_is() -> None:
    image, pen = sheet(1200)
    rows(pen, 60)
    pen.rectangle([700, 0, 1200, 360], fill=40)
    grey = grey_of(image)
    grey[:, 700:] += np.random.default_rng(0).normal(0, 0.03, grey[:, 700:].shape)
    assert panels.with_dark_strokes(grey) is grey


@pytest.mark.parametrize(("tone", "shade"), [(12, False), (90, True)])
def test_a_crossword_s_black_cells_are_no_shade(tone: int, shade: bool) -> None:
    image, pen = sheet()
    found = rows(pen)
    for x in range(170, 560, 130):
        pen.rectangle([x, 20, x + 70, 340], fill=tone)
        pen.rectangle([x, 120, x + 70, 130], fill=240)
        pen.rectangle([x, 230, x + 70, 240], fill=240)
    assert has_edges(grey_of(image), found, SPREAD) == shade
