"""Blank, constant, inverted, tiny and noisy pictures through every step: no crash, no warning."""

import numpy as np
import pytest

from ocr_cli import layout
from ocr_cli.layout.rows import find_rows
from ocr_cli.output.overlay import draw_overlay
from ocr_cli.page import Page

pytestmark = pytest.mark.filterwarnings("error")


def noise(*shape):
    return np.random.default_rng(0).random(shape)


EMPTY = {
    "one white pixel": np.ones((1, 1)),
    "one black pixel": np.zeros((1, 1)),
    "blank": np.ones((60, 80)),
    "constant grey": np.full((60, 80), 0.4),
    "all ink": np.zeros((60, 80)),
    "a row of pixels": noise(1, 50),
    "a column of pixels": noise(50, 1),
    "a gentle shadow": np.linspace(0.3, 1, 200 * 300).reshape(200, 300),
    "faint grain": 0.8 + 0.01 * noise(200, 300),
}
ODD = {
    "two by two": noise(2, 2),
    "three by three": np.eye(3),
    "noise": noise(40, 60),
    "coarse noise": np.kron(noise(20, 30) > 0.5, np.ones((9, 9))),
    "half black": np.repeat([[0.0, 1.0]], 50, 0).repeat(40, 1),
    "one dot": 1 - np.pad(np.ones((4, 4)), 40),
    "one bar": 1 - np.pad(np.ones((4, 90)), 40),
    "a frame": np.pad(np.ones((90, 120)), 5),
    "long and thin": 1 - np.pad(np.ones((3, 900)), 4),
    "many specks": (noise(160, 160) > 0.02).astype(float),
}


def check_sane(page):
    height, width = page.grey.shape
    assert page.ink.shape == page.grey.shape
    assert page.ink.dtype == bool
    assert page.stroke_width >= 0
    for glyph in page.letters:
        y1, x1, y2, x2 = glyph.box
        assert 0 <= y1 < y2 <= height
        assert 0 <= x1 < x2 <= width
        assert glyph.ink.shape == (y2 - y1, x2 - x1)
        assert (glyph.ink <= page.ink[y1:y2, x1:x2]).all()
    for row in page.rows:
        assert row.words
        assert row.x_height >= 1
        assert np.isfinite([row.baseline, row.slope, row.slant, row.x_height]).all()
        assert all(word.glyphs for word in row.words)
    in_rows = sum(len(word.glyphs) for row in page.rows for word in row.words)
    assert in_rows == len(page.letters)
    crops = layout.letter_crops(page.letters, page.stroke_width)
    assert crops.shape == (len(page.letters), 32, 32)
    assert crops.dtype == np.float32
    assert draw_overlay(page).size == page.file_shape[::-1]


@pytest.mark.parametrize("name", EMPTY)
def test_nothing_is_read_where_nothing_is(name):
    grey = EMPTY[name].astype(np.float32)
    page = layout.analyse(Page(grey, file_shape=grey.shape))
    check_sane(page)
    assert page.letters == page.rows == ()


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("name", ODD)
def test_odd_pictures_come_out_sane(name, turned):
    grey = ODD[name].astype(np.float32)
    grey = 1 - grey if turned else grey
    check_sane(layout.analyse(Page(grey, file_shape=grey.shape)))


def test_each_step_says_which_step_is_missing():
    bare = Page(np.ones((9, 9), np.float32))
    for step in (layout.straighten, layout.find_letters):
        with pytest.raises(ValueError, match="call find_ink first"):
            step(bare)
    assert find_rows(bare).rows == ()


def test_no_letters_no_crops():
    assert layout.letter_crops([], 0.0).shape == (0, 32, 32)
