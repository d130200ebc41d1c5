"""Pages in small capitals: who writes every letter as a capital, and true capitals taller.

Letter by letter a network can't tell a small capital from a capital, and the language pulls
each word its own way. How tall the page's letters are tells them apart.
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
CAPITALS = 0.35, 0.85  # share of the letters that the network reads as capitals, least and most:
# of who writes capitals alone it reads nearly all as such
ALIKE = set("cosuvwxzkpj")  # letters whose capitals are but taller say nothing of that
TALLER = 4.5  # pixels of a strip that a capital stands above the small ones of its word
STARTS = 0.08  # share of the words that begin with such a capital, at least,
INSIDE = 0.06  # and share of the other letters that stand as tall, at most
MIXED = 0.1, 0.9  # share of a row's letters read as capitals, of a row in small capitals,
MOSTLY = 0.5  # and share of the letters that stand in such rows: the others are read as written
ENOUGH = 40  # letters, below which a page tells nothing
INKED = 0.5  # darkness of ink in a strip
GAP = 3  # pixels that part a letter from what stands above it
BEFORE, AFTER = 3, 7  # columns of a strip around a step in which its letter stands
_NEVER = 1e-7


def resolved(seen: Sequence[RowEmissions], classes: tuple[str, ...]) -> list[RowEmissions]:
    """The emissions, of a page in small capitals with its small letters in lower case."""
    if not _has_capitals(greedy_texts(seen, classes)):
        return list(seen)
    words = [word for one in seen for word in _words(one, classes)]
    if not _begins_taller(words):
        return list(seen)
    usual = float(np.median(np.concatenate([word[1:] for word in words])))
    return [
        replace(one, scores=_lowered(one.scores, tops(one) < usual + TALLER, classes))
        for one in seen
    ]


def _has_capitals(texts: Sequence[str]) -> bool:
    """Whether many letters of a page are read as capitals, and not nearly all.

    They stand among others: rows in capitals beside rows without any were meant so.
    """
    rows = [[c for c in text if c.isalpha() and c.lower() not in ALIKE] for text in texts]
    told = [c for row in rows for c in row]
    capitals = sum(c.isupper() for c in told)
    least, most = (share * len(told) for share in CAPITALS)
    mixed = sum(len(row) for row in rows if row and MIXED[0] <= _capitals(row) <= MIXED[1])
    return len(told) >= ENOUGH and least <= capitals <= most and mixed >= MOSTLY * len(told)


def _capitals(row: Sequence[str]) -> float:
    return sum(c.isupper() for c in row) / len(row)


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


def _lowered(scores: Array, small: NDArray[np.bool_], classes: tuple[str, ...]) -> Array:
    """(T, C + 1) log-probabilities with what speaks for capitals given to the small letters."""
    place = {c: k for k, c in enumerate(classes)}
    pairs = [(k, place[c.lower()]) for c, k in place.items() if c.isupper() and c.lower() in place]
    upper, lower = np.array(pairs, int).reshape(-1, 2).T
    shares = np.exp(scores)
    shares[np.ix_(small, lower)] += shares[np.ix_(small, upper)]
    shares[np.ix_(small, upper)] = _NEVER
    return np.asarray(np.log(shares), np.float32)
