"""CTC prefix beam search with a language model, for many rows and all their beams at once.

A. Hannun, A. Maas, D. Jurafsky, A. Ng, First-pass large vocabulary continuous speech
recognition using bi-directional recurrent DNNs, arXiv:1408.2873 (2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.recognition.language.columns import LACKING, columns
from ocr_cli.recognition.language.interface import Language

Array = NDArray[Any]
NEVER = np.float32(-1e30)
BEHIND = 8.0  # log-odds of the best prefix over one that is given up
_MIX = np.uint64(0x9E3779B97F4A7C15)  # spreads prefixes over 64 bits, so that none meet


@dataclass(frozen=True)
class LineDecoding:
    """The weights of the sources of knowledge; tuned on the valid split."""

    language: float = 0.5
    letter: float = 1.1  # for every character, against the bias to short texts
    beam: int = 32
    choices: int = 10  # characters of a step that are followed up
    quiet: float = 0.98  # steps so surely blank, or of one character, are taken together


@dataclass(frozen=True)
class _Beams:
    """(R, B) prefixes: R rows, B of the best in each."""

    ends_blank: Array  # log-probability of all paths that end with a blank
    ends_character: Array  # and of those that end with the last character
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
    decoding: LineDecoding,
    spaces: Sequence[float] | None = None,
) -> list[Array]:
    """The best text of each row, as class numbers; see `n_best`."""
    found = n_best(scores, classes, language, decoding, spaces=spaces)
    return [max(texts, key=itemgetter(1))[0] for texts in found]


def n_best(
    scores: Sequence[NDArray[np.float32]],
    classes: tuple[str, ...],
    language: Language | None,
    decoding: LineDecoding,
    starts: Sequence[int] | None = None,
    spaces: Sequence[float] | None = None,
) -> list[list[tuple[Array, float]]]:
    """All texts that are left in the beam at the end, as class numbers, each with its log-odds.

    The words of the whole texts count for the odds as well, see `language.lexicon`.

    scores : (T, C + 1) log-probabilities of each row, CTC's blank last. Classes that the
    language model does not know cost what `columns.LACKING` says.
    starts : the language's state before each row, without them that at the start of a line.
    spaces : what every space of a row gains besides, nothing unless told.
    """
    if not scores:
        return []
    steps = [_without_quiet(one, decoding.quiet) for one in scores]
    found = _Search(steps, classes, language, decoding, spaces).run(starts)
    if language is None:
        return found
    of_class = np.array(classes)
    written = ["".join(of_class[text]) for texts in found for text, _ in texts]
    of_words = iter(language.word_odds(written).tolist())
    return [[(text, odds + next(of_words)) for text, odds in texts] for texts in found]


def _without_quiet(scores: Array, quiet: float) -> Array:
    """The steps, of each run of ones that are surely the same only the first."""
    best = scores.argmax(1)
    sure = scores[np.arange(len(scores)), best] > np.log(quiet)
    again = sure[1:] & sure[:-1] & (best[1:] == best[:-1])
    return scores[np.concatenate([[True], ~again])]


class _Search:
    """The state of a search: a batch of steps, the beams, and the tree of prefixes.

    Rows are searched longest first, so that those whose steps are not over come first.
    """

    def __init__(
        self,
        steps: list[Array],
        classes: tuple[str, ...],
        language: Language | None,
        decoding: LineDecoding,
        spaces: Sequence[float] | None = None,
    ) -> None:
        self.decoding, self.language = decoding, language
        self.classes = len(classes)
        lengths = np.array([len(one) for one in steps])
        self.order = np.argsort(-lengths, kind="stable")
        self.lengths = lengths[self.order]
        shape = int(self.lengths.max()), len(steps), self.classes + 1
        self.scores = np.zeros(shape, np.float32)  # time first
        for row, i in enumerate(self.order):
            self.scores[: len(steps[i]), row] = steps[i]
        count = min(decoding.choices, self.classes)
        characters = self.scores[..., :-1]
        self.choice = np.argpartition(-characters, count - 1, axis=2)[..., :count]
        self.chosen = np.take_along_axis(characters, self.choice, 2)
        gain = np.array([0.0] * len(steps) if spaces is None else spaces, np.float32)
        is_space = np.array([c == " " for c in classes])
        self.reward = np.float32(decoding.letter) + gain[self.order, None] * is_space
        self.tree = [np.zeros(1, np.int64)], [np.full(1, self.classes)]  # parents, classes
        self.size = 1
        self.left: list[list[tuple[Array, float]]] = [[] for _ in steps]
        if language is not None:
            self.columns = columns(language.alphabet, classes)

    def run(self, starts: Sequence[int] | None = None) -> list[list[tuple[Array, float]]]:
        """The texts left in the beams of each row, as class numbers, with their log-odds."""
        rows = len(self.order)
        shape = rows, 1
        start = 0 if self.language is None else self.language.start()
        zero = np.zeros(shape, np.int64)
        states = zero + start
        if starts is not None:
            states = np.array(starts, np.int64)[self.order, None]
        beams = _Beams(
            np.zeros(shape, np.float32),
            np.full(shape, NEVER),
            np.zeros(shape, np.float32),
            zero + self.classes,
            np.zeros(shape, np.uint64),
            np.full(shape, 2**63, np.uint64),
            states,
            zero,
        )
        alive = rows
        for t in range(len(self.scores)):
            going = int((self.lengths > t).sum())
            if going < alive:
                self._finish(beams, going)
                beams, alive = _take(beams, slice(0, going)), going
            beams = self._step(beams, t)
        self._finish(beams, 0)
        return self.left

    def _step(self, beams: _Beams, t: int) -> _Beams:
        """All (R, B) beams one step on."""
        rows, width = beams.ends_blank.shape
        scores, choice = self.scores[t, :rows], self.choice[t, :rows]
        count = choice.shape[1]
        first = np.arange(0, rows * width, width)[:, None]  # numbers of each row's first beam
        both = np.logaddexp(beams.ends_blank, beams.ends_character)
        stay_blank = both + scores[:, -1:]
        at = beams.last + np.arange(0, scores.size, self.classes + 1)[:, None]
        own = np.where(beams.last < self.classes, scores.reshape(-1).take(at), NEVER)
        stay_character = beams.ends_character + own
        repeats = choice[:, None] == beams.last[:, :, None]
        grown = np.where(repeats, beams.ends_blank[..., None], both[..., None])
        grown += self.chosen[t, :rows, None]
        # a beam may be another with one character more: then their paths are one
        same = beams.parent[:, :, None] == beams.key[:, None]
        row, child, other = np.nonzero(same)
        if len(row):
            mother = first[row, 0] + other
            again = beams.last.take(mother) == beams.last[row, child]
            joined = np.where(again, beams.ends_blank.take(mother), both.take(mother))
            joined += own[row, child]
            stay_character[row, child] = np.logaddexp(stay_character[row, child], joined)
            # one mother may have several children: each takes its own character from her
            hit, which = np.nonzero(choice[row] == beams.last[row, child][:, None])
            grown.reshape(rows * width, -1)[mother[hit], which] = NEVER
        new_extra = beams.extra[..., None] + self._ahead(beams.state, choice)
        stay = np.logaddexp(stay_blank, stay_character) + beams.extra
        total = np.concatenate([stay, (grown + new_extra).reshape(rows, -1)], 1)
        best = self._best(total)
        grows = best >= width
        source, which = np.divmod(np.maximum(best - width, 0), count)
        source = np.where(grows, source, best) + first
        taken = _of_beams(
            replace(beams, ends_blank=stay_blank, ends_character=stay_character), source
        )
        one = source * count + which
        character = choice.reshape(-1).take(which + np.arange(0, choice.size, count)[:, None])
        return self._grown(taken, grows, grown.take(one), new_extra.take(one), character)

    def _best(self, total: Array) -> Array:
        """(R, B) the places of each row's best prefixes: none that is far behind in every row."""
        beam = min(self.decoding.beam, total.shape[1])
        best = np.argpartition(-total, beam - 1, axis=1)[:, :beam]
        values = np.take_along_axis(total, best, 1)
        near = int((values > values.max(1, keepdims=True) - BEHIND).sum(1).max())
        if near == beam:
            return best
        order = np.argsort(-values, axis=1)[:, :near]
        return np.take_along_axis(best, order, 1)

    def _grown(
        self, beams: _Beams, grows: Array, likely: Array, extra: Array, character: Array
    ) -> _Beams:
        """(R, B) beams with one character more where they grow, and what they are worth then."""
        new = np.flatnonzero(grows)
        state, node = beams.state.reshape(-1), beams.node.reshape(-1)
        written = character.take(new)
        if self.language is not None and len(new):
            state[new] = self.language.advance(state[new], self.columns.column[written])
        self.tree[0].append(node[new])
        self.tree[1].append(written)
        node[new] = self.size + np.arange(len(new))
        self.size += len(new)
        key = (beams.key * _MIX) ^ (character.astype(np.uint64) + np.uint64(0x632BE5AB))
        key = key * _MIX + np.uint64(self.decoding.beam)
        return _Beams(
            np.where(grows, NEVER, beams.ends_blank),
            np.where(grows, likely, beams.ends_character),
            np.where(grows, extra, beams.extra),
            np.where(grows, character, beams.last),
            np.where(grows, key, beams.key),
            np.where(grows, beams.key, beams.parent),
            state.reshape(grows.shape),
            node.reshape(grows.shape),
        )

    def _ahead(self, states: Array, choice: Array) -> Array:
        """(R, B, K) what each of (R, K) characters would add to (R, B) prefixes."""
        if self.language is None:
            gained = self.reward[np.arange(len(choice))[:, None], choice]
            return gained[:, None].repeat(states.shape[1], 1)
        rows = np.arange(len(choice))[:, None]
        chars = self.columns.column[choice].repeat(states.shape[1], 0)
        ahead = self.language.log_probabilities_of(states.reshape(-1), chars)
        ahead = ahead.reshape(*states.shape, -1)
        np.copyto(ahead, LACKING, where=self.columns.lacking[choice][:, None])
        ahead *= self.decoding.language
        ahead += self.reward[rows, choice][:, None]
        return ahead

    def _finish(self, beams: _Beams, first: int) -> None:
        """Writes down the texts of the rows from `first` on."""
        parents, characters = (np.concatenate(part) for part in self.tree)
        self.tree = [parents], [characters]
        total = np.logaddexp(beams.ends_blank, beams.ends_character) + beams.extra
        for k, row in enumerate(total[first:], first):
            likely = np.flatnonzero(row > NEVER / 2)
            texts = _traced(parents, characters, beams.node[k, likely])
            self.left[int(self.order[k])] = list(zip(texts, row[likely].tolist(), strict=True))


def _traced(parents: Array, characters: Array, nodes: Array) -> list[Array]:
    """The texts of prefixes in the tree, all at once."""
    path = [nodes]
    while path[-1].any():
        path.append(parents[path[-1]])
    ways = np.stack(path[::-1], 1)  # from the root, which fills what is before shorter ones
    starts = (ways == 0).sum(1)
    return [characters[way[start:]] for way, start in zip(ways, starts.tolist(), strict=True)]


def _take(beams: _Beams, rows: Any) -> _Beams:
    return _Beams(*(value[rows] for value in vars(beams).values()))


def _of_beams(beams: _Beams, which: Array) -> _Beams:
    """Beams by their numbers (R, B), counted through all rows."""
    return _Beams(*(value.take(which) for value in vars(beams).values()))
