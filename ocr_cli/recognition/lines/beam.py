"""CTC prefix beam search with a language model, for many rows and all their beams at once.

A. Hannun, A. Maas, D. Jurafsky, A. Ng, First-pass large vocabulary continuous speech
recognition using bi-directional recurrent DNNs, arXiv:1408.2873 (2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.recognition.language.columns import columns
from ocr_cli.recognition.language.interface import Language

Array = NDArray[Any]
NEVER = np.float32(-1e30)
_MIX = np.uint64(0x9E3779B97F4A7C15)  # spreads prefixes over 64 bits, so that none meet


@dataclass(frozen=True)
class Decoding:
    """How much each source of knowledge counts; tuned on the valid split."""

    language: float = 0.5
    letter: float = 1.1  # for every character, against the bias to short texts
    space: float = 0.0  # for every space besides
    beam: int = 16
    choices: int = 10  # characters of a step that are followed up
    quiet: float = 0.995  # steps so surely blank are taken together


@dataclass(frozen=True)
class _Beams:
    """(R, B) prefixes: R rows, B of the best in each."""

    blank: Array  # log-probability of all paths that end with a blank
    sound: Array  # and of those that end with the last character
    extra: Array  # what the language model and the letters' reward add
    last: Array  # last class, C where there is none
    key: Array  # hash of the prefix
    parent: Array  # and of the prefix before its last character
    state: Array  # of the language model
    node: Array  # place in the tree of prefixes


def beam_search(
    scores: Sequence[NDArray[np.float32]],
    classes: tuple[str, ...],
    language: Language | None,
    decoding: Decoding,
) -> list[Array]:
    """The best text of each row, as class numbers.

    scores : (T, C + 1) log-probabilities of each row, CTC's blank last. Classes that the
    language model does not know cost what `columns.LACKING` says.
    """
    if not scores:
        return []
    steps = [_without_quiet(one, decoding.quiet) for one in scores]
    return _Search(steps, classes, language, decoding).run()


def n_best(
    scores: Sequence[NDArray[np.float32]],
    classes: tuple[str, ...],
    language: Language | None,
    decoding: Decoding,
    starts: Sequence[int] | None = None,
) -> list[list[tuple[Array, float]]]:
    """All texts that are left in the beam at the end, as class numbers, each with its log-odds.

    As `beam_search`; starts : the language's state before each row, without them that at the
    start of a line.
    """
    if not scores:
        return []
    steps = [_without_quiet(one, decoding.quiet) for one in scores]
    search = _Search(steps, classes, language, decoding, keep_all=True)
    search.run(starts)
    return search.left


def _without_quiet(scores: Array, quiet: float) -> Array:
    """The steps, of each run of surely blank ones only the first."""
    sure = scores[:, -1] > np.log(quiet)
    kept = ~sure
    kept[1:] |= sure[1:] & ~sure[:-1]
    kept[0] = True
    return scores[kept]


class _Search:
    """The state of a search: a batch of steps, the beams, and the tree of prefixes."""

    def __init__(
        self,
        steps: list[Array],
        classes: tuple[str, ...],
        language: Language | None,
        decoding: Decoding,
        keep_all: bool = False,
    ) -> None:
        self.decoding, self.language, self.keep_all = decoding, language, keep_all
        self.classes = len(classes)
        self.spaces = np.array([decoding.space * (c == " ") for c in classes], np.float32)
        self.lengths = np.array([len(one) for one in steps])
        self.scores = np.zeros((len(steps), self.lengths.max(), self.classes + 1), np.float32)
        for row, one in zip(self.scores, steps, strict=True):
            row[: len(one)] = one
        self.tree = [np.zeros(1, np.int64)], [np.full(1, self.classes)]  # parents, classes
        self.size = 1
        self.left: list[list[tuple[Array, float]]] = [[] for _ in steps]
        if language is not None:
            self.columns = columns(language.alphabet, classes)

    def run(self, starts: Sequence[int] | None = None) -> list[Array]:
        rows = len(self.scores)
        shape = (rows, self.decoding.beam)
        start = 0 if self.language is None else self.language.start()
        blank = np.full(shape, NEVER)
        blank[:, 0] = 0
        zero = np.zeros(shape, np.int64)
        states = zero + start if starts is None else zero + np.array(starts, np.int64)[:, None]
        # beams not yet in use have keys of their own, which no prefix has
        key = np.arange(shape[1], dtype=np.uint64)[None].repeat(rows, 0)
        beams = _Beams(
            blank,
            np.full(shape, NEVER),
            np.zeros(shape, np.float32),
            zero + self.classes,
            key,
            np.full(shape, 2**63, np.uint64),
            states,
            zero,
        )
        ahead = self._language_rows(beams.state)
        order = np.argsort(-self.lengths, kind="stable")
        finished: list[Array] = [np.empty(0)] * rows
        alive = order
        beams = _take(beams, order)
        ahead = ahead[order]
        for t in range(int(self.lengths.max())):
            going = int((self.lengths[alive] > t).sum())
            if going < len(alive):
                self._finish(beams, alive, going, finished)
                alive, ahead = alive[:going], ahead[:going]
                beams = _take(beams, slice(0, going))
            beams, ahead = self._step(beams, ahead, self.scores[alive, t])
        self._finish(beams, alive, 0, finished)
        return finished

    def _step(self, beams: _Beams, ahead: Array, scores: Array) -> tuple[_Beams, Array]:
        """All beams one step on: (R, B) prefixes, (R, B, C) language, (R, C + 1) scores."""
        rows, width = beams.blank.shape
        r = np.arange(rows)[:, None]
        both = np.logaddexp(beams.blank, beams.sound)
        stay_blank = both + scores[:, -1:]
        own = np.where(beams.last < self.classes, scores[r, beams.last], NEVER)
        stay_sound = beams.sound + own
        count = min(self.decoding.choices, self.classes)
        choice = np.argpartition(-scores[:, :-1], count - 1, axis=1)[:, :count]
        repeats = choice[:, None] == beams.last[:, :, None]
        grown = np.where(repeats, beams.blank[..., None], both[..., None])
        grown = grown + np.take_along_axis(scores, choice, 1)[:, None]
        # a beam may be another with one character more: then their paths are one
        same = beams.parent[:, :, None] == beams.key[:, None]
        found = same.any(2)
        mother = same.argmax(2)
        again = beams.last[r, mother] == beams.last
        joined = np.where(again, beams.blank[r, mother], both[r, mother]) + own
        stay_sound = np.logaddexp(stay_sound, np.where(found, joined, NEVER))
        row, child = np.nonzero(found)
        hit = choice[row] == beams.last[row, child][:, None]
        grown[row, mother[row, child]] = np.where(hit, NEVER, grown[row, mother[row, child]])
        gain = np.take_along_axis(ahead, choice[:, None].repeat(width, 1), 2)
        new_extra = beams.extra[..., None] + gain
        stay = np.logaddexp(stay_blank, stay_sound) + beams.extra
        total = np.concatenate([stay, (grown + new_extra).reshape(rows, -1)], 1)
        best = np.argpartition(-total, width - 1, axis=1)[:, :width]
        return self._chosen(beams, ahead, best, stay_blank, stay_sound, grown, new_extra, choice)

    def _chosen(
        self,
        beams: _Beams,
        ahead: Array,
        best: Array,
        stay_blank: Array,
        stay_sound: Array,
        grown: Array,
        new_extra: Array,
        choice: Array,
    ) -> tuple[_Beams, Array]:
        """The beams that go on: `best` counts first those that stay, then those that grow."""
        rows, width = beams.blank.shape
        r = np.arange(rows)[:, None]
        grows = best >= width
        source, which = np.divmod(np.maximum(best - width, 0), choice.shape[1])
        source = np.where(grows, source, best)
        character = choice[r, which]
        key = beams.key[r, source]
        state, node = beams.state[r, source], beams.node[r, source]
        ahead = ahead[r, source]
        extra = np.where(grows, new_extra[r, source, which], beams.extra[r, source])
        new = np.nonzero(grows)
        if self.language is not None and len(new[0]):
            written = self.columns.column[character[new]]
            state[new] = self.language.advance(state[new], written)
            ahead[new] = self._language_rows(state[new])
        parents = node[new]
        node[new] = self.size + np.arange(len(parents))
        self.tree[0].append(parents)
        self.tree[1].append(character[new])
        self.size += len(parents)
        grown_key = (key * _MIX) ^ (character.astype(np.uint64) + np.uint64(0x632BE5AB))
        grown_key = grown_key * _MIX + np.uint64(self.decoding.beam)
        chosen = _Beams(
            np.where(grows, NEVER, stay_blank[r, source]),
            np.where(grows, grown[r, source, which], stay_sound[r, source]),
            extra,
            np.where(grows, character, beams.last[r, source]),
            np.where(grows, grown_key, key),
            np.where(grows, key, beams.parent[r, source]),
            state,
            node,
        )
        return chosen, ahead

    def _language_rows(self, states: Array) -> Array:
        """(..., C) what each next character would add."""
        if self.language is None:
            return np.full((*states.shape, self.classes), self.decoding.letter, np.float32)
        rows = self.columns.of(self.language.log_probabilities(states.reshape(-1)))
        rows = self.decoding.language * rows + (self.decoding.letter + self.spaces)
        return rows.reshape(*states.shape, self.classes).astype(np.float32)

    def _finish(self, beams: _Beams, alive: Array, first: int, finished: list[Array]) -> None:
        """Writes down the best text of the rows from `first` on."""
        parents, characters = (np.concatenate(part) for part in self.tree)
        self.tree = [parents], [characters]
        total = np.logaddexp(beams.blank, beams.sound) + beams.extra
        for i in range(first, len(alive)):
            finished[int(alive[i])] = _traced(parents, characters, beams.node[i, total[i].argmax()])
            if self.keep_all:
                self.left[int(alive[i])] = [
                    (_traced(parents, characters, beams.node[i, k]), float(total[i, k]))
                    for k in np.flatnonzero(total[i] > NEVER / 2)
                ]


def _traced(parents: Array, characters: Array, node: int) -> Array:
    """The text of a prefix in the tree."""
    text: list[int] = []
    while node:
        text.append(int(characters[node]))
        node = int(parents[node])
    return np.array(text[::-1], np.int64)


def _take(beams: _Beams, rows: Any) -> _Beams:
    return _Beams(**{name: value[rows] for name, value in vars(beams).items()})
