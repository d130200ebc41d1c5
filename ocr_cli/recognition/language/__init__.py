"""The language model: how likely each next character is after what has been read.

Two small models make one. An n-gram model predicts characters without their case, so that
SMALL and small letters share all that is known of words; a table then says how likely a letter
is a capital, given the shapes of the last characters. Log-probabilities add up:

    log P(c | prefix) = log P(folded c | folded prefix) + log P(case of c | c, shapes)

In the n-gram model a context h keeps the share a(c | h) of its mass for the characters seen
after it, and leaves the rest to the context without its first character [1]_:

    P(c | h) = a(c | h) + (1 - sum of a(. | h)) P(c | h without its first character)

so that any choice of shares, pruned and rounded as they may be, sums to one.

.. [1] Chen and Goodman, An Empirical Study of Smoothing Techniques for Language Modeling,
   1998, sections 2.5 to 2.8.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import WESTERN
from ocr_cli.errors import ModelError
from ocr_cli.modelfiles import weights
from ocr_cli.recognition.language.columns import LACKING, columns
from ocr_cli.recognition.language.contexts import CODE, CODE_BITS, Rows, Tree
from ocr_cli.recognition.language.interface import Ints, Language
from ocr_cli.recognition.language.lexicon import Lexicon, lexicon_of

# What is read, space first, and the end of the line, which is also what a line starts after.
ALPHABET = "".join(WESTERN) + "\n"
MAX_ORDER = 9  # eight characters of context, 7 bits each, fit into 63 bits

# What the case of a letter depends on: each of the last SHAPES characters in one octal digit.
SHAPES = 5
SHAPE_BITS = 3 * SHAPES
NO_SHAPE, LOWER, UPPER, FIGURE, SPACE, STOP, OTHER, LINE_END = range(8)

LOGIT_STEP = 1 / 12  # odds byte q stands for the log-odds (q - 128) LOGIT_STEP
ARRAYS = ("children", "codes", "shares", "rests", "odds")


@dataclass(frozen=True)
class Folding:
    """The folding of an alphabet's characters into codes that know no case.

    Attributes
    ----------
    symbols : the folded characters; the code of symbols[i] is i + 1, code 0 is nobody's.
    code : (A,) int64, the code of each character of the alphabet.
    shape : (A,) int64, LOWER, UPPER, FIGURE, …
    letter : (A,) int64, which letter it is; 0 for characters without case.
    """

    symbols: str
    code: Ints = field(repr=False)
    shape: Ints = field(repr=False)
    letter: Ints = field(repr=False)

    @property
    def letters(self) -> int:
        """The number of letters that come in two cases."""
        return int(self.letter.max())


@cache
def fold(alphabet: str) -> Folding:
    """The folding of an alphabet: a letter loses its case if it is there in both."""
    known = set(alphabet)

    def folded(char: str) -> str:
        small = char.lower()
        return small if len(small) == 1 and {small, small.upper()} <= known else char

    symbols = "".join(sorted({folded(char) for char in alphabet}))
    cased = "".join(
        symbol
        for symbol in symbols
        if {symbol, symbol.upper()} <= known and symbol.upper() != symbol
    )
    return Folding(
        symbols,
        code=np.array([symbols.index(folded(char)) + 1 for char in alphabet]),
        shape=np.array([shape_of(char) for char in alphabet]),
        letter=np.array([cased.find(folded(char)) + 1 for char in alphabet]),
    )


def shape_of(char: str) -> int:
    """The shape of a character for those after it: LOWER, UPPER, FIGURE, …"""
    if char.isalpha():
        return UPPER if char.isupper() else LOWER
    if char in ".!?":
        return STOP
    return {"\n": LINE_END, " ": SPACE}.get(char, FIGURE if char.isdigit() else OTHER)


@dataclass(frozen=True)
class LanguageModel:
    """Character n-grams without case, and the odds of capitals; see the module.

    The n-grams form a tree, level by level, and in a level by context and code: context 0 is
    the empty one, and the entries that have `children` are the other contexts, in order.

    Attributes
    ----------
    alphabet : the characters, in the order of the columns of `log_probabilities`.
    order : an n-gram's greatest length.
    children : (E + 1,) uint8, entries that follow each entry, as a context; the root's first.
    codes : (E,) uint8, last folded character of each entry.
    shares : (E,) uint8, how the entry's context divides what it keeps; see `contexts.SHARES`.
    rests : (C,) uint8, what each context leaves to the one without its first character, not 0.
    odds : (8 ** SHAPES, L) uint8, log-odds that letter l is a capital after these shapes.
    record : how it was trained.
    lexicon : its words, where they are known.
    """

    alphabet: str
    order: int
    children: NDArray[np.uint8] = field(repr=False)
    codes: NDArray[np.uint8] = field(repr=False)
    shares: NDArray[np.uint8] = field(repr=False)
    rests: NDArray[np.uint8] = field(repr=False)
    odds: NDArray[np.uint8] = field(repr=False)
    record: dict[str, Any] = field(default_factory=dict, compare=False)
    lexicon: Lexicon | None = field(default=None, repr=False, compare=False)

    def start(self) -> int:
        """The state at the beginning of a line."""
        return int(self.advance(np.zeros(1, np.int64), np.array([self.alphabet.index("\n")]))[0])

    def encode(self, text: str) -> Ints:
        """(n,) the index in the alphabet of each character, or of what stands for it there."""
        return columns(self.alphabet, text).column

    def log_probabilities(self, states: Ints) -> NDArray[np.float32]:
        """(B,) states to (B, A) natural log-probabilities of each next character.

        A line's end is a character too, the alphabet's newline.
        """
        states = np.asarray(states, np.int64)
        rows = self._rows.of(states >> SHAPE_BITS)[:, self._folding.code - 1]
        odds = self.odds[states & ((1 << SHAPE_BITS) - 1)]
        of_case = np.zeros((len(states), 2 * self._folding.letters + 1), np.float32)
        of_case[:, 1::2], of_case[:, 2::2] = _LOG_SMALL[odds], _LOG_CAPITAL[odds]
        rows += of_case[:, self._case_column]
        return rows

    def log_probabilities_of(self, states: Ints, chars: Ints) -> NDArray[np.float32]:
        """(B,) states and (B, K) indices of characters to what `log_probabilities` has for them."""
        folding, found = self._folding, self.caseless_log_probabilities_of(states, chars)
        shapes = (states & ((1 << SHAPE_BITS) - 1))[:, None]
        odds = self.odds[shapes, np.maximum(folding.letter[chars] - 1, 0)]
        found += _OF_CASE[self._case[chars], odds]
        return found

    def caseless_log_probabilities_of(self, states: Ints, chars: Ints) -> NDArray[np.float32]:
        """The same of each character or its other case."""
        return self._rows.some_of(states >> SHAPE_BITS, self._folding.code[chars] - 1)

    def advance(self, states: Ints, chars: Ints) -> Ints:
        """(B,) states and (B,) indices of characters to (B,) the states after them.

        States are equal where nothing that the model knows tells the prefixes apart.
        """
        states, chars = np.asarray(states, np.int64), np.asarray(chars, np.int64)
        shapes = ((states << 3) | self._folding.shape[chars]) & ((1 << SHAPE_BITS) - 1)
        keys = (self._tree.keys[states >> SHAPE_BITS] << CODE_BITS) | self._folding.code[chars]
        return (self._tree.find_longest(keys, self.order - 1) << SHAPE_BITS) | shapes

    def score(self, text: str, *, ends: bool = False) -> float:
        """The natural log-probability of a line's text, its end included where it `ends`."""
        return score_text(self, text + "\n" * ends)

    def word_odds(self, texts: Sequence[str], own: Collection[str] = ()) -> NDArray[np.float32]:
        """(n,) what the words of each text add to its log-odds; see `lexicon`."""
        if self.lexicon is None:
            return np.zeros(len(texts), np.float32)
        return self.lexicon.odds(texts, own)

    def last_shapes(self, states: Ints) -> tuple[Ints, Ints]:
        """The shapes of the last character but one, and of the last, before each state."""
        states = np.asarray(states, np.int64)
        return (states >> 3) & 7, states & 7

    @cached_property
    def _folding(self) -> Folding:
        return fold(self.alphabet)

    @cached_property
    def _case_column(self) -> Ints:
        """(A,) where `log_probabilities` finds what a character's case adds: column 0 adds 0."""
        letter, is_capital = self._folding.letter, self._folding.shape == UPPER
        return np.where(letter > 0, 2 * letter - 1 + is_capital, 0)

    @cached_property
    def _case(self) -> Ints:
        """(A,) the row of _OF_CASE for each character."""
        letter, is_capital = self._folding.letter, self._folding.shape == UPPER
        return np.where(letter > 0, 1 + is_capital, 0)

    @cached_property
    def _tree(self) -> Tree:
        return Tree(self.children, self.codes, self.shares, self.rests)

    @cached_property
    def _rows(self) -> Rows:
        return Rows(self._tree, len(self._folding.symbols), self.order)


_LOGITS = (np.arange(256, dtype=np.float32) - 128) * np.float32(LOGIT_STEP)
_LOG_CAPITAL = -np.logaddexp(np.float32(0), -_LOGITS)
_LOG_SMALL = -np.logaddexp(np.float32(0), _LOGITS)
# What its case adds to a letter's log-probability: nothing, as it has none; as a small letter; as
# a capital.
_OF_CASE = np.stack([np.zeros_like(_LOG_SMALL), _LOG_SMALL, _LOG_CAPITAL])


def states_along(language: Language, chars: Ints) -> Ints:
    """(n + 1,) the states of a line before each of n characters of the alphabet, and after all."""
    states = np.full(len(chars) + 1, language.start())
    for i, char in enumerate(chars):
        states[i + 1] = language.advance(states[i : i + 1], np.array([char]))[0]
    return states


def score_text(language: Language, text: str) -> float:
    """The natural log-probability of a line that begins with this text."""
    known = columns(language.alphabet, text)
    rows = language.log_probabilities(states_along(language, known.column)[:-1])
    each = np.arange(len(text))
    return float(known.of(rows)[each, each].sum(dtype=np.float64))


def save(
    path: Path, model: LanguageModel, extras: Mapping[str, NDArray[np.uint8]] | None = None
) -> None:
    """Writes a model file, with `extras` in it by name; the same model gives the same bytes."""
    meta = {
        "format": weights.FORMAT,
        "kind": "language",
        "alphabet": model.alphabet,
        "order": model.order,
        "record": model.record,
    }
    arrays = {name: getattr(model, name) for name in ARRAYS}
    words = {} if model.lexicon is None else model.lexicon.arrays()
    weights.write_archive(path, meta, {**arrays, **words, **(extras or {})})


def load(path: Path) -> LanguageModel:
    """The language model in a file, checked; ModelError where it is damaged or none."""
    meta, arrays = weights.read_archive(path, {"language"})
    try:
        alphabet, order = str(meta["alphabet"]), int(meta["order"])
        parts = {name: arrays[name] for name in ARRAYS}
        words, record = lexicon_of(arrays), dict(meta["record"])
        model = LanguageModel(alphabet, order, **parts, record=record, lexicon=words)
        problem = _problem(model)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError("the model's parts do not fit", "train it anew", str(path)) from error
    if problem:
        raise ModelError(problem, "train it anew", str(path))
    return model


def _problem(model: LanguageModel) -> str:
    """The reason why a model is of no use; empty for a sound one."""
    alphabet, symbols = model.alphabet, fold(model.alphabet).symbols
    if len(set(alphabet)) != len(alphabet) or "\n" not in alphabet or len(symbols) > CODE:
        return "its alphabet lacks the line's end, has a character twice, or is too long"
    of_bytes = all(getattr(model, name).dtype == np.uint8 for name in ARRAYS)
    if not 1 <= model.order <= MAX_ORDER or not of_bytes:
        return f"its order is not 1 to {MAX_ORDER}, or its arrays are not of bytes"
    if not _shapes_fit(model) or _depth(model.children) > model.order:
        return "its n-grams form no tree"
    if 0 in model.rests or model.codes.min() < 1 or model.codes.max() > len(symbols):
        return "its n-grams make no sense"
    ascends = model.codes[1:] > model.codes[:-1]
    ascends[np.cumsum(model.children[model.children > 0], dtype=np.int32)[:-1] - 1] = True
    return "" if ascends.all() else "its n-grams are out of order"


def _shapes_fit(model: LanguageModel) -> bool:
    letters, entries, children = fold(model.alphabet).letters, len(model.codes), model.children
    return (
        model.odds.shape == (8**SHAPES, letters)
        and model.codes.shape == model.shares.shape == (entries,)
        and children.shape == (entries + 1,)
        and children[0] > 0
        and int(children.sum(dtype=np.int64)) == entries
        and model.rests.shape == (np.count_nonzero(children),)
    )


def _depth(children: NDArray[np.uint8]) -> int:
    """The levels of the tree; more than MAX_ORDER where the levels do not fit each other."""
    start, stop, depth = 0, 1, 0
    while stop < len(children) and depth <= MAX_ORDER:
        start, stop = stop, stop + int(children[start:stop].sum(dtype=np.int64))
        depth += 1
        if start == stop:
            return MAX_ORDER + 1
    return depth


def bits_per_character(model: LanguageModel, lines: Sequence[str]) -> float:
    """The mean bits of these lines' characters, ends not counted; 7.3 is not knowing a thing."""
    bits, characters = bits_of(model, lines)
    return bits / max(characters, 1)


def bits_of(model: LanguageModel, lines: Sequence[str]) -> tuple[float, int]:
    """The bits that lines take without their ends, and how many characters they have."""
    lines = sorted(lines, key=len, reverse=True)
    known = [columns(model.alphabet, line) for line in lines]
    lengths = np.array([len(line) for line in lines])
    states = np.full(len(lines), model.start())
    total = 0.0
    for i in range(int(lengths.max(initial=0))):
        live = int((lengths > i).sum())
        chars = np.array([line.column[i] for line in known[:live]])
        lacking = np.array([line.lacking[i] for line in known[:live]])
        found = model.log_probabilities_of(states[:live], chars[:, None])[:, 0]
        ahead = np.where(lacking, LACKING, found)
        total -= float(ahead.sum(dtype=np.float64))
        states = model.advance(states[:live], chars)
    return total / float(np.log(2)), int(lengths.sum())
