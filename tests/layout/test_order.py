"""The order of rows that are set out as people set them out."""

import numpy as np
import pytest

from ocr_cli.layout.courses import Course
from ocr_cli.layout.order import in_reading_order

Places = list[tuple[float, float, float]]

COLUMNS = [(0, 200, 30 * k) for k in range(5)] + [(260, 460, 30 * k) for k in range(5)]
UNEVEN = [(0, 200, 30 * k) for k in range(5)] + [(260, 460, 11 + 37 * k) for k in range(4)]
NOTE = [(0, 300, 40 * k) for k in range(6)] + [(360, 430, 85), (360, 420, 107), (360, 440, 129)]
LEFT_NOTE = [(100, 400, 40 * k) for k in range(6)] + [(0, 70, 85), (0, 60, 107), (0, 65, 129)]
RAGGED = [(0, 200 + 14 * (k % 3), 30 * k) for k in range(6)] + [
    (212 + 3 * k, 460, 30 * k + 4) for k in range(6)
]
TABLE = [(150 * j, 150 * j + 70, 40 * k + j) for k in range(4) for j in range(3)]
HEADED = [(40, 420, -60), *COLUMNS]
FOOTED = [*COLUMNS, (0, 460, 200), (0, 300, 230)]
FORM = [(0, 60, 0), (110, 400, 3), (0, 80, 40), (130, 380, 41), (0, 50, 80), (100, 300, 82)]
# a list of names on either side of a letter's head, its date, then the letter
HEAD = [
    *[(20, 200, 30 * k) for k in range(5)],
    *[(260, 560, 20), (300, 520, 70)],
    *[(620, 800, 11 + 37 * k) for k in range(4)],
    *[(500, 800, 250), (10, 130, 320), (60, 800, 360), (10, 790, 400), (10, 700, 440)],
]
PARAGRAPH = [(0, 400, 0), (0, 390, 30), (0, 120, 60), (40, 400, 90), (300, 400, 120)]


def placed(places: Places, degrees: float = 0.0) -> list[Course]:
    """Courses of spread 5 from x1 to x2 at y, the page turned by so many degrees."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [
        Course(np.stack([np.linspace(x1, x2, 9), np.full(9, y)], 1) @ turn, 5.0)
        for x1, x2, y in places
    ]


@pytest.mark.parametrize("degrees", [-10, 0, 10])
@pytest.mark.parametrize(
    "places",
    [
        pytest.param(COLUMNS, id="columns"),
        pytest.param(UNEVEN, id="uneven"),
        pytest.param(NOTE, id="note"),
        pytest.param(LEFT_NOTE, id="left note"),
        pytest.param(RAGGED, id="ragged"),
        pytest.param(TABLE, id="table"),
        pytest.param(HEADED, id="headed"),
        pytest.param(FOOTED, id="footed"),
        pytest.param(FORM, id="form"),
        pytest.param(HEAD, id="letter's head"),
        pytest.param(PARAGRAPH, id="paragraph"),
    ],
)
def test_rows_are_put_in_order(places: Places, degrees: float) -> None:
    courses = placed(places, degrees)
    shuffled = np.random.default_rng(0).permutation(len(courses))
    ordered = in_reading_order([courses[k] for k in shuffled])
    assert [next(k for k, c in enumerate(courses) if c is row) for row in ordered] == list(
        range(len(courses))
    )


def test_none_and_one_are_in_order() -> None:
    assert in_reading_order([]) == []
    (row,) = placed([(0, 100, 0)])
    assert in_reading_order([row]) == [row]
