"""Conversion between a `Page`, as read, and a `Document`, as kept; reading of drawn rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ocr_cli import recognition
from ocr_cli.input import Picture
from ocr_cli.layout import courses
from ocr_cli.layout.assembly import bare_row, with_bare_rows
from ocr_cli.page import X_HEIGHT, Box, Course, Page, Row, Word, union
from ocr_cli.recognition import Reader
from ocr_cli.review.document import Document, SavedRow, SavedWord

HEIGHT = 9.0  # of a box drawn around a row, ascenders to tails, in spreads
ROOM = 2.2  # spreads that a drawn row goes on at its ends


def document_of(page: Page) -> Document:
    """Make the document of a page that was read: courses, words, boxes, alternatives."""
    height, width = page.grey.shape
    rows = [saved_row(row, f"r{i}") for i, row in enumerate(page.rows, 1)]
    matrix = tuple((float(a), float(b), float(c)) for a, b, c in page.to_file)
    file_size = page.file_shape[1], page.file_shape[0]
    name = Path(page.source).name or "picture"
    return Document(name, page.frame, (width, height), matrix, file_size, tuple(rows))


def saved_row(row: Row, name: str) -> SavedRow:
    """Make the kept row of a row that was read."""
    course = row.course or Course(row.middle, row.x_height / X_HEIGHT, row.slant)
    words = tuple(
        SavedWord(
            (float(w.box.x1), float(w.box.y1), float(w.box.x2), float(w.box.y2)),
            w.text,
            round(float(w.confidence), 4),
            choices=tuple(other.text for other in w.alternatives),
        )
        for w in row.words
    )
    points = tuple((round(float(x), 2), round(float(y), 2)) for x, y in course.points)
    return SavedRow(name, points, round(course.spread, 3), round(course.slant, 4), words)


def course_of(row: SavedRow) -> Course:
    """The course of a kept row, in the page's pixels."""
    return Course(np.array(row.points, np.float64), row.spread, row.slant)


def read_anew(page: Page, rows: Sequence[SavedRow], reader: Reader) -> list[SavedRow]:
    """Read kept rows anew along their courses; their ids stay, and their words are replaced."""
    if not rows:
        return []
    bare = with_bare_rows(page, [course_of(row) for row in rows])
    read = recognition.read_page(bare, reader, alternatives=True)
    return [
        replace(old, words=saved_row(row, old.id).words, accepted=False)
        for old, row in zip(rows, read.rows, strict=True)
    ]


def read_box(
    page: Page, box: tuple[float, float, float, float], name: str, reader: Reader
) -> SavedRow:
    """Read the row in a box x1, y1, x2, y2 of the page's pixels, drawn around it by hand.

    The box is HEIGHT spreads high; the course along its middle is moved onto the ink.

    ValueError where the box is too small, or off the page.
    """
    height, width = page.grey.shape
    x1, x2 = sorted(float(np.clip(x, 0, width)) for x in box[::2])
    y1, y2 = sorted(float(np.clip(y, 0, height)) for y in box[1::2])
    if x2 - x1 < 4 or y2 - y1 < 4:
        raise ValueError("a row is at least four pixels wide and high")
    spread = (y2 - y1) / HEIGHT
    ends = np.array([[x1, (y1 + y2) / 2], [x2, (y1 + y2) / 2]])
    guess = Course(courses.smoothed(ends, spread), spread)
    course = courses.placed(courses.Pyramid(page.grey), guess)
    if not y1 < float(course.points[:, 1].mean()) < y2:  # a neighbour's ink drew it away
        course = guess
    row = saved_row(bare_row(_with_room(course, x1, x2), page.grey.shape), name)
    return read_anew(page, [row], reader)[0]


def _with_room(course: Course, x1: float, x2: float) -> Course:
    """Lengthen a course to x1 and x2, and by ROOM spreads more: boxes are drawn close to the ink.

    What is moved onto its ink may have become shorter at its ends.
    """
    points = course.points
    first, last = points[0] - points[1], points[-1] - points[-2]
    short = max(0.0, points[0, 0] - x1), max(0.0, x2 - points[-1, 0])
    room = [
        (ROOM * course.spread + more) * step / max(1e-6, np.hypot(*step))
        for step, more in zip((first, last), short, strict=True)
    ]
    ends = points[:1] + room[0], points[-1:] + room[1]
    return replace(course, points=np.concatenate([ends[0], points, ends[1]]))


def page_of(document: Document, picture: Picture) -> Page:
    """Make a page of a document's corrected text, for the output formats; its grey is blank."""
    width, height = document.size
    page = Page(
        np.ones((height, width), np.float32),
        picture.source,
        document.frame,
        np.array(document.to_file),
        (document.file_size[1], document.file_size[0]),
        origin=picture,
    )
    rows = [_row(row, page) for row in document.rows if row.text]
    return replace(page, rows=tuple(rows))


def _row(saved: SavedRow, page: Page) -> Row:
    """Make the row of a kept one; the confidence of a word that was typed or accepted is 1."""
    bare = bare_row(course_of(saved), page.grey.shape)
    words = tuple(
        Word(_box(word, page), (), text, 1.0 if saved.accepted or word.typed else word.confidence)
        for word in saved.words
        for text in [" ".join(word.text.split())]
        if text
    )
    if not words:
        return bare
    sure = float(np.exp(np.mean(np.log([max(word.confidence, 1e-6) for word in words]))))
    box = union([word.box for word in words])
    return replace(bare, box=box, words=words, text=saved.text, confidence=sure)


def _box(word: SavedWord, page: Page) -> Box:
    height, width = page.grey.shape
    x1, y1, x2, y2 = word.box
    left, top = int(np.clip(x1, 0, width - 1)), int(np.clip(y1, 0, height - 1))
    return Box(top, left, int(np.clip(y2, top + 1, height)), int(np.clip(x2, left + 1, width)))
