"""Folders of transcribed pages and rows, and where their rows run on the loaded page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.formats.given import FOLDERS, TranscribedPage
from ocr_cli.data.formats.pagexml import is_foreign
from ocr_cli.data.formats.rowcourses import measured_courses
from ocr_cli.data.formats.transcripts import transcript, transcript_path
from ocr_cli.errors import InputError
from ocr_cli.layout.courses import Course, Pyramid, placed
from ocr_cli.page import Page

ROUNDS = 4  # of placing the course of a row that fills its picture, of which least is known


@dataclass(frozen=True)
class RowPicture:
    """A picture of a single row, and what is written there."""

    picture: Path
    text: str


def page_files(folder: Path) -> list[Path]:
    """The XML files that may be pages, METS and the like left out."""
    files = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() == ".xml")
    return [path for path in files if not path.name.startswith(".") and not is_foreign(path)]


def stem_of(path: Path) -> tuple[Path, str]:
    """Folder and name without suffix, the same for a picture and for its page's file."""
    above = path.parent
    if path.suffix.lower() == ".xml" and above.name.lower() in FOLDERS:
        above = above.parent
    return above, path.stem


def row_picture(name: str) -> RowPicture:
    """The picture of a row, and its text; InputError where it has none, or several lines."""
    lines = [" ".join(line.split()) for line in transcript(name).splitlines() if line.strip()]
    if not lines:
        raise InputError("has no text", "write what the picture says to it", _beside(name))
    if len(lines) > 1:
        advice = "put ALTO or PAGE XML beside it, or give each row as a picture"
        raise InputError(f"has {len(lines)} rows, and none is marked", advice, name)
    return RowPicture(Path(name), lines[0])


def _beside(name: str) -> str:
    return str(transcript_path(name))


def xml_beside(picture: str) -> Path | None:
    """The ALTO or PAGE file of a picture: NAME.xml, page/NAME.xml or alto/NAME.xml."""
    path = Path(picture)
    for folder in (path.parent, *(path.parent / name for name in FOLDERS)):
        beside = folder / f"{path.stem}.xml"
        if beside.is_file() and not is_foreign(beside):
            return beside
    return None


def file_to_page(page: Page, shape: tuple[int, int]) -> NDArray[np.float64]:
    """(3, 3) from (x, y, 1) of a picture of `shape` (height, width) to the loaded page's pixels.

    The shape is the picture's as it is stored in the file, or as it is upright.
    """
    if tuple(shape) == tuple(page.file_shape):
        return np.asarray(np.linalg.inv(page.to_file), np.float64)
    height, width = page.grey.shape
    return np.diag([width / shape[1], height / shape[0], 1.0])


def given_courses(page: Page, given: TranscribedPage) -> list[Course | None]:
    """The courses of a page's given rows, each on its ink; None where there is next to nothing."""
    return measured_courses(given.rows, file_to_page(page, given.shape), Pyramid(page.grey))


def filling_course(page: Page) -> Course:
    """The course of a row that fills its picture."""
    height, width = page.grey.shape
    middle = np.array([[0.0, height / 2], [float(width), height / 2]])
    return placed(Pyramid(page.grey), Course(middle, max(1.0, height / 7.5)), ROUNDS)
