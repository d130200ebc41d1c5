"""What is no writing goes before a page is read: shades, dots, holes, boxes, ticks, back pages."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ocr_cli.layout import grids, marks, shade
from ocr_cli.layout.assembly import bare_row
from ocr_cli.layout.layers import front
from ocr_cli.layout.ticks import is_tick
from ocr_cli.page import Course, Row

Grey = NDArray[np.float32]
SPREAD = 8.0
ROWS = (60, 130, 200)  # y of the middles


def courses() -> list[Course]:
    return [Course(np.array([[40.0, y], [460.0, y]]), SPREAD) for y in ROWS]


def letters(pen: ImageDraw.ImageDraw, tone: int = 20, ys: tuple[int, ...] = ROWS) -> None:
    """Rows of Hs and Os, three pixels thick."""
    for y in ys:
        for k, x in enumerate(range(50, 450, 40)):
            if k % 2:
                pen.ellipse([x, y - 13, x + 24, y + 13], outline=tone, width=3)
            else:
                pen.line([x, y - 13, x, y + 13], fill=tone, width=3)
                pen.line([x + 20, y - 13, x + 20, y + 13], fill=tone, width=3)
                pen.line([x, y, x + 20, y], fill=tone, width=3)


def sheet() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (500, 260), 240)
    return image, ImageDraw.Draw(image)


def grey_of(image: Image.Image) -> Grey:
    return np.asarray(image, np.float32) / np.float32(255)


@pytest.fixture
def written() -> Grey:
    image, pen = sheet()
    letters(pen)
    return grey_of(image)


def cleared(image: Image.Image) -> Grey:
    grey = grey_of(image)
    seen = marks.marked(grey, courses())
    assert seen is not None
    return marks.without_marks(grey, courses(), seen)


def test_plain_writing_stays_as_it_is(written: Grey) -> None:
    seen = marks.marked(written, courses())
    assert seen is not None
    assert shade.evenly_lit(written, courses()) is written
    assert marks.without_marks(written, courses(), seen) is written
    assert front(written, courses(), seen) is written
    assert grids.without_grids(written, courses(), seen)[0] is written


@pytest.mark.parametrize("light", [0.3, 0.45, 0.6])
@pytest.mark.parametrize("left", [60, 120, 160])
def test_the_shadow_of_a_hand_goes(written: Grey, light: float, left: int) -> None:
    shadow = np.ones_like(written)
    for k in range(4):
        shadow[90:, left + 60 * k : left + 60 * k + 40] = light
    lit = shade.evenly_lit(written * shadow, courses())
    assert np.abs(lit - written).mean() < 0.02
    assert (lit < 0.5).sum() == pytest.approx((written < 0.5).sum(), rel=0.1)


@pytest.mark.parametrize("tone", [0.45, 0.6, 0.7])
def test_a_marker_s_stripe_goes(written: Grey, tone: float) -> None:
    stripe = np.ones_like(written)
    stripe[ROWS[0] - 20 : ROWS[0] + 20, 30:470] = tone
    assert np.abs(shade.evenly_lit(written * stripe, courses()) - written).mean() < 0.02


def test_light_that_falls_off_slowly_is_left_alone(written: Grey) -> None:
    dim = written * np.linspace(1, 0.4, written.shape[1], dtype=np.float32)
    assert shade.evenly_lit(dim, courses()) is dim


@pytest.mark.parametrize("pitch", [9, 14, 23])
@pytest.mark.parametrize("tone", [30, 110])
def test_dotted_leaders_and_dot_grids_go(written: Grey, pitch: int, tone: int) -> None:
    image, pen = sheet()
    for y in [y + 21 for y in ROWS]:
        for x in range(30, 480, pitch):
            pen.ellipse([x, y, x + 2, y + 2], fill=tone)
    letters(pen)
    assert np.abs(cleared(image) - written).max() < 0.1


def test_three_dots_stay() -> None:
    image, pen = sheet()
    letters(pen)
    for x in (452, 460, 468):
        pen.ellipse([x, ROWS[0] + 10, x + 3, ROWS[0] + 13], fill=20)
    assert np.array_equal(cleared(image), grey_of(image))


@pytest.mark.parametrize("radius", [10, 14, 22])
def test_punched_holes_go(written: Grey, radius: int) -> None:
    image, pen = sheet()
    letters(pen)
    for y in (96, 166):
        pen.ellipse([480 - 2 * radius, y - radius, 480, y + radius], fill=10)
    out = cleared(image)
    assert (out[80:200, 480 - 2 * radius : 481] > 0.8).mean() > 0.85


@pytest.mark.parametrize(("side", "thick"), [(20, 2), (26, 3), (34, 2)])
def test_empty_boxes_go(written: Grey, side: int, thick: int) -> None:
    image, pen = sheet()
    letters(pen)
    for y in ROWS:
        pen.rectangle([36 - side, y - side // 2, 36, y + side // 2], outline=20, width=thick)
    assert np.abs(cleared(image) - written).max() < 0.1


@pytest.mark.parametrize(
    ("path", "tick"),
    [
        ([(2, 14), (9, 24), (25, 2)], True),
        ([(2, 16), (8, 26), (30, 1)], True),
        ([(2, 2), (13, 25), (25, 2)], False),  # V
        ([(2, 2), (2, 25), (20, 25)], False),  # L
        ([(24, 2), (24, 20), (14, 26), (4, 20)], False),  # J
    ],
)
def test_ticks_are_told_from_letters(path: list[tuple[int, int]], tick: bool) -> None:
    image = Image.new("1", (33, 28))
    ImageDraw.Draw(image).line(path, fill=1, width=3)
    mask = np.asarray(image)
    y, x = np.nonzero(mask)
    assert is_tick(mask[y.min() : y.max() + 1, x.min() : x.max() + 1]) == tick


def test_a_page_that_shows_through_goes_and_a_row_of_pencil_stays() -> None:
    image, pen = sheet()
    for y in ROWS[:2]:
        for x in range(30, 470, 34):
            pen.line([x, y - 16, x + 30, y + 14], fill=170, width=4)
            pen.ellipse([x - 4, y - 12, x + 20, y + 12], outline=170, width=4)
    letters(pen, ys=ROWS[:2])
    letters(pen, tone=165, ys=ROWS[2:])
    grey = grey_of(image)
    seen = marks.marked(grey, courses())
    assert seen is not None
    out = front(grey, courses(), seen)
    back = (np.abs(grey - 170 / 255) < 0.02)[: ROWS[1] + 30]
    assert (out[: ROWS[1] + 30][back] > 0.85).mean() > 0.6
    assert np.array_equal(out[ROWS[2] - 15 :], grey[ROWS[2] - 15 :])
    assert ((out < 0.2) == (grey < 0.2)).all()


def comb(cells: int, side: int, letter: int = 24) -> Image.Image:
    """A row of boxes, letters in all but the fourth."""
    image, pen = sheet()
    left, top = 30, 100
    for k in range(cells + 1):
        pen.line([left + k * side, top, left + k * side, top + side], fill=20, width=2)
    for y in (top, top + side):
        pen.line([left, y, left + cells * side, y], fill=20, width=2)
    for k in range(cells):
        if k != 3:
            x, y = left + k * side + side // 2, top + side // 2
            pen.line([x - 8, y + 11, x, y - 11], fill=20, width=3)
            pen.line([x, y - 11, x + 8, y + 11], fill=20, width=3)
            pen.line([x - 4, y + 4, x + 4, y + 4], fill=20, width=3)
    return image


@pytest.mark.parametrize(("cells", "side"), [(8, 36), (10, 40), (6, 46)])
def test_the_lines_of_a_comb_go_and_its_letters_stay(cells: int, side: int) -> None:
    grey = grey_of(comb(cells, side))
    found = [Course(np.array([[30.0, 100 + side / 2], [30.0 + cells * side, 100 + side / 2]]), 7.5)]
    seen = marks.marked(grey, found)
    assert seen is not None
    out, others, bands = grids.without_grids(grey, found, seen)
    assert others == []
    (band,) = bands
    assert len(band.cells) == cells
    assert (out[:, 30 : 30 + cells * side] < 0.4).sum(1)[102].sum() == 0
    ink = out[110 : 100 + side - 8] < 0.4
    columns = [ink[:, int(a) + 4 : int(b) - 3].any() for a, b in band.cells]
    assert columns == [k != 3 for k in range(cells)]
    assert grids.with_cells([bare_row(band.course, grey.shape)], bands)[0].cells == band.cells


def test_squared_paper_is_no_grid_of_letters(written: Grey) -> None:
    image, pen = sheet()
    for x in range(10, 500, 28):
        pen.line([x, 0, x, 259], fill=120)
    for y in range(10, 260, 28):
        pen.line([0, y, 499, y], fill=120)
    letters(pen)
    grey = grey_of(image)
    seen = marks.marked(grey, courses())
    assert seen is not None
    assert grids.without_grids(grey, courses(), seen)[2] == []


def test_rows_know_no_cells_without_grids() -> None:
    row: Row = bare_row(courses()[0], (260, 500))
    assert row.cells == ()


def test_motion_blur_is_no_page_that_shows_through() -> None:
    image, pen = sheet()
    letters(pen)
    sharp = grey_of(image)
    moved = np.mean([np.roll(sharp, k, 0) for k in range(-4, 5)], 0, dtype=np.float32)
    seen = marks.marked(moved, courses())
    assert seen is not None
    assert front(moved, courses(), seen) is moved
