"""A reader's characters that a language lacks are neither forbidden nor do they stop it."""

import numpy as np
import pytest

from ocr_cli.page import Box, Glyph
from ocr_cli.recognition.language.columns import LACKING, columns
from ocr_cli.recognition.language.ngrams import train_language
from ocr_cli.recognition.letters.lattice import Lattice
from ocr_cli.recognition.letters.search import LatticeDecoding, best_paths
from ocr_cli.recognition.lines.beam import LineDecoding, beam_search

CLASSES = ("c", "a", "f", "e", "é", "½")
ASCII = "".join(map(chr, range(32, 127))) + "\n"


@pytest.mark.parametrize(("char", "stands"), [("é", "e"), ("Ö", "O"), ("ß", "s"), ("½", "1")])
def test_what_stands_for_a_character(char: str, stands: str) -> None:
    found = columns(ASCII, [char, "x"])
    assert [ASCII[i] for i in found.column] == [stands, "x"]
    assert found.lacking.tolist() == [True, False]


def test_a_row_of_columns() -> None:
    rows = np.log(np.array([[0.5, 0.3, 0.2]], np.float32))
    taken = columns("ae ", ["e", "é"]).of(rows)
    np.testing.assert_allclose(taken, [[np.log(0.3), LACKING]], rtol=1e-6)


def seen(text: str, sure: float = 0.97) -> np.ndarray:
    """(2 n, C + 1) scores of a line network that is sure of a text."""
    steps = []
    for char in text:
        row = np.full(len(CLASSES) + 1, (1 - sure) / len(CLASSES))
        row[CLASSES.index(char)] = sure
        steps += [row, np.eye(len(CLASSES) + 1)[-1] * 0.9 + 0.1 / (len(CLASSES) + 1)]
    return np.log(np.array(steps, np.float32))


@pytest.mark.parametrize("text", ["café", "caf½", "éa½e"])
def test_a_line_says_what_its_language_has_no_letters_for(text: str) -> None:
    """A model of ASCII alone, such as one of the user's own, beside a network that knows more."""
    plain = train_language(["face café cafe"], order=4, alphabet=ASCII)
    (found,) = beam_search([seen(text, 0.9999)], CLASSES, plain, LineDecoding())
    assert "".join(CLASSES[k] for k in found) == text


def test_letters_say_what_their_language_has_no_letters_for() -> None:
    plain = train_language(["face cafe"], order=4, alphabet=ASCII)
    atoms = tuple(Glyph(Box(0, x, 9, x + 5), np.ones((9, 5), bool)) for x in (0, 10, 20, 30))
    scores = seen("café", 0.9999)[::2, :-1]
    starts, space_odds = np.arange(4), np.full(5, -np.inf, np.float32)
    lattice = Lattice(atoms, starts, starts + 1, scores, space_odds, CLASSES)
    for language in (plain, None):
        (steps,) = best_paths([lattice], language, LatticeDecoding())
        assert "".join(CLASSES[step.character] for step in steps) == "café"
