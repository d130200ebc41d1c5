"""A letter or a language is added in `data/charset.py`, and nowhere else."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ocr_cli import recognition
from ocr_cli.cli.main import cli
from ocr_cli.data import charset
from ocr_cli.data.charset import EXTENTS, LANGUAGES, WESTERN, Extent, ShippedLanguage, folded
from ocr_cli.modelfiles import archive
from ocr_cli.output import formats
from ocr_cli.page import Page
from ocr_cli.recognition.language import LanguageModel, languages

LATIN = """
Gallia est omnis divisa in partes tres, quarum unam incolunt Belgae, aliam Aquitani, tertiam qui
ipsorum lingua Celtae, nostra Galli appellantur. Hi omnes lingua, institutis, legibus inter se
differunt. Gallos ab Aquitanis Garumna flumen, a Belgis Matrona et Sequana dividit. Horum omnium
fortissimi sunt Belgae, propterea quod a cultu atque humanitate provinciae longissime absunt.
"""


@pytest.fixture
def latin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A fifth language: its model's file, as a user trains it, and its entry."""
    (tmp_path / "latin.txt").write_text(LATIN * 20, encoding="utf-8")
    arguments = ["train", "--kind", "language", "--data", str(tmp_path / "latin.txt")]
    out = tmp_path / "latin.npz"
    done = CliRunner().invoke(cli, [*arguments, "--out", str(out)])
    assert done.exit_code == 0, done.output
    shipped = {**archive.shipped_models(), "latin": out}
    monkeypatch.setattr(archive, "shipped_models", lambda: shipped)
    monkeypatch.setattr("ocr_cli.modelfiles.weights.shipped_models", lambda: shipped)
    monkeypatch.setitem(LANGUAGES, "la", ShippedLanguage("Latin", "lat"))
    languages.profiles.cache_clear()
    yield
    languages.profiles.cache_clear()
    languages._loaded.cache_clear()


def test_a_language_from_outside_is_asked_for_told_apart_and_named(latin: None) -> None:
    assert isinstance(recognition.load_language("la"), LanguageModel)
    assert languages.choose(["Horum omnium fortissimi sunt Belgae", "propterea quod"]) == "la"
    assert languages.choose(["We walked down to the harbour in the evening."]) == "en"
    page = replace(Page(np.ones((20, 20), np.float32)), language="la")
    assert 'primaryLanguage="Latin"' in str(formats.READ["page"].page(page))


LETTER = """
import json, sys
from ocr_cli.data import charset
charset.WESTERN += ("ŵ", "Ŵ")
charset.EXTENTS["ŵ"] = charset.Extent(1.45, 0.0)
charset.ALIKE["ŵ"] = "v"
import numpy as np
from ocr_cli import api
from ocr_cli.data.patches import as_target
from ocr_cli.data.synthesis.stock import expected_ink
from ocr_cli.recognition.language import ALPHABET, ngrams
from ocr_cli.recognition.letters.geometry import log_fit
model = ngrams.train_language(["dŵr a thŵr"] * 9)
fit = log_fit(["ŵ", "w"], np.array([[1.45, 0.0]], np.float32))
print(json.dumps({
    "alphabet": "ŵ" in ALPHABET,
    "likelier": model.score("dŵr") > model.score("dwr"),
    "tall": expected_ink("ŵ")[0] > expected_ink("w")[0],
    "fits": bool(fit[0, 0] > fit[0, 1]),
    "transcribed": as_target("dŵr"),
    "read": api.read(sys.argv[1])[0].text,
}))
"""


def test_a_letter_from_outside_reaches_all_who_go_by_letters(root: Path) -> None:
    """In a process of its own, since alphabets are made when modules are loaded."""
    examples = root / "examples"
    note = examples / "postcard.jpg"
    done = subprocess.run(
        [sys.executable, "-c", LETTER, str(note)], capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("transcribed") == "dŵr"
    # models that were trained before go on reading
    assert found.pop("read").split() == (examples / "postcard.txt").read_text().split()
    assert all(found.values()), found


def test_every_character_of_a_keyboard_has_an_extent() -> None:
    assert set(charset.ASCII94) == set(EXTENTS)
    assert all(extent.top > extent.bottom for extent in EXTENTS.values())
    assert EXTENTS["g"] == Extent(1.0, -0.6)
    assert len(set(WESTERN)) == len(WESTERN)


def test_what_is_folded_is_read() -> None:
    assert folded("“L’été…”\u00a0–\tº") == '"L\'été..." - °'
    assert set(folded("‘’‚‛′ʼ`´“”„‟″‐‑‒–—―−\u2009\u202f")) <= set(WESTERN)
