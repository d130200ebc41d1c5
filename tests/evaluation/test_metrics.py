"""Edit distance against the textbook's recursion, and the rates as the data define them."""

import time
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_cli.evaluation.metrics import (
    Tally,
    TextScore,
    alignment,
    bare,
    edit_distance,
    normalise,
    score,
)

few_letters = st.text("ab c\n", max_size=12)


def cer(read: str, truth: str) -> float:
    return score(read, truth).characters.rate


def bare_cer(read: str, truth: str) -> float:
    return score(read, truth).bare.rate


def wer(read: str, truth: str) -> float:
    return score(read, truth).words.rate


def recursive_distance(a: str, b: str) -> int:
    @cache
    def distance(i: int, j: int) -> int:
        if i == 0 or j == 0:
            return i + j
        return min(
            distance(i - 1, j) + 1,
            distance(i, j - 1) + 1,
            distance(i - 1, j - 1) + (a[i - 1] != b[j - 1]),
        )

    return distance(len(a), len(b))


@given(few_letters, few_letters)
def test_the_distance_is_the_recursion_s(a: str, b: str) -> None:
    assert edit_distance(a, b) == recursive_distance(a, b)


@given(few_letters, few_letters, few_letters)
def test_the_distance_is_a_metric(a: str, b: str, c: str) -> None:
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))


@pytest.mark.parametrize(
    ("a", "b", "edits"),
    [
        ("kitten", "sitting", 3),
        ("", "abc", 3),
        ("abc", "", 3),
        ("", "", 0),
        ("aaa", "aa", 1),
        ([("x",), 2], [("x",), 3, 4], 2),
    ],
)
def test_known_distances(a: str, b: str, edits: int) -> None:
    assert edit_distance(a, b) == edits


def test_a_page_of_2000_characters_is_compared_in_a_moment() -> None:
    rng = np.random.default_rng(0)
    a, b = ("".join(map(chr, rng.integers(97, 123, 2000))) for _ in range(2))
    spent = []
    for _ in range(3):
        start = time.process_time()
        assert 1000 < edit_distance(a, b) < 2000
        spent.append(time.process_time() - start)
    assert min(spent) < 0.5


def test_typographic_signs_are_their_plain_ones() -> None:
    assert normalise("“It’s” – ‘so’…\u00a0") == "\"It's\" - 'so'..."
    assert cer('l\'ete - "oui"', "l’ete — “oui”") == 0
    assert cer("«oui»", '"oui"') > 0


def test_accuracy_is_that_of_letters_and_digits() -> None:
    assert score("DEAR sir;", "Dear Sirs,").accuracy == pytest.approx(1 - 1 / 8)
    assert score("much too much", "no").accuracy < 0


def test_spaces_and_line_breaks_are_one_character_each() -> None:
    assert normalise("  a \t b\r\n\n \n c  ") == "a b\nc"
    assert normalise("") == normalise(" \n ") == ""
    assert cer("ab", "a\nb") == 1 / 3
    assert cer("a b", "a\nb") == 1 / 3
    assert cer("a\n\nb  ", "  a\nb") == 0


def test_accents_are_one_letter_however_they_are_stored() -> None:
    assert cer("cafe\u0301", "caf\u00e9") == 0
    assert score("", "cafe\u0301").characters == Tally(4, 4)


def test_bare_sees_letters_and_digits_without_case() -> None:
    assert bare("No. 7: Straße,\nbitte!") == "no7strassebitte"
    assert bare_cer("to-do  LIST", "To do:\nlist") == 0
    assert bare_cer("T0", "to") == 1 / 2


def test_words_are_what_spaces_part() -> None:
    assert wer("the cat sat", "the cat\nsat down") == 1 / 4
    assert wer("th e cat", "the cat") == 1
    assert wer("A cat", "a cat") == 1 / 2


def test_an_empty_truth_counts_as_one_long() -> None:
    assert cer("", "") == 0
    assert cer("abc", " ") == 3
    assert wer("a b", "") == 2


def test_scores_add_up_by_edits_and_lengths() -> None:
    total = sum([score("a", "a"), score("xxxx", "abc")], TextScore())
    assert total.characters == Tally(4, 4)
    assert total.characters.rate == 1
    assert total.words == Tally(1, 2)


@given(st.text(max_size=30))
def test_a_text_is_its_own_truth(text: str) -> None:
    assert cer(text, text) == bare_cer(text, text) == wer(text, text) == 0
    assert normalise(normalise(text)) == normalise(text)


@given(st.text("ab \n", max_size=12), st.text("ab \n", max_size=12))
def test_an_alignment_has_every_character_once_and_fewest_edits(read: str, truth: str) -> None:
    pairs = alignment(read, truth)
    for side, text in enumerate((read, truth)):
        assert [i for i in pairs[:, side] if i >= 0] == list(range(len(text)))
    different = sum(i < 0 or j < 0 or read[i] != truth[j] for i, j in pairs)
    assert different == edit_distance(read, truth)


def test_an_alignment_swaps_spaces_for_letters_last() -> None:
    assert alignment("a", "b ").tolist() == [[0, 0], [-1, 1]]
    assert alignment("b ", "a").tolist() == [[0, 0], [1, -1]]
