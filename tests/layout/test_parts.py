"""Parts of a page: rows there are where they are on the page."""

from dataclasses import replace

import numpy as np
import pytest

from ocr_cli import layout
from ocr_cli.layout.assembly import with_bare_rows
from ocr_cli.layout.parts import FINE, part_around
from ocr_cli.page import Course, Page


def written(spread: float) -> Page:
    """Two rows of upright strokes, 20 spreads apart, 3 spreads high."""
    high, wide = round(44 * spread), round(90 * spread)
    grey = np.full((high, wide), 0.9, np.float32)
    courses = []
    for k in (12, 32):
        middle = k * spread
        for x in np.arange(20, 70, 4.0):
            top, left = round(middle - 1.5 * spread), round(x * spread)
            grey[top : round(middle + 1.5 * spread), left : left + round(0.6 * spread)] = 0.1
        courses.append(Course(np.array([[20 * spread, middle], [67 * spread, middle]]), spread))
    return with_bare_rows(Page(grey, file_shape=grey.shape), courses)


@pytest.mark.parametrize("spread", [5.0, 2 * FINE, 3.4 * FINE])
def test_a_row_of_a_part_is_where_it_is_on_the_page(spread: float) -> None:
    page = written(spread)
    whole = layout.with_ink(page).rows[1]
    part = part_around(page, [1])
    assert part.step == max(1, int(spread / FINE))
    assert part.page.grey.size < page.grey.size / part.step**2
    row = part.on_whole(layout.with_ink(part.page).rows[1], page.rows[1])
    near = 2 * part.step
    np.testing.assert_allclose(row.box, whole.box, atol=near + spread)
    np.testing.assert_allclose(
        [(row.baseline + row.slope * page.grey.shape[1] / 2), row.x_height],
        [(whole.baseline + whole.slope * page.grey.shape[1] / 2), whole.x_height],
        atol=2 * near,
    )
    assert row.course is page.rows[1].course
    glyphs, others = ([g for word in one.words for g in word.glyphs] for one in (row, whole))
    assert len(glyphs) == len(others) == 13
    for glyph, other in zip(glyphs, others, strict=True):
        np.testing.assert_allclose(glyph.box, other.box, atol=near)
        assert glyph.ink.shape == (glyph.box.height, glyph.box.width)


def test_ink_that_is_there_is_taken_as_it_is() -> None:
    page = layout.with_ink(written(12.0))
    part = part_around(page, [0])
    assert part.page is page
    moved = part.on_whole(page.rows[0], page.rows[0])
    assert replace(moved, words=()) == replace(page.rows[0], words=())
