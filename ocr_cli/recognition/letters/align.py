"""A page against its transcript: which ink is which character (forced alignment).

Lines are matched with the rows of the page, then the characters of each with the edges of its
row's lattice. Either side may have more than the other: stray marks, rows that the page
analysis missed or made up, a transcript that is not quite what was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ocr_cli.recognition.letters.lattice import Lattice

# Log-probabilities, relative to each other alone.
ODD = -6.0  # a letter looks like nothing that the model knows it by
STRAY = -3.0  # a piece of ink is of no letter
UNWRITTEN = -6.0  # a character has no ink
GAPS = 0.7  # weight of the gaps' odds
MOST_ODDS = 10.0

SURE = 0.8  # confidence from which on it is clear where a character is
FITS = -4.0  # log-probability from which on it looks like itself
ENOUGH = 0.45  # share of such characters in a row that does say what the line says

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """The places of a line's n characters, spaces left out, in its row.

    Attributes
    ----------
    words : the line's words. word : (n,) which of them each character is of.
    edges : (n,) the edge of the row's lattice that each most likely is.
    confidence : (n,) 0 to 1, how likely, given that the row says what the line says.
    fit : (n,) the lattice's log-probability that this edge is this character.
    """

    words: tuple[str, ...]
    word: NDArray[np.int64] = field(repr=False)
    edges: NDArray[np.int64] = field(repr=False)
    confidence: Floats = field(repr=False)
    fit: Floats = field(repr=False)

    @property
    def found(self) -> NDArray[np.bool_]:
        """(n,) whether it is clear where a character is."""
        return self.confidence >= SURE

    @property
    def plausible(self) -> bool:
        """Whether the row does say what the line says, for all that can be seen."""
        good = self.found & (self.fit > FITS)
        return bool(good.sum() > ENOUGH * len(good))

    def lost(self) -> tuple[str, ...]:
        """The words of which less than half was found."""
        there = np.bincount(self.word, self.found, len(self.words))
        return tuple(w for w, n in zip(self.words, there, strict=True) if 2 * n < len(w))


def align(lattice: Lattice, line: str) -> Alignment:
    """The characters of a line on the edges of a row's lattice.

    The probabilities of all ways to write the line on the row's pieces are summed up with the
    forward-backward algorithm (L. Rabiner, Proc. IEEE 1989, III.A), so that an edge's
    confidence is the share of those that use it for this character.
    """
    paths = _Paths(lattice, line)
    if not paths.characters or not len(lattice.starts):
        nothing = np.zeros(len(paths.characters))
        edges = nothing.astype(np.int64)
        return Alignment(paths.words, paths.word, edges, nothing, nothing - np.inf)
    share = paths.shares()
    edges, at = share.argmax(0), np.arange(len(paths.characters))
    return Alignment(paths.words, paths.word, edges, share[edges, at], paths.fit[edges, at])


def match_lines(lattices: Sequence[Lattice], lines: Sequence[str]) -> list[int]:
    """Match rows to lines: for each row, the number of the line that it says; -1 where none.

    Of all matchings that keep the order of both, it is the one whose alignments are most
    probable; a row or a line may go without.
    """
    gains = np.array([[_Paths(row, line).gain() for line in lines] for row in lattices])
    gains = gains.reshape(len(lattices), len(lines))
    best = np.zeros((len(lattices) + 1, len(lines) + 1))
    for i, j in np.ndindex(gains.shape):
        best[i + 1, j + 1] = max(best[i, j + 1], best[i + 1, j], best[i, j] + gains[i, j])
    matched = [-1] * len(lattices)
    i, j = gains.shape
    while i and j:
        if best[i, j] == best[i - 1, j]:
            i -= 1
        elif best[i, j] == best[i, j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            matched[i] = j
    return matched


class _Paths:
    """All ways to write a line on a row: from place 0 with no character to the end with all.

    From (place, j), with j characters written, an edge leads to (its end, j + 1), a stray
    piece to (place + 1, j) and an unwritten character to (place, j + 1). Between two edges
    the unwritten ones come first, so that no way is counted twice.
    """

    def __init__(self, lattice: Lattice, line: str) -> None:
        self.words = tuple(line.split())
        self.characters = "".join(self.words)
        lengths = [len(word) for word in self.words]
        self.word = np.repeat(np.arange(len(lengths)), lengths)
        self.starts, self.ends = lattice.starts, lattice.ends
        self.shape = len(lattice.atoms) + 1, len(self.characters) + 1
        number = {c: i for i, c in enumerate(lattice.classes)}
        known = np.array([number.get(c, -1) for c in self.characters], np.int64)
        self.fit = np.where(known < 0, -np.inf, lattice.scores[:, known]).astype(np.float64)
        odds = np.clip(lattice.space_odds, -MOST_ODDS, MOST_ODDS)[:, None]
        after_space = np.diff(self.word, prepend=0) > 0
        gaps = -GAPS * np.logaddexp(0, np.where(after_space, -odds, odds))
        gaps[0] = 0
        self.step = np.logaddexp(self.fit, ODD) + gaps[self.starts]

    def shares(self) -> Floats:
        """(E, n) probability that an edge is a character, over all ways."""
        to, on = self._to(), self._on()
        through = to[self.starts, :-1] + self.step + on[self.ends, 1:]
        return np.exp(through - to[-1, -1])

    def gain(self) -> float:
        """Log-odds of all ways against the one in which nothing belongs together."""
        nothing = (self.shape[0] - 1) * STRAY + (self.shape[1] - 1) * UNWRITTEN
        return float(self._to()[-1, -1] - nothing)

    def _to(self) -> Floats:
        """(places, n + 1) log-probability of all ways there from the start."""
        ways = np.full(self.shape, -np.inf)
        ways[0, 0] = 0
        by_end = _groups(self.ends, self.shape[0])
        for place in range(self.shape[0]):
            for edge in by_end[place]:
                reached = ways[self.starts[edge], :-1] + self.step[edge]
                np.logaddexp(ways[place, 1:], reached, out=ways[place, 1:])
            ways[place] = _with_unwritten(ways[place])
            if place:
                np.logaddexp(ways[place], ways[place - 1] + STRAY, out=ways[place])
        return ways

    def _on(self) -> Floats:
        """(places, n + 1) log-probability of all ways on to the end, after an edge."""
        ways = np.full(self.shape, -np.inf)
        after_stray = np.full(self.shape[1], -np.inf)
        after_stray[-1] = 0
        by_start = _groups(self.starts, self.shape[0])
        for place in reversed(range(self.shape[0])):
            if place + 1 < self.shape[0]:
                after_stray += STRAY
            for edge in by_start[place]:
                left = ways[self.ends[edge], 1:] + self.step[edge]
                np.logaddexp(after_stray[:-1], left, out=after_stray[:-1])
            ways[place] = _with_unwritten(after_stray[::-1])[::-1]
        return ways


def _groups(places: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
    """The edges at each of `count` places."""
    order = np.argsort(places, kind="stable")
    return np.split(order, np.searchsorted(places[order], np.arange(1, count)))


def _with_unwritten(ways: Floats) -> Floats:
    """(n + 1,) the ways to each character with those that leave out some before it."""
    cost = UNWRITTEN * np.arange(len(ways))
    return np.logaddexp.accumulate(ways - cost) + cost


def log_probability(lattice: Lattice, line: str) -> float:
    """Natural logarithm of the probability of all ways to write a line on a row's pieces."""
    return float(_Paths(lattice, line)._to()[-1, -1])
