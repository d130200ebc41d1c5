"""Which of two readings of a row is taken."""

import numpy as np

from ocr_cli.page import Box, Glyph
from ocr_cli.recognition.letters.choice import best_text
from ocr_cli.recognition.letters.lattice import Lattice
from ocr_cli.recognition.letters.search import NoLanguage

CLASSES = ("A", "B")


def evidence(letter_a: float, line_a: float) -> tuple[Lattice, np.ndarray]:
    """One piece of ink that is A to the letter model and to the line model with these odds."""
    atom = Glyph(Box(0, 0, 10, 10), np.ones((10, 10), bool))
    scores = np.log([[letter_a, 1 - letter_a]])
    space_odds = np.array([-np.inf, -np.inf])
    lattice = Lattice((atom,), np.array([0]), np.array([1]), scores, space_odds, CLASSES)
    return lattice, np.log([[0.98 * line_a, 0.98 * (1 - line_a), 0.02]] * 2).astype(np.float32)


def chosen(letter_a: float, line_a: float, language=None) -> str:
    texts = ("A", "B")
    return texts[best_text(texts, *evidence(letter_a, line_a), CLASSES, language)]


def test_the_surer_model_decides() -> None:
    assert chosen(0.95, 0.4) == "A"
    assert chosen(0.4, 0.999) == "A"
    assert chosen(0.05, 0.6) == "B"


def test_language_decides_what_both_leave_open() -> None:
    class LikesB(NoLanguage):
        def score(self, text: str) -> float:
            return 0.0 if text == "B" else -3.0

    assert chosen(0.55, 0.55) == "A"
    assert chosen(0.55, 0.55, LikesB()) == "B"


def test_nothing_read_is_never_better() -> None:
    lattice, scores = evidence(0.5, 0.5)
    assert best_text(("", "A"), lattice, scores, CLASSES, None) == 1
