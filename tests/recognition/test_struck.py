"""Words that are crossed out are left out, as transcripts leave them out."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr_cli.recognition.struck import is_struck

Strip = NDArray[np.float32]


def word(letters: int = 5) -> Strip:
    """A strip with a word of Us from column 30 on, 16 columns each."""
    strip = np.zeros((48, 60 + 16 * letters), np.float32)
    for k in range(letters):
        left = 30 + 16 * k
        strip[17:31, left : left + 2] = strip[17:31, left + 10 : left + 12] = 1
        strip[29:31, left : left + 12] = 1
    return strip


def crossed(strip: Strip, x1: int, x2: int, y: int = 23, slope: float = 0.0) -> Strip:
    out = strip.copy()
    for x in range(x1, x2):
        at = y + round(slope * (x - (x1 + x2) / 2))
        out[at : at + 2, x] = 1
    return out


@pytest.mark.parametrize("y", [21, 25])
@pytest.mark.parametrize("slope", [0.0, 0.05, -0.05])
def test_a_word_with_a_line_through_it_is_crossed_out(y: int, slope: float) -> None:
    assert is_struck(crossed(word(), 28, 108, y, slope), 28, 108)


def test_a_word_is_not_nor_is_one_that_is_underlined_or_on_ruled_paper() -> None:
    plain = word()
    assert not is_struck(plain, 28, 108)
    assert not is_struck(crossed(plain, 28, 108, 36), 28, 108)
    assert not is_struck(crossed(plain, 0, plain.shape[1], 25), 28, 108)


def test_a_line_through_a_part_of_a_word_crosses_nothing_out() -> None:
    assert not is_struck(crossed(word(), 28, 80), 28, 108)


def test_a_short_word_is_never_crossed_out() -> None:
    assert not is_struck(crossed(word(1), 28, 44), 28, 44)
