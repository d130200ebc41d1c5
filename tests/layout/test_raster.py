"""The numpy pictures' tools against scipy's, which they stand in for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from ocr_cli.layout.raster import (
    interpolated,
    label,
    running_max,
    running_median,
    runs,
    smear,
    square_distance,
)

MASKS = arrays.arrays(bool, arrays.array_shapes(min_dims=2, max_dims=2, max_side=24))


@given(MASKS)
def test_pieces_are_scipys(mask):
    pieces = label(mask)
    theirs, count = ndimage.label(mask, np.ones((3, 3), int))
    assert len(pieces.area) == count
    pairs = np.unique(np.stack([pieces.labels.ravel(), theirs.ravel()]), axis=1)
    assert pairs.shape[1] == len(np.unique(theirs)), "each piece is one of theirs"
    for p, (rows, columns) in enumerate(ndimage.find_objects(pieces.labels)):
        box = rows.start, columns.start, rows.stop, columns.stop
        assert tuple(pieces.boxes[p]) == box
        assert pieces.area[p] == pieces.mask(p).sum() == (pieces.labels == p + 1).sum()


@given(MASKS, st.randoms())
def test_kept_pieces_keep_their_boxes_and_masks(mask, random):
    pieces = label(mask)
    keep = np.array([random.random() < 0.5 for _ in pieces.area], bool)
    kept = pieces.kept(keep)
    assert np.array_equal(kept.boxes, pieces.boxes[keep])
    for new, old in enumerate(np.flatnonzero(keep)):
        assert np.array_equal(kept.labels == new + 1, pieces.labels == old + 1)


@given(MASKS, st.integers(1, 12))
def test_distances_are_exact_within_reach(goal, reach):
    squares = square_distance(goal, reach)
    if not goal.any():
        assert (squares > reach**2).all()
        return
    exact = np.rint(ndimage.distance_transform_edt(~goal) ** 2)
    near = exact <= reach**2
    assert np.array_equal(squares[near], exact[near])
    assert (squares[~near] > reach**2).all()


@pytest.mark.parametrize("size", [1, 3, 5, 9])
def test_running_max_and_median_are_scipys(size):
    values = np.random.default_rng(size).random((13, 31)).astype(np.float32)
    highest = ndimage.maximum_filter(values, size, mode="nearest")
    middle = ndimage.median_filter(values, size, mode="nearest")
    assert np.array_equal(running_max(values, size), highest)
    assert np.array_equal(running_median(values, size), middle)


def test_smear_is_scipys_gaussian():
    values = np.random.default_rng(0).random((20, 40)).astype(np.float32)
    theirs = ndimage.gaussian_filter(values, (1.5, 4), mode="constant", truncate=8)
    assert np.allclose(smear(values, 1.5, 4), theirs, atol=1e-5)


@given(MASKS)
def test_runs_make_up_the_mask(mask):
    start, end, stride = runs(mask)
    assert (start < end).all()
    assert (end[:-1] < start[1:]).all()  # or two would be one
    made = np.zeros((mask.shape[0], stride), bool)
    for first, last in zip(start, end, strict=True):
        made.reshape(-1)[first:last] = True
    assert np.array_equal(made, np.pad(mask, ((0, 0), (0, 1))))


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 1), (8, 12)])
def test_interpolation_is_scipys(shape):
    rng = np.random.default_rng(0)
    grey = rng.random(shape).astype(np.float32)
    y, x = (rng.uniform(0, max(n - 1.001, 0), (5, 6)).astype(np.float32) for n in shape)
    top, left = y.astype(np.int32), x.astype(np.int32)
    found = interpolated(grey, top, left, y - top, x - left)
    theirs = ndimage.map_coordinates(grey, [y, x], order=1)
    np.testing.assert_allclose(found, theirs, atol=1e-5)
