"""Courses of a transcribed page's rows: what its file says, each moved onto its ink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.formats.given import GivenRow
from ocr_cli.layout.baselines import from_baseline
from ocr_cli.layout.courses import Course, Pyramid, placed

WILD = 0.5, 2.2  # times the page's median spread that a row's can be: crossed outlines have none


def measured_courses(
    rows: Sequence[GivenRow], to_page: NDArray[np.float64], pyramid: Pyramid
) -> list[Course | None]:
    """The course of each row on its ink; None where there is next to nothing.

    to_page : (3, 3) from (x, y, 1) of the file's picture to the pyramid's pixels.
    """
    guesses = [guessed_course(row, to_page) for row in rows]
    spreads = [guess.spread for guess in guesses if guess is not None]
    low, high = (times * float(np.median(spreads)) if spreads else 1.0 for times in WILD)
    return [
        None
        if guess is None
        else placed(pyramid, replace(guess, spread=float(np.clip(guess.spread, low, high))))
        for guess in guesses
    ]


def guessed_course(row: GivenRow, to_page: NDArray[np.float64]) -> Course | None:
    """A first guess of where a given row runs on its page; None where there is next to nothing."""

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return points @ to_page[:2, :2].T + to_page[:2, 2]

    words = [moved(word.outline) for word in row.words if len(word.outline) > 2]
    return from_baseline(moved(row.baseline), moved(row.outline), words)
