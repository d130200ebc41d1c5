"""Alternatives of doubtful words: the best readings of the steps that a word was read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.nn import ctc
from ocr_cli.page import Alternative, Row, Word
from ocr_cli.recognition.language.interface import Language
from ocr_cli.recognition.lines import RowEmissions
from ocr_cli.recognition.lines.beam import LineDecoding, n_best

Array = NDArray[Any]
DOUBTFUL = 0.9  # confidence of a word below which it gets alternatives
MOST = 5  # of them
LEAST = 0.005  # confidence of one that is worth telling


@dataclass(frozen=True)
class _Doubt:
    """A doubtful word: where it stands, its steps, and what was read before it."""

    row: int
    word: int
    scores: NDArray[np.float32]
    before: str


def with_alternatives(
    rows: Sequence[Row],
    emissions: Sequence[RowEmissions],
    classes: tuple[str, ...],
    language: Language | None,
) -> tuple[Row, ...]:
    """The rows with alternatives of doubtful words, by the emissions that they were read from.

    A word and its alternatives have no more than a confidence of 1 together.
    """
    doubts = [
        doubt
        for number, (row, one) in enumerate(zip(rows, emissions, strict=True))
        for doubt in _doubts(number, row, one.scores, classes)
    ]
    starts = None if language is None else [_state(language, doubt.before) for doubt in doubts]
    found = n_best([doubt.scores for doubt in doubts], classes, language, LineDecoding(), starts)
    words = [list(row.words) for row in rows]
    for doubt, readings in zip(doubts, found, strict=True):
        word = words[doubt.row][doubt.word]
        texts = [("".join(classes[k] for k in text).strip(), odds) for text, odds in readings]
        words[doubt.row][doubt.word] = replace(word, alternatives=_shared(word, texts))
    return tuple(replace(row, words=tuple(own)) for row, own in zip(rows, words, strict=True))


def _doubts(number: int, row: Row, scores: Array, classes: tuple[str, ...]) -> list[_Doubt]:
    """The doubtful words of a row, each with the steps from space to space."""
    place = {c: k for k, c in enumerate(classes)}
    doubtful = [i for i, word in enumerate(row.words) if word.confidence < DOUBTFUL]
    text = row.text
    if not doubtful or any(c not in place for c in text) or len(text) > len(scores):
        return []
    (spans,) = ctc.forced_alignment([scores], [np.array([place[c] for c in text], np.int64)])
    ends = np.cumsum([len(word.text) + 1 for word in row.words])
    doubts = []
    for i in doubtful:
        first, last = ends[i] - 1 - len(row.words[i].text), ends[i] - 1
        start = int(spans[first - 1, 1]) if first else 0
        end = int(spans[last, 0]) if last < len(text) else len(scores)
        if end > start:
            doubts.append(_Doubt(number, i, scores[start:end], text[:first]))
    return doubts


def _state(language: Language, before: str) -> int:
    """The language's state behind what was read before."""
    state = np.array([language.start()], np.int64)
    known = {c: k for k, c in enumerate(language.alphabet)}
    for c in before:
        if c in known:
            state = language.advance(state, np.array([known[c]], np.int64))
    return int(state[0])


def _shared(word: Word, readings: Sequence[tuple[str, float]]) -> tuple[Alternative, ...]:
    """The readings other than the word's own, which share the confidence that it leaves over."""
    odds: dict[str, float] = {}
    for text, log_odds in readings:
        if text and " " not in text and text != word.text:
            odds[text] = float(np.logaddexp(odds.get(text, -np.inf), log_odds))
    if not odds:
        return ()
    left = 1 - word.confidence
    total = np.logaddexp.reduce(list(odds.values()))
    rated = [Alternative(text, left * float(np.exp(one - total))) for text, one in odds.items()]
    rated.sort(key=lambda one: -one.confidence)
    return tuple(one for one in rated[:MOST] if one.confidence >= LEAST)
