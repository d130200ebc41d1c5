"""Courses and pieces of ink → rows: each piece goes to the row that it stands in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.letters import measure_glyphs
from ocr_cli.layout.rows import make_rows
from ocr_cli.layout.spacing import split_words
from ocr_cli.page import X_HEIGHT, Box, Course, Glyph, Page, Row

Array = NDArray[np.float64]
ABOVE, BELOW = 7.0, 6.5  # how far a row's box reaches from its middle, in spreads
FAR = 4.5  # spreads from a row's middle, from which on a piece is no part of it
BEYOND = 2.0  # spreads over a row's ends that any piece may lie,
FIRST = 9.0  # and one that looks like a letter: the finder may miss a first or last one
LETTER = 1.8, 8.0  # spreads that a letter is high, and it is no wider than it may be high


def with_bare_rows(page: Page, courses: Sequence[Course]) -> Page:
    """The page with a row for each course, in their order, no ink in them."""
    return replace(page, rows=tuple(bare_row(course, page.grey.shape) for course in courses))


def with_rows(page: Page, courses: Sequence[Course]) -> Page:
    """The page with a row for each course, in their order, and its pieces of ink in words."""
    owners = _owners(page.letters, courses)
    rows = [bare_row(course, page.grey.shape) for course in courses]
    owned = tuple(page.letters[k] for k in np.flatnonzero(owners >= 0))
    # the page's slant: five figures alone may seem to lean by any
    slant = measure_glyphs(owned).slant if owned else 0.0
    inked = np.unique(owners[owners >= 0])
    parts = [[page.letters[k] for k in np.flatnonzero(owners == i)] for i in inked]
    made = zip(inked, make_rows(parts, slant), strict=True)
    placed = split_words([_on_course(row, rows[i]) for i, row in made])
    for i, row in zip(inked, placed, strict=True):
        rows[i] = row
    return replace(page, letters=owned, rows=tuple(rows))


def ink_near(page: Page, courses: Sequence[Course]) -> Page:
    """The page without the ink that is far from every course: the desk's grain, pictures, edges."""
    if page.ink is None:
        return page
    kept = np.zeros(page.grey.shape, bool)
    for course in courses:
        _cover(kept, course)
    return replace(page, ink=page.ink & kept, letters=(), rows=())


def _cover(mask: NDArray[np.bool_], course: Course) -> None:
    """Set, in place, the pixels of a mask that lie within a row's reach of its course."""
    height, width = mask.shape
    order = np.argsort(course.points[:, 0], kind="stable")
    xs, ys = course.points[order].T
    left = int(np.clip(xs[0] - FIRST * course.spread, 0, width))
    right = int(np.clip(xs[-1] + FIRST * course.spread, 0, width))
    if right <= left:
        return
    at = np.interp(np.arange(left, right) + 0.5, xs, ys)
    top = int(np.clip(at.min() - ABOVE * course.spread, 0, height))
    bottom = int(np.clip(at.max() + BELOW * course.spread, 0, height))
    down = np.arange(top, bottom)[:, None] + 0.5 - at
    inside = (down > -ABOVE * course.spread) & (down < BELOW * course.spread)
    mask[top:bottom, left:right] |= inside


def bare_row(course: Course, shape: tuple[int, int]) -> Row:
    """Make a row without ink from its course: box, baseline and x-height."""
    (x1, y1), (x2, y2) = course.points.min(0), course.points.max(0)
    height, width = shape
    top = int(np.clip(y1 - ABOVE * course.spread, 0, height - 1))
    left = int(np.clip(x1 - course.spread, 0, width - 1))
    bottom = int(np.clip(y2 + BELOW * course.spread, top + 1, height))
    right = int(np.clip(x2 + course.spread, left + 1, width))
    x_height = X_HEIGHT * course.spread
    first, last = course.points[0], course.points[-1]
    run = last[0] - first[0]
    slope = float((last[1] - first[1]) / run) if abs(run) > 1 else 0.0
    foot = float(np.mean(course.points[:, 1] - slope * course.points[:, 0])) + x_height / 2
    box = Box(top, left, bottom, right)
    return Row(box, (), foot, x_height, slope, course.slant, course=course)


def _on_course(made: Row, row: Row) -> Row:
    """Give a row that was made of its ink the course of `row`, and its ends at least.

    Its box is as high as the ink and as wide as the row, of which the ink may lack the ends.
    """
    y1, x1, y2, x2 = made.box
    box = Box(y1, min(x1, row.box.x1), y2, max(x2, row.box.x2))
    return replace(made, box=box, course=row.course)


def _owners(glyphs: Sequence[Glyph], courses: Sequence[Course]) -> NDArray[np.intp]:
    """(P,) the course that each piece of ink stands in, -1 where there is none."""
    owners = np.full(len(glyphs), -1)
    if not glyphs or not courses:
        return owners
    boxes = np.array([g.box for g in glyphs], np.float64)
    best = np.full(len(glyphs), FAR)
    for i, course in enumerate(courses):
        away = _away(boxes, course)
        nearer = away < best
        owners[nearer], best[nearer] = i, away[nearer]
    return owners


def _away(boxes: Array, course: Course) -> Array:
    """(P,) how far boxes lie from a course's middle, in spreads; inf too far beyond its ends."""
    y1, x1, y2, x2 = boxes.T
    order = np.argsort(course.points[:, 0], kind="stable")
    at = np.interp((x1 + x2) / 2, *course.points[order].T)
    # a tall piece belongs where it stands, and one that crosses the middle is at home there
    inside = (y1 < at) & (y2 > at)
    edge = np.maximum(y1 - at, at - y2)
    centre = np.abs((y1 + y2) / 2 - at)
    away = np.where(inside, 0.25 * centre, np.maximum(edge, 0) + 0.25 * centre) / course.spread
    left, right = course.points[:, 0].min(), course.points[:, 0].max()
    gap = np.maximum(np.maximum(left - x2, x1 - right), 0) / course.spread
    tall, wide = (y2 - y1) / course.spread, (x2 - x1) / course.spread
    least, most = LETTER
    letter = inside & (tall > least) & (tall < most) & (wide < most)
    reached = gap <= np.where(letter, FIRST, BEYOND)
    return np.where(reached, away + 0.25 * gap, np.inf)
