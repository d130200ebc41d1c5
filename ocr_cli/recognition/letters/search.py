"""The best path through a lattice, with a language model: beam search over places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import ASCII
from ocr_cli.recognition.language.columns import LACKING, columns
from ocr_cli.recognition.language.interface import Language
from ocr_cli.recognition.letters.lattice import Lattice

Ints = NDArray[np.int64]
LEAST_END = -5.0  # log-probability that a row ends, at least: writing wraps anywhere


@dataclass(frozen=True)
class LatticeDecoding:
    """The weights of the sources of knowledge; tuned on writers of train and valid."""

    language: float = 0.75
    letter: float = 2.4  # for every letter, against the bias to few and wide ones
    space: float = 0.4  # of the gaps' odds
    beam: int = 24
    choices: int = 12  # characters of each edge that are followed up


@dataclass(frozen=True)
class Step:
    """A letter of a path: its edge, its class, whether a space stands before it."""

    edge: int
    character: int
    space_before: bool


def best_paths(
    lattices: Sequence[Lattice], language: Language | None, decoding: LatticeDecoding
) -> list[list[Step]]:
    """The letters of the most probable reading of each row, from left to right.

    Hypotheses that end at the same place in the same state of the language model compete,
    and the best `beam` at each place go on, so the cost is linear in the row's length. Rows
    go on in step and ask the language model together, which costs half of asking alone.
    """
    model = language or NoLanguage("".join(lattices[0].classes) if lattices else "")
    rows = [_Search(lattice, model, decoding) for lattice in lattices]
    start = model.start()
    _open(rows, [row.first(start) for row in rows], 0)
    for place in range(1, max((len(lattice.atoms) for lattice in lattices), default=0) + 1):
        going = [row for row in rows if place <= len(row.lattice.atoms)]
        grown = [row.grown(place) for row in going]
        states = _together(
            model.advance, [one.states for one in grown], [one.characters for one in grown]
        )
        kept = [row.keep(one, state) for row, one, state in zip(going, grown, states, strict=True)]
        _open(going, kept, place)
    return [row.best_steps() for row in rows]


def _together(ask: Callable[..., NDArray[Any]], *parts: list[Ints]) -> list[NDArray[Any]]:
    """Ask a function of arrays about many at once."""
    if not parts[0]:
        return []
    answers = ask(*map(np.concatenate, parts))
    return np.split(answers, np.cumsum([len(part) for part in parts[0]])[:-1])


def _open(rows: Sequence[_Search], fronts: Sequence[_Front], place: int) -> None:
    """Lets the hypotheses at a place go on, with and without a space."""
    if not rows:
        return
    language, space = rows[0].language, rows[0].space
    ahead = _together(language.log_probabilities, [front.states for front in fronts])
    for row, front, likely in zip(rows, fronts, ahead, strict=True):
        row.fronts.append(replace(front, ahead=likely))
    spaced = [row for row in rows if np.isfinite(row.lattice.space_odds[place])]
    states = [row.fronts[-1].states for row in spaced]
    after = _together(language.advance, states, [np.full(len(s), space) for s in states])
    ahead = _together(language.log_probabilities, after)
    for row, state, likely in zip(spaced, after, ahead, strict=True):
        row.fronts[-1] = row.with_space(row.fronts[-1], state, likely, place)


class NoLanguage:
    """Any character is as likely as any other; those beyond printable ASCII are told it."""

    def __init__(self, characters: str = "") -> None:
        ascii_text = "".join(ASCII)
        self.alphabet = "".join(dict.fromkeys(ascii_text + characters + "\n"))

    def start(self) -> int:
        """The only state."""
        return 0

    def log_probabilities(self, states: Ints) -> NDArray[np.float32]:
        """(B, A) noughts."""
        return np.zeros((len(states), len(self.alphabet)), np.float32)

    def log_probabilities_of(self, states: Ints, chars: Ints) -> NDArray[np.float32]:
        """(B, K) noughts."""
        return np.zeros(chars.shape, np.float32)

    def advance(self, states: Ints, chars: Ints) -> Ints:
        """The only state again."""
        return np.zeros(len(states), np.int64)

    def score(self, text: str) -> float:
        """0, whatever the text."""
        return 0.0

    def word_odds(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n,) noughts."""
        return np.zeros(len(texts), np.float32)


@dataclass(frozen=True)
class _Front:
    """(H,) hypotheses that may go on from a place."""

    scores: NDArray[np.float32]
    states: Ints
    numbers: Ints  # in the search's `back`
    spaces: NDArray[np.bool_]  # whether a space stands before what comes
    ahead: NDArray[np.float32]  # (H, A) what the language model says of each character


@dataclass(frozen=True)
class _Grown:
    """(G,) hypotheses one edge longer, the best first."""

    scores: NDArray[np.float32]
    states: Ints  # of the language model, before the new character
    numbers: Ints  # of the hypotheses that they go on from
    spaces: NDArray[np.bool_]
    choices: Ints  # classes
    characters: Ints  # the same, in the language's alphabet
    edges: Ints


class _Search:
    """A row's beam at every place; hypotheses are numbered, so that a path can be traced back."""

    def __init__(self, lattice: Lattice, language: Language, decoding: LatticeDecoding) -> None:
        self.lattice, self.language, self.decoding = lattice, language, decoding
        self.space, self.line_end = map(language.alphabet.index, " \n")
        self.columns = columns(language.alphabet, lattice.classes)
        self.best = np.argsort(-lattice.scores, axis=1)[:, : decoding.choices]
        # what each edge adds of its own to a hypothesis, for its best characters
        self.gain = np.take_along_axis(lattice.scores, self.best, 1) + decoding.letter
        self.ends = np.searchsorted(lattice.ends, np.arange(len(lattice.atoms) + 2))
        self.back: list[tuple[int, int, int, bool]] = [(-1, -1, -1, False)]
        self.fronts: list[_Front] = []

    def first(self, start: int) -> _Front:
        """The empty hypothesis, in the language model's state at the start of a line."""
        none, zero = np.zeros((1, 0), np.float32), np.zeros(1, np.int64)
        return _Front(np.zeros(1, np.float32), zero + start, zero, np.zeros(1, bool), none)

    def with_space(
        self, front: _Front, states: Ints, ahead: NDArray[np.float32], place: int
    ) -> _Front:
        """The front's hypotheses, and the same with a space, after which they are in `states`."""
        odds = float(self.lattice.space_odds[place])
        # log-probabilities of a space and of none, whose difference are the odds
        with_space = -np.logaddexp(0, -odds) * self.decoding.space
        without = -np.logaddexp(0, odds) * self.decoding.space
        cost = self.decoding.language * front.ahead[:, self.space]
        return _Front(
            np.concatenate([front.scores + without, front.scores + with_space + cost]),
            np.concatenate([front.states, states]),
            np.concatenate([front.numbers, front.numbers]),
            np.concatenate([front.spaces, ~front.spaces]),
            np.concatenate([front.ahead, ahead]),
        )

    def grown(self, place: int) -> _Grown:
        """The best hypotheses, by all edges that end at a place."""
        edges = np.arange(self.ends[place], self.ends[place + 1])
        totals, origins, of_edge = [], [], []
        for edge in edges:
            front, choice = self.fronts[self.lattice.starts[edge]], self.best[edge]
            ahead = front.ahead[:, self.columns.column[choice]]
            ahead[:, self.columns.lacking[choice]] = LACKING
            totals.append(front.scores[:, None] + self.decoding.language * ahead + self.gain[edge])
            origins.append(front)
            of_edge.append(np.full(len(front.scores), edge))
        total = np.concatenate(totals)
        order = np.argsort(-total, axis=None, kind="stable")[: 4 * self.decoding.beam]
        before, which = np.divmod(order, total.shape[1])
        edge = np.concatenate(of_edge)[before]
        choice = self.best[edge, which]
        states, numbers, spaces = (
            np.concatenate([getattr(front, name) for front in origins])[before]
            for name in ("states", "numbers", "spaces")
        )
        return _Grown(
            total.ravel()[order],
            states,
            numbers,
            spaces,
            choice,
            self.columns.column[choice],
            edge,
        )

    def keep(self, grown: _Grown, states: Ints) -> _Front:
        """The best hypothesis of each state, as many as the beam is wide."""
        _, first = np.unique(states, return_index=True)
        kept = np.sort(first)[: self.decoding.beam]
        numbers = np.arange(len(self.back), len(self.back) + len(kept))
        steps = (grown.numbers, grown.edges, grown.choices, grown.spaces)
        self.back += zip(*(column[kept].tolist() for column in steps), strict=True)
        none = np.zeros((len(kept), 0), np.float32)
        return _Front(grown.scores[kept], states[kept], numbers, np.zeros(len(kept), bool), none)

    def best_steps(self) -> list[Step]:
        """The path of the hypothesis that is best at the row's end."""
        last = self.fronts[-1]
        end = np.maximum(last.ahead[:, self.line_end], LEAST_END)
        final = last.scores + self.decoding.language * end
        final[last.spaces] = -np.inf
        hypothesis = int(last.numbers[final.argmax()])
        steps = []
        while hypothesis > 0:
            hypothesis, edge, character, space = self.back[hypothesis]
            steps.append(Step(edge, character, space))
        return steps[::-1]
