"""A language that has met somebody's lines: sums to one, knows their names, else as before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_cli.recognition import language
from ocr_cli.recognition.language.ngrams import train_language
from ocr_cli.recognition.language.own_words import LONGEST, SHORTEST, TRUST, OwnWords

USUAL = train_language(["The cat sat on the mat.", "we ate at noon", "dear me"], order=5)
TEXTS = st.text(st.sampled_from("aTe "), max_size=12)  # few letters, so that much comes back


def test_a_name_that_was_written_is_likely_and_in_capitals_too() -> None:
    own = OwnWords(USUAL, ("Dear Quentin Blackthorne,", "we met Quentin at noon"))
    for text in ("to Blackthorne", "to BLACKTHORNE"):
        assert own.score(text) > USUAL.score(text) + 5
    assert own.score("1234567 xyz") == pytest.approx(USUAL.score("1234567 xyz"), abs=1e-4)


@settings(max_examples=30)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_what_may_follow_sums_to_one(text: str, lines: list[str]) -> None:
    own = OwnWords(USUAL, tuple(lines))
    ahead = own.log_probabilities(language.states_along(own, USUAL.encode(text)))
    np.testing.assert_allclose(np.exp(ahead.astype(np.float64)).sum(1), 1, atol=1e-4)


def chance(prefix: str, character: str) -> float:
    return float(np.exp(USUAL.score(prefix + character) - USUAL.score(prefix)))


def counted(text: str, character: str, lines: list[str]) -> float:
    """How likely a character is in either case, by counting in the lines as they stand."""
    likely = chance(text, character.lower()) + chance(text, character.upper())
    before, written = f"\n{text.lower()}", [f"\n{line.lower()}\n" for line in lines]
    for n in range(SHORTEST, LONGEST + 1):
        tails = [x[i:] for x in written for i in range(len(x)) if x[:i].endswith(before[-n:])]
        if len(before) >= n and tails:
            met = sum(tail.startswith(character.lower()) for tail in tails)
            likely = (met + TRUST * likely) / (len(tails) + TRUST)
    return likely


@settings(max_examples=50)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_it_counts_what_followed_the_longest_contexts_last(text: str, lines: list[str]) -> None:
    own = OwnWords(USUAL, tuple(lines))
    for c in "eT":
        gain = own.score(text + c) - own.score(text) - np.log(chance(text, c))
        usual = chance(text, c.lower()) + chance(text, c.upper())
        assert gain == pytest.approx(np.log(counted(text, c, lines) / usual), abs=2e-3)
