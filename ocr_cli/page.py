"""The value that flows: a frozen Page, which every stage returns fuller."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ocr_cli.input.files import Picture


class Box(NamedTuple):
    """A rectangle in pixels: rows y1 up to y2, columns x1 up to x2, ends excluded."""

    y1: int
    x1: int
    y2: int
    x2: int

    @property
    def height(self) -> int:
        return self.y2 - self.y1

    @property
    def width(self) -> int:
        return self.x2 - self.x1


def union(boxes: list[Box] | tuple[Box, ...]) -> Box:
    """The smallest box around all `boxes`, of which there is at least one."""
    y1, x1, y2, x2 = zip(*boxes, strict=True)
    return Box(min(y1), min(x1), max(y2), max(x2))


@dataclass(frozen=True)
class Glyph:
    """A letter-like piece of ink.

    box is in the page's pixels; ink is a bool mask of the box's shape that holds this
    glyph's own ink and none of its neighbours'; confidence runs from 0 to 1.
    """

    box: Box
    ink: NDArray[np.bool_] = field(repr=False, compare=False)
    text: str = ""
    confidence: float = 0.0


class Alternative(NamedTuple):
    """A text that a word may be instead, and how likely that is, 0 to 1."""

    text: str
    confidence: float


@dataclass(frozen=True)
class Word:
    """Glyphs with no space between them; box in the page's pixels, confidence 0 to 1.

    alternatives : what a doubtful word may be instead, likelier ones first, where they were
    asked for.
    """

    box: Box
    glyphs: tuple[Glyph, ...]
    text: str = ""
    confidence: float = 0.0
    alternatives: tuple[Alternative, ...] = ()


X_HEIGHT = 3.2  # of a small letter, in spreads of its row's course


@dataclass(frozen=True)
class Course:
    """The line along which a row runs on a page.

    points : (n, 2) x, y in the page's pixels along the middle of the small letters, from the
    row's start to its end. spread : the ink's mean distance from that middle, in pixels; the
    small letters are about 3.2 times as high. slant : dx per dy upwards of upright strokes.
    reach : pixels to both sides of the middle, beyond which the ink is that of other rows.
    parts : of a row in several sizes, as a form's, whose labels are printed, a course for each.
    """

    points: NDArray[np.float64] = field(repr=False)
    spread: float
    slant: float = 0.0
    reach: float = float("inf")
    parts: tuple[Course, ...] = ()

    @property
    def length(self) -> float:
        """Along the middle, in pixels."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())


@dataclass(frozen=True)
class Row:
    """A line of writing.

    The baseline is y = baseline + slope * x, in the page's pixels; x_height is the height
    of a small letter, slant the lean of the upright strokes (dx per dy upwards, to the
    right positive). A row that was found without its ink has a course, along which the grey
    picture is read. legibility, 0 to 1, is how sure the network is, step by step, of what is
    there before any language helps: of no writing it never is. cells, of a row in boxes with a
    letter in each, are where these begin and end, x on the page.
    """

    box: Box
    words: tuple[Word, ...]
    baseline: float
    x_height: float
    slope: float = 0.0
    slant: float = 0.0
    text: str = ""
    confidence: float = 0.0
    course: Course | None = field(default=None, repr=False, compare=False)
    legibility: float = 1.0
    cells: tuple[tuple[float, float], ...] = field(default=(), repr=False, compare=False)

    @property
    def middle(self) -> NDArray[np.float64]:
        """(n, 2) x, y along the middle of its small letters, in the page's pixels."""
        if self.course is not None:
            return self.course.points
        x = np.array([self.box.x1, self.box.x2], float)
        return np.stack([x, self.baseline + self.slope * x - self.x_height / 2], 1)


@dataclass(frozen=True)
class Page:
    """A picture on its way to text.

    Attributes
    ----------
    grey : (H, W) float32, 0 is ink and 1 is paper, upright.
    source, frame : the file's name, and which of its pictures this is (from 0).
    to_file : (3, 3) float64, takes (x, y, 1) in the page's pixels to the file's own.
    file_shape : (height, width) of the picture in the file, before any turning.
    ink : (H, W) bool, True where there is ink; None before `layout.find_ink`.
    stroke_width : median width of the pen's strokes in the page's pixels; 0 when unknown.
    letters : every letter-like piece of ink, in no promised order.
    rows : lines of writing from top to bottom.
    fault : what is wrong with the file, though something of it was read; empty for most.
    language : the ISO 639-1 code of the language it was read with; empty where that is unknown.
    origin : the picture that it was made of, which can be opened again.
    """

    grey: NDArray[np.float32] = field(repr=False, compare=False)
    source: str = ""
    frame: int = 0
    to_file: NDArray[np.float64] = field(
        default_factory=lambda: np.eye(3), repr=False, compare=False
    )
    file_shape: tuple[int, int] = (0, 0)
    ink: NDArray[np.bool_] | None = field(default=None, repr=False, compare=False)
    stroke_width: float = 0.0
    letters: tuple[Glyph, ...] = ()
    rows: tuple[Row, ...] = ()
    fault: str = ""
    language: str = ""
    origin: Picture | None = field(default=None, repr=False, compare=False)

    @property
    def number(self) -> int:
        """The number of this page in its output, from 1."""
        return (self.origin and self.origin.number) or self.frame + 1

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all rows."""
        return tuple(word for row in self.rows for word in row.words)

    @property
    def text(self) -> str:
        """The text that was read: one line a row, no line break at the end."""
        return "\n".join(row.text for row in self.rows)

    def box_in_file(self, box: Box) -> Box:
        """The box around `box` in the file's own pixels, clipped to the file's picture."""
        xs = np.array([box.x1, box.x2, box.x1, box.x2], float)
        ys = np.array([box.y1, box.y1, box.y2, box.y2], float)
        x, y, _ = self.to_file @ np.stack([xs, ys, np.ones(4)])
        height, width = self.file_shape
        return Box(
            int(np.clip(np.floor(y.min() + 1e-6), 0, height)),
            int(np.clip(np.floor(x.min() + 1e-6), 0, width)),
            int(np.clip(np.ceil(y.max() - 1e-6), 0, height)),
            int(np.clip(np.ceil(x.max() - 1e-6), 0, width)),
        )
