"""The words of a language: what those of a whole text add to its odds.

An n-gram model sees a few characters at a time and finds cantous nearly as likely as cantons; a
list of words does not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ocr_cli.recognition.language.interface import Language

Array = NDArray[np.float32]
ARRAYS = ("word_gaps", "word_rarity")
SIGNS = ".,;:!?()\"'-"  # around a word
WORD = re.compile(r"[^\W\d_]{3,}")
LEAST = 1e-7  # of all words, from which on one is listed
UNKNOWN = -1.5  # log-odds that a word which is not listed adds, fitted on copiste and gnhk/valid
FREQUENT, USUAL = 0.1, 1e-6  # weight of a listed word's log-frequency, over one as frequent as that
STEP = 1 / 8  # a rarity byte q stands for a frequency of exp(-q STEP)


@dataclass(frozen=True)
class Lexicon:
    """Words by their keys, see `key_of`, and how rare each is.

    Attributes
    ----------
    keys : (N,) uint32, ascending.
    rarity : (N,) uint8, in steps of STEP.
    """

    keys: NDArray[np.uint32] = field(repr=False)
    rarity: NDArray[np.uint8] = field(repr=False)

    def odds(self, texts: Sequence[str], own: Collection[str] = ()) -> Array:
        """(n,) what the words of each text add to its log-odds.

        own : words that somebody is known to write, case folded, which are as good as listed.
        """
        words = [WORD.findall(text.casefold()) for text in texts]
        every = list({word for each in words for word in each})
        of_each = dict(zip(every, self._odds(every, own), strict=True))
        return np.array([sum(of_each[word] for word in each) for each in words], np.float32)

    def _odds(self, words: Sequence[str], own: Collection[str]) -> list[float]:
        keys = np.array([key_of(word) for word in words], np.uint32)
        at = np.searchsorted(self.keys, keys).clip(0, len(self.keys) - 1)
        frequent = FREQUENT * (-STEP * self.rarity[at] - np.log(USUAL))
        odds = np.where(self.keys[at] == keys, frequent, UNKNOWN).tolist()
        return [max(o, 0.0) if word in own else o for word, o in zip(words, odds, strict=True)]

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What a model file keeps of it, see `lexicon_of`."""
        gaps = np.diff(self.keys, prepend=np.uint32(0))
        return dict(zip(ARRAYS, (gaps, self.rarity), strict=True))


def are_listed(text: str, language: Language | None) -> bool:
    """Whether a text is of listed words alone, or of such as are too short to be: no figures.

    >>> are_listed("of 17 pages", None)
    False
    """
    words = [word.strip(SIGNS) for word in text.split()]
    plain = all(word.isalpha() and (len(word) > 1 or word in "AI") for word in words)
    return language is not None and plain and bool((language.word_odds(words) > UNKNOWN).all())


def key_of(word: str) -> int:
    """The key of a word whose case is folded: 32 bits, so that hardly two share one."""
    return crc32(word.encode())


def make_lexicon(frequency: Mapping[str, float]) -> Lexicon:
    """The words of letters in these, of three and more, that are frequent enough.

    frequency : of each word among all; its parts, as in can't, count by themselves.
    """
    per_word: dict[str, float] = {}
    for listed, share in frequency.items():
        for word in WORD.findall(listed.casefold()):
            per_word[word] = per_word.get(word, 0.0) + share
    shares = {key_of(word): share for word, share in per_word.items() if share >= LEAST}
    keys = np.array(sorted(shares), np.uint32)
    rarity = np.rint(-np.log([shares[int(key)] for key in keys]) / STEP)
    return Lexicon(keys, rarity.clip(0, 255).astype(np.uint8))


def lexicon_of(arrays: Mapping[str, NDArray[np.generic]]) -> Lexicon | None:
    """The lexicon that a model file keeps, or None; ValueError where its parts do not fit."""
    if not any(name in arrays for name in ARRAYS):
        return None
    if not all(name in arrays for name in ARRAYS):
        raise ValueError("a lexicon lacks its keys or its rarity")
    gaps, rarity = (arrays[name] for name in ARRAYS)
    if gaps.dtype != np.uint32 or rarity.dtype != np.uint8 or gaps.ndim != 1 or not len(gaps):
        raise ValueError("a lexicon's arrays are of another shape")
    keys = np.cumsum(gaps, dtype=np.int64)
    if rarity.shape != keys.shape or keys[-1] >= 2**32 or (gaps[1:] == 0).any():
        raise ValueError("a lexicon's keys do not ascend")
    return Lexicon(keys.astype(np.uint32), rarity.astype(np.uint8))
