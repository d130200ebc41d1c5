"""Ink that no row accounts for is told from a row's own tails and from ruled lines."""

import numpy as np

from ocr_cli.layout.chains import Chain
from ocr_cli.layout.courses import Course
from ocr_cli.layout.leftover import is_new, leftover

ROW = Chain(np.arange(20, 150) + 0.5, np.full(130, 60.5), 1.5, 0.9)


def page() -> np.ndarray:
    """Contrast of a page with one row on it, its tails, and a ruled line."""
    contrast = np.full((120, 200), 0.02, np.float32)
    contrast[58:63, 20:150] = 0.6
    contrast[54:67, 30:150:6] = 0.6
    contrast[90] = 0.6
    return contrast


def test_a_row_a_rule_and_paper_leave_nothing_over() -> None:
    assert leftover(page(), [ROW]) == []
    assert leftover(page(), []) == []


def test_small_print_beside_a_row_is_left_over() -> None:
    contrast = page()
    contrast[8:30:3, 160:190] = contrast[9:30:3, 160:190] = 0.5
    (box,) = leftover(contrast, [ROW])
    assert box.y1 <= 8
    assert box.y2 >= 30
    assert 150 <= box.x1 <= 160
    assert box.x2 >= 190


def test_a_course_is_new_unless_it_runs_along_another() -> None:
    level = Course(np.array([[0.0, 50.0], [300.0, 50.0]]), 5.0)
    same = Course(np.array([[100.0, 55.0], [320.0, 55.0]]), 3.0)
    below = Course(np.array([[100.0, 75.0], [320.0, 75.0]]), 3.0)
    beyond = Course(np.array([[310.0, 50.0], [400.0, 50.0]]), 3.0)
    assert not is_new(same, [level])
    assert is_new(below, [level])
    assert is_new(beyond, [level])
