"""The best path through a lattice, with a language model: beam search over places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ocr_cli.reading.lattice import Lattice

Ints = NDArray[np.int64]


class Language(Protocol):
    """Log-probability of the next character after a prefix; see `reading.language`."""

    @property
    def alphabet(self) -> str: ...

    def start(self) -> int: ...

    def log_probabilities(self, states: Ints) -> NDArray[np.float32]: ...

    def advance(self, states: Ints, chars: Ints) -> Ints: ...

    def score(self, text: str) -> float: ...


@dataclass(frozen=True)
class Weights:
    """How much each source of knowledge counts; tuned on pages of train and valid writers."""

    language: float = 0.5
    letter: float = 0.6  # for every letter, against the bias to few and wide ones
    blank: float = 0.8  # of the gaps' odds
    beam: int = 12
    choices: int = 8  # characters of each edge that are followed up


@dataclass(frozen=True)
class Step:
    """One letter of a path: its edge, its class, whether a blank stands before it."""

    edge: int
    character: int
    blank: bool


def best_path(lattice: Lattice, language: Language | None, weights: Weights) -> list[Step]:
    """The letters of the most probable reading, from left to right.

    Hypotheses that end at the same place in the same state of the language model compete,
    and the best `beam` at each place go on, so the cost is linear in the row's length.
    """
    if not lattice.atoms:
        return []
    return _Search(lattice, language or NoLanguage(), weights).run()


class NoLanguage:
    """Any character is as likely as any other."""

    alphabet = "".join(map(chr, range(32, 127))) + "\n"

    def start(self) -> int:
        """The only state."""
        return 0

    def log_probabilities(self, states: Ints) -> NDArray[np.float32]:
        """(B, A) noughts."""
        return np.zeros((len(states), len(self.alphabet)), np.float32)

    def advance(self, states: Ints, chars: Ints) -> Ints:
        """The only state again."""
        return np.zeros(len(states), np.int64)

    def score(self, text: str) -> float:
        """0, whatever the text."""
        return 0.0


class _Search:
    """The beam at every place; hypotheses are numbered, so that a path can be traced back."""

    def __init__(self, lattice: Lattice, language: Language, weights: Weights) -> None:
        self.lattice, self.language, self.weights = lattice, language, weights
        index = {c: i for i, c in enumerate(language.alphabet)}
        self.blank = index[" "]
        self.line_end = index["\n"]
        self.char = np.array([index.get(c, self.blank) for c in lattice.classes], np.int64)
        self.best = np.argsort(-lattice.scores, axis=1)[:, : weights.choices]
        self.back: list[tuple[int, int, int, bool]] = [(-1, -1, -1, False)]
        # per place: (score, state, hypothesis, blank before) of what may go on from there
        self.fronts: list[tuple[Any, ...]] = []

    def run(self) -> list[Step]:
        start = np.array([self.language.start()], np.int64)
        self._open(np.zeros(1, np.float32), start, np.zeros(1, np.int64), 0)
        edges_at: list[list[int]] = [[] for _ in range(len(self.lattice.atoms) + 1)]
        for edge, end in enumerate(self.lattice.ends):
            edges_at[end].append(edge)
        for place in range(1, len(self.lattice.atoms) + 1):
            self._close(place, edges_at[place])
        scores, _, hypotheses, blanks, ahead = self.fronts[-1]
        final = scores + self.weights.language * ahead[:, self.line_end]
        final[blanks] = -np.inf
        return self._trace(int(hypotheses[final.argmax()]))

    def _open(self, scores: Any, states: Ints, hypotheses: Ints, place: int) -> None:
        """Lets the hypotheses at a place go on, with and without a blank."""
        ahead = self.language.log_probabilities(states)
        blanks = np.zeros(len(states), bool)
        odds = float(self.lattice.blanks[place])
        if np.isfinite(odds):
            # log-probabilities of a blank and of none, whose difference are the odds
            with_blank = -np.logaddexp(0, -odds) * self.weights.blank
            without = -np.logaddexp(0, odds) * self.weights.blank
            spaced = self.language.advance(states, np.full(len(states), self.blank))
            after = scores + with_blank + self.weights.language * ahead[:, self.blank]
            scores = np.concatenate([scores + without, after])
            ahead = np.concatenate([ahead, self.language.log_probabilities(spaced)])
            states = np.concatenate([states, spaced])
            hypotheses = np.concatenate([hypotheses, hypotheses])
            blanks = np.concatenate([blanks, ~blanks])
        self.fronts.append((scores, states, hypotheses, blanks, ahead))

    def _close(self, place: int, edges: list[int]) -> None:
        """Takes in all edges that end at a place and keeps the best hypotheses there."""
        parts = []
        for edge in edges:
            scores, states, hypotheses, blanks, ahead = self.fronts[self.lattice.starts[edge]]
            if len(scores) == 0:
                continue
            choice = self.best[edge]
            total = scores[:, None] + self.weights.language * ahead[:, self.char[choice]]
            total = total + (self.lattice.scores[edge, choice] + self.weights.letter)
            before, which = (v.ravel() for v in np.indices(total.shape))
            parts.append(
                (
                    total.ravel(),
                    states[before],
                    hypotheses[before],
                    blanks[before],
                    choice[which],
                    np.full(total.size, edge),
                )
            )
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        score, state, hypothesis, blank, character, origin = columns
        top = np.argsort(-score, kind="stable")[: 4 * self.weights.beam]
        state = self.language.advance(state[top], self.char[character[top]])
        _, first = np.unique(state, return_index=True)
        kept = np.sort(first)[: self.weights.beam]
        chosen = top[kept]
        numbers = np.arange(len(self.back), len(self.back) + len(chosen))
        self.back += [
            (int(hypothesis[i]), int(origin[i]), int(character[i]), bool(blank[i])) for i in chosen
        ]
        self._open(score[chosen], state[kept], numbers, place)

    def _trace(self, hypothesis: int) -> list[Step]:
        steps = []
        while hypothesis > 0:
            hypothesis, edge, character, blank = self.back[hypothesis]
            steps.append(Step(edge, character, blank))
        return steps[::-1]
