"""Rows that run across two columns, drawn as chains and contrast: they are cut between them."""

import numpy as np
import pytest

from ocr_cli.layout.chains import Chain
from ocr_cli.layout.corridors import parted

SPREAD, PITCH, HEIGHT = 1.2, 7, 160


def written(
    columns: list[tuple[int, int]], rng: np.random.Generator, lean: float = 0.0
) -> tuple[list[Chain], np.ndarray]:
    """Rows of words 4 to 20 cells long, in columns from x1 to x2; a chain runs through them all."""
    contrast = np.full((HEIGHT, columns[-1][1] + 30), 0.02, np.float32)
    chains = []
    for y in range(10, HEIGHT - 10, PITCH):
        for x1, x2 in columns:
            x = x1 + lean * y
            while x < x2 + lean * y - 6:
                end = min(x + rng.integers(4, 21), x2 + lean * y)
                contrast[y - 1 : y + 2, int(x) : int(end)] = 0.6
                x = end + rng.integers(2, 5)
        at = np.arange(columns[0][0] + lean * y, columns[-1][1] + lean * y)
        chains.append(Chain(at, np.full(len(at), y + 0.5), SPREAD, 0.9))
    return chains, contrast


@pytest.mark.parametrize("lean", [-0.05, 0.0, 0.05])
def test_facing_pages_are_parted_at_their_fold(lean: float) -> None:
    chains, contrast = written([(15, 100), (106, 200)], np.random.default_rng(1), lean)
    rows = parted(chains, contrast)
    assert len(rows) == 2 * len(chains)
    for row in rows:
        fold = 103 + lean * row.y[0]
        assert row.x[-1] < fold or row.x[0] > fold


def test_three_columns_are_parted_twice() -> None:
    chains, contrast = written([(15, 95), (102, 180), (187, 270)], np.random.default_rng(2))
    assert len(parted(chains, contrast)) == 3 * len(chains)


@pytest.mark.parametrize("seed", range(12))
def test_the_gaps_between_words_part_nothing(seed: int) -> None:
    chains, contrast = written([(15, 200)], np.random.default_rng(seed))
    assert len(parted(chains, contrast)) == len(chains)


def test_a_list_keeps_its_numbers() -> None:
    rng = np.random.default_rng(3)
    chains, contrast = written([(10, 16), (22, 200)], rng)
    assert len(parted(chains, contrast)) == len(chains)


def test_no_rows_and_short_ones_are_as_they_were() -> None:
    contrast = np.full((40, 60), 0.02, np.float32)
    assert parted([], contrast) == []
    short = Chain(np.array([10.5, 11.5]), np.array([20.5, 20.5]), SPREAD, 0.9)
    assert len(parted([short], contrast)) == 1
