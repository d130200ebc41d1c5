"""Letters: what belongs together is joined, what does not stays apart, specks go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_cli import layout
from ocr_cli.layout.letters import find_slant, groups_of, ink_distance
from ocr_cli.page import Box, Glyph, Page


def found(page):
    return layout.find_letters(layout.find_ink(page)).letters


def with_marks(page, *boxes):
    """The page with black rectangles (y1, x1, y2, x2) added."""
    grey = page.grey.copy()
    for y1, x1, y2, x2 in boxes:
        grey[y1:y2, x1:x2] = 0.1
    return Page(grey, file_shape=grey.shape)


def test_every_letter_once_with_its_own_ink(block):
    page = layout.find_letters(layout.find_ink(block("HELLO", "TENT")))
    assert len(page.letters) == 9
    assert sum(g.ink.sum() for g in page.letters) == page.ink.sum()
    assert {g.box.height for g in page.letters} <= {41, 42, 43}


def test_the_dot_of_an_i_is_joined_and_a_full_stop_is_not(block):
    letters = found(block("HiT.", "NiL."))
    assert len(letters) == 8
    assert sorted(g.box.height for g in letters)[:2] == pytest.approx([6, 6], abs=1)


def test_two_bars_make_an_equals_sign_two_dots_a_colon(block):
    page = block("HE TO  ", "LO NE  ")
    y, x = 13 * 6, (10 + 7 * 5) * 6 + 30
    equals = with_marks(page, (y + 12, x + 60, y + 18, x + 90), (y + 24, x + 60, y + 30, x + 90))
    colon = with_marks(page, (y + 12, x + 60, y + 18, x + 66), (y + 34, x + 60, y + 40, x + 66))
    assert len(found(equals)) == len(found(colon)) == len(found(page)) + 1


def test_a_bar_that_broke_off_a_t_is_joined(block):
    page = block("HETO", "LONE")
    grey = page.grey.copy()
    y, x = (13 + 1) * 6, (10 + 14) * 6
    grey[y : y + 3, x : x + 30] = 0.9  # just under the bar of the T
    broken = Page(grey, file_shape=grey.shape)
    assert len(found(broken)) == len(found(page)) == 8


def test_specks_are_dropped(block):
    page = block("HELLO", "TENT")
    marks = [(5, 10 + 40 * k, 7, 12 + 40 * k) for k in range(6)]
    assert len(found(with_marks(page, *marks))) == 9


@settings(max_examples=8)
@given(st.integers(0, 40), st.integers(0, 40))
def test_moving_the_ink_moves_the_boxes(block, down, right):
    page = layout.find_ink(block("HiLO.", "TENT"))
    moved = Page(
        np.pad(page.grey, ((down, 0), (right, 0)), constant_values=1),
        ink=np.pad(page.ink, ((down, 0), (right, 0))),
        stroke_width=page.stroke_width,
    )
    here, there = (layout.find_rows(layout.find_letters(p)) for p in (page, moved))
    shift = np.array([down, right, down, right])
    assert [tuple(np.add(g.box, shift)) for g in here.letters] == [g.box for g in there.letters]
    words = [[[tuple(w.box) for w in r.words] for r in p.rows] for p in (here, there)]
    assert [[tuple(np.add(w, shift)) for w in r] for r in words[0]] == words[1]
    for a, b in zip(here.rows, there.rows, strict=True):
        assert a.x_height == pytest.approx(b.x_height)
        assert a.slope == pytest.approx(b.slope)
        assert a.baseline + down == pytest.approx(b.baseline + b.slope * right)


@pytest.mark.parametrize("slant", [-0.3, 0.0, 0.5, 0.8])
def test_slant_is_found(slant):
    y = np.tile(np.arange(-30, 31), 20)
    owner = np.repeat(np.arange(20), 61)
    assert find_slant(y, np.rint(-slant * y), owner) == pytest.approx(slant, abs=0.1)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_groups_are_the_connected_ones(links):
    from scipy.sparse.csgraph import connected_components

    linked = np.zeros((10, 10), bool)
    for a, b in links:
        linked[a, b] = linked[b, a] = True
    groups = groups_of(linked)
    _, label = connected_components(linked, directed=False)
    assert sorted(i for group in groups for i in group) == list(range(10))
    assert len(groups) == label.max() + 1
    assert all(len(set(label[group])) == 1 for group in groups)


def test_ink_distance_is_between_the_ink_not_the_boxes():
    frame = np.pad(np.zeros((20, 20), bool), 1, constant_values=True)
    a = Glyph(Box(0, 0, 22, 22), frame)
    b = Glyph(Box(9, 9, 11, 11), np.ones((2, 2), bool))
    assert ink_distance(a, b, 30) == pytest.approx(9, abs=1)
    assert ink_distance(a, b, 5) == np.inf
