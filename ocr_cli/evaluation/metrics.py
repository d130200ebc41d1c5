"""Edit distances between what was read and what was written: CER, bare CER, WER, accuracy."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import folded

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
    """The edits between a text and its truth, in characters, bare characters and words."""

    characters: Tally = Tally()
    bare: Tally = Tally()
    words: Tally = Tally()

    @property
    def accuracy(self) -> float:
        """1 - errors / characters of letters and digits alone, case folded, as InkBench counts.

        It is a page's; of several pages their mean is taken. Below 0 where more is wrong than
        there is.
        """
        return 1 - self.bare.rate

    def __add__(self, other: TextScore) -> TextScore:
        return TextScore(
            self.characters + other.characters, self.bare + other.bare, self.words + other.words
        )


@dataclass(frozen=True)
class RowTally:
    """Rows that are on pages, rows that were read, and how many of these are one and the same."""

    given: int = 0
    read: int = 0
    found: int = 0

    @property
    def recall(self) -> float:
        """The share of the rows on the pages that were found; 1 where there are none."""
        return self.found / self.given if self.given else 1.0

    @property
    def precision(self) -> float:
        """The share of the rows that were read that are there; 1 where none was read."""
        return self.found / self.read if self.read else 1.0

    def __add__(self, other: RowTally) -> RowTally:
        return RowTally(self.given + other.given, self.read + other.read, self.found + other.found)


def score(read: str, truth: str) -> TextScore:
    """Compare the text that was `read` with the `truth`."""
    return TextScore(
        characters=_tally(normalise(read), normalise(truth)),
        bare=_tally(bare(read), bare(truth)),
        words=_tally(normalise(read).split(), normalise(truth).split()),
    )


def normalise(text: str) -> str:
    """The text folded (`charset.folded`), runs of spaces as one and of line breaks as one.

    >>> normalise("  “Oui” –   said… ")
    '"Oui" - said...'
    """
    lines = (" ".join(line.split()) for line in folded(text).splitlines())
    return "\n".join(line for line in lines if line)


def bare(text: str) -> str:
    """The letters and digits of `text`, case folded.

    >>> bare("No. 7, Rue de l'Été")
    'no7ruedelété'
    """
    return "".join(c for c in folded(text).casefold() if c.isalnum())


def edit_distance(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """Fewest insertions, deletions and substitutions of items that make `b` of `a`.

    V. Levenshtein 1966, a column of the table at a time in the bits of two integers: where a
    cell is one more (`up`) or one less (`down`) than the cell above it. G. Myers, A fast
    bit-vector algorithm for approximate string matching, JACM 46 (1999), as H. Hyyrö has it.
    """
    short, long = sorted((a, b), key=len)
    if not short:
        return len(long)
    places: dict[Hashable, int] = {}
    for i, item in enumerate(long):
        places[item] = places.get(item, 0) | 1 << i
    all_bits, last = (1 << len(long)) - 1, 1 << (len(long) - 1)
    up, down, distance = all_bits, 0, len(long)
    for item in short:
        same = places.get(item, 0)
        level = (((same & up) + up) ^ up) | same
        right_up, right_down = down | ~(level | up), up & level  # against the column before
        distance += bool(right_up & last) - bool(right_down & last)
        right_up, right_down, fall = right_up << 1 | 1, right_down << 1, same | down
        up, down = (right_down | ~(fall | right_up)) & all_bits, right_up & fall & all_bits
    return distance


def alignment(read: str, truth: str) -> NDArray[np.int64]:
    """(K, 2) which character of `read` stands for which of `truth`, -1 for none, fewest edits.

    The table of `edit_distance` is traced back. Of ways with equally many edits one is taken
    that swaps spaces for letters as rarely as may be, so that words stay together.
    """
    first, second = (np.array([ord(c) for c in text], np.int64) for text in (read, truth))
    space, spaces = (np.array([c.isspace() for c in text], bool) for text in (read, truth))
    edit = len(first) + len(second) + 1
    row = steps = edit * np.arange(len(second) + 1)
    moves = np.full((len(first) + 1, len(second) + 1), _INSERT, np.uint8)
    for i, item in enumerate(first):
        swapped = row[:-1] + np.where(second == item, 0, edit + (spaces != space[i]))
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


def _tally(read: Sequence[Hashable], truth: Sequence[Hashable]) -> Tally:
    return Tally(edit_distance(read, truth), len(truth))
