"""Calibration keeps the order of words and moves what they promise."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ocr_cli.page import Box, Row, Word
from ocr_cli.recognition import calibration as confidence

BOX = Box(0, 0, 1, 1)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_surer_words_stay_surer(values: list[float]) -> None:
    row = Row(BOX, tuple(Word(BOX, (), "x", value) for value in values), 0.0, 1.0)
    for odds in (confidence.LETTERS, confidence.SETTLED, confidence.LINES):
        done = confidence.calibrated(row, odds)
        found = np.array([word.confidence for word in done.words])
        assert ((found > 0) & (found < 1)).all()
        assert (np.diff(found[np.argsort(values, kind="stable")]) >= 0).all()
        assert found.min() <= done.confidence + 1e-6
        assert done.confidence <= found.max() + 1e-6


def test_a_row_without_words_is_not_trusted() -> None:
    assert confidence.calibrated(Row(BOX, (), 0.0, 1.0), confidence.LINES).confidence == 0
