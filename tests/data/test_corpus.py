"""The text behind the shipped language model: made up the same way each time, nothing held out."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from ocr_cli.data import corpus
from ocr_cli.errors import MissingExtraError
from ocr_cli.reading import ngrams
from ocr_cli.reading.language import ALPHABET


def test_strings_are_made_up_the_same_way_each_time() -> None:
    one, same, other = (list(corpus.made_up(400, np.random.default_rng(s))) for s in (1, 1, 2))
    assert one == same != other
    assert len(set(one)) > 300


def test_made_up_strings_can_be_read() -> None:
    assert corpus.BREAK == ngrams.BREAK
    text = "".join(corpus.made_up(2000, np.random.default_rng(0))).replace(corpus.BREAK, "")
    assert set(text) <= set(ALPHABET)
    assert set("0123456789@$%#:/-") <= set(text)


def test_accents_are_dropped() -> None:
    assert corpus.without_accents("Straße, château, l’Été") == "Strasse, chateau, l'Ete"


def test_transcripts_are_of_the_split_alone(data: Path) -> None:
    train, valid = (set(corpus.transcripts(data / "ink", split)) for split in ("train", "valid"))
    assert len(train) > 10_000
    assert len(valid - train) > 100
    assert not any("t@he" in line for line in train)


def test_listed_words_come_as_often_as_they_are_used() -> None:
    pytest.importorskip("wordfreq", reason="needs the extra [language]")
    words = list(corpus.listed_words("en", 2000, np.random.default_rng(0)))
    assert sum(word.startswith(f"{corpus.BREAK} the") for word in words) > 80
    assert 1000 < len(words) < 2500


def test_without_the_word_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingExtraError, match="wordfreq"):
        next(corpus.listed_words("en", 10, np.random.default_rng(0)))
