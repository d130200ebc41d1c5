"""Page analysis: ink, rows, letters; each a function that returns a fuller Page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.assembly import ink_near, with_bare_rows, with_rows
from ocr_cli.layout.courses import Pyramid, is_light, lengthened, placed
from ocr_cli.layout.crops import letter_crops
from ocr_cli.layout.crowded import with_crowded_rows
from ocr_cli.layout.drawn import without_drawn
from ocr_cli.layout.dry import with_bridged_gaps
from ocr_cli.layout.grids import Band, is_squared, with_cells, without_grids
from ocr_cli.layout.ink import dark_on_light, find_ink
from ocr_cli.layout.labels import with_labels
from ocr_cli.layout.layers import front
from ocr_cli.layout.letters import find_letters
from ocr_cli.layout.lost import with_lost_rows
from ocr_cli.layout.marks import marked, without_marks
from ocr_cli.layout.order import in_reading_order
from ocr_cli.layout.panels import with_dark_strokes
from ocr_cli.layout.quantiles import median
from ocr_cli.layout.rings import without_rings
from ocr_cli.layout.rows import find_rows
from ocr_cli.layout.shade import evenly_lit
from ocr_cli.layout.sizes import in_sizes
from ocr_cli.layout.tables import with_table_rows
from ocr_cli.layout.tilt import level, mirrored, quarter_turned, straighten
from ocr_cli.page import X_HEIGHT, Course, Page

if TYPE_CHECKING:
    from ocr_cli.modelfiles.weights import Model

__all__ = [
    "analyse",
    "find_ink",
    "find_letters",
    "find_rows",
    "letter_crops",
    "locate",
    "mirrored",
    "place_rows",
    "quarter_turned",
    "straighten",
    "with_ink",
]


ASKED = 8  # rows of a page, about, tell whether its ink is light
SEVERAL = 3  # rows of a page tell what its usual one is;
CUT = 1.2  # spreads of it from the edge no row's middle lies, unless the edge cuts through
FEW = 12  # letters, at most, in a picture that the network finds no row in,
LARGE = 0.08  # how high the highest is, of the picture's longer side,
THICK = 0.17  # and how thick, at most, the pen, of that height


def analyse(page: Page) -> Page:
    """All of the page analysis: the page upright, with its rows and the ink that is theirs."""
    return with_ink(locate(page))


def locate(page: Page, upright: bool = False) -> Page:
    """The page dark on light and upright, with a row wherever there is writing; no ink yet.

    A network finds the rows, see `layout.finder`; what lies far from them all is no writing.

    upright : whether the page is known to be; else it is turned as its rows lie.
    """
    from ocr_cli.layout.finder import courses_of, survey, turned

    page = dark_on_light(page)
    page = replace(page, grey=with_dark_strokes(page.grey))
    found = survey(page.grey, _finder())
    quarters = 0 if upright else turned(page.grey, _finder(), found)
    if quarters:
        page = quarter_turned(page, quarters)
        found = survey(page.grey, _finder())
    courses = courses_of(found)
    if _are_light(page.grey, courses):
        page = _inverted(page)
        courses = courses_of(survey(page.grey, _finder()))
    lit = evenly_lit(page.grey, courses)
    if lit is not page.grey:
        page = replace(page, grey=lit)
        courses = courses_of(survey(page.grey, _finder()))
    courses = _without_cut(courses, page.grey.shape[0])
    return _with_rows(*level(page, courses or _of_plain_ink(page)))


def _without_cut(courses: list[Course], height: int) -> list[Course]:
    """The rows of a page, but for one that its upper or lower edge cuts through."""
    if len(courses) < SEVERAL:
        return courses
    room = CUT * float(median([course.spread for course in courses]))
    middles = [float(median(course.points[:, 1])) for course in courses]
    return [c for c, y in zip(courses, middles, strict=True) if room <= y <= height - room]


def _of_plain_ink(page: Page) -> list[Course]:
    """The rows of a picture that holds next to nothing but a few clear letters.

    One letter or two that fill a picture are no row to the network.
    """
    inked = find_letters(find_ink(page))
    tall = max((glyph.box.height for glyph in inked.letters), default=0)
    if len(inked.letters) > FEW or tall < LARGE * max(page.grey.shape):
        return []
    if inked.stroke_width > THICK * tall:
        return []  # a disc or a blot
    least = LARGE / 2 * max(page.grey.shape)  # of a small letter: less is an edge, a stroke
    rows = [row for row in find_rows(inked).rows if row.x_height > least]
    return [Course(row.middle, row.x_height / X_HEIGHT) for row in rows]


def place_rows(page: Page, courses: Sequence[Course]) -> Page:
    """Give the page a row for each course, in their order, each moved onto its ink."""
    page = dark_on_light(page)
    if _are_light(page.grey, courses):
        page = _inverted(page)
    return _with_rows(page, courses, given=True)


def _are_light(grey: NDArray[np.float32], courses: Sequence[Course]) -> bool:
    """Whether rows are lighter than their sheet, as on a dark one that lies on a light table."""
    pyramid = Pyramid(grey)
    some = courses[:: max(1, len(courses) // ASKED)]
    return sum(is_light(pyramid, course) for course in some) > len(some) / 2


def _inverted(page: Page) -> Page:
    return replace(page, grey=1 - page.grey)


def _with_rows(page: Page, courses: Sequence[Course], given: bool = False) -> Page:
    """The page, dark on light, with a row for each course.

    Unless rows are given, close ones and those of tables may be others than the finder saw.
    """
    grey, others, bands = _cleared(page.grey, courses, given)
    page, pyramid = replace(page, grey=grey), Pyramid(grey)
    found = lengthened(pyramid, [placed(pyramid, course) for course in others])
    in_cells = [placed(pyramid, band.course) for band in bands]
    found = [_in_sizes(pyramid, course) for course in found]
    page = with_bare_rows(page, in_reading_order([*found, *in_cells]) if bands else found)
    return replace(page, rows=with_cells(page.rows, bands)) if bands else page


def _in_sizes(pyramid: Pyramid, course: Course) -> Course:
    """The course with its parts on their ink, those of a label or such as sizes tell."""
    if not course.parts:
        return in_sizes(pyramid, course)
    return replace(course, parts=tuple(placed(pyramid, part, 2) for part in course.parts))


def _cleared(
    grey: NDArray[np.float32], courses: Sequence[Course], given: bool
) -> tuple[NDArray[np.float32], Sequence[Course], list[Band]]:
    """Clear the page of print and of what shows through: the page, its rows, and those in cells."""
    seen = marked(grey, courses)
    if seen is None:
        return grey, courses, []
    grey, others, bands = without_grids(grey, courses, seen)
    if not given:
        others = with_table_rows(with_lost_rows(others, seen), seen)
        if not is_squared(seen):  # whose strokes are none of a row's
            others = with_crowded_rows(others, seen)
        others = with_labels(others, seen)
    grey = without_drawn(without_rings(without_marks(grey, others, seen), seen), others, seen)
    return with_bridged_gaps(front(grey, others, seen), others, seen), others, bands


def with_ink(page: Page) -> Page:
    """The page, its rows located, with its ink and letters, and each row's in words."""
    courses = [row.course for row in page.rows if row.course is not None]
    return with_rows(find_letters(ink_near(find_ink(page), courses)), courses)


@lru_cache(maxsize=1)
def _finder() -> Model:
    """The shipped row finder, loaded once in each process."""
    from ocr_cli.layout.finder import load_finder

    return load_finder()
