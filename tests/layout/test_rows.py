"""Rows, words, baselines and x-heights of pages whose layout is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_cli import layout
from ocr_cli.layout.spacing import letter_gaps, part_words, row_threshold, usual_gaps
from ocr_cli.page import Page

WORDS = st.lists(st.text("HLTEON", min_size=1, max_size=5), min_size=1, max_size=4)


def shape_of(page):
    """How many letters each word of each row has."""
    return [[len(word.glyphs) for word in row.words] for row in page.rows]


@settings(max_examples=15)
@given(st.lists(WORDS, min_size=1, max_size=4))
def test_drawn_words_are_found_row_by_row(block, joined, lines):
    if max(len(word) for line in lines for word in line) < 2:
        lines = [[*line, "THE", "HOLE"] for line in lines]  # a page of lone letters is a table
    page = joined(block(*(" ".join(line) for line in lines)))
    assert shape_of(page) == [[len(word) for word in line] for line in lines]
    for row in page.rows:
        lefts = [glyph.box.x1 for word in row.words for glyph in word.glyphs]
        assert lefts == sorted(lefts)
    tops = [row.box.y1 for row in page.rows]
    assert tops == sorted(tops)


def test_letters_that_stand_alone_are_words_of_their_own(block, joined):
    spaced = block("H   E   T   O", "N   L   E   T")
    assert shape_of(joined(spaced)) == [[1] * 4] * 2


def test_baseline_and_x_height_of_capitals(block):
    page = layout.analyse(block("HELLO THE", "TENTH HOLE"))
    for number, row in enumerate(page.rows):
        assert row.baseline + row.slope * 100 == pytest.approx((20 + 14 * number) * 6, abs=3)
        assert row.x_height == pytest.approx(0.68 * 42, abs=2)
        assert abs(row.slope) < 0.02


def test_rows_of_a_page_that_rises_and_falls_stay_rows(block):
    page = block("HELLO THE HOLE", "TENTH NOTE LO", "THE HOTEL TEN")
    height, width = page.grey.shape
    bend = np.rint(25 * np.sin(np.arange(width) / width * np.pi)).astype(int)
    y = np.clip(np.arange(height)[:, None] + bend, 0, height - 1)
    bent = Page(np.take_along_axis(page.grey, y, 0), file_shape=page.file_shape)
    assert shape_of(layout.analyse(bent)) == [[5, 3, 4], [5, 4, 2], [3, 5, 3]]


def test_a_small_row_beside_a_large_one(block):
    small, large = block("HELLO THE HOLE", pen=4).grey, block("TENT", pen=9).grey
    width = max(small.shape[1], large.shape[1])
    paper = small[0, 0]
    both = [
        np.pad(g, ((0, 0), (0, width - g.shape[1])), constant_values=paper) for g in (large, small)
    ]
    grey = np.vstack(both)
    page = layout.analyse(Page(grey, file_shape=grey.shape))
    assert shape_of(page) == [[4], [5, 3, 4]]
    assert page.rows[0].x_height == pytest.approx(9 / 4 * page.rows[1].x_height, rel=0.1)


def test_full_stops_cling_to_their_word(block):
    page = layout.analyse(block("HE LET. NO", "TO HOLE. LO"))
    assert shape_of(page) == [[2, 4, 2], [2, 5, 2]]


def test_handwriting_keeps_its_rows_and_words(handwriting):
    lines = ("MAKE A LIST", "OF TEN THINGS", "TO BE DONE")
    for seed in range(4):
        grey = np.asarray(handwriting(*lines, seed=seed), np.float32) / 255
        page = layout.analyse(Page(grey, file_shape=grey.shape))
        assert [len(row.words) for row in page.rows] == [3, 3, 3]


def test_gaps_of_two_kinds_are_told_apart_and_one_kind_is_not_split():
    two = np.array([0.4, 0.5, 0.3, 2.0, 0.4, 2.4])
    assert usual_gaps(two, space=1.1) == pytest.approx((0.4, 2.2))
    assert 0.5 < row_threshold(two, usual_gaps(two, space=1.1)) < 2.0
    for narrow in ([0.4, 0.5, 0.3], []):
        assert row_threshold(np.array(narrow), usual_gaps(np.array(narrow), space=1.1)) == np.inf
    wide = np.array([1.4, 1.5, 0.9])
    assert row_threshold(wide, usual_gaps(wide, space=1.1)) < 0.9
    # A row of one word on a page that has spaces elsewhere.
    assert row_threshold(np.array([0.3, 0.5, 0.6]), (0.4, 2.0)) > 0.6


def test_parting_a_row_keeps_its_glyphs(block):
    row = layout.analyse(block("HELLO THE", "TENTH HOLE")).rows[0]
    glyphs = [g for word in row.words for g in word.glyphs]
    whole = part_words(row, np.zeros(len(glyphs) - 1, bool))
    single = part_words(row, np.ones(len(glyphs) - 1, bool))
    assert len(whole.words) == 1
    assert [g for word in single.words for g in word.glyphs] == glyphs
    assert len(letter_gaps(row)) == len(glyphs) - 1
