"""The language model as one hand writes: how often a space follows what it writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ocr_cli.recognition.language import LanguageModel, score_text
from ocr_cli.recognition.language.interface import Ints
from ocr_cli.recognition.language.own_words import OwnWords

TRUST = 10.0  # characters of a hand that count for as much as all that is usual
RAREST = np.float32(1e-7)


@dataclass(frozen=True)
class HandLanguage:
    """A language model whose spaces are as likely as the usual and the hand's together say.

    Which characters follow, where no space does, is left to the model (P. Brown et al.,
    Class-based n-gram models of natural language, Computational Linguistics 18 (1992); R. Kuhn
    and R. De Mori, A cache-based natural language model, TPAMI 12 (1990)).

    model : the usual one. counts : see `habit.Habit`.
    """

    model: LanguageModel | OwnWords
    counts: NDArray[np.float32] = field(repr=False)

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
        older, last = self.model.last_shapes(states)
        likely = usual
        for counts in (self._after_one[last], self.counts[older, last]):
            likely = (counts[:, 1] + TRUST * likely) / (counts.sum(1) + TRUST)
        return np.log(likely / usual), np.log((1 - likely) / (1 - usual))

    def score(self, text: str) -> float:
        """The natural log-probability of the beginning of a line."""
        return score_text(self, text)

    @cached_property
    def _after_one(self) -> NDArray[np.float32]:
        """(S, 2) the counts after one shape alone."""
        return self.counts.sum(0)
