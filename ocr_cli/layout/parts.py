"""A part of a page for those who need its ink: no larger, and no finer, than some rows want it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ocr_cli.layout.quantiles import median
from ocr_cli.layout.raster import over_cells
from ocr_cli.page import Box, Course, Glyph, Page, Row

FINE = 5.5  # pixels of a spread that are enough: a letter is then as large as a letter model has it
BESIDE, ABOVE = 10.0, 2.0  # spreads around the rows that belong to it


@dataclass(frozen=True)
class Part:
    """A part of a page, as a page of its own with all of the rows.

    step : pixels of the whole page to one of its own. left, top : its corner on the whole page.
    """

    page: Page
    step: int
    left: int
    top: int

    def on_whole(self, row: Row, found: Row) -> Row:
        """A row of the part in the pixels of the whole page, where it was `found`."""
        baseline = self.top + self.step * row.baseline - row.slope * self.left
        words = tuple(
            replace(word, box=self._box(word.box), glyphs=tuple(map(self._glyph, word.glyphs)))
            for word in row.words
        )
        return replace(
            row,
            box=self._box(row.box),
            words=words,
            baseline=baseline,
            x_height=self.step * row.x_height,
            course=found.course,
        )

    def _box(self, box: Box) -> Box:
        y1, x1, y2, x2 = (self.step * side for side in box)
        return Box(y1 + self.top, x1 + self.left, y2 + self.top, x2 + self.left)

    def _glyph(self, glyph: Glyph) -> Glyph:
        ink = glyph.ink.repeat(self.step, 0).repeat(self.step, 1)
        return replace(glyph, box=self._box(glyph.box), ink=ink)


def part_around(page: Page, rows: Sequence[int]) -> Part:
    """The part of a page about the rows of these numbers, which have courses; no ink yet.

    A page that has its ink already is such a part as it is.
    """
    if page.ink is not None:
        return Part(page, 1, 0, 0)
    some = [page.rows[i] for i in rows]
    spread = float(median([row.course.spread for row in some if row.course is not None]))
    step = max(1, int(spread / FINE))
    top, left = (
        max(0, min(row.box[k] for row in some) - round(room * spread))
        for k, room in ((0, ABOVE), (1, BESIDE))
    )
    bottom, right = (
        max(row.box[k] for row in some) + round(room * spread)
        for k, room in ((2, ABOVE), (3, BESIDE))
    )
    grey = page.grey[top:bottom, left:right]
    if step > 1:
        grey = np.asarray(over_cells(np.add, grey, step) / np.float32(step**2), np.float32)
    found = tuple(replace(row, course=_moved(row.course, left, top, step)) for row in page.rows)
    return Part(replace(page, grey=np.ascontiguousarray(grey), rows=found), step, left, top)


def _moved(course: Course | None, left: int, top: int, step: int) -> Course | None:
    if course is None:
        return None
    points = (course.points - (left, top)) / step
    return replace(course, points=points, spread=course.spread / step)
