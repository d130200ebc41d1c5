"""The language model as one hand writes: how often a space follows what it writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ocr_cli.recognition.language import LanguageModel, score_text, states_along
from ocr_cli.recognition.language.interface import Ints
from ocr_cli.recognition.language.own_words import OwnWords

TRUST = 10.0  # characters of a hand that count for as much as all that is usual
DOUBT = 2.0  # spaces, left and not left, that are taken to be as expected beside those counted
SHAPES = 8  # kinds of characters that a language model tells apart
RAREST = np.float32(1e-7)


@dataclass(frozen=True)
class HandLanguage:
    """A language model whose spaces are as likely as the usual and the hand's together say.

    Which characters follow, where no space does, is left to the model (P. Brown et al.,
    Class-based n-gram models of natural language, Computational Linguistics 18 (1992); R. Kuhn
    and R. De Mori, A cache-based natural language model, TPAMI 12 (1990)).

    model : the usual one. counts, expected : see `habit.Habit`; where it is not known how many
    spaces were expected, as in older files, the counts alone say how likely one is.
    """

    model: LanguageModel | OwnWords
    counts: NDArray[np.float32] = field(repr=False)
    expected: NDArray[np.float32] = field(repr=False)

    @property
    def alphabet(self) -> str:
        """The model's."""
        return self.model.alphabet

    def start(self) -> int:
        """The model's state at the beginning of a line."""
        return self.model.start()

    def advance(self, states: Ints, chars: Ints) -> Ints:
        """(B,) states and characters to the model's states after them."""
        return self.model.advance(states, chars)

    def log_probabilities(self, states: Ints) -> NDArray[np.float32]:
        """(B,) states to (B, A) natural log-probabilities of each next character."""
        rows = self.model.log_probabilities(states)
        space = self.alphabet.index(" ")
        of_space, of_others = self._gains(states, rows[:, space])
        of_space = of_space + rows[:, space]
        rows += of_others[:, None]
        rows[:, space] = of_space
        return rows

    def log_probabilities_of(self, states: Ints, chars: Ints) -> NDArray[np.float32]:
        """(B,) states and (B, K) characters to what `log_probabilities` has for them."""
        space = self.alphabet.index(" ")
        each = np.concatenate([chars, np.full((len(chars), 1), space)], 1)
        rows = self.model.log_probabilities_of(states, each)
        of_space, of_others = self._gains(states, rows[:, -1])
        return rows[:, :-1] + np.where(chars == space, of_space[:, None], of_others[:, None])

    def _gains(
        self, states: Ints, of_space: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(B,) what the hand adds to a space's log-probability, and to those of all others."""
        usual = np.clip(np.exp(of_space), RAREST, 1 - RAREST)
        likely = (self._shifted if self.expected.any() else self._counted)(states, usual)
        return np.log(likely / usual), np.log((1 - likely) / (1 - usual))

    def _shifted(self, states: Ints, usual: NDArray[np.float32]) -> NDArray[np.float32]:
        """(B,) how likely a space is where the odds are off by what the hand shows."""
        odds = usual / (1 - usual) * np.exp(self._shifts[self.model.last_shapes(states)])
        return np.clip(odds / (1 + odds), RAREST, 1 - RAREST).astype(np.float32)

    def _counted(self, states: Ints, usual: NDArray[np.float32]) -> NDArray[np.float32]:
        """(B,) how likely a space is by counts alone, which forget what the language knew."""
        older, last = self.model.last_shapes(states)
        for counts in (self._after_one[last], self.counts[older, last]):
            usual = (counts[:, 1] + TRUST * usual) / (counts.sum(1) + TRUST)
        return usual

    def score(self, text: str) -> float:
        """The natural log-probability of the beginning of a line."""
        return score_text(self, text)

    def word_odds(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n,) what the words of each text add to its log-odds, as the model says."""
        return self.model.word_odds(texts)

    @cached_property
    def _after_one(self) -> NDArray[np.float32]:
        """(S, 2) the counts after one shape alone."""
        return self.counts.sum(0)

    @cached_property
    def _shifts(self) -> NDArray[np.float32]:
        """(S, S) what the hand adds to the log-odds of a space: after a shape, and after two."""
        expected = self.expected.astype(np.float64)
        after_one = _shift(self._after_one, expected.sum(0))
        met = self.counts.sum(2) + 1e-9
        share = np.clip(expected / met, 1e-6, 1 - 1e-6)
        odds = share / (1 - share) * np.exp(after_one)
        return np.asarray(after_one + _shift(self.counts, met * odds / (1 + odds)), np.float32)


def _shift(counts: NDArray[np.float32], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """(…) by how much the log-odds of a space are off; counts (…, 2) of others and of spaces."""
    others, spaces = counts[..., 0].astype(np.float64), counts[..., 1].astype(np.float64)
    left = others + spaces - expected
    odds = (spaces + DOUBT) / (expected + DOUBT) * (left + DOUBT) / (others + DOUBT)
    return np.asarray(np.log(odds))


def expected_spaces(model: LanguageModel, lines: Iterable[str]) -> NDArray[np.float32]:
    """(S, S) how many spaces a model expects in some lines, after each two shapes."""
    found = np.zeros((SHAPES, SHAPES))
    space = np.array([[model.alphabet.index(" ")]])
    for line in lines:
        states = states_along(model, model.encode(line))
        older, last = model.last_shapes(states)
        chances = model.log_probabilities_of(states, space.repeat(len(states), 0))
        np.add.at(found, (older, last), np.exp(chances[:, 0].astype(np.float64)))
    return found.astype(np.float32)
