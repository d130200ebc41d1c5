"""Decisions of the page analysis, each by a drawing that goes the other way where it is changed."""

import numpy as np
import pytest
from PIL import Image

from ocr_cli import layout
from ocr_cli.layout.assembly import with_rows
from ocr_cli.layout.chains import Chain
from ocr_cli.layout.faint import without_faint
from ocr_cli.layout.ink import dark_on_light, find_ink
from ocr_cli.layout.letters import find_letters, measure_glyphs
from ocr_cli.layout.rows import find_lines, make_rows
from ocr_cli.page import Box, Course, Glyph, Page


def block(y: int, x: int, height: int = 20, width: int = 10) -> Glyph:
    return Glyph(Box(y, x, y + height, x + width), np.ones((height, width), bool))


def page_of(grey: np.ndarray) -> Page:
    return Page(np.asarray(grey, np.float32), file_shape=grey.shape)


@pytest.mark.parametrize("degrees", [0.0, 3.0, -7.0])
def test_the_edge_of_a_sheet_on_a_dark_table_is_no_ink(block, degrees: float) -> None:
    """All of it lies within the picture, where its light falls by more than half."""
    sheet = Image.fromarray((255 * block("HELLO THE", "TENTH HOLE").grey).astype(np.uint8))
    table = Image.new("L", (sheet.width + 300, sheet.height + 300), 70)
    table.paste(sheet, (150, 150))
    writing = Image.new("L", table.size, 0)
    writing.paste(sheet.point(lambda v: 255 * (v < 120)), (150, 150))
    how = Image.Resampling.BILINEAR
    table, writing = (
        one.rotate(degrees, how, fillcolor=shade) for one, shade in ((table, 70), (writing, 0))
    )
    found = find_ink(page_of(np.asarray(table) / 255)).ink
    letters = np.asarray(writing) > 127
    assert (found & letters).sum() > 0.9 * letters.sum()
    assert (found & ~letters).sum() < 0.06 * letters.sum()


@pytest.mark.parametrize(("light", "dark", "turned"), [(60, 20, True), (20, 60, False)])
def test_a_page_is_turned_dark_on_light_by_most_of_its_thin_marks(
    light: int, dark: int, turned: bool
) -> None:
    """Even on middle grey, and where there are some marks of the other kind."""
    grey = np.full((300, 400), 0.5)
    for number in range(light + dark):
        y, x = 20 + 20 * (number // 10), 20 + 36 * (number % 10)
        grey[y : y + 8, x : x + 3] = 0.9 if number < light else 0.1
    page = page_of(grey)
    assert (dark_on_light(page) is not page) == turned


def test_a_dot_goes_to_the_i_below_it() -> None:
    grey = np.full((120, 300), 0.95)
    for x in (40, 90, 140, 190):
        grey[50:90, x : x + 5] = 0.1
    grey[36:42, 90:96] = 0.1
    letters = find_letters(find_ink(page_of(grey))).letters
    assert len(letters) == 4
    assert max(letter.box.height for letter in letters) == pytest.approx(54, abs=2)


def lines_with(*extra: Glyph) -> list[int]:
    """How many pieces each line has: ten letters, and more pieces with a crest of their own."""
    glyphs = [block(100, 30 * k) for k in range(10)] + list(extra)
    crests = [np.array([[y, 0.0], [y, 300.0]]) for y in (110.0, extra[0].box.y1 + 2.0)]
    return sorted(len(line) for line in find_lines(measure_glyphs(glyphs, 0.0), crests, 20.0))


def test_dots_over_a_line_are_no_line() -> None:
    dots = [block(84, 30 * k + 3, 4, 4) for k in (1, 4, 8)]
    assert lines_with(*dots) == [13]


def test_a_second_line_stays_one() -> None:
    assert lines_with(*(block(150, 30 * k) for k in range(10))) == [10, 10]
    assert lines_with(*(block(150, 30 * k) for k in range(3))) == [3, 10]  # a short last one


@pytest.mark.parametrize(
    ("heights", "x_height"),
    [
        ((30,) * 8, 20.4),  # capitals alone: a small letter has 0.68 of their height
        ((20, 30, 20, 20, 30, 20, 20, 20), 20),
    ],
)
def test_how_high_small_letters_are(heights: tuple[int, ...], x_height: float) -> None:
    (row,) = make_rows([[block(120 - h, 15 * k, h) for k, h in enumerate(heights)]], 0.0)
    assert row.x_height == pytest.approx(x_height, abs=1.0)


@pytest.mark.parametrize(("away", "is_its"), [(-36, True), (-48, False), (48, False)])
def test_how_far_from_its_middle_a_piece_is_of_a_row(away: int, is_its: bool) -> None:
    """Dots up to 4.5 spreads, about one and a half small letters."""
    letters = (block(84, 240, 32), block(100 + away - 4, 300, 8, 8))
    ink = np.zeros((200, 600), bool)
    page = Page(np.ones(ink.shape, np.float32), ink=ink, stroke_width=4.0, letters=letters)
    course = Course(np.array([[200.0, 100.0], [400.0, 100.0]]), 10.0)
    (row,) = with_rows(page, [course]).rows
    assert sum(len(word.glyphs) for word in row.words) == 1 + is_its


@pytest.mark.parametrize(("pale", "rows"), [(0.24, 3), (0.15, 2)])
def test_how_pale_a_row_may_be(pale: float, rows: int) -> None:
    """A row with less than 0.3 of the usual contrast shows through from the back."""
    contrast = np.full((40, 100), 0.02, np.float32)
    contrast[5] = contrast[15] = 0.6
    contrast[30] = pale
    x = np.arange(5, 95) + 0.5
    chains = [Chain(x, np.full(90, y + 0.5), 1.2, 0.9) for y in (5, 15, 30)]
    assert len(without_faint(chains, contrast)) == rows


@pytest.mark.parametrize(("strength", "rows"), [(0.66, 2), (0.85, 3)])
def test_a_weak_row_far_larger_than_the_others_is_a_table_s_grain(
    strength: float, rows: int
) -> None:
    contrast = np.full((60, 100), 0.5, np.float32)
    x = np.arange(5, 95) + 0.5
    chains = [Chain(x, np.full(90, y + 0.5), 1.5, 0.8) for y in (5, 15)]
    large = Chain(x, np.full(90, 40.5), 4.6, strength)
    assert len(without_faint([*chains, large], contrast)) == rows


def test_strokes_of_every_pen_become_of_one_width(block) -> None:
    """So that thin and thick writing look alike to a letter model."""
    dark = []
    for pen in (3, 12):
        page = layout.find_letters(layout.find_ink(block("H H", pen=pen)))
        crop = layout.letter_crops(page.letters[:1], page.stroke_width / 2)
        dark.append((1 - crop).sum())
    assert dark[0] == pytest.approx(dark[1], rel=0.1)
