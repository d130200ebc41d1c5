"""Recall and precision of rows against rows that were put by hand."""

import numpy as np
import pytest

from ocr_cli.evaluation.rows import RowScores, score_rows
from ocr_cli.layout.courses import Course


def row(x1: float, x2: float, y: float) -> Course:
    return Course(np.array([[x1, y], [(x1 + x2) / 2, y], [x2, y]]), 5.0)


GIVEN = [row(0, 100, 0), row(0, 100, 40)]


@pytest.mark.parametrize(
    ("seen", "found", "right"),
    [
        (GIVEN, 2, 2),
        ([row(10, 90, 8), row(0, 100, 45)], 2, 2),  # somewhat short, somewhat off
        ([row(0, 100, 0)], 1, 1),
        ([row(0, 60, 0), row(0, 100, 40)], 1, 2),  # a part is right, but does not find the row
        ([*GIVEN, row(0, 100, 80)], 2, 2),  # one too many
        ([row(0, 100, 20)], 0, 0),  # between both
        ([], 0, 0),
    ],
)
def test_rows_are_counted(seen: list[Course], found: int, right: int) -> None:
    assert score_rows(seen, GIVEN) == RowScores(found, 2, right, len(seen))


def test_a_course_over_two_rows_finds_neither() -> None:
    side_by_side = [row(0, 100, 0), row(130, 230, 0)]
    assert score_rows([row(0, 230, 0)], side_by_side) == RowScores(0, 2, 1, 1)
