"""The words of a language: what they add to a text's odds, and how a model file keeps them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_cli.errors import ModelError
from ocr_cli.modelfiles import weights
from ocr_cli.recognition import language
from ocr_cli.recognition.language import lexicon
from ocr_cli.recognition.language.lexicon import Lexicon, lexicon_of, make_lexicon
from ocr_cli.recognition.language.ngrams import train_language

FREQUENCY = {"the": 5e-2, "house": 1e-4, "can't": 1e-4, "école": 1e-5, "of": 3e-2, "rarely": 1e-9}


@pytest.fixture(scope="module")
def words() -> Lexicon:
    return make_lexicon(FREQUENCY)


def test_a_listed_word_adds_by_its_frequency_and_another_costs(words: Lexicon) -> None:
    usual, unknown = words.odds(["House", "hovse"])
    assert usual == pytest.approx(lexicon.FREQUENT * np.log(1e-4 / lexicon.USUAL), abs=0.01)
    assert unknown == lexicon.UNKNOWN
    assert words.odds(["the house, the HOUSE"])[0] == pytest.approx(
        2 * words.odds(["the"])[0] + 2 * usual, rel=1e-5
    )


def test_short_words_figures_and_signs_say_nothing(words: Lexicon) -> None:
    assert words.odds(["of 17 xq, 3-4!", "", "a1b2"]).tolist() == [0, 0, 0]


def test_a_text_of_listed_words_alone(words: Lexicon) -> None:
    known = replace(train_language(["the house"], order=3), lexicon=words)
    for text, listed in (
        ("THE HOUSE, OF A", True),
        ("THE HOVSE", False),
        ("THE 7 HOUSE", False),
        ("L. THE HOUSE", False),
        ("", True),
    ):
        assert lexicon.are_listed(text, known) == listed
        assert not lexicon.are_listed(text, None)


def test_parts_of_words_and_rare_ones(words: Lexicon) -> None:
    """can't stands as can; what is too rare to be listed costs as much as what is no word."""
    assert words.odds(["can"])[0] > 0
    assert words.odds(["rarely"])[0] == lexicon.UNKNOWN
    assert words.odds(["ÉCOLE"])[0] > 0 > words.odds(["ecole"])[0]


def test_what_somebody_writes_is_as_good_as_listed(words: Lexicon) -> None:
    assert words.odds(["Quibell"], own={"quibell"})[0] == 0
    assert words.odds(["the"], own={"the"})[0] == words.odds(["the"])[0]


@given(st.dictionaries(st.text("abcdeé", min_size=3), st.floats(1e-6, 1), min_size=1))
def test_a_file_keeps_all(frequency: dict[str, float]) -> None:
    made = make_lexicon(frequency)
    again = lexicon_of(made.arrays())
    assert again is not None
    assert made.keys.tolist() == again.keys.tolist()
    assert (again.odds(list(frequency)) > lexicon.UNKNOWN).all()


def test_what_is_no_lexicon(words: Lexicon) -> None:
    gaps, rarity = words.arrays().values()
    assert lexicon_of({}) is None
    for wrong in (
        {"word_gaps": gaps},
        {"word_gaps": gaps.astype(np.int64), "word_rarity": rarity},
        {"word_gaps": gaps, "word_rarity": rarity[1:]},
        {"word_gaps": gaps * 0, "word_rarity": rarity},
        {"word_gaps": gaps * 0 + np.uint32(2**31), "word_rarity": rarity},
    ):
        with pytest.raises(ValueError, match="lexicon"):
            lexicon_of(wrong)


def test_a_language_has_its_words_in_its_file(words: Lexicon, tmp_path: Path) -> None:
    path = tmp_path / "language.npz"
    plain = train_language(["the house of the house"], order=3)
    assert plain.word_odds(["house", "hovse"]).tolist() == [0, 0]
    language.save(path, replace(plain, lexicon=words))
    assert language.load(path).word_odds(["house", "hovse"]).tolist() == pytest.approx(
        words.odds(["house", "hovse"]).tolist()
    )
    meta, arrays = weights.read_archive(path, {"language"})
    del arrays["word_rarity"]
    weights.write_archive(path, meta, arrays)
    with pytest.raises(ModelError, match="do not fit"):
        language.load(path)


@pytest.mark.parametrize("name", ["en", "fr", "de", "es"])
def test_shipped_languages_know_their_words(name: str) -> None:
    shipped = language.load(weights.model_path(language.languages.LANGUAGES[name].file))
    texts = {
        "en": "house hovse",
        "fr": "moins broins",
        "de": "straße strabe",
        "es": "ciudad cindad",
    }
    word, other = shipped.word_odds(texts[name].split())
    assert word > 0 > other
