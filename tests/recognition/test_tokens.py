"""Numbers, amounts and moves of a game are read as what their page is full of."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr_cli.page import Box, Page, Row
from ocr_cli.recognition import figures, moves
from ocr_cli.recognition.mirrors import share_of_mixed

CLASSES = tuple("0123456789 .,:$%€xXabcdefghstlCGHIKMNOQRSZ")


def seen(*likely: str) -> NDArray[np.float32]:
    """Scores by which each character is one of some, the first of them the likelier by 3."""
    scores = np.full((2 * len(likely), len(CLASSES) + 1), -12.0, np.float32)
    for k, some in enumerate(likely):
        for place, character in enumerate(some):
            scores[2 * k, CLASSES.index(character)] = -3.0 * place
    scores[1::2, -1] = 0
    return scores - np.log(np.exp(scores).sum(1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(
    ("read", "scores", "told"),
    [
        ("S.SH", seen("S5", ".", "S5", " ", "H"), "5.5 H"),
        ("2.SKG", seen("2", ".", "S5", " ", "K", "G"), "2.5 KG"),
        ("ISKM", seen("I", "S", "K", "M"), "ISKM"),  # of letters alone: a name
        ("1.5 H", seen("1", ".", "5", " ", "H"), "1.5 H"),
        ("S.SH", seen("S", ".", "S", "H"), "S.SH"),  # nothing is like a five there
    ],
)
def test_an_amount_among_figures_is_parted_from_its_unit(
    read: str, scores: NDArray[np.float32], told: str
) -> None:
    assert figures.likelier(read, scores, CLASSES, a_sum=False) == told


@pytest.mark.parametrize(
    ("read", "scores", "a_sum", "told"),
    [
        ("€ 17", seen("€x", " ", "1", "7"), True, "x 17"),
        ("€ 17", seen("€x", " ", "1", "7"), False, "€ 17"),  # a price
        ("€ 17", seen("€", " ", "1", "7"), True, "€ 17"),
        ("309", seen("3", "0", "9"), True, "309"),
    ],
)
def test_a_cross_stands_before_a_number_in_a_sum(
    read: str, scores: NDArray[np.float32], a_sum: bool, told: str
) -> None:
    assert figures.likelier(read, scores, CLASSES, a_sum) == told


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["309", "€ 17", "2163", "309", "5253"], True),
        (["€ 17", "€ 30", "47"], False),
        (["12", "5"], False),
    ],
)
def test_a_sum_is_mostly_bare_numbers(texts: list[str], told: bool) -> None:
    assert figures.is_sum(texts) == told


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["1. e4 es", "2. Nf3 Nc6"], True),
        (["1. C4 36", "2. g3 Bg7"], True),
        (["1. MILK", "2. BREAD"], False),
        (["1. take a4", "2. go home now"], False),
        (["B2 is here"], False),
    ],
)
def test_a_page_of_moves_is_told(texts: list[str], told: bool) -> None:
    assert moves.are_moves(texts) == told


@pytest.mark.parametrize(
    ("read", "scores", "told"),
    [
        ("1. e4 es", seen("1", ".", " ", "e", "4", " ", "e", "s5"), "1. e4 e5"),
        ("2. C4 36", seen("2", ".", " ", "Cc", "4", " ", "3g", "6"), "2. c4 g6"),
        ("1. d4 ds", seen("1", ".", " ", "d", "4", " ", "d", "s"), "1. d4 ds"),  # surely an s
        ("1. see it", seen("1", ".", " ", "s", "e", "e", " ", "l", "t"), "1. see it"),
    ],
)
def test_moves_are_read_where_the_network_nearly_says_so(
    read: str, scores: NDArray[np.float32], told: str
) -> None:
    assert moves.as_moves(read, scores, CLASSES) == told


def test_words_of_letters_and_figures_are_counted() -> None:
    box = Box(0, 0, 9, 9)
    rows = tuple(Row(box, (), 8.0, 5.0, text=text) for text in ("23OTAMOT 3HT", "PAY 12"))
    page = Page(np.ones((9, 9), np.float32), file_shape=(9, 9), rows=rows)
    assert share_of_mixed(page) == 0.5
