"""Each page gets the language that suits what was read of it, "none" where none does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ocr_cli import recognition
from ocr_cli.data.charset import LANGUAGES
from ocr_cli.errors import ModelError
from ocr_cli.modelfiles import weights
from ocr_cli.recognition import language
from ocr_cli.recognition.language import ALPHABET, LanguageModel, languages
from ocr_cli.recognition.language.languages import Languages, choose, near
from ocr_cli.recognition.letters.search import NoLanguage

PAGES = {
    "en": ["We walked down to the harbour in the", "evening and watched the boats come", "in."],
    "fr": [
        "Nous sommes allés au port vers le",
        "soir pour regarder les bateaux qui",
        "rentraient.",
    ],
    "de": ["Gegen Abend gingen wir zum Hafen", "und sahen zu, wie die Boote", "heimkamen."],
    "es": ["Por la tarde bajamos al puerto y", "miramos cómo volvían los barcos de", "pesca."],
}


@pytest.fixture(autouse=True)
def _shipped(request: pytest.FixtureRequest) -> None:
    """A language that was left out is not tested."""
    callspec = getattr(request.node, "callspec", None)
    name = callspec.params.get("name", "en") if callspec else "en"
    if LANGUAGES[name].file not in weights.shipped_models():
        pytest.skip(f"without {LANGUAGES[name].file}")


def misread(rows: list[str], share: float, seed: int) -> list[str]:
    """Rows as a network reads them that errs this often."""
    rng = np.random.default_rng(seed)
    letters = "abcdefghilmnoprstuvxyz .,-'1"
    return [
        "".join(
            letters[int(rng.integers(len(letters)))] if rng.random() < share else char
            for char in row
        )
        for row in rows
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_gets_its_language(name: str) -> None:
    assert choose(PAGES[name]) == name
    assert choose([row.upper() for row in PAGES[name]]) == name


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("share", [0.1, 0.15])
def test_a_page_gets_its_language_though_it_is_ill_read(name: str, share: float) -> None:
    assert all(choose(misread(PAGES[name], share, seed)) == name for seed in range(5))


@pytest.mark.parametrize("name", PAGES)
def test_accents_are_not_needed(name: str) -> None:
    """A network of printable ASCII reads bare letters."""
    from ocr_cli.data.corpus import without_accents

    assert choose([without_accents(row) for row in PAGES[name]]) == name


@pytest.mark.parametrize(
    ("word", "name"),
    [("Grünbach", "de"), ("Hauptstraße", "de"), ("¿Dónde estás?", "es"), ("l'école", "fr"),
     ("the", "en"), ("42", "en"), ("", "en"), ("I", "en")],
)  # fmt: skip
def test_a_word_is_enough_where_it_is_telling(word: str, name: str) -> None:
    assert choose([word]) == name


def test_nothing_read_is_english() -> None:
    assert choose([]) == choose(["", ""]) == "en"


def test_what_is_in_no_language() -> None:
    rng = np.random.default_rng(0)
    gibberish = ["".join(rng.choice(list(ALPHABET[:-1]), 30)) for _ in range(6)]
    assert choose(gibberish) == languages.NONE
    assert Languages().suiting(gibberish) is None


def test_figures_and_code_are_left_to_a_language_that_knows_them() -> None:
    assert choose(["1. e4 e5", "2. Nf3 Nc6", "350 F", "1,250.00", "kim.lane@postbox.org"]) == "en"


def test_the_first_has_a_lead() -> None:
    bits = {"en": 104.0, "fr": 100.0, "de": 130.0}
    assert near(bits) == ["en"]
    assert near(bits, 5) == ["en", "fr"]
    assert near({**bits, "en": 110.0}) == ["fr"]


def test_only_the_language_that_is_needed_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []

    def load(path: Path) -> LanguageModel:
        loaded.append(path.stem)
        return language.load(path)

    monkeypatch.setattr(languages, "load", load)
    languages._loaded.cache_clear()
    try:
        for _ in range(2):
            assert Languages().suiting(PAGES["fr"]) is not None
            assert loaded == ["french"]
    finally:
        languages._loaded.cache_clear()


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_language_has_its_letters(name: str) -> None:
    model = Languages().get(name)
    assert isinstance(model, LanguageModel)
    assert model.alphabet == ALPHABET
    assert weights.model_path(LANGUAGES[name].file).stat().st_size < 2.4e6


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("fr", "l'homme est là, qu'il dit", "l homme est la, qu il dit"),
        ("fr", "j'ai été très malade", "j'ai ete tres malade"),
        ("fr", "C'est à l'église d'Étampes", "C est à l eglise d Etampes"),
        ("fr", "« Oui, dit-elle »", '" Oui, dit-elle "'),
        ("de", "die Straße ist naß und weiß", "die StraBe ist naB und weiB"),
        ("de", "für die schönen Grüße", "fur die schonen Gruse"),
        ("es", "¿Dónde está el niño?", "2Donde esta el nino?"),
        ("es", "¡Qué mañana más fría!", "iQue manana mas fria!"),
        ("en", "we had coffee at the café", "we had coffee at the cafè"),
    ],
)
def test_signs_of_a_language_come_out_right(name: str, right: str, wrong: str) -> None:
    model = Languages().get(name)
    assert model is not None
    assert model.score(right) > model.score(wrong)


def capital_odds(name: str, prefix: str, letter: str) -> float:
    model = Languages().get(name)
    assert isinstance(model, LanguageModel)
    small, capital = model.encode(letter + letter.upper())
    row = model.log_probabilities(language.states_along(model, model.encode(prefix))[-1:])[0]
    return float(np.exp(row[capital] - row[small]))


@pytest.mark.parametrize("name", ["de"])
def test_german_leaves_a_noun_its_capital(name: str) -> None:
    """Which words are nouns it cannot tell; but nowhere inside a line is a capital odd."""
    for letter in "hztm":
        assert capital_odds(name, "gestern haben wir ", letter) > 0.1


# As the readers have it


def test_languages_by_name(tmp_path: Path) -> None:
    assert isinstance(recognition.load_language("auto"), Languages)
    assert recognition.load_language("none") is None
    assert isinstance(recognition.load_language("fr"), LanguageModel)
    with pytest.raises(ModelError, match="no such language"):
        recognition.load_language("klingon")


def test_a_reader_takes_the_language_of_what_it_reads() -> None:
    reader = recognition.Reader(None, language=Languages())
    assert reader.usual_language(lambda: PAGES["fr"]) is Languages().get("fr")
    assert reader.settled(PAGES["es"]).language is Languages().get("es")


def test_a_reader_with_one_language_does_not_look_twice() -> None:
    def never() -> list[str]:
        raise AssertionError

    own = NoLanguage()
    assert recognition.Reader(None, language=own).language_of(never) is own
    assert recognition.Reader(None).language_of(never) is None
