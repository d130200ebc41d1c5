"""Moves of a game in letters and figures, as 1. e4 e5: read as such where the page is of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ocr_cli.recognition.lines import text_loss

MOVE = re.compile(r"[KQRBN]?[a-h]?x?[a-h][1-8][+#]?|O-O(?:-O)?")
NUMBER = re.compile(r"[0-9]+[.,:]?")  # of a move, where a row begins,
POINTED = re.compile(r"[0-9]+[.,:]")  # and anywhere
# What a letter or a figure of a move may have been read as.
ALIKE = {
    **{c: c.lower() for c in "ACDEFGH"},
    "s": "5",
    "S": "5",
    "l": "1",
    "I": "1",
    "z": "2",
    "Z": "2",
    "q": "g",
    "o": "6",
    "9": "g",
    "3": "g",
    "6": "b",
    "8": "B",
    "t": "f4",
    "B": "b8",
    "b": "6",
    "g": "9",
}
LONGEST = 5  # characters of a move: more would be tried in too many ways
SHARE = 0.5  # of a page's words, its numbers left out, that are moves or nearly,
ROWS = 1  # and rows, at least, that begin with a number
MARGIN = 6.5  # log-probability that each change may cost


def are_moves(texts: Sequence[str]) -> bool:
    """Whether a page's rows are a game's moves, or nearly."""
    numbered = sum(bool(NUMBER.match(text)) for text in texts)
    words = [word for text in texts for word in text.split() if not POINTED.fullmatch(word)]
    exact = sum(bool(MOVE.fullmatch(word)) for word in words)
    nearly = sum(next(_moves(word), None) is not None for word in words)
    return numbered >= ROWS and exact > 0 and nearly >= max(2, SHARE * len(words))


def as_moves(text: str, scores: NDArray[np.float32], classes: Sequence[str]) -> str:
    """A row of a game with moves for what the network nearly sees as such."""
    words, before = text.split(), text_loss(text, scores, classes)
    for k, word in enumerate(words):
        if MOVE.fullmatch(word) or (k == 0 and NUMBER.fullmatch(word)):
            continue
        found = [(" ".join([*words[:k], move, *words[k + 1 :]]), move) for move in _moves(word)]
        costs = [text_loss(other, scores, classes) - before for other, _ in found]
        if not costs:
            continue
        best = int(np.argmin(costs))
        changed = sum(a != b for a, b in zip(found[best][1], word, strict=True))
        if costs[best] <= MARGIN * changed:
            words[k], before = found[best][1], before + costs[best]
    return " ".join(words)


def _moves(word: str) -> Iterator[str]:
    """Moves that a word may be, of as many characters."""
    if len(word) > LONGEST:
        return
    for letters in product(*(c + ALIKE.get(c, "") for c in word)):
        if MOVE.fullmatch(move := "".join(letters)):
            yield move
