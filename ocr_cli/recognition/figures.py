"""Numbers read with letters in them: S2S is 525 where the network sees that nearly as well."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr_cli.page import Row, Word
from ocr_cli.recognition.lines import text_loss

LIKE = dict(zip("SsOoIlZz", "55001122", strict=True))
NUMBER = re.compile(r"[^\w]*[0-9SsOoIlZz][0-9SsOoIlZz.,:/-]*[^\w]*")
FIGURES = re.compile(r"[^\w]*[0-9][0-9.,:/-]*[0-9][^\w]*")
LETTERS = re.compile(r"[^\w]*[SsOoIlZz][SsOoIlZz.,:/-]*[SsOoIlZz][^\w]*")
MANY = 0.4  # share of a page's words that hold figures, from which on words of LIKE's are numbers
MARGIN = 3.2  # log-probability that a letter made a figure may cost,
AMONG = 4.8  # and on a page full of them
AMOUNT = re.compile(r"([0-9SsOoIlZz]+(?:[.,:][0-9SsOoIlZz]+)?)([A-Za-z%]{1,2})")  # and its unit
TIMES = re.compile(r"[€£&*%+×X] ?(?=[0-9]+$)")  # what a cross before a number is read as
NUMBERS = 3  # rows, at least, that are bare numbers, and their share of a page's rows,
SUM = 0.6  # in which a cross stands before a number


def settled(
    row: Row, scores: NDArray[np.float32], classes: Sequence[str], among_figures: bool = False
) -> Row:
    """The row with figures for letters that look like them, in words that hold figures.

    scores : (T, C + 1) log-probabilities of the row's line network, whose characters are
    `classes`. among_figures : whether the page is full of them, see `are_many`.
    """
    words = list(row.words)
    for i, word in enumerate(words):
        if is_mixed(word.text) or (among_figures and LETTERS.fullmatch(word.text)):
            words[i] = _in_figures(word)
    if words == list(row.words):
        return row
    text = " ".join(word.text for word in words)
    changed = sum(a != b for a, b in zip(text, row.text, strict=True))
    cost = text_loss(text, scores, classes) - text_loss(row.text, scores, classes)
    most = AMONG if among_figures else MARGIN
    return replace(row, words=tuple(words), text=text) if cost <= most * changed else row


def likelier(text: str, scores: NDArray[np.float32], classes: Sequence[str], a_sum: bool) -> str:
    """The text of a row of a page full of figures, with what letters and signs more likely are.

    An amount's unit is parted from it; before a number in a sum stands a cross.
    """
    other = _instead(text, a_sum)
    if other == text:
        return text
    cost = text_loss(other, scores, classes) - text_loss(text, scores, classes)
    return other if cost <= AMONG * _changes(text, other) else text


def _instead(text: str, a_sum: bool) -> str:
    """What a row of figures may be in place of its text, or the text itself."""
    found = AMOUNT.fullmatch(text)
    if found and not text.isalpha():
        number = "".join(LIKE.get(c, c) for c in found[1])
        return f"{number} {found[2]}"
    return TIMES.sub("x ", text, count=1) if a_sum and TIMES.match(text) else text


def _changes(text: str, other: str) -> int:
    """How many characters differ in two texts that differ in length by spaces alone; and these."""
    pairs = zip(text.replace(" ", ""), other.replace(" ", ""), strict=True)
    return sum(a != b for a, b in pairs) + abs(text.count(" ") - other.count(" "))


def is_sum(texts: Sequence[str]) -> bool:
    """Whether most rows of a page are bare numbers."""
    bare = sum(text.isdigit() for text in texts)
    return bare >= NUMBERS and bare >= SUM * len(texts)


def are_many(texts: Sequence[str]) -> bool:
    """Whether figures stand in many of a page's words, those left out that may be numbers."""
    words = [word for text in texts for word in text.split() if not LETTERS.fullmatch(word)]
    words = [word for word in words if any(map(str.isalnum, word))]
    return bool(words) and sum(any(map(str.isdigit, w)) for w in words) >= MANY * len(words)


def are_lost(there: str, other: str) -> bool:
    """Whether a row's other reading has letters for figures that look like them in a number."""
    numbers = "".join(word for word in there.split() if FIGURES.fullmatch(word))
    mine, its = (sum(c.isdigit() for c in text) for text in (numbers, other))
    as_letters = sum(c in LIKE for c in other) - sum(c in LIKE for c in there)
    return mine > its and as_letters >= mine - its


def is_mixed(text: str) -> bool:
    """Whether a word holds figures, and letters that all look like some."""
    return bool(
        NUMBER.fullmatch(text) and re.search(r"[0-9]", text) and re.search(r"[A-Za-z]", text)
    )


def _in_figures(word: Word) -> Word:
    glyphs = tuple(replace(g, text=LIKE.get(g.text, g.text)) for g in word.glyphs)
    return replace(word, glyphs=glyphs, text="".join(g.text for g in glyphs))
