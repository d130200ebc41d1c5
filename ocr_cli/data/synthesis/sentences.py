"""Texts to draw: words by their frequency, figures, codes and addresses, as people write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from ocr_cli.data.charset import WESTERN, folded
from ocr_cli.data.synthesis.dice import shaped
from ocr_cli.errors import MissingExtraError

SHAPES = (
    "00.00.0000", "00/00/00", "0000-00-00", "$0,000.00", "€ 00,00", "£0.00", "0.00 €", "00 %",
    "(000) 000-0000", "+00 000 00 00 00", "00:00", "00h00", "0000", "00", "000", "0", "0,000",
    "A0A 0A0", "AA 00000", "00000", "0 x 00 = 000", "0 + 00 = 00", "00°", "§ 00", "N° 00", "#00",
    "aaaa.aaaa@aaaa.aa", "www.aaaaaaa.aaa", "https://aaaa.aaa/aaaa", "aaa_aaa = 00;", "aa(aa, 0)",
    "if (a == 0) {", "for a in aaaa:", "aaaa[0] += 0", "A-000", "AA00AA", "(aa)", "[00]", "0) Aaaa",
    "- aaaa", "0. Aaaa", "½ aaa", "aaa & aaa", "00-00", "1. a0 a0 2. Aa0 Aa0", "AA/00/A0",
)  # fmt: skip
_LANGUAGES = {"en": 0.42, "fr": 0.38, "de": 0.12, "es": 0.08}


@dataclass(frozen=True)
class Writer:
    """Makes up rows of text; `known` are rows that people wrote."""

    known: Sequence[str] = field(repr=False, default=())

    def row(self, rng: np.random.Generator, longest: int = 60) -> str:
        """Make up one row, of a few characters up to `longest`."""
        kind = rng.random()
        length = int(rng.integers(3, longest))
        if kind < 0.3 and self.known:
            text = str(self.known[int(rng.integers(len(self.known)))])
            start = int(rng.integers(0, max(1, len(text) - 8)))
            start = text.find(" ", start) + 1 if start else 0
            text = text[start : start + longest]
        elif kind < 0.42:
            text = " ".join(shaped(SHAPES, rng) for _ in range(int(rng.integers(1, 4))))
        else:
            language = str(rng.choice(list(_LANGUAGES), p=list(_LANGUAGES.values())))
            text = _sentence(language, length, rng)
            if rng.random() < 0.18:
                text = text.upper()
            elif rng.random() < 0.08:
                text = text.title()
        text = "".join(c for c in folded(text) if c in _KNOWN)
        return " ".join(text.split()) or "x"


_KNOWN = frozenset(WESTERN)


def _sentence(language: str, length: int, rng: np.random.Generator) -> str:
    words, odds = _words(language)
    text = ""
    capital = rng.random() < 0.5
    while len(text) < length:
        word = str(words[np.searchsorted(odds, rng.random())])
        if rng.random() < 0.1:
            word = shaped(SHAPES, rng)
        elif language == "fr" and word[0] in "aeiouyéêhè" and rng.random() < 0.25:
            word = str(rng.choice(["l'", "d'", "qu'", "n'", "s'", "j'", "c'"])) + word
        if capital or rng.random() < (0.3 if language == "de" else 0.1):
            word = word[:1].upper() + word[1:]
        capital = False
        mark = rng.random()
        if mark < 0.08:
            word += ","
        elif mark < 0.13:
            word, capital = word + str(rng.choice(list(".!?."))), True
        elif mark < 0.16:
            word += str(rng.choice([";", ":", " -", " &", "...", "'s"]))
        elif mark < 0.19:
            pair = str(rng.choice(['""', "()", "«»", "''"]))
            word = pair[0] + word + pair[1]
        text += word + " "
    return text.strip()


@cache
def _words(language: str) -> tuple[list[str], np.typing.NDArray[np.float64]]:
    """Words and the running sum of their odds; rarer ones are lifted somewhat."""
    try:
        from wordfreq import top_n_list, word_frequency
    except ImportError as error:
        raise MissingExtraError("wordfreq", "language", "texts to draw") from error
    words = [w for w in top_n_list(language, 40000) if set(w) <= _KNOWN]
    odds = np.array([word_frequency(w, language) for w in words]) ** 0.6
    return words, np.cumsum(odds / odds.sum())
