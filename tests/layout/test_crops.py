"""Crops look like the training set's: 26 pixels, centred, strokes 3 wide, whatever the pen."""

import numpy as np
import pytest

from ocr_cli import layout
from ocr_cli.layout.ink import stroke_width
from ocr_cli.layout.raster import label
from ocr_cli.page import Box, Glyph


def ring(size, pen):
    """A square ring of that outer size."""
    ink = np.ones((size, size), bool)
    ink[pen:-pen, pen:-pen] = False
    return Glyph(Box(0, 0, size, size), ink)


@pytest.mark.parametrize(
    ("size", "pen"), [(20, 2), (40, 4), (90, 4), (90, 9), (200, 12), (400, 20)]
)
def test_size_place_and_pen_are_the_set_s(size, pen):
    (crop,) = layout.letter_crops([ring(size, pen)], pen)
    ink = crop < 0.5
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    for places in (rows, columns):
        assert len(places) == pytest.approx(26, abs=1)
        assert (places[0] + places[-1]) / 2 == pytest.approx(15.5, abs=0.5)
    assert (1 - crop[16, :16]).sum() == pytest.approx(3, abs=0.5), "ink across one stroke"
    assert stroke_width(label(ink)) == pytest.approx(3, abs=1)
    assert crop[16, 16] == crop[0, 0] == 1


def test_crops_are_upright_and_keep_their_shape():
    ink = np.zeros((60, 30), bool)
    ink[:5] = ink[:, :5] = True  # a gamma: bar on top, stem on the left
    (crop,) = layout.letter_crops([Glyph(Box(0, 0, 60, 30), ink)], 5)
    dark = crop < 0.5
    assert np.ptp(np.flatnonzero(dark.any(1))) == pytest.approx(25, abs=1)
    assert np.ptp(np.flatnonzero(dark.any(0))) == pytest.approx(13, abs=2)
    assert dark[:6].sum() > dark[-6:].sum()
    assert dark[:, :13].sum() > dark[:, -13:].sum()


def test_the_same_letter_at_another_resolution_gives_the_same_crop():
    page = np.zeros((30, 24), bool)
    page[2:28, 10:13] = page[2:5, 2:22] = True
    small, large = (np.kron(page, np.ones((k, k), bool)) for k in (1, 4))
    crops = [
        layout.letter_crops([Glyph(Box(0, 0, *ink.shape), ink)], 3 * k)[0]
        for ink, k in ((small, 1), (large, 4))
    ]
    assert np.abs(crops[0] - crops[1]).mean() < 0.02


def test_a_full_stop_leaves_a_spot():
    (crop,) = layout.letter_crops([Glyph(Box(0, 0, 7, 7), np.ones((7, 7), bool))], 7)
    assert 0.05 < (crop < 0.5).mean() < 0.7


def test_a_batch_gives_what_each_letter_gives_alone():
    glyphs = [ring(20 + 3 * k, 2 + k % 3) for k in range(70)]
    together = layout.letter_crops(glyphs, 3)
    assert np.array_equal(
        together[[0, 63, 64, 69]], layout.letter_crops([glyphs[i] for i in (0, 63, 64, 69)], 3)
    )
    assert together.min() >= 0
    assert together.max() <= 1
