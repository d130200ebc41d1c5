"""Habits of one hand: its words, spaces between figures, a space before a full stop.

Names and words of pages that are known come back on the next ones. And the gaps of a row say where
its words end, and the language model which words are usual: in what a hand does otherwise it is
alike from line to line: who writes 1 5 : 3 0 on one writes ( 2 1 2 ) on the next. Two numbers of
small tables are learnt from a few lines of it: how often a space follows two kinds of characters,
for the language model; and how far the odds of a space between two kinds are off that the gaps and
the language give together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.recognition.language.columns import columns
from ocr_cli.recognition.language.interface import Language
from ocr_cli.recognition.letters.align import Alignment
from ocr_cli.recognition.letters.lattice import Lattice
from ocr_cli.recognition.letters.search import LatticeDecoding

SIDES = 3  # kinds that may stand about a gap: letters, figures, signs
SHAPE_KINDS = 8  # kinds of characters that the language model tells apart
SPREAD = 2.0  # standard deviation of a hand's odds, before anything of it is known
LEAST = -1.0  # odds of a hand; that a page has few spaces does not mean that the next has none
ROUNDS = 20  # of Newton's method
LARGEST = 2.0  # step of it

Floats = NDArray[np.float64]
Counts = NDArray[np.float32]


@dataclass(frozen=True)
class Habit:
    """The spacing of a hand where it differs, and what it wrote; no difference unless told.

    Attributes
    ----------
    odds : (SIDES, SIDES) what it adds to the log-odds of a space, by what stands before a gap
        and what after it.
    counts : (S, S, 2) how often something else, or a space, came after two of S SHAPE_KINDS.
    expected : (S, S) how many spaces the usual language expected there; 0 where none was known.
    lines : what is known to be written in this hand, for its words.
    """

    odds: Floats = field(default_factory=lambda: np.zeros((SIDES, SIDES)), repr=False)
    counts: Counts = field(
        default_factory=lambda: np.zeros((SHAPE_KINDS, SHAPE_KINDS, 2), np.float32), repr=False
    )
    expected: Counts = field(
        default_factory=lambda: np.zeros((SHAPE_KINDS, SHAPE_KINDS), np.float32), repr=False
    )
    lines: tuple[str, ...] = field(default=(), repr=False)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that is known, by name; `from_arrays` takes it back."""
        lines = np.frombuffer("\n".join(self.lines).encode(), np.uint8)
        spaces = {"counts": self.counts, "expected": self.expected}
        return {"odds": self.odds, **spaces, "lines": lines}

    def towards(self, other: Habit, share: float) -> Habit:
        """A habit on the way from this one to another; its words are the other's."""
        kept, taken = np.float32(1 - share), np.float32(share)
        counts = kept * self.counts + taken * other.counts
        expected = kept * self.expected + taken * other.expected
        odds = (1 - share) * self.odds + share * other.odds
        return Habit(odds, counts, expected, other.lines)

    def language(self, usual: Language | None) -> Language | None:
        """The language as this hand writes it; the usual one where no habit is known."""
        from ocr_cli.recognition.language import LanguageModel
        from ocr_cli.recognition.language.hand_language import HandLanguage
        from ocr_cli.recognition.language.own_words import OwnWords

        if not isinstance(usual, LanguageModel):
            return usual
        known = OwnWords(usual, self.lines) if self.lines else usual
        return HandLanguage(known, self.counts, self.expected) if self.counts.any() else known

    def lattices(self, usual: Sequence[Lattice], decoding: LatticeDecoding) -> list[Lattice]:
        """The lattices with the odds of a space as this hand has them.

        What kinds stand about a place is as likely as the edges that end and begin there say.
        """
        if not self.odds.any():
            return list(usual)
        odds = self.odds / decoding.space
        return [replace(one, space_odds=_shifted(one, odds)) for one in usual]


def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Habit:
    """The habit in these arrays; ValueError where they are none."""
    none = Habit().arrays()
    text, more = none.pop("lines"), none.pop("expected")  # older files have none
    text, more = arrays.get("lines", text), arrays.get("expected", more)
    if (
        arrays.keys() - {"lines", "expected"} != none.keys()
        or text.dtype != np.uint8
        or text.ndim != 1
    ):
        raise ValueError("the habit's parts do not fit")
    if any(arrays[k].shape != none[k].shape for k in none) or more.shape != Habit().expected.shape:
        raise ValueError("the habit's parts do not fit")
    odds, counts = arrays["odds"].astype(np.float64), arrays["counts"].astype(np.float32)
    of_spaces = np.concatenate([counts.ravel(), more.astype(np.float32).ravel()])
    if not np.isfinite(odds).all() or not (np.isfinite(of_spaces) & (of_spaces >= 0)).all():
        raise ValueError("the habit's numbers make no sense")
    lines = tuple(filter(None, text.tobytes().decode().split("\n")))
    return Habit(odds, counts, more.astype(np.float32), lines)


@dataclass(frozen=True)
class Gaps:
    """The gaps of a line that is known, between characters next to each other.

    Attributes
    ----------
    words : of the line.
    odds : (n - 1,) log-odds of a space between its n characters, by what the row looks like;
        nan where they were not found, -inf inside a glyph.
    """

    words: tuple[str, ...]
    odds: Floats = field(repr=False)

    @property
    def text(self) -> str:
        """The line, its words parted by single spaces."""
        return " ".join(self.words)


def gaps_of(lattice: Lattice, alignment: Alignment) -> Gaps:
    """The gaps of a row that is aligned with its text."""
    places = lattice.starts[alignment.edges[1:]]
    known = alignment.found[:-1] & alignment.found[1:]
    known &= lattice.ends[alignment.edges[:-1]] <= places
    return Gaps(alignment.words, np.where(known, lattice.space_odds[places], np.nan))


def learn(
    texts: Sequence[str],
    gaps: Iterable[Gaps],
    language: Language | None,
    decoding: LatticeDecoding,
    before: Habit | None = None,
) -> Habit:
    """The habit of a hand, by some lines of it, and the gaps of those whose letters are known.

    before : what is known of it already, to which the lines add.

    The odds are a logistic regression on the kinds before and after a gap and on their pair,
    beside what gap and language say, with coefficients held near 0 (C. Bishop, Pattern
    Recognition and Machine Learning, 2006, 4.3).
    """
    from ocr_cli.recognition.language import LanguageModel
    from ocr_cli.recognition.language.hand_language import expected_spaces

    before = before or Habit()
    # a line of one word does not mean that the hand leaves no spaces
    spaced = [text for text in texts if " " in text]
    counts, expected = before.counts + count_spaces(spaced), before.expected
    if isinstance(language, LanguageModel) and before.expected.any() >= before.counts.any():
        expected = expected + expected_spaces(language, spaced)
    own = Habit(before.odds, counts, expected).language(language)
    sides, spaces, usual = [np.zeros((0, 2), np.int64)], [np.zeros(0, bool)], [np.zeros(0)]
    for line in gaps:
        known = np.isfinite(line.odds)
        kinds = np.array([_side(c) for word in line.words for c in word], np.int64)
        word = np.repeat(np.arange(len(line.words)), [len(word) for word in line.words])
        sides.append(np.stack([kinds[:-1], kinds[1:]], 1)[known])
        spaces.append((np.diff(word) > 0)[known])
        by_text = decoding.language * _language_odds(line.text, own)
        by_habit = before.odds[kinds[:-1], kinds[1:]]
        usual.append((decoding.space * line.odds + by_text + by_habit)[known])
    each = np.eye(SIDES)
    terms = _terms(each[np.concatenate(sides)])
    found = _regression(terms, np.concatenate(spaces), np.concatenate(usual))
    pairs = np.indices((SIDES, SIDES)).reshape(2, -1).T
    added = (_terms(each[pairs]) @ found).reshape(SIDES, SIDES)
    odds = np.maximum(before.odds + added, LEAST)
    return Habit(odds, counts, expected, (*before.lines, *texts))


def count_spaces(texts: Iterable[str]) -> Counts:
    """(S, S, 2) how often something else, or a space, follows two of S SHAPE_KINDS in lines."""
    from ocr_cli.recognition.language import LINE_END, NO_SHAPE, SPACE, shape_of

    counts = np.zeros((SHAPE_KINDS, SHAPE_KINDS, 2), np.float32)
    for text in texts:
        shapes = [NO_SHAPE, LINE_END, *map(shape_of, text), LINE_END]
        for older, last, now in zip(shapes, shapes[1:], shapes[2:], strict=False):
            counts[older, last, int(now == SPACE)] += 1
    return counts


def _shifted(lattice: Lattice, odds: Floats) -> NDArray[np.float32]:
    """(places,) the odds of a space, with what a hand adds for the kinds about each place."""
    kinds = np.eye(SIDES)[[_side(c) for c in lattice.classes]]
    of_edge = np.exp(lattice.scores.astype(np.float64)) @ kinds
    about = np.full((2, len(lattice.atoms) + 1, SIDES), 1e-9)
    np.add.at(about[0], lattice.ends, of_edge)
    np.add.at(about[1], lattice.starts, of_edge)
    about /= about.sum(2, keepdims=True)
    added = np.einsum("pl,lr,pr->p", about[0], odds, about[1])
    return np.asarray(lattice.space_odds + added, np.float32)


def _side(character: str) -> int:
    return 0 if character.isalpha() else 1 if character.isdigit() else 2


def _terms(sides: Floats) -> Floats:
    """(N, 2, SIDES) to (N, T): what stands before a gap, what after it, and the two together."""
    both = sides[:, 0, :, None] * sides[:, 1, None, :]
    return np.concatenate([sides[:, 0], sides[:, 1], both.reshape(-1, SIDES * SIDES)], 1)


def _regression(terms: Floats, spaces: NDArray[np.bool_], usual: Floats) -> Floats:
    """(T,) coefficients of (N, T) terms, to whose sum `usual` belongs, by Newton's method."""
    found, prior = np.zeros(terms.shape[1]), np.eye(terms.shape[1]) / SPREAD**2
    for _ in range(ROUNDS):
        likely = 1 / (1 + np.exp(-np.clip(usual + terms @ found, -30, 30)))
        slope = terms.T @ (spaces - likely) - prior @ found
        bend = (terms * (likely * (1 - likely))[:, None]).T @ terms + prior
        found = found + np.clip(np.linalg.solve(bend, slope), -LARGEST, LARGEST)
    return found


def _language_odds(text: str, language: Language | None) -> Floats:
    """(n - 1,) log-odds of a space between the n characters of a text, given all before them.

    What the language does not know is as likely after a space as without.
    """
    from ocr_cli.recognition.language import states_along

    written = np.array([i for i, c in enumerate(text) if c != " "], np.int64)
    if language is None:
        return np.zeros(max(0, len(written) - 1))
    space = language.alphabet.index(" ")
    known = columns(language.alphabet, text)
    states = states_along(language, known.column)[written[:-1] + 1]
    after_space = language.advance(states, np.full(len(states), space))
    ahead, then = (language.log_probabilities(s) for s in (states, after_space))
    each, coming = np.arange(len(states)), written[1:]
    return np.asarray(
        ahead[:, space] + known.of(then)[each, coming] - known.of(ahead)[each, coming]
    )
