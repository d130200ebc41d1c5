"""Two readings of one row, by letters and as a whole: which of them is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ocr_cli.recognition.language.interface import Language
from ocr_cli.recognition.letters.align import log_probability
from ocr_cli.recognition.letters.lattice import Lattice
from ocr_cli.recognition.lines import text_loss

# Weights of the line model, of the language and of the letters. Tuned on capitals of valid
# writers, drawn and laid out anew.
LINE, LANGUAGE, LETTERS = 0.6, 0.7, 1.0
CHARACTER = 1.0  # for each, since a language model likes texts short


def best_text(
    texts: Sequence[str],
    lattice: Lattice,
    scores: NDArray[np.float32],
    classes: Sequence[str],
    language: Language | None,
) -> int:
    """The number of the text that letters, line and language together find most probable.

    Each text is scored by all three, also by the model that did not come up with it: what one
    reads wrong the other seldom does as well.

    texts : the readings. lattice : of the row's letters. scores : (T, C + 1) of the line
    model, whose characters are `classes`.
    """
    rates = [_score(text, lattice, scores, classes, language) for text in texts]
    return int(np.argmax(rates))


def _score(
    text: str,
    lattice: Lattice,
    scores: NDArray[np.float32],
    classes: Sequence[str],
    language: Language | None,
) -> float:
    if not text:
        return -np.inf
    seen = LETTERS * log_probability(lattice, text) - LINE * text_loss(text, scores, classes)
    if language is None:
        return seen
    return seen + LANGUAGE * language.score(text) + CHARACTER * len(text)
