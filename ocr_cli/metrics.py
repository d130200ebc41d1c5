"""How far a text that was read is from what was written: edits, CER, bare CER, WER."""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SWAP, _DELETE, _INSERT = range(3)  # where the way to a cell of the table comes from


@dataclass(frozen=True)
class Tally:
    """Edits over the length of the truth; tallies of several texts add up."""

    edits: int = 0
    length: int = 0

    @property
    def rate(self) -> float:
        """Edits for each unit of the truth; an empty truth counts as one unit long."""
        return self.edits / max(1, self.length)

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.edits + other.edits, self.length + other.length)


@dataclass(frozen=True)
class TextScore:
    """What separates a text from its truth, in characters, bare characters and words."""

    characters: Tally = Tally()
    bare: Tally = Tally()
    words: Tally = Tally()

    def __add__(self, other: TextScore) -> TextScore:
        return TextScore(
            self.characters + other.characters, self.bare + other.bare, self.words + other.words
        )


def score(read: str, truth: str) -> TextScore:
    """Compare the text that was `read` with the `truth`."""
    return TextScore(
        characters=_tally(normalise(read), normalise(truth)),
        bare=_tally(bare(read), bare(truth)),
        words=_tally(normalise(read).split(), normalise(truth).split()),
    )


def cer(read: str, truth: str) -> float:
    """Character error rate: edits / characters of the truth, both normalised."""
    return score(read, truth).characters.rate


def bare_cer(read: str, truth: str) -> float:
    """Character error rate of letters and digits alone, case folded."""
    return score(read, truth).bare.rate


def wer(read: str, truth: str) -> float:
    """Word error rate, words being what blanks separate."""
    return score(read, truth).words.rate


def normalise(text: str) -> str:
    """Runs of blanks as one blank, runs of line breaks as one, none at either end of a line."""
    lines = (" ".join(line.split()) for line in unicodedata.normalize("NFC", text).splitlines())
    return "\n".join(line for line in lines if line)


def bare(text: str) -> str:
    """The letters and digits of `text`, case folded."""
    folded = unicodedata.normalize("NFC", text).casefold()
    return "".join(c for c in folded if c.isalnum())


def edit_distance(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """Fewest insertions, deletions and substitutions of items that make `b` of `a`.

    V. Levenshtein 1966, row by row (R. Wagner and M. Fischer 1974). In a row, a run of
    insertions is a running minimum once the cost of each step is taken off.
    """
    first, second = _codes(a, b)
    steps = np.arange(len(second) + 1)
    row = steps
    for done, item in enumerate(first):
        best = np.empty_like(row)
        best[0] = done + 1
        np.minimum(row[1:] + 1, row[:-1] + (second != item), out=best[1:])
        row = np.minimum.accumulate(best - steps) + steps
    return int(row[-1])


def alignment(read: str, truth: str) -> NDArray[np.int64]:
    """(K, 2) which character of `read` stands for which of `truth`, -1 for none, fewest edits.

    The table of `edit_distance` is traced back. Of ways with equally many edits one is taken
    that swaps blanks for letters as rarely as may be, so that words stay together.
    """
    first, second = (np.array([ord(c) for c in text], np.int64) for text in (read, truth))
    blank, blanks = (np.array([c.isspace() for c in text], bool) for text in (read, truth))
    edit = len(first) + len(second) + 1
    row = steps = edit * np.arange(len(second) + 1)
    moves = np.full((len(first) + 1, len(second) + 1), _INSERT, np.uint8)
    for i, item in enumerate(first):
        swapped = row[:-1] + np.where(second == item, 0, edit + (blanks != blank[i]))
        best = row + edit
        moves[i + 1] = _DELETE
        moves[i + 1, 1:][swapped <= best[1:]] = _SWAP
        np.minimum(best[1:], swapped, out=best[1:])
        row = np.minimum.accumulate(best - steps) + steps
        moves[i + 1][row < best] = _INSERT
    return _trace_back(moves)


def _trace_back(moves: NDArray[np.uint8]) -> NDArray[np.int64]:
    i, j = (side - 1 for side in moves.shape)
    pairs = []
    while i or j:
        move = moves[i, j]
        i, j = i - (move != _INSERT), j - (move != _DELETE)
        pairs.append((-1 if move == _INSERT else i, -1 if move == _DELETE else j))
    return np.array(pairs[::-1], np.int64).reshape(-1, 2)


def _codes(
    a: Sequence[Hashable], b: Sequence[Hashable]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Both sequences as integers, equal where the items are, without their common ends."""
    numbers: dict[Hashable, int] = {}
    first = np.array([numbers.setdefault(item, len(numbers)) for item in a], np.int64)
    second = np.array([numbers.setdefault(item, len(numbers)) for item in b], np.int64)
    shared = _common_start(first, second)
    first, second = first[shared:], second[shared:]
    shared = _common_start(first[::-1], second[::-1])
    return first[: len(first) - shared], second[: len(second) - shared]


def _common_start(a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    shorter = min(len(a), len(b))
    differs = np.flatnonzero(a[:shorter] != b[:shorter])
    return int(differs[0]) if len(differs) else shorter


def _tally(read: Sequence[Hashable], truth: Sequence[Hashable]) -> Tally:
    return Tally(edit_distance(read, truth), len(truth))
