"""Crops of pages, and that what is said of them lies where the rows lie."""

import numpy as np
import pytest

from ocr_cli.data.rowcrops import CELL, CropVariation, PageSizes, Warp, draw_crop, target_of
from ocr_cli.data.rowpages import RowPage, load_row_pages, save_row_pages
from ocr_cli.layout.courses import Course

SIDE = 128


def warp(**changes: object) -> Warp:
    """A warp that leaves all as it is, but for the changes."""
    plain = {
        "matrix": np.eye(2),
        "centre": np.array([SIDE / 2, SIDE / 2]),
        "tilt": np.zeros(2),
        "side": SIDE,
        "wave": np.zeros((2, 4)),
    }
    return Warp(**{**plain, **changes})  # type: ignore[arg-type]


WILD = warp(
    matrix=np.array([[1.9, 0.3], [-0.2, 2.2]]),
    centre=np.array([300.0, 200.0]),
    tilt=np.array([0.002, -0.001]),
    wave=np.array([[1.5, 0.02, 0.01, 1.0], [2.0, 0.01, 0.03, 2.0]]),
)


def test_a_warp_and_its_inverse_meet() -> None:
    x, y = np.random.default_rng(0).uniform(0, SIDE, (2, 50))
    back = WILD.to_crop(np.stack(WILD.to_page(x, y), 1))
    np.testing.assert_allclose(back, np.stack([x, y], 1), atol=0.05)


def test_the_target_is_a_band_of_two_spreads() -> None:
    course = Course(np.array([[16.0, 64.0], [112.0, 64.0]]), 8.0)
    target = target_of([course], warp(), turn=2)
    assert target.kind[..., [0, 1, 3]].max() == 0
    inside = target.kind[..., 2]
    rows, columns = np.nonzero(inside > 0.5)
    assert (rows.min() * CELL, (rows.max() + 1) * CELL) == (56, 72)
    assert (columns.min() * CELL, (columns.max() + 1) * CELL) == (16, 112)
    np.testing.assert_allclose(target.log_spread[inside > 0.5], np.log(8), atol=1e-5)
    assert target.weight[16, 16] > target.weight[2, 2]


@pytest.mark.parametrize("turn", range(4))
def test_ink_and_target_are_turned_alike(turn: int) -> None:
    grey = np.full((400, 400), 255, np.uint8)
    grey[190:210, 100:300] = 0
    course = Course(np.array([[100.0, 200.0], [300.0, 200.0]]), 10.0)
    sheet = PageSizes(RowPage(grey, (course,)))
    shares = tuple(float(k == turn) for k in range(4))
    calm = CropVariation(rotation=3, perspective=0.05, turned=shares)
    rng = np.random.default_rng(turn)
    overlaps = []
    for _ in range(24):
        crop, target = draw_crop(sheet, [], SIDE, rng, calm)
        cells = crop.reshape(SIDE // CELL, CELL, SIDE // CELL, CELL).mean((1, 3))
        body = target.kind[..., turn] > 0.5
        if body.sum() > 8 and (~body).sum() > 8 and np.ptp(cells) > 0.2:
            overlaps.append(abs(cells[body].mean() - cells[~body].mean()) / np.ptp(cells))
    assert len(overlaps) > 3
    assert np.percentile(overlaps, 75) > 0.3


def test_pages_come_back_from_their_file(tmp_path) -> None:
    course = Course(np.array([[1.0, 2.0], [3.0, 2.5], [9.0, 3.0]]), 1.5)
    pages = [RowPage(np.eye(9, dtype=np.uint8), (course, course), "a")]
    pages.append(RowPage(np.zeros((4, 5), np.uint8), (), "b"))
    save_row_pages(tmp_path / "pages.npz", pages)
    first, second = load_row_pages(tmp_path / "pages.npz")
    assert (first.name, len(first.courses), second.courses) == ("a", 2, ())
    np.testing.assert_array_equal(first.courses[1].points, course.points)
    np.testing.assert_array_equal(second.grey, pages[1].grey)
