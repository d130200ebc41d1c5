"""Rows out of maps that are drawn cell by cell: what was put in has to come out."""

import numpy as np
import pytest

from ocr_cli.layout.chains import Chain, chains_of

Rows = list[tuple[float, float, float]]


def drawn(rows: Rows, size: float = 1.2, slope: float = 0.0, low: float = 0.02) -> np.ndarray:
    """A map of 120 x 200 cells with bodies from x1 to x2 about y, as thick as two spreads."""
    y, x = np.mgrid[0:120, 0:200] + 0.5
    body = np.full(y.shape, low)
    for x1, x2, middle in rows:
        cover = np.clip(size + 0.5 - np.abs(y - middle - slope * (x - x1)), 0, 1)
        body = np.maximum(body, 0.95 * cover * ((x > x1) & (x < x2)))
    return body.astype(np.float32)


def found(body: np.ndarray, size: float = 1.2) -> list[Chain]:
    chains = chains_of(body, np.full(body.shape, size, np.float32))
    return sorted(chains, key=lambda c: (round(float(np.median(c.y))), c.x[0]))


def test_a_row_comes_out_where_it_was_put() -> None:
    (chain,) = found(drawn([(20, 150, 40.3)]))
    assert abs(chain.x[0] - 20.5) <= 0.5
    assert abs(chain.x[-1] - 149.5) <= 0.5
    np.testing.assert_allclose(chain.y, 40.3, atol=0.25)
    assert chain.spread == pytest.approx(1.2)


@pytest.mark.parametrize("slope", [-0.25, 0.0, 0.25])
def test_thirty_close_rows_stay_apart(slope: float) -> None:
    rows = [(10, 190, 5 + 3.4 * k + (48 if slope < 0 else 0)) for k in range(20)]
    chains = found(drawn(rows, 0.7, slope), 0.7)
    whole = [c for c in chains if c.length > 150]
    assert len(chains) >= 10
    assert all(np.ptp(c.y - slope * c.x) < 1.5 for c in whole)


def test_a_row_that_falls_to_pieces_is_one() -> None:
    (chain,) = found(drawn([(10, 60, 50), (64, 120, 50.8), (123, 180, 51.4)]))
    assert chain.length > 165


def test_columns_stay_apart_though_a_word_gap_as_wide_does_not() -> None:
    column = [(10, 80, y) for y in (20, 30, 40, 50)] + [(92, 180, y) for y in (20, 30, 40, 50)]
    assert len(found(drawn(column))) == 8
    lone = [(10, 180, y) for y in (20, 30, 50, 60)] + [(10, 80, 40), (92, 180, 40)]
    assert len(found(drawn(lone))) == 5


def test_neighbours_of_other_levels_or_sizes_are_not_joined() -> None:
    assert len(found(drawn([(10, 80, 50), (84, 180, 55)]))) == 2
    body = drawn([(10, 80, 50)]) + drawn([(84, 180, 50)], 4.0, low=0.0)
    size = np.where(np.arange(200) < 82, 1.2, 4.0)[None].repeat(120, 0).astype(np.float32)
    assert len(chains_of(body, size)) == 2


def test_a_branch_does_not_make_a_second_row() -> None:
    body = drawn([(10, 180, 50), (90, 110, 51.5)])
    assert len(found(body)) == 1


def test_specks_and_faint_bodies_are_no_rows() -> None:
    assert found(drawn([(50, 51.5, 50)])) == []
    assert found(drawn([(20, 180, 50)]) * 0.58) == []
    assert found(drawn([])) == []


def hinted(rows: Rows, y: int, x1: int, x2: int, hint: float = 0.3) -> np.ndarray:
    """The map with a hint of body in a gap."""
    body = drawn(rows)
    body[y - 1 : y + 2, x1:x2] = np.maximum(body[y - 1 : y + 2, x1:x2], hint)
    return body


def test_a_hint_bridges_a_gap_but_not_where_the_other_rows_break() -> None:
    pair = [(10.0, 80.0, 50.0), (92.0, 180.0, 50.0)]
    assert len(found(hinted(pair, 50, 80, 92))) == 1
    rows = [(x1, x2, y) for y in (30.0, 40.0, 50.0, 60.0) for x1, x2, _ in pair]
    assert len(found(hinted(rows, 50, 80, 92))) == 8


def test_an_upright_line_parts_what_stands_beside_it() -> None:
    body = hinted([(10, 80, 50), (92, 180, 50)], 50, 80, 92)
    size = np.full(body.shape, 1.2, np.float32)
    contrast = np.full(body.shape, 0.02, np.float32)
    assert len(chains_of(body, size, contrast)) == 1
    contrast[20:90, 86] = 0.5
    assert len(chains_of(body, size, contrast)) == 2
    contrast[20:47] = contrast[54:90] = 0.02  # a letter's stem, no line
    assert len(chains_of(body, size, contrast)) == 1
