"""New rows out of a writer's words: real ink, in sentences that nobody wrote.

A line model that sees a few thousand rows a hundred times learns their texts by heart. Words cut
at the gaps and set side by side anew keep the ink and break the sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.patches import FINE, ROOM, WIDEST, Patch, Strain, WordSpan, bent
from ocr_cli.layout import courses
from ocr_cli.layout.strips import MARGIN, MIDDLE

Array = NDArray[Any]
STILL = Strain(0, 0, 0, 0, 0, 0, 0, 0, 0)  # a strip as it was written
_BODY = 12  # strip pixels above and below the middle in which a gap is empty
_EMPTY = 0.35  # darkness
_NARROWEST = 4  # strip pixels of a gap
_MOST_WORDS = 10
_PAPER = 0.75  # rank of grey that tells paper


def upright_strip(patch: Patch) -> NDArray[np.float32]:
    """(48, W) darkness of a patch, its slant taken out."""
    return courses.darkness(bent(patch, np.random.default_rng(0), STILL), MIDDLE)


def word_spans(patch: Patch, strip: Array, characters: Array) -> tuple[WordSpan, ...]:
    """Where a patch's words lie; words that no clear gap parts stay together.

    strip : `upright_strip` of it. characters : (L, 2) columns of the strip in which each character
    of the text is, roughly.
    """
    body = courses.without_rules(strip)[int(MIDDLE) - _BODY : int(MIDDLE) + _BODY]
    empty = body.max(0) < _EMPTY
    inked = np.flatnonzero(~empty)
    if not len(inked):
        return ()
    ends, texts, begun = [int(inked[0])], [], 0
    for k, character in enumerate(patch.text):
        if character == " ":
            low, high = int(characters[k - 1, 0]), int(characters[k + 1, 1])
            gap = _widest_run(empty[low:high])
            if gap is not None:
                ends += [low + gap[0], low + gap[1]]
                texts.append(patch.text[begun:k])
                begun = k + 1
    ends.append(int(inked[-1]) + 1)
    texts.append(patch.text[begun:])
    places = (np.array(ends, np.float64) + (ROOM - MARGIN)) * FINE
    pairs = places.reshape(-1, 2)
    return tuple(WordSpan(float(a), float(b), t) for (a, b), t in zip(pairs, texts, strict=True))


def _widest_run(empty: Array) -> tuple[int, int] | None:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], empty.astype(np.int8), [0]])))
    runs = edges.reshape(-1, 2)
    if not len(runs):
        return None
    first, end = runs[np.argmax(runs[:, 1] - runs[:, 0])]
    return (int(first), int(end)) if end - first >= _NARROWEST else None


def recombined(rows: Sequence[Patch], rng: np.random.Generator) -> Patch:
    """A row of one to ten words or so out of the rows of one hand; these know their words."""
    count = int(rng.integers(1, _MOST_WORDS + 1))
    parts: list[Array] = []
    texts: list[str] = []
    while count > 0:
        row = rows[int(rng.integers(len(rows)))]
        first = int(rng.integers(len(row.words)))
        run = row.words[first : first + min(count, int(rng.integers(1, 4)))]
        part = _cut(row, first, first + len(run), rng)
        if part.shape[1] < _NARROWEST:  # words that lie one over the other
            return row
        if parts and sum(p.shape[1] for p in parts) + part.shape[1] > WIDEST * FINE * 0.8:
            break
        parts.append(part)
        texts.append(" ".join(word.text for word in run))
        count -= len(run)
    return Patch(_joined(parts), 0.0, " ".join(texts), rows[0].hand)


def _cut(row: Patch, first: int, end: int, rng: np.random.Generator) -> Array:
    """(120, W) grey of some words of a row, upright, with some of the paper on either side."""
    gaps = [_gap(row.words, k) for k in (first, end)]
    left, right = (min(gap / 2, ROOM * FINE) * rng.uniform(0.6, 1.0) for gap in gaps)
    height, width = row.image.shape
    x = np.arange(int(row.words[first].start - left), int(row.words[end - 1].end + right))
    y = np.arange(height)[:, None]
    shift = np.rint(row.slant * (y - height / 2)).astype(np.int64)
    return row.image[y, np.clip(x - shift, 0, width - 1)]


def _gap(words: Sequence[WordSpan], k: int) -> float:
    """How much paper lies before word `k`, or after the last one; at a row's ends, a margin."""
    return words[k].start - words[k - 1].end if 0 < k < len(words) else 2 * ROOM * FINE


def _joined(parts: Sequence[Array]) -> NDArray[np.uint8]:
    """Parts side by side, of one paper, with a margin on either side."""
    papers = [float(np.quantile(part[::4, ::4], _PAPER)) for part in parts]
    level = papers[0]
    margin = int(ROOM * FINE)
    even = [
        np.clip(part + (level - paper), 0, 255).astype(np.uint8)
        for part, paper in zip(parts, papers, strict=True)
    ]
    paper = np.full((parts[0].shape[0], margin), int(level), np.uint8)
    return np.concatenate([paper, *even, paper], 1)
