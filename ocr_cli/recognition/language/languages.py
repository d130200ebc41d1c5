"""Choice of a page's language, by what was read of it without any.

A quick look comes first: how often each three characters follow each other in a language, a
small table that lies in its file. Only languages that it cannot tell apart are loaded and asked.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import LANGUAGES
from ocr_cli.errors import ModelError
from ocr_cli.modelfiles import weights
from ocr_cli.recognition.language import LanguageModel, bits_of, load
from ocr_cli.recognition.language.interface import Language

NONE = "none"
PROFILE = "profile"  # the array in a language's file
SYMBOLS = 32  # of a profile: spaces and ends, 26 letters without case or accent, ' figures signs
BITS = 1 / 16  # a profile's byte q stands for q BITS

FIRST = "en"  # is taken unless another language fits better by
LEAD = 6.0  # bits; three letters' worth
# Bits, at all and a character, that the quick look must find between two languages.
CLEAR, CLEAR_EACH = 15.0, 0.03
MOST = 6.0  # bits of a symbol that count, however odd: it may be misread
STRANGE = 8.0  # bits of a marked letter that a language does not write
FOREIGN = 5.0  # bits a character, from which on a text is in none of the languages
ENOUGH = 40  # characters, below which a text does not show that it is in none

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Languages:
    """The shipped languages, each loaded when it is first asked for."""

    def get(self, name: str) -> Language | None:
        """The language "en", "fr", "de" or "es"; None for "none"."""
        return None if name == NONE else _loaded(name)

    def choose(self, texts: Sequence[str]) -> str:
        """The language of a page; see `choose`."""
        return choose(texts)

    def suiting(self, texts: Sequence[str]) -> Language | None:
        """The model of the language that suits a page, None where none does."""
        return self.get(choose(texts))


def choose(texts: Sequence[str]) -> str:
    """The name of the language that finds a page's rows likeliest: "en", "fr", …, or "none".

    texts : the rows as they were read without language, errors and all. With hardly any text
    it is English, unless the little there is speaks against it.
    """
    length = sum(map(len, texts))
    strange = {name: STRANGE * strange_letters(name, texts) for name in profiles()}
    bits = {name: bits_by(table, texts) + strange[name] for name, table in profiles().items()}
    if length >= ENOUGH and min(bits.values()) > FOREIGN * length:
        return NONE
    rivals = near(bits, CLEAR + CLEAR_EACH * length)
    if len(rivals) > 1:
        rivals = near({name: bits_of(_loaded(name), texts)[0] + strange[name] for name in rivals})
    return rivals[0]


def strange_letters(name: str, texts: Sequence[str]) -> int:
    """How many letters of a text have marks that the language does not know, as ß is no English.

    >>> strange_letters("en", ["Großmonra", "Käse"]), strange_letters("de", ["Großmonra"])
    (2, 0)
    """
    return sum(
        c in _ALL_MARKED and c not in LANGUAGES[name].marked for text in texts for c in text.lower()
    )


def near(bits: Mapping[str, float], margin: float = 0.0) -> list[str]:
    """The languages within a margin of the best, it first; FIRST has a lead over the others.

    >>> near({"en": 104.0, "fr": 100.0, "de": 130.0})
    ['en']
    """
    cost = {name: total - LEAD * (name == FIRST) for name, total in bits.items()}
    least = min(cost.values())
    return sorted((n for n in cost if cost[n] <= least + margin), key=lambda name: cost[name])


def code_of(language: Language | None) -> str:
    """The ISO 639-1 code of a shipped language, as a hand writes it or not; empty for others."""
    while language is not None and not isinstance(language, LanguageModel):
        language = getattr(language, "model", None)
    return next((code for code, model in _KNOWN.items() if model is language), "")


_ALL_MARKED = frozenset("".join(language.marked for language in LANGUAGES.values()))
_KNOWN: dict[str, LanguageModel] = {}  # those that were loaded


@cache
def _loaded(name: str) -> LanguageModel:
    _KNOWN[name] = load(weights.model_path(LANGUAGES[name].file))
    return _KNOWN[name]


@cache
def profiles() -> dict[str, NDArray[np.uint8]]:
    """The profile of each language that is there; ModelError where a file has none."""
    return {code: _read_profile(LANGUAGES[code].file) for code in shipped_languages()}


def shipped_languages() -> list[str]:
    """The codes of the languages whose models are there."""
    there = weights.shipped_models()
    return [code for code, language in LANGUAGES.items() if language.file in there]


def _read_profile(name: str) -> NDArray[np.uint8]:
    path = weights.model_path(name)
    profile = weights.read_array(path, {"language"}, PROFILE)
    if profile.shape != (SYMBOLS,) * 3 or profile.dtype != np.uint8:
        raise ModelError("the model's parts do not fit", "train it anew", str(path))
    return np.minimum(profile, np.uint8(MOST / BITS))


def bits_by(profile: NDArray[np.uint8], texts: Iterable[str]) -> float:
    """The bits that these rows take by a profile, their ends included."""
    symbols = _symbols("\n\n".join(chain([""], texts, [""])))
    each = profile[symbols[:-2], symbols[1:-1], symbols[2:]]
    return float(each.sum(dtype=np.int64)) * BITS


def make_profile(lines: Iterable[str]) -> NDArray[np.uint8]:
    """(32, 32, 32) bytes: the bits of a symbol after two others, see BITS."""
    symbols = _symbols("\n\n".join(lines))
    flat = np.ravel_multi_index((symbols[:-2], symbols[1:-1], symbols[2:]), (SYMBOLS,) * 3)
    count = np.bincount(flat, minlength=SYMBOLS**3).reshape((SYMBOLS,) * 3).astype(np.float64)
    chance = np.full(SYMBOLS, 1 / SYMBOLS)
    for seen in (count.sum((0, 1)), count.sum(0), count):  # a longer context backed by a shorter
        kinds = (seen > 0).sum(-1, keepdims=True) + 1
        chance = (seen + kinds * chance) / (seen.sum(-1, keepdims=True) + kinds)
    return np.rint(-np.log2(chance) / BITS).clip(0, 255).astype(np.uint8)


def _symbols(text: str) -> Ints:
    """(n,) the symbols of a text's characters."""
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    return _table()[np.minimum(points, 0x3FF)]


@cache
def _table() -> Ints:
    """(1024,) the symbol of each code point."""
    table = np.full(0x400, 29, np.int64)
    for point in range(0x400):
        char = unicodedata.normalize("NFKD", chr(point).lower())[:1]
        if char.isascii() and char.isalpha():
            table[point] = ord(char) - ord("a") + 1
        elif char.isdigit():
            table[point] = 28
        elif not char.strip() or char == "…":
            table[point] = 0
    table[ord("'")], table[ord("ß")], table[ord("œ")], table[ord("æ")] = 27, 19, 5, 5
    return table
