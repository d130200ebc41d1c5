"""Tilt is found to within half a degree, undone, and remembered in to_file."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_cli import layout
from ocr_cli.layout.tilt import find_tilt, rotate
from ocr_cli.page import Box, Page

TEXT = ("HELLO THE TENTH", "NOT TO LET", "THE OTTEN HOLE")


@settings(max_examples=8)
@given(st.floats(-14.5, 14.5))
def test_the_tilt_of_text_is_found_within_half_a_degree(block, degrees):
    page = layout.find_ink(block(*TEXT, tilt=degrees))
    assert find_tilt(page.ink) == pytest.approx(degrees, abs=0.5)


@pytest.mark.parametrize("slant", [-0.4, 0.6])
def test_slanted_letters_are_not_tilted(block, slant):
    ink = block("HELLO TENTH", "NOT TO LET").grey < 0.5
    sheared = np.zeros((ink.shape[0], ink.shape[1] + ink.shape[0]), bool)
    for y, row in enumerate(ink):
        start = round(ink.shape[0] / 2 + slant * (ink.shape[0] / 2 - y))
        sheared[y, start : start + ink.shape[1]] = row
    assert abs(find_tilt(sheared)) <= 0.5


def test_a_level_page_is_not_touched(block):
    page = layout.find_ink(block("HELLO", "NOTE"))
    assert layout.straighten(page) is page


def test_a_straightened_page_is_level(block):
    page = layout.straighten(layout.find_ink(block("HELLO TENTH", "NOT TO LET", tilt=8)))
    assert abs(find_tilt(page.ink)) <= 0.3
    assert page.letters == page.rows == ()


@given(st.floats(-15, 15), st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_to_file_leads_back_to_where_the_ink_was(degrees, down, across):
    y, x = round(down * 120), round(across * 170)
    ink = np.zeros((120, 170), bool)
    ink[y - 3 : y + 4, x - 3 : x + 4] = True
    page = Page(1 - ink.astype(np.float32), ink=ink, file_shape=ink.shape)
    turned = rotate(page, degrees)
    ys, xs = np.nonzero(turned.ink)
    middle = turned.to_file @ [xs.mean() + 0.5, ys.mean() + 0.5, 1]
    assert middle[:2] == pytest.approx([x + 0.5, y + 0.5], abs=0.6)


def test_boxes_of_a_tilted_page_lie_over_its_letters_in_the_file(block):
    page = block("HELLO TENTH", "NOT TO LET", tilt=6)
    found = layout.analyse(page)
    covered = np.zeros(page.grey.shape, bool)
    for letter in found.letters:
        y1, x1, y2, x2 = found.box_in_file(letter.box)
        covered[y1:y2, x1:x2] = True
    assert isinstance(found.box_in_file(found.letters[0].box), Box)
    assert covered[page.grey < 0.5].all()
