"""The texts behind the shipped languages: the same each time, as each writes, nothing held out."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ocr_cli.data import corpus
from ocr_cli.data.charset import WESTERN, folded
from ocr_cli.data.synthesis.dice import TERMS
from ocr_cli.data.synthesis.made_up import KINDS, made_up
from ocr_cli.errors import MissingExtraError
from ocr_cli.recognition.language import ngrams

PHRASES = Path(__file__).resolve().parents[2] / "benchmarks" / "phrases"


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# Strings that are no words


def test_strings_are_made_up_the_same_way_each_time() -> None:
    one, same, other = (list(made_up(400, rng(seed))) for seed in (1, 1, 2))
    assert one == same != other
    assert len(set(one)) > 300


@pytest.mark.parametrize("language", corpus.RECIPES)
def test_made_up_strings_can_be_read(language: str) -> None:
    assert corpus.BREAK == ngrams.BREAK
    text = "".join(made_up(100 * len(KINDS), rng(), language)).replace(corpus.BREAK, "")
    assert set(text) <= set(WESTERN)
    assert set("0123456789@$€%#:/-°½") <= set(text)


@pytest.mark.parametrize(
    "kind",
    [
        r"\d+ [A-Z]",  # 350 F
        r"\d,\d{3}\.\d\d",  # 1,250.00
        r"\d+\. [a-h][1-8] [a-h][1-8]",  # 1. e4 e5
        r"\w+\.\w+@\w+\.org",  # kim.lane@postbox.org
        r"www\.\w+-\w+\.\w+/\w+",
        r"\d{1,2}:\d\d",
        r"\d+ x \d+",
        r"x \d+",
        r"[A-Z]{2}-\d{4}",
    ],
)
def test_kinds_that_were_once_bent_into_words_are_among_them(kind: str) -> None:
    strings = [text.strip(f"{corpus.BREAK} ") for text in made_up(4000, rng())]
    assert any(re.fullmatch(kind, text) for text in strings)


def test_dates_and_streets_are_of_the_language() -> None:
    texts = {name: "\n".join(made_up(4000, rng(), name)) for name in TERMS}
    assert re.search(r"\ble 1er \w+ \d{4}", texts["fr"])
    assert re.search(r"\d\. Dezember \d{4}", texts["de"])
    assert re.search(r"\d de diciembre de \d{4}", texts["es"])
    assert re.search(r"December \d+, \d{4}", texts["en"])
    assert "straße" in texts["de"]
    assert "straße" not in texts["es"]


# Words


def test_the_bare_letters_of_accents() -> None:
    assert corpus.without_accents("Straße, château, l’Été") == "Strasse, chateau, l'Ete"


def words(language: str, number: int = 20_000) -> list[str]:
    return list(corpus.listed_words(language, number, rng(), corpus.RECIPES[language]))


@pytest.mark.needs("wordfreq")
def test_listed_words_come_as_often_as_they_are_used() -> None:
    found = words("en", 2000)
    assert sum(word.startswith(f"{corpus.BREAK} the") for word in found) > 80
    assert 1000 < len(found) < 2500


@pytest.mark.needs("wordfreq")
def test_words_have_their_accents_and_now_and_then_lack_them() -> None:
    found = Counter(piece.split()[1] for piece in words("fr", 100_000))
    assert found["très"] > 5 * found["tres"] > 0
    assert Counter(piece.split()[1] for piece in words("de", 100_000))["für"] > 100


@pytest.mark.needs("wordfreq")
def test_signs_stand_as_the_language_sets_them() -> None:
    assert any(" « " in piece for piece in words("fr"))
    assert any(piece.endswith(f" : {corpus.BREAK}") for piece in words("fr"))
    assert any("¿" in piece for piece in words("es"))
    assert not any("¿" in piece or "«" in piece for piece in words("en"))
    assert not any("'s " in piece for piece in words("fr"))


@pytest.mark.needs("wordfreq")
def test_what_french_elides_before_a_vowel() -> None:
    found = Counter(piece.split()[1] for piece in corpus.elisions(20_000, rng()))
    for usual in ("c'est", "j'ai", "qu'il", "n'est", "l'homme", "d'une", "s'est"):
        assert found[usual] > 5, usual
    assert not any(re.match(r"\w+'[bcdfgjklmnpqrstvwxz]", piece) for piece in found)


@pytest.mark.needs("wordfreq")
@pytest.mark.parametrize("language", ["de", "es"])
def test_words_put_together_have_capitals_and_stops(language: str) -> None:
    text = " ".join(corpus.sentences(language, 300, rng()))
    starts = re.findall(r"[.!?] [¿¡]?(\w)", text)
    assert all(letter == letter.upper() for letter in starts)
    inside = re.findall(r"\w (\w)\w+ \w", text)
    share = sum(letter.isupper() for letter in inside) / len(inside)
    low, high = (0.2, 0.5) if language == "de" else (0.0, 0.15)
    assert low < share < high
    assert (text.count("¿") > 5) == (language == "es")


def test_without_the_word_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    corpus.frequencies.cache_clear()
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingExtraError, match="wordfreq"):
        next(corpus.listed_words("en", 10, rng()))


# Real texts


def test_rows_are_broken_anew_with_nothing_lost() -> None:
    text = "one two three four\nfive six\n" * 10
    rows = corpus.wrapped(text, rng())
    assert " ".join(rows).split() == text.split()
    assert max(map(len, rows)) <= corpus.ROW[1]


def test_running_text_is_taken_by_paragraphs_until_there_is_enough(tmp_path: Path) -> None:
    prose = tmp_path / "en.book.txt"
    written = [f"Chapter {i}, in which “much” is told: of whom, and why." for i in range(500)]
    prose.write_text("\n".join([*written, "Ωmega is not known here"]) + "\n", encoding="utf-8")
    rows = list(corpus.running_text(prose, 0.01, rng()))
    assert 9_800 < sum(map(len, rows)) < 10_300  # what a row ends with is not counted
    assert set("".join(rows)) <= set(WESTERN)
    text = " ".join(rows)
    assert '"much"' in text  # quotes as they are read
    share = text.count(" , in which") / text.count("in which")
    assert 0.1 < share < 0.3  # points that stand apart


def test_transcripts_are_of_the_split_alone(data: Path) -> None:
    train, valid = (set(corpus.transcripts(data / "ink", split)) for split in ("train", "valid"))
    assert len(train) > 10_000
    assert len(valid - train) > 100
    assert not any("t@he" in line for line in train)


def test_only_train_splits_that_may_be_learnt_from_are_read(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        (tmp_path / "gnhk" / split).mkdir(parents=True)
        (tmp_path / "gnhk" / split / "a.txt").write_text(f"a {split}\u00a0page…", encoding="utf-8")
    assert list(corpus.real_texts(tmp_path, ["gnhk"])) == ["a train page..."]
    sets = {name for recipe in corpus.RECIPES.values() for name in recipe.sets}
    assert not sets & {"inkbench", "code", "desk"}  # these score only


@pytest.mark.needs("wordfreq")
@pytest.mark.parametrize("language", ["fr", "de", "es"])  # English takes pen strokes as well
def test_a_corpus_comes_out_the_same_each_time(language: str, tmp_path: Path) -> None:
    phrases = PHRASES / f"{language}.txt"
    for name in corpus.RECIPES[language].prose:
        (tmp_path / f"{language}.{name}.txt").write_text("one two, three.\n" * 9, encoding="utf-8")
    one, same, other = (
        list(
            corpus.corpus(
                language, tmp_path, phrases, rng(seed), prose=tmp_path, words=0.001, strings=50
            )
        )
        for seed in (1, 1, 2)
    )
    assert one == same != other


@pytest.mark.parametrize("language", corpus.RECIPES)
def test_phrases_can_be_read(language: str) -> None:
    text = (PHRASES / f"{language}.txt").read_text(encoding="utf-8")
    assert set(folded(text)) <= {*WESTERN, "\n", "º"}  # the last is not known, and breaks n-grams
