"""Pages of who writes every letter as a capital: small capitals, or capitals alone.

Letter by letter a network can't tell a small capital from a capital, and the language pulls
each word its own way. The page tells: where true capitals stand taller in its sentences, the
others are small letters; where a hand mixes the cases inside its words, they all are capitals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.strips import MIDDLE
from ocr_cli.nn import ctc
from ocr_cli.recognition.lines import STRIDE, RowEmissions, greedy_texts

Array = NDArray[Any]
MANY, NEARLY_ALL = 0.35, 0.9  # shares of a page's letters that are read as capitals
MIXED = 0.12  # share of the words with both cases inside, from which on a hand has but one
SENTENCES = 60, 5.0  # words of a page, and in its usual row: fewer are a list, or a notice
ALIKE = set("cosuvwxzkpj")  # letters whose capitals are but taller say nothing of that
TALLER = 4.5  # pixels of a strip that a capital stands above the small ones of its word
STARTS = 0.08  # share of the words that begin with such a capital, at least,
INSIDE = 0.06  # and share of the other letters that stand as tall, at most
ENOUGH = 40  # letters, below which a page tells nothing
INKED = 0.5  # darkness of ink in a strip
GAP = 3  # pixels that part a letter from what stands above it
BEFORE, AFTER = 3, 7  # columns of a strip around a step in which its letter stands
_NEVER = 1e-7


def resolved(seen: Sequence[RowEmissions], classes: tuple[str, ...]) -> list[RowEmissions]:
    """The emissions; of a page in small capitals, or in capitals alone, in their true case."""
    texts = greedy_texts(seen, classes)
    capitals, mixed = _cases(texts)
    of_one_case = mixed >= MIXED and capitals >= MANY
    if not (of_one_case or capitals >= NEARLY_ALL):
        return list(seen)
    words = [word for one in seen for word in _words(one, classes)]
    if _has_sentences(texts) and _begins_taller(words):
        usual = float(np.median(np.concatenate([word[1:] for word in words])))
        case, where = "lower", [tops(one) < usual + TALLER for one in seen]
    elif of_one_case:
        case, where = "upper", [np.ones(len(one.scores), bool) for one in seen]
    else:
        return list(seen)
    return [
        replace(one, scores=_in_case(one.scores, there, classes, case))
        for one, there in zip(seen, where, strict=True)
    ]


def _cases(texts: Sequence[str]) -> tuple[float, float]:
    """Shares of a page's letters that are capitals, and of its words that mix cases inside.

    Both 0 where there are too few letters to tell.
    """
    words = [_telling(word) for text in texts for word in text.split()]
    letters = "".join(words)
    if len(letters) < ENOUGH:
        return 0.0, 0.0
    inside = [rest for word in words if len(rest := word[1:]) > 1]
    mixed = [not (rest.isupper() or rest.islower()) for rest in inside]
    return sum(c.isupper() for c in letters) / len(letters), float(np.mean(mixed or [False]))


def _telling(word: str) -> str:
    """The letters of a word whose capitals have another shape."""
    return "".join(c for c in word if c.isalpha() and c.lower() not in ALIKE)


def _has_sentences(texts: Sequence[str]) -> bool:
    rows = [len(text.split()) for text in texts]
    return sum(rows) >= SENTENCES[0] and float(np.median(rows)) >= SENTENCES[1]


def _begins_taller(words: Sequence[NDArray[np.float64]]) -> bool:
    """Whether the letters that begin some words are taller, and hardly any others."""
    above = [word - np.median(word[1:]) for word in words if len(word) > 2]
    if not above:
        return False
    starts = np.mean([word[0] >= TALLER for word in above])
    inside = np.mean(np.concatenate([word[1:] for word in above]) >= TALLER)
    return bool(starts >= STARTS and inside <= INSIDE)


def _words(one: RowEmissions, classes: tuple[str, ...]) -> list[NDArray[np.float64]]:
    """How tall the letters of each word of a row are, see `tops`; what is no letter is left out."""
    above, best = tops(one), one.scores.argmax(1)
    words: list[list[float]] = [[]]
    for t in ctc.starts(best, len(classes)):
        k = int(best[t])
        if classes[k] == " ":
            words.append([])
        elif classes[k].isalpha():
            words[-1].append(float(above[t]))
    return [np.array(word) for word in words]


def tops(one: RowEmissions) -> NDArray[np.float64]:
    """(T,) how far the letter at each step reaches above the row's middle, in strip pixels."""
    ink = np.pad(one.strip.image > INKED, ((0, 0), (BEFORE, AFTER)))
    around = np.lib.stride_tricks.sliding_window_view(ink, BEFORE + AFTER, axis=1)
    here = np.asarray(around[:, ::STRIDE][:, : len(one.scores)].any(2))
    reach = np.zeros(len(one.scores))
    for height, row in enumerate(here[int(MIDDLE) :: -1]):
        reach = np.where(row & (height - reach <= GAP), height, reach)
    return reach


def _in_case(scores: Array, there: NDArray[np.bool_], classes: tuple[str, ...], case: str) -> Array:
    """(T, C + 1) log-probabilities; at some steps a letter of either case counts for `case`."""
    place = {c: k for k, c in enumerate(classes)}
    pairs = [(k, place[c.lower()]) for c, k in place.items() if c.isupper() and c.lower() in place]
    upper, lower = np.array(pairs, int).reshape(-1, 2).T
    gaining, losing = (lower, upper) if case == "lower" else (upper, lower)
    shares = np.exp(scores)
    shares[np.ix_(there, gaining)] += shares[np.ix_(there, losing)]
    shares[np.ix_(there, losing)] = _NEVER
    return np.asarray(np.log(shares), np.float32)
