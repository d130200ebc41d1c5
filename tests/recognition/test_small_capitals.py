"""Small capitals are told from capitals by how tall a page's letters are."""

from collections.abc import Sequence

import numpy as np
import pytest

from ocr_cli.layout.strips import HEIGHT, MIDDLE, Strip
from ocr_cli.page import Box, Row
from ocr_cli.recognition.lines import RowEmissions, greedy_texts, small_capitals

CLASSES = tuple(" ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
TEXT = ["THE", "Dog", "BARKED", "AT", "Mary", "BEFORE", "THE", "Rain", "FELL", "ON", "Lima"]


def row(
    words: Sequence[str], small: float, tall: float, speck: bool = False, lower: int = 3
) -> RowEmissions:
    """A row that the network reads in capitals; small letters of `words` are drawn `small`.

    Of those it takes one in `lower` for lower case; 0: none.
    """
    text = " ".join(words)
    image = np.zeros((HEIGHT, 12 * len(text)), np.float32)
    scores = np.full((3 * len(text), len(CLASSES) + 1), np.log(1e-6), np.float32)
    scores[:, -1] = 0
    for i, c in enumerate(text):
        if c != " ":
            top = int(MIDDLE - (tall if c.isupper() else small))
            image[top : int(MIDDLE) + 4, 12 * i + 4 : 12 * i + 9] = 1
            if speck:
                image[:3, 12 * i + 4 : 12 * i + 9] = 1
        scores[3 * i + 1] = np.log(1e-6)
        said = c if lower and i % lower == 1 else c.upper()
        scores[3 * i + 1, CLASSES.index(said)] = 0
    return RowEmissions(
        Row(Box(0, 0, HEIGHT, image.shape[1]), 30.0, 0.0, ()),
        np.zeros(image.shape, bool),
        Strip(image, np.eye(2, 3)),
        scores,
    )


def mixed_case(words: Sequence[str]) -> list[str]:
    return [w if w.istitle() else w.lower() for w in words]


@pytest.mark.parametrize("speck", [False, True], ids=["alone", "with tails of the row above"])
def test_small_letters_of_a_page_are_lower_case(speck: bool) -> None:
    page = [row(mixed_case(TEXT), 7, 14, speck), row(mixed_case(TEXT[::-1]), 7, 14, speck)]
    read = greedy_texts(small_capitals.resolved(page, CLASSES), CLASSES)
    assert read == [" ".join(mixed_case(TEXT)), " ".join(mixed_case(TEXT[::-1]))]


def test_capitals_of_one_height_stay() -> None:
    page = [row(mixed_case(TEXT), 10, 10)]
    assert small_capitals.resolved(page, CLASSES) == page


def test_rows_in_capitals_beside_rows_without_any_are_left_alone() -> None:
    words = [w.lower() for w in TEXT]
    page = [row(mixed_case(TEXT), 14, 21, lower=0), row(words, 7, 14, lower=1)]
    texts = greedy_texts(page, CLASSES)
    page[1] = row(words, 7, 14, lower=1)
    assert greedy_texts(small_capitals.resolved(page, CLASSES), CLASSES) == texts


def test_who_writes_capitals_alone_is_left_alone() -> None:
    """However tall they begin words: nothing says that any of them is lower case."""
    page = [row(mixed_case(TEXT), 7, 14, lower=0)]
    read = greedy_texts(small_capitals.resolved(page, CLASSES), CLASSES)
    assert [text.upper() for text in read] == [" ".join(TEXT).upper()] == read


def test_too_few_letters_tell_nothing() -> None:
    page = [row(mixed_case(TEXT[:3]), 7, 14)]
    assert small_capitals.resolved(page, CLASSES) == page
