"""Words that were read wrongly, as error analyses show them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocr_cli.page import Box

# In the order of the stages that they are due to.
CAUSES = {
    "box": "Ink was missed, or read where there is no letter: a row, a word, a mark.",
    "grouping": "Letters were split or joined.",
    "class": "One letter was taken for another.",
    "language": "The classifier alone had it right, and the language model bent it.",
    "space": "A gap between words was overlooked, or one inside a word taken for it.",
}
X_HEIGHT = 20.0  # of the writing in a word's picture, in its pixels, at most
LARGEST = (160, 640)  # height and width of a word's picture, in its pixels


class Column(NamedTuple):
    """A column of an alignment: what was read and what is right, either may be empty.

    cause is one of CAUSES, or empty where both are the same.
    """

    read: str
    truth: str
    cause: str = ""


class Mark(NamedTuple):
    """Columns x1 up to x2 of a word's picture that were taken for a letter, and if wrongly."""

    x1: int
    x2: int
    wrong: bool


@dataclass(frozen=True)
class WrongWord:
    """A word, or several that a wrong space ties together, with at least one error.

    Attributes
    ----------
    source, line : the file, and the line of its transcript, from 1, empty ones not counted.
    columns : what was read against what is right, character by character.
    picture : (h, w) uint8, 0 ink to 255 paper, cut from the straightened page.
    marks : the letters as they were read, in pixels of the picture.
    """

    source: str
    line: int
    columns: tuple[Column, ...]
    picture: NDArray[np.uint8] = field(repr=False, compare=False)
    marks: tuple[Mark, ...] = ()

    @property
    def slips(self) -> tuple[Column, ...]:
        """The runs of characters that differ for one cause, each as one column."""
        runs = (list(run) for _, run in groupby(self.columns, key=lambda c: c.cause))
        return tuple(
            Column("".join(c.read for c in run), "".join(c.truth for c in run), run[0].cause)
            for run in runs
            if run[0].cause
        )

    @property
    def edits(self) -> int:
        return sum(bool(column.cause) for column in self.columns)

    @property
    def cause(self) -> str:
        """The cause of most of its edits; of equal ones that of the earlier stage."""
        found = [column.cause for column in self.columns]
        return max(CAUSES, key=found.count)


def cut(grey: NDArray[np.float32], box: Box, x_height: float) -> tuple[NDArray[np.uint8], float]:
    """The part of a picture inside a box, as (h, w) uint8, and its scale.

    grey : (H, W), 0 ink to 1 paper. box : in its pixels, may reach beyond it, into white.
    The part is made smaller where the x-height is above X_HEIGHT or it would exceed LARGEST;
    its paper is made white.
    """
    from PIL import Image

    height, width = grey.shape
    whole = np.ones((box.height, box.width), np.float32)
    y1, x1, y2, x2 = max(0, box.y1), max(0, box.x1), min(height, box.y2), min(width, box.x2)
    part = grey[y1:y2, x1:x2]
    if part.size:
        paper = max(float(np.percentile(part, 90)), 0.1)
        whole[y1 - box.y1 : y2 - box.y1, x1 - box.x1 : x2 - box.x1] = np.clip(part / paper, 0, 1)
    scale = min(1.0, X_HEIGHT / max(x_height, 1.0), LARGEST[0] / box.height, LARGEST[1] / box.width)
    size = max(1, round(box.width * scale)), max(1, round(box.height * scale))
    small = Image.fromarray(np.rint(255 * whole).astype(np.uint8)).resize(
        size, Image.Resampling.BOX
    )
    return np.asarray(small), scale
