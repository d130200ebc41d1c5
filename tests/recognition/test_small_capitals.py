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
        said = c if lower and i % lower == lower - 1 else c.upper()
        scores[3 * i + 1, CLASSES.index(said)] = 0
    return RowEmissions(
        Row(Box(0, 0, HEIGHT, image.shape[1]), 30.0, 0.0, ()),
        np.zeros(image.shape, bool),
        Strip(image, np.eye(2, 3)),
        scores,
    )


def mixed_case(words: Sequence[str]) -> list[str]:
    return [w if w.istitle() else w.lower() for w in words]


def read(page: Sequence[RowEmissions]) -> list[str]:
    return greedy_texts(small_capitals.resolved(page, CLASSES), CLASSES)


WORDS = mixed_case(TEXT)
ROWS = [WORDS[k:] + WORDS[:k] for k in (0, 2, 3, 5, 7, 9)]
SENTENCES = [" ".join(words) for words in ROWS]


@pytest.mark.parametrize("lower", [3, 0], ids=["some for lower case", "all for capitals"])
@pytest.mark.parametrize("speck", [False, True], ids=["alone", "with tails of the row above"])
def test_small_letters_of_a_page_are_lower_case(speck: bool, lower: int) -> None:
    assert read([row(words, 7, 14, speck, lower) for words in ROWS]) == SENTENCES


@pytest.mark.parametrize("tall", [10, 13], ids=["of one height", "a little taller first"])
def test_a_hand_without_small_letters_writes_capitals(tall: float) -> None:
    """About of one height, and yet some are read as small ones inside of words."""
    page = [row(words, 10, tall, lower=4) for words in ROWS]
    assert any(not text.isupper() for text in greedy_texts(page, CLASSES))
    assert read(page) == [text.upper() for text in SENTENCES]


@pytest.mark.parametrize("tall", [10, 14], ids=["of one height", "words begin taller"])
def test_rows_of_capitals_beside_others_stay_as_they_are_read(tall: float) -> None:
    """Each word is of one case, so the hand has both."""
    heading = [word.upper() for word in WORDS]
    page = [row(heading, 10, tall, lower=0), row(heading[::-1], 10, tall, lower=0)]
    page += [row([word.lower() for word in words], 7, 14, lower=1) for words in ROWS[:2]]
    before = greedy_texts(page, CLASSES)
    assert before[0].isupper()
    assert before[2].islower()
    assert read(page) == before


def test_lists_in_capitals_stay_in_capitals_however_tall_their_words_begin() -> None:
    page = [row(words, 7, 14, lower=0) for pair in ROWS for words in (pair[:2], pair[2:5])]
    assert all(text.isupper() for text in read(page))


def test_too_few_letters_tell_nothing() -> None:
    page = [row(mixed_case(TEXT[:3]), 7, 14)]
    assert small_capitals.resolved(page, CLASSES) == page
