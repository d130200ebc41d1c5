"""Rows that the finder did not see: clear strokes in a line, as high as the page's letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.marks import Marked, from_course
from ocr_cli.page import Course

Array = NDArray[Any]
SEVERAL = 2  # rows of a page, at least, tell how large its letters are
COVERED = 4.2  # spreads from a row's middle, and
BESIDE = 4.0  # spreads over its ends: ink that is so near is the row's
LETTER = 2.2, 6.0  # spreads that a letter is high,
WIDE = 8.0  # and wide, at most
FEWEST, LONGEST = 2, 40  # letters of a row: more in line are a pattern
GAP = 6.0  # spreads between its letters, at most
LEVEL = 1.6  # spreads by which their middles differ
CLEAR = 0.55  # of the contrast of clear strokes that they have
MOST = 2, 0.5  # rows found so at most, and to one that the finder saw
TALL = 0.8  # spreads, at most, that a speck or a level line is high
STRAY = 1.0  # pieces that are no letters, to a letter, near such a row at most
SHARE = 0.6  # of what is tall and no row's, at least, is in such rows
SPREAD = 0.26  # of a letter's height, about, is a course's spread in capitals


def with_lost_rows(courses: Sequence[Course], seen: Marked) -> list[Course]:
    """The rows, and those of letters that stand in line where none was found."""
    if len(courses) < SEVERAL:
        return list(courses)
    free = _free(courses, seen)
    rows = [row for row in _rows(free, seen) if _is_clear(row, free, seen)]
    told = sum(map(len, rows)) >= SHARE * len(_tall(free, seen))
    if not rows or not told or len(rows) > max(MOST[0], MOST[1] * len(courses)):
        return list(courses)
    found = [_course(row, seen) for row in rows]
    return sorted([*courses, *found], key=lambda course: float(course.points[:, 1].mean()))


def _free(courses: Sequence[Course], seen: Marked) -> Array:
    """Numbers of the pieces of ink that are no row's."""
    free = np.ones(len(seen.pieces.area), bool)
    for course in courses:
        x, down = from_course(seen, course)
        first, last = course.points[[0, -1], 0] / seen.step
        spread = course.spread / seen.step
        along = (x > first - BESIDE * spread) & (x < last + BESIDE * spread)
        free &= ~(along & (np.abs(down) < COVERED * spread))
    return np.flatnonzero(free)


def _rows(free: Array, seen: Marked) -> list[Array]:
    """Letters among free pieces, those of each row from the left."""
    y1, x1, y2, x2 = seen.pieces.boxes[free].T
    low, most = (v * seen.spread for v in LETTER)
    sized = (y2 - y1 >= low) & (y2 - y1 <= most) & (x2 - x1 <= WIDE * seen.spread)
    letters = np.flatnonzero(sized)
    rows: list[list[int]] = []
    for k in letters[np.argsort(x1[letters], kind="stable")]:
        middle = (y1[k] + y2[k]) / 2
        for row in rows:
            last = row[-1]
            beside = x1[k] - x2[last] <= GAP * seen.spread
            if beside and abs(middle - (y1[last] + y2[last]) / 2) <= LEVEL * seen.spread:
                row.append(int(k))
                break
        else:
            rows.append([int(k)])
    return [free[row] for row in rows if len(row) >= FEWEST]


def _is_clear(row: Array, free: Array, seen: Marked) -> bool:
    """Whether a row's letters are dark, and hardly anything else is around them."""
    (y1, x1, y2, x2), mine = seen.pieces.together(row)
    if float(np.median(seen.dark[y1:y2, x1:x2][mine])) < CLEAR * seen.full:
        return False
    room = 2 * seen.spread
    others = np.setdiff1d(free, row)
    oy1, ox1, oy2, ox2 = seen.pieces.boxes[others].T
    near = (ox2 > x1 - room) & (ox1 < x2 + room) & (oy2 > y1 - room) & (oy1 < y2 + room)
    stray = np.intersect1d(others[near], _tall(free, seen))
    return bool(len(stray) <= STRAY * len(row) and len(row) <= LONGEST)


def _tall(pieces: Array, seen: Marked) -> Array:
    """Those of pieces that are no specks and no level lines."""
    boxes = seen.pieces.boxes[pieces]
    return np.asarray(pieces[boxes[:, 2] - boxes[:, 0] > TALL * seen.spread])


def _course(row: Array, seen: Marked) -> Course:
    """A row of letters as a course."""
    y1, x1, y2, x2 = seen.pieces.boxes[row].T
    middle, high = float(np.median((y1 + y2) / 2)), float(np.median(y2 - y1))
    x = np.linspace(x1.min(), x2.max(), max(2, 2 * len(row)))
    points = np.stack([x, np.full(len(x), middle)], 1) * seen.step
    return Course(points, SPREAD * high * seen.step)
