"""Which pixels are ink: under shadows, on dark pages, between printed lines, beside page edges."""

import numpy as np
import pytest

from ocr_cli.layout.ink import find_ink, stroke_width
from ocr_cli.layout.raster import label
from ocr_cli.page import Page

TEXT = ("HELLO THE", "TENTH HOLE", "ONE LOT")


def agreement(found, truth):
    """Intersection over union of two masks."""
    return (found & truth).sum() / (found | truth).sum()


def with_grey(grey):
    return Page(np.clip(grey, 0, 1).astype(np.float32), file_shape=grey.shape)


@pytest.fixture(scope="module")
def plain(block):
    return block(*TEXT).grey


def test_clean_ink_is_found_to_the_pixel(plain):
    page = find_ink(with_grey(plain))
    assert agreement(page.ink, plain < 0.5) > 0.97
    assert page.stroke_width == pytest.approx(6, abs=1)


def test_a_shadow_and_a_dark_corner_change_nothing(plain):
    height, width = plain.shape
    y, x = np.mgrid[:height, :width]
    light = 0.35 + 0.65 * x / width
    light *= np.where(y > 0.6 * height - 0.2 * x, 0.6, 1.0)  # a hand's sharp shadow
    grain = np.random.default_rng(1).normal(0, 0.01, plain.shape)
    page = find_ink(with_grey(plain * light + grain))
    assert agreement(page.ink, plain < 0.5) > 0.85


def test_faint_pencil_is_found_and_fainter_show_through_is_not(plain):
    truth = plain < 0.5
    back = truth[:, ::-1]
    grey = 0.7 - 0.18 * truth - 0.03 * (back & ~truth)
    page = find_ink(with_grey(grey + np.random.default_rng(2).normal(0, 0.01, grey.shape)))
    assert agreement(page.ink, truth) > 0.9


def test_light_ink_on_a_dark_page_is_inverted(plain):
    page = find_ink(with_grey(1 - plain))
    assert agreement(page.ink, plain < 0.5) > 0.97
    assert page.grey[page.ink].mean() < 0.2
    assert find_ink(with_grey(plain)).grey is not page.grey


@pytest.mark.parametrize("table", [0.15, 1.0])
def test_the_page_s_edge_on_a_table_is_not_ink(plain, table):
    grey = np.pad(0.75 * plain, ((30, 0), (0, 25)), constant_values=table)
    truth = np.pad(plain < 0.5, ((30, 0), (0, 25)))
    assert agreement(find_ink(with_grey(grey)).ink, truth) > 0.95


@pytest.mark.parametrize("degrees", [0.0, 2.0, -9.0])
@pytest.mark.parametrize("squared", [False, True])
def test_printed_lines_are_dropped_and_letters_stay(plain, degrees, squared):
    truth = plain < 0.5
    y, x = np.mgrid[: plain.shape[0], : plain.shape[1]]
    slope = np.tan(np.deg2rad(degrees))
    lines = (y - slope * x) % 45 < 2
    if squared:
        lines |= (x + slope * y) % 45 < 2
    assert (lines & ~truth).sum() > 0.3 * truth.sum(), "there is something to drop"
    found = find_ink(with_grey(np.where(lines, np.minimum(plain, 0.4), plain))).ink
    assert (found & truth).sum() > 0.93 * truth.sum()
    assert (found & lines & ~truth).sum() < 0.2 * (lines & ~truth).sum()


@pytest.mark.parametrize("pen", [1, 2, 3, 5, 8, 15])
def test_stroke_width_is_the_pen_s(pen):
    mask = np.zeros((30 * pen, 40 * pen), bool)
    mask[3 * pen : 4 * pen, 2 * pen : 30 * pen] = True
    mask[3 * pen : 25 * pen, 10 * pen : 11 * pen] = True
    assert stroke_width(label(mask)) == pytest.approx(pen, abs=1)


def test_no_ink_has_no_stroke_width():
    assert stroke_width(label(np.zeros((5, 5), bool))) == 0.0
