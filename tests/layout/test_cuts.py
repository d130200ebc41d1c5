"""Where wide pieces of ink are taken apart: seams that wind between letters that touch."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_cli.layout.cuts import cut_row, valleys
from ocr_cli.page import Box, Glyph, Row, Word, union

# What a page's stroke width comes to is some three quarters of its strokes' full width.
PEN, WIDTH, X_HEIGHT = 4.0, 5.5, 30.0


def drawn(*lines: list[tuple[int, int]], size: tuple[int, int] = (120, 60)) -> Glyph:
    """A glyph of pen strokes; y = 40 is the baseline and y = 10 the top of small letters."""
    y, x = np.mgrid[: size[1], : size[0]]
    ink = np.zeros(y.shape, bool)
    for (x1, y1), (x2, y2) in (pair for line in lines for pair in pairwise(line)):
        for t in np.linspace(0, 1, 1 + 2 * max(abs(x2 - x1), abs(y2 - y1))):
            ink |= np.hypot(x - x1 - t * (x2 - x1), y - y1 - t * (y2 - y1)) <= WIDTH / 2
    return Glyph(Box(0, 0, size[1], size[0]), ink)


def ring(x: int, y: int, radius: int) -> list[tuple[int, int]]:
    angles = np.linspace(0, 2 * np.pi, 40)
    return [(round(x + radius * np.cos(a)), round(y + radius * np.sin(a))) for a in angles]


def cut(*glyphs: Glyph, slant: float = 0.0) -> list[list[Glyph]]:
    box = glyphs[0].box
    row = Row(box, (Word(box, glyphs),), baseline=40.0, x_height=X_HEIGHT, slant=slant)
    return cut_row(row, PEN)


def put_together(parts: list[Glyph], like: Glyph) -> np.ndarray:
    whole = np.zeros(like.ink.shape, int)
    for part in parts:
        y, x = part.box.y1 - like.box.y1, part.box.x1 - like.box.x1
        whole[y : y + part.box.height, x : x + part.box.width] += part.ink
    return whole


def test_two_rings_joined_by_a_thin_stroke_part_there() -> None:
    glyph = drawn(ring(25, 25, 14), ring(85, 25, 14), [(39, 25), (71, 25)])
    (parts,) = cut(glyph)
    assert 2 <= len(parts) <= 9
    assert parts[0].box.x1 < 12
    assert any(40 <= part.box.x1 <= 71 for part in parts[1:])


def test_no_upright_line_parts_letters_that_overhang_but_a_seam_does() -> None:
    overhanging = [(10, 40), (10, 4), (35, 4)]  # a Γ whose arm reaches over the ring
    glyph = drawn(overhanging, ring(46, 28, 12), [(10, 28), (34, 28)])
    (parts,) = cut(glyph)
    rest = [union([part.box for part in parts[k:]]) for k in range(1, len(parts))]
    # further left than the arm ends, and yet the arm stays with its letter
    assert any(20 < box.x1 < 36 and box.y1 >= 10 for box in rest)


def test_thick_ink_is_not_cut_through() -> None:
    glyph = drawn(ring(40, 25, 12), ring(40, 25, 9), ring(40, 25, 6), ring(40, 25, 3))
    assert cut(glyph) == [[glyph]]


@pytest.mark.parametrize("width", [5, 20])
def test_a_narrow_letter_stays_whole(width: int) -> None:
    glyph = Glyph(Box(0, 0, 30, width), np.ones((30, width), bool))
    assert cut(glyph, slant=0.3) == [[glyph]]


def test_the_bar_of_a_t_that_ends_free_is_no_valley() -> None:
    glyph = drawn([(10, 12), (70, 12)], [(40, 12), (40, 40)])
    assert cut(glyph) == [[glyph]]


def test_each_glyph_of_a_row_is_cut_by_itself() -> None:
    pair = drawn(ring(25, 25, 14), ring(85, 25, 14), [(39, 25), (71, 25)])
    moved = Glyph(Box(0, 300, 60, 420), pair.ink)
    alone = cut(pair)[0]
    both = cut(pair, moved)
    assert [part.box for part in both[0]] == [part.box for part in alone]
    shifted = [Box(b.y1, b.x1 + 300, b.y2, b.x2 + 300) for b in (part.box for part in alone)]
    assert [part.box for part in both[1]] == shifted


points = st.lists(st.tuples(st.integers(4, 115), st.integers(2, 57)), min_size=2, max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(points, min_size=1, max_size=4), st.floats(-0.5, 1.0))
def test_no_ink_is_lost_and_none_comes_twice(lines: list, slant: float) -> None:
    glyph = drawn(*lines)
    (parts,) = cut(glyph, slant=slant)
    np.testing.assert_array_equal(put_together(parts, glyph), glyph.ink)
    assert all(part.ink.any() for part in parts)


def test_a_long_valley_may_be_cut_at_its_ends_too() -> None:
    cost = np.full(100, 20.0)
    cost[:10] = cost[-10:] = 0
    cost[30:70] = PEN
    assert valleys(cost, PEN, X_HEIGHT) == [33, 49, 67]
    cost[42:70] = 20
    assert len(valleys(cost, PEN, X_HEIGHT)) == 1
