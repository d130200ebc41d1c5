"""Words that are crossed out by a level line, which nobody reads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.courses import GreyStrip
from ocr_cli.page import Row, Word
from ocr_cli.recognition.letters import geometric_mean
from ocr_cli.recognition.lines import RowEmissions

INKED = 0.4  # darkness of a line
HEIGHTS = np.arange(19, 28)  # rows of a strip in which such a line may run
SLOPES = np.linspace(-0.12, 0.12, 9)  # dy per dx
DRAWN = 0.97  # share of a word's width that it runs over
SHORTEST = 32  # pixels of a strip: of a shorter word too much is level
BEYOND = 5, 12  # pixels over a word's ends, between which
BARE = 0.3  # share of the columns at most has ink: a line that goes on is the paper's


def without_struck(row: Row, seen: RowEmissions) -> Row:
    """The row without words that are crossed out."""
    if not isinstance(seen.strip, GreyStrip):
        return row
    image = seen.strip.image
    kept = tuple(
        word
        for word in row.words
        if sum(c.isalnum() for c in word.text) < 2 or not is_struck(image, *_ends(word, seen))
    )
    if len(kept) == len(row.words):
        return row
    confidence = geometric_mean([word.confidence for word in kept]) if kept else 0.0
    text = " ".join(word.text for word in kept)
    return replace(row, words=kept, text=text, confidence=confidence)


def _ends(word: Word, seen: RowEmissions) -> tuple[int, int]:
    """The columns of a strip at which a word begins and ends."""
    box, course = word.box, seen.row.course
    x = np.array([box.x1, box.x2], float)
    y = np.interp(x, *course.points.T) if course is not None else np.full(2, box.y1 + box.y2) / 2
    x1, x2 = seen.strip.column(x, y)
    return int(x1), int(np.ceil(x2))


def is_struck(image: NDArray[np.float32], x1: int, x2: int) -> bool:
    """Whether a line runs through what stands between two columns of a strip, and ends there."""
    if x2 - x1 < SHORTEST:
        return False
    dark = image > INKED
    near = dark.copy()  # a row up or down
    near[1:] |= dark[:-1]
    near[:-1] |= dark[1:]
    inner = np.arange(max(x1 + 1, 0), min(x2 - 1, image.shape[1]))
    first, last = BEYOND
    ends = slice(max(0, x1 - last), max(0, x1 - first)), slice(x2 + first, x2 + last)
    body = dark[HEIGHTS[0] - 3 : HEIGHTS[-1] + 6]
    if any(body[:, part].any(0).sum() > BARE * (last - first) for part in ends):
        return False
    return any((_drawn(near, inner, slope) >= DRAWN).any() for slope in SLOPES)


def _drawn(
    near: NDArray[np.bool_], columns: NDArray[np.int64], slope: float
) -> NDArray[np.float64]:
    """(H,) over what share of some columns a line is drawn whose middle is at each of HEIGHTS."""
    if not len(columns):
        return np.zeros(len(HEIGHTS))
    y = HEIGHTS[:, None] + np.rint(slope * (columns - columns.mean())).astype(int)
    return np.asarray(near[np.clip(y, 0, len(near) - 1), columns].mean(1))
