"""Trains the language model: counts n-grams, smooths them, prunes them, rounds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import folded
from ocr_cli.errors import InputError, UsageError
from ocr_cli.recognition.language import (
    ALPHABET,
    LOGIT_STEP,
    MAX_ORDER,
    SHAPES,
    UPPER,
    Folding,
    LanguageModel,
    fold,
)
from ocr_cli.recognition.language.contexts import CODE_BITS, LOWEST, STEP
from ocr_cli.recognition.language.interface import Ints

Floats = NDArray[np.float64]
BREAK = "…"  # at a line's start or end: the text goes on, how is not known
_CASE_PRIOR = 3.0  # a shorter history counts as so many letters seen after the longer one


@dataclass(frozen=True)
class Text:
    """Lines one after another, with a 0 before each.

    Attributes
    ----------
    codes, chars : (T,) folded codes, and indices in the alphabet plus 1; 0 is not known.
    weight : (T,) how often the line stands in the corpus.
    is_start : (T,) line ends that only say that a line starts: context, never predicted.
    is_piece : (T,) characters of lines that start or end with BREAK.
    """

    codes: Ints
    chars: Ints
    weight: Ints
    is_start: NDArray[np.bool_]
    is_piece: NDArray[np.bool_]


@dataclass(frozen=True)
class Level:
    """The n-grams of one length.

    Attributes
    ----------
    keys : (E,) ascending, 7 bits a character with the latest lowest, as in a model's tree.
    count : (E,) how often each stands in the text.
    share : (E,) what its context keeps for its last character.
    probability : (E,) of the last character, the shorter contexts' part included.
    """

    keys: Ints
    count: Ints
    share: Floats
    probability: Floats


def train_language(
    lines: Iterable[str],
    *,
    order: int = 7,
    entries: int = 1_000_000,
    method: str = "kneser-ney",
    capitals: float = 0.5,
    alphabet: str = ALPHABET,
    record: dict[str, Any] | None = None,
) -> LanguageModel:
    """A language model of a corpus; the same lines give the same model in any order.

    Parameters
    ----------
    lines : lines of text, brought to `charset.folded`; a character that the alphabet lacks
        counts as not known. A line that starts or ends with `BREAK` is a piece of a longer
        one. A line may stand there often.
    order : an n-gram's greatest length, 1 to 9.
    entries : n-grams kept; at about 1.6 bytes each they make the file's size.
    method : "kneser-ney" [1]_, or "witten-bell" [2]_.
    capitals : how often each line counts as if it were written all in capitals.
    record : what the model file says of the training.

    Raises InputError where the lines hold no text, UsageError for an order out of range.

    .. [1] Kneser and Ney, Improved backing-off for m-gram language modeling, ICASSP 1995, with
       the three discounts of Chen and Goodman 1998.
    .. [2] Witten and Bell, The zero-frequency problem, IEEE Trans. Inf. Theory 37 (4), 1991.
    """
    if not 1 <= order <= MAX_ORDER:
        raise UsageError(f"order {order} is not one from 1 to {MAX_ORDER}")
    if method not in _SHARES:
        raise UsageError(f"no method {method!r}", f"take one of: {', '.join(_SHARES)}")
    folding = fold(alphabet)
    text = _read(lines, alphabet, folding)
    counts = _count(text, order, len(folding.symbols))
    levels = _smooth(counts, method, len(folding.symbols))
    children, codes, share, rest = _tree(_prune(levels, entries))
    return LanguageModel(
        alphabet,
        order,
        children,
        codes,
        _as_bytes(share),
        _as_bytes(rest),
        _odds_of_capitals(text, folding, capitals),
        record or {},
    )


def _read(lines: Iterable[str], alphabet: str, folding: Folding) -> Text:
    """Each different line once, with its weight, so that a corpus may repeat at no cost."""
    times = Counter(line.rstrip("\r\n") for line in lines)
    pieces = [(_piece(line), n) for line, n in sorted(times.items()) if line.strip(BREAK + " ")]
    lengths = [len(piece) for piece, _ in pieces]
    if not pieces:
        raise InputError("no text to learn from", "give a file with a line of text a line")
    points = np.frombuffer("".join(piece for piece, _ in pieces).encode("utf-32-le"), np.uint32)
    index = np.zeros(0x110000, np.int64)
    index[[ord(char) for char in alphabet]] = np.arange(1, len(alphabet) + 1)
    chars = index[points]
    return Text(
        codes=np.append(0, folding.code)[chars],
        chars=chars,
        weight=np.repeat([n for _, n in pieces], lengths),
        is_start=(points == ord("\n")) & (np.append(0, points[:-1]) == 0),
        is_piece=np.repeat([not piece.startswith("\0\n") for piece, _ in pieces], lengths),
    )


def _piece(line: str) -> str:
    start = "\0" if line.startswith(BREAK) else "\0\n"
    return start + folded(line.strip(BREAK)) + ("" if line.endswith(BREAK) else "\n")


def _count(text: Text, order: int, symbols: int) -> list[tuple[Ints, Ints, Ints]]:
    """Count n-grams of each length: keys, how often they stand there, and how often unextended.

    Unextended are those with nothing known before them, at the start of a line or piece. All
    single characters are there, so that each context can be found as a shorter n-gram.
    """
    keys, known = text.codes, (text.codes > 0) & ~text.is_start
    counts = []
    for n in range(1, order + 1):
        before = np.append(np.zeros(n, np.int64), text.codes[:-n])[: len(keys)]  # of a short text
        longer = known & (before > 0)
        every = np.arange(1, symbols + 1 if n == 1 else 1)
        found = np.unique(np.append(keys[known], every))
        which = np.searchsorted(found, keys[known])
        weight = text.weight[known]
        bare = weight * ~longer[known]
        per = [np.bincount(which, w, len(found)).astype(np.int64) for w in (weight, bare)]
        counts.append((found, per[0], per[1]))
        # A line's start is the farthest that a context reaches, as a 0 stands before it.
        keys, known = keys | (before << (CODE_BITS * n)), longer
    return counts


def _smooth(counts: list[tuple[Ints, Ints, Ints]], method: str, symbols: int) -> list[Level]:
    """The levels from the shortest up, each resting on the one before."""
    levels: list[Level] = []
    for n, (keys, count, unextended) in enumerate(counts, 1):
        evidence = count
        if method == "kneser-ney" and n < len(counts):  # in how many contexts, not how often
            suffix = counts[n][0] & ((1 << (CODE_BITS * n)) - 1)
            at = np.searchsorted(keys, suffix)
            evidence = np.bincount(at, minlength=len(keys)) + unextended
        context = np.unique(keys >> CODE_BITS, return_inverse=True)[1]
        share = _SHARES[method](evidence, context)
        rest = 1 - np.bincount(context, share)[context]
        levels.append(Level(keys, count, share, share + rest * _shorter(keys, levels, symbols)))
    return levels


def _shorter(keys: Ints, levels: list[Level], symbols: int) -> Floats:
    """The probability of each n-gram's last character after one character less."""
    if not levels:
        return np.full(len(keys), 1 / symbols)
    suffix = keys & ((1 << (CODE_BITS * len(levels))) - 1)
    return levels[-1].probability[np.searchsorted(levels[-1].keys, suffix)]


def _kneser_ney(count: Ints, context: Ints) -> Floats:
    """Each count less a discount that depends on whether it is 1, 2 or more."""
    n = np.bincount(np.minimum(count, 5), minlength=5)[1:5].astype(np.float64)
    discount = np.array([0, 0.7, 1.1, 1.4])  # where there are too few to estimate it from
    if n.min() > 10:
        i = np.arange(1, 4)
        estimate = i - (i + 1) * n[0] / (n[0] + 2 * n[1]) * n[1:] / n[:3]
        discount[1:] = np.clip(estimate, 0.3 * discount[1:], 0.9 * i)
    return (count - discount[np.minimum(count, 3)]) / np.bincount(context, count)[context]


def _witten_bell(count: Ints, context: Ints) -> Floats:
    """Leave as much to shorter contexts as if each new character had been a surprise."""
    return count / (np.bincount(context, count) + np.bincount(context))[context]


_SHARES = {"kneser-ney": _kneser_ney, "witten-bell": _witten_bell}


def _prune(levels: list[Level], entries: int) -> list[Level]:
    """The `entries` n-grams that gain most over a shorter context, with those they hang on.

    The gain is the text's log-probability, as in Seymore and Rosenfeld, Scalable backoff
    language models, ICSLP 1996. All single characters stay.
    """
    gains: list[Floats] = []
    for i, level in enumerate(levels[1:], 1):
        less = _shorter(level.keys, levels[:i], 0)
        gains.append(np.log(level.probability / less) * level.count.astype(np.float64))
    for i in range(len(gains) - 1, 0, -1):
        context = np.searchsorted(levels[i].keys, levels[i + 1].keys >> CODE_BITS)
        np.maximum.at(gains[i - 1], context, gains[i])
    every = np.concatenate([np.zeros(0), *gains])
    room = max(entries - len(levels[0].keys), 0)
    least = np.partition(every, -room - 1)[-room - 1] if room < len(every) else -np.inf
    kept = [_take(level, gain > least) for level, gain in zip(levels[1:], gains, strict=True)]
    return [levels[0], *kept]


def _take(level: Level, kept: NDArray[np.bool_]) -> Level:
    return Level(level.keys[kept], level.count[kept], level.share[kept], level.probability[kept])


def _tree(levels: list[Level]) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Floats, Floats]:
    """The arrays of a model's n-grams: children, codes; shares and rests not yet rounded."""
    children: list[Ints] = [np.array([len(levels[0].keys)], np.int64)]
    for i, level in enumerate(levels):
        after = levels[i + 1].keys >> CODE_BITS if i + 1 < len(levels) else np.zeros(0, np.int64)
        ends = np.searchsorted(after, level.keys, side="right")
        children.append(ends - np.searchsorted(after, level.keys))
    codes = np.concatenate([level.keys & ((1 << CODE_BITS) - 1) for level in levels])
    share = np.concatenate([level.share for level in levels])
    number = np.concatenate(children)
    contexts = number[number > 0]
    rest = 1 - np.add.reduceat(share, np.cumsum(contexts) - contexts)
    return number.astype(np.uint8), codes.astype(np.uint8), share, rest


def _as_bytes(share: Floats) -> NDArray[np.uint8]:
    """Shares rounded in the logarithm."""
    rounded = np.rint((np.log(np.maximum(share, 1e-9)) - LOWEST) / STEP) + 1
    return rounded.clip(1, 1 - LOWEST / STEP).astype(np.uint8)


def _odds_of_capitals(text: Text, folding: Folding, capitals: float) -> NDArray[np.uint8]:
    """(8 ** SHAPES, L) log-odds that a letter is a capital, rounded to bytes.

    Shorter histories back longer ones; a letter's own habit is added to the history's. Pieces
    do not count, as word lists have no case. Each line counts once more as if in capitals.
    """
    shape, letter = (np.append(0, per)[text.chars] for per in (folding.shape, folding.letter))
    target = np.flatnonzero((letter > 0) & ~text.is_piece)
    seen = [_count_cases(text, shape, letter, target, folding.letters)]
    shape = np.where(letter > 0, UPPER, shape)
    seen.append(_count_cases(text, shape, letter, target, folding.letters))
    logit, of_any = np.zeros((1, folding.letters)), np.zeros((1, 1))
    for n, (as_is, in_capitals) in enumerate(zip(*seen, strict=True)):
        logit, of_any = (np.tile(each, (8 if n else 1, 1)) for each in (logit, of_any))
        count = as_is + capitals * in_capitals
        own = logit - of_any
        of_any = _backed(count.sum(2, keepdims=True), of_any)
        logit = _backed(count, of_any + own)
    return np.clip(np.rint(logit / LOGIT_STEP) + 128, 0, 255).astype(np.uint8)


def _count_cases(text: Text, shape: Ints, letter: Ints, target: Ints, letters: int) -> list[Floats]:
    """Count small and capital letters, (2, 8 ** n, L), for 0 to SHAPES shapes of history."""
    is_capital = (shape[target] == UPPER).astype(np.int64)
    history = np.zeros(len(target), np.int64)  # n shapes, or all since the line's start
    known, whole = np.ones(len(target), bool), np.zeros(len(target), bool)
    counts = []
    for n in range(SHAPES + 1):
        size = (2, 8**n, letters)
        where = (is_capital[known], history[known], letter[target[known]] - 1)
        flat = np.ravel_multi_index(where, size)
        seen = np.bincount(flat, text.weight[target[known]], int(np.prod(size)))
        counts.append(seen.reshape(size))
        before = target - n - 1
        known &= whole | (text.chars[before] > 0)
        grows = known & ~whole
        history |= np.where(grows, shape[before], 0) << (3 * n)
        whole |= grows & text.is_start[before]
    return counts


def _backed(seen: Floats, prior: Floats) -> Floats:
    """(H, L) log-odds of the second kind, from (2, H, L) counts and prior log-odds."""
    chance = np.clip(1 / (1 + np.exp(-prior)), 1e-3, 1 - 1e-3)
    return np.log(seen[1] + _CASE_PRIOR * chance) - np.log(seen[0] + _CASE_PRIOR * (1 - chance))
