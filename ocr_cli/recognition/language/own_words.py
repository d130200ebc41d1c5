"""The language model of somebody whose pages are known: names on one come back on the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import folded
from ocr_cli.recognition.language import LanguageModel, fold, score_text
from ocr_cli.recognition.language.contexts import CODE_BITS
from ocr_cli.recognition.language.interface import Ints
from ocr_cli.recognition.language.lexicon import WORD

SHORTEST, LONGEST = 3, 7  # characters before the next that what was written is asked by
TRUST = 3.0  # times that a context was met which count for as much as all that is usual
_OF_MODEL = (1 << 40) - 1  # the part of a state that is the model's


@dataclass(frozen=True)
class Met:
    """What followed after which contexts in some lines, without case.

    Attributes
    ----------
    keys : (C,) contexts in order, 7 bits a character with the latest lowest; 0 is the empty one.
    endings : (C, LONGEST - SHORTEST + 1) which contexts these end in, shortest first; 0: too short.
    total : (C,) how often each was met.
    pairs, count : (P,) a context's number << 7 | code in order, and how often the two were met.
    """

    keys: Ints
    endings: Ints
    total: NDArray[np.float32]
    pairs: Ints
    count: NDArray[np.float32]


@dataclass(frozen=True)
class OwnWords:
    """A language model that has met some lines, and takes each of their contexts for its own.

    After each context that was met, the longest last, what followed counts beside what is
    likely after a shorter one (R. Kuhn and R. De Mori, A cache-based natural language model,
    TPAMI 12 (1990), with the prior of D. MacKay and L. Peto, A hierarchical Dirichlet language
    model, Natural Language Engineering 1 (1995)).
    """

    model: LanguageModel
    lines: tuple[str, ...] = field(repr=False)

    @property
    def alphabet(self) -> str:
        """The model's."""
        return self.model.alphabet

    def start(self) -> int:
        """The state at the beginning of a line."""
        end = np.array([self.alphabet.index("\n")])
        return int(self.advance(np.zeros(1, np.int64), end)[0])

    def advance(self, states: Ints, chars: Ints) -> Ints:
        """(B,) states and characters to the states after them."""
        states = np.asarray(states, np.int64)
        keys = self._met.keys
        grown = (keys[states >> 40] << CODE_BITS) | fold(self.alphabet).code[chars]
        found, left = np.zeros(len(grown), np.int64), np.arange(len(grown))
        for n in range(LONGEST, 0, -1):
            wanted = grown[left] & ((1 << (CODE_BITS * n)) - 1)
            at = np.searchsorted(keys, wanted)
            hit = keys.take(at, mode="clip") == wanted
            found[left[hit]] = at[hit]
            left = left[~hit]
        return (found << 40) | self.model.advance(states & _OF_MODEL, chars)

    def log_probabilities(self, states: Ints) -> NDArray[np.float32]:
        """(B,) states to (B, A) natural log-probabilities of each next character."""
        every = np.arange(len(self.alphabet))[None].repeat(len(states), 0)
        return self.log_probabilities_of(states, every)

    def log_probabilities_of(self, states: Ints, chars: Ints) -> NDArray[np.float32]:
        """(B,) states and (B, K) characters to what `log_probabilities` has for them."""
        states = np.asarray(states, np.int64)
        rows = self.model.log_probabilities_of(states & _OF_MODEL, chars)
        known = np.flatnonzero(self._met.endings[states >> 40, 0])
        if len(known):
            rows[known] += self._gains(states[known], chars[known])
        return rows

    def _gains(self, states: Ints, chars: Ints) -> NDArray[np.float32]:
        """(B, K) what the lines add to the log-probability of each character."""
        met, codes = self._met, fold(self.alphabet).code[chars]
        usual = np.exp(self.model.caseless_log_probabilities_of(states & _OF_MODEL, chars))
        likely = usual
        for contexts in met.endings[states >> 40].T:
            wanted = (contexts[:, None] << CODE_BITS) | codes
            at = np.searchsorted(met.pairs, wanted)
            count = met.count.take(at, mode="clip")
            count[met.pairs.take(at, mode="clip") != wanted] = 0
            longer = (count + TRUST * likely) / (met.total[contexts][:, None] + TRUST)
            likely = np.where(contexts[:, None] > 0, longer, likely)
        return np.asarray(np.log(likely / usual), np.float32)

    def score(self, text: str) -> float:
        """The natural log-probability of the beginning of a line."""
        return score_text(self, text)

    def word_odds(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n,) what the words of each text add to its log-odds, those of the lines well known."""
        return self.model.word_odds(texts, self._words)

    def last_shapes(self, states: Ints) -> tuple[Ints, Ints]:
        """The shapes of the last character but one, and of the last, before each state."""
        return self.model.last_shapes(states & _OF_MODEL)

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(WORD.findall(folded("\n".join(self.lines)).casefold()))

    @cached_property
    def _met(self) -> Met:
        return count_contexts([self._codes(line) for line in self.lines])

    def _codes(self, line: str) -> Ints:
        """A line's folded codes with those of its ends; what the alphabet lacks is left out."""
        place = {c: i for i, c in enumerate(self.alphabet)}
        chars = [place[c] for c in f"\n{folded(line)}\n" if c in place]
        return np.asarray(fold(self.alphabet).code[chars])


def count_contexts(lines: Sequence[Ints]) -> Met:
    """What followed in lines of codes, 1 and more, after contexts of up to LONGEST of them."""
    keys, codes = [np.zeros(1, np.int64)], [np.zeros(1, np.int64)]
    for line in lines:
        key = np.zeros(len(line) - 1, np.int64)
        for n in range(min(LONGEST, len(key)) + 1):
            if n:
                key = key[1:] if n > 1 else key
                key = key | (line[: len(key)] << (CODE_BITS * (n - 1)))
            keys.append(key)
            codes.append(line[len(line) - len(key) :])
    every, code = np.concatenate(keys), np.concatenate(codes)
    found, which = np.unique(every, return_inverse=True)
    pairs, count = np.unique(which[1:] << CODE_BITS | code[1:], return_counts=True)
    total = np.bincount(which[1:], minlength=len(found)).astype(np.float32)
    return Met(found, _endings(found), total, pairs, count.astype(np.float32))


def _endings(keys: Ints) -> Ints:
    """(C, N) the numbers of the contexts that each of these ends in, by their lengths."""
    columns = []
    for n in range(SHORTEST, LONGEST + 1):
        ending = keys & ((1 << (CODE_BITS * n)) - 1)
        long = keys >> (CODE_BITS * (n - 1)) > 0
        columns.append(np.where(long, np.searchsorted(keys, ending), 0))
    return np.stack(columns, 1)
