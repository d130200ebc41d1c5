"""Pages that a row finder learns from: a grey picture and the courses of the rows on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ocr_cli.data.formats.pagexml import load_page_xml
from ocr_cli.data.formats.rowcourses import measured_courses
from ocr_cli.layout.courses import Pyramid
from ocr_cli.page import X_HEIGHT, Course

LONGEST = 2200  # pixels of a page's longer side that are kept
_GAP = 4.0  # heights of a row: a wider gap between words parts it in two

Array = NDArray[Any]


@dataclass(frozen=True)
class RowPage:
    """grey : (H, W) uint8. courses : of every row, in the picture's pixels."""

    grey: NDArray[np.uint8] = field(repr=False)
    courses: tuple[Course, ...] = field(repr=False)
    name: str = ""


def load_transcribed(path: Path) -> RowPage:
    """A page of ALTO or PAGE XML with its rows measured on the picture, shrunk to LONGEST."""
    given = load_page_xml(path)
    with Image.open(given.picture) as image:
        grey = np.asarray(image.convert("L"))
    height, width = grey.shape
    scale = np.array([width / given.shape[1], height / given.shape[0]])
    pyramid = Pyramid(grey.astype(np.float32) / np.float32(255))
    courses: list[Course] = []
    measured = measured_courses(given.rows, np.diag([*scale, 1.0]), pyramid)
    for row, course in zip(given.rows, measured, strict=True):
        if course is not None:
            courses += _parted(course, [w.outline * scale for w in row.words])
    return _shrunk(RowPage(grey, tuple(courses), path.stem))


def _parted(course: Course, words: Sequence[Array]) -> list[Course]:
    """The course without gaps between its words that are wider than some letters."""
    if not words:
        return [course]
    ends = sorted((float(w[:, 0].min()), float(w[:, 0].max())) for w in words)
    runs = [list(ends[0])]
    for start, end in ends[1:]:
        if start - runs[-1][1] > _GAP * X_HEIGHT * course.spread:
            runs.append([start, end])
        else:
            runs[-1][1] = max(runs[-1][1], end)
    if len(runs) == 1:
        return [course]
    return [between(course, start, end) for start, end in runs]


def between(course: Course, start: float, end: float) -> Course:
    """The part of a level course from x = `start` to `end`."""
    x, y = course.points.T
    at = np.linspace(start, end, max(2, int((end - start) / (2 * course.spread)) + 1))
    return replace(course, points=np.stack([at, np.interp(at, x, y)], 1))


def _shrunk(page: RowPage) -> RowPage:
    height, width = page.grey.shape
    scale = LONGEST / max(height, width)
    if scale >= 1:
        return page
    size = round(width * scale), round(height * scale)
    grey = np.asarray(Image.fromarray(page.grey).resize(size, Image.Resampling.BOX))
    return replace(page, grey=grey, courses=tuple(scaled(c, scale) for c in page.courses))


def scaled(course: Course, scale: float) -> Course:
    """The course on a page of `scale` times the size."""
    return Course(course.points * scale, course.spread * scale, course.slant)


def save_row_pages(path: Path, pages: Sequence[RowPage]) -> None:
    """Writes pages into one .npz, for `load_row_pages`."""
    arrays: dict[str, Any] = {"names": np.array([p.name for p in pages])}
    for i, page in enumerate(pages):
        courses = page.courses
        arrays[f"{i}.grey"] = page.grey
        arrays[f"{i}.points"] = np.concatenate([c.points for c in courses] or [np.zeros((0, 2))])
        arrays[f"{i}.count"] = np.array([len(c.points) for c in courses], np.int64)
        arrays[f"{i}.spread"] = np.array([c.spread for c in courses])
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)


def load_row_pages(path: Path) -> list[RowPage]:
    """The pages that `save_row_pages` wrote."""
    pages = []
    with np.load(path, allow_pickle=False) as archive:
        for i, name in enumerate(archive["names"]):
            count = archive[f"{i}.count"]
            parts = np.split(archive[f"{i}.points"], np.cumsum(count)[:-1]) if len(count) else []
            spreads = archive[f"{i}.spread"]
            courses = tuple(Course(p, float(s)) for p, s in zip(parts, spreads, strict=True))
            pages.append(RowPage(archive[f"{i}.grey"], courses, str(name)))
    return pages
