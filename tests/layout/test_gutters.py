"""Rows are parted between columns where other rows end and begin; headings stay whole."""

import numpy as np
import pytest

from ocr_cli.layout.chains import Chain
from ocr_cli.layout.gutters import parted_at_gutters


def chain(x1: int, x2: int, y: float) -> Chain:
    x = np.arange(x1, x2) + 0.5
    return Chain(x, np.full(len(x), y), 2.0, 0.9)


def page(gap: bool) -> tuple[list[Chain], np.ndarray]:
    contrast = np.zeros((100, 200), np.float32)
    chains = [chain(10, 190, 10)]
    for y in (30, 50, 70, 90):
        chains += [chain(10, 80, y), chain(120, 190, y)]
    for one in chains:
        contrast[int(one.y[0]), one.x.astype(int)] = 0.5
    if gap:
        contrast[10, 82:118] = 0
    return chains, contrast


@pytest.mark.parametrize("gap", [True, False], ids=["of two columns", "a heading"])
def test_a_row_across_a_gutter(gap: bool) -> None:
    found = parted_at_gutters(*page(gap))
    assert len(found) == (10 if gap else 9)
    if gap:
        assert found[0].x[-1] <= 101
        assert found[1].x[0] >= 99


def test_without_columns_nothing_is_parted() -> None:
    chains = [chain(10, 190, y) for y in (10, 30, 50)]
    assert parted_at_gutters(chains, np.zeros((60, 200), np.float32)) == chains
