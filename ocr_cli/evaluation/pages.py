"""Scores of transcribed pictures: text, and rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr_cli import batch, pipeline, recognition
from ocr_cli import input as images
from ocr_cli.data.formats import transcribed
from ocr_cli.data.formats.given import TranscribedPage
from ocr_cli.data.formats.pagexml import load_page_xml
from ocr_cli.data.formats.rowcourses import guessed_course
from ocr_cli.data.formats.transcripts import transcript, transcript_path
from ocr_cli.errors import InputError
from ocr_cli.evaluation import characters as evaluation
from ocr_cli.evaluation import metrics
from ocr_cli.evaluation.error_analysis import find_errors
from ocr_cli.evaluation.metrics import RowTally, TextScore
from ocr_cli.evaluation.wrong_words import WrongWord
from ocr_cli.page import Course, Page, Row
from ocr_cli.recognition import Reader

ROWS = ("found", "given")  # whose rows are read: the page analysis', or the transcriber's
MOST = 0.5  # share of a given row that a read one must cover to be the same
NEAR = 2.5  # spreads of a row, a third of its height, within which another runs along it
_STEPS = 48  # points of a given row that are looked at

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Transcribed:
    """A picture file with a transcript; `xml` its ALTO or PAGE file, `path` where it was found."""

    source: str
    xml: Path | None = None
    path: str = ""


@dataclass(frozen=True)
class Scored:
    """A picture file, the score of what was read from it, and the wrong words if asked for.

    words has the confidence of each word that was read, and whether it is right. rows : of a
    page whose rows are marked in a file and were looked for. path : where it was found.
    """

    source: str
    score: TextScore
    words: tuple[tuple[float, bool], ...] = ()
    errors: tuple[WrongWord, ...] = ()
    rows: RowTally | None = None
    path: str = ""


@dataclass(frozen=True)
class Total:
    """The scores of so many files as one: edits and rows summed, accuracies averaged."""

    files: int
    score: TextScore
    accuracy: float
    rows: RowTally | None

    @classmethod
    def of(cls, scored: Sequence[Scored]) -> Total:
        rows = [one.rows for one in scored if one.rows is not None]
        return cls(
            len(scored),
            sum((one.score for one in scored), TextScore()),
            float(np.mean([one.score.accuracy for one in scored])) if scored else 0.0,
            sum(rows, RowTally()) if rows else None,
        )


def find_transcribed(paths: Iterable[str]) -> list[Transcribed | InputError]:
    """The picture files in `paths`, and in folders, at any depth, those with a transcript.

    That is a text file, or ALTO or PAGE XML. A page file without its picture is an error.
    """
    found: list[Transcribed | InputError] = []
    for path in paths:
        try:
            files = images.find_files(path, recursive=True)
        except InputError as failure:
            found.append(failure)
            continue
        if files == [path]:
            found.append(Transcribed(path, transcribed.xml_beside(path), path))
        else:
            found += [file for file in files if isinstance(file, InputError)]
            pictures = [file for file in files if isinstance(file, str)]
            if pictures:
                found += _in_folder(path, pictures)
    return found


def _in_folder(path: str, files: Sequence[str]) -> Iterator[Transcribed | InputError]:
    pages, failures = _page_files(Path(path), files)
    nothing = True
    for file in files:
        if file in pages or transcript_path(file).exists():
            nothing = False
            yield Transcribed(file, pages.get(file), path)
    yield from failures
    if nothing and not failures:
        advice = "what is written on NAME.jpg goes beside it as NAME.txt"
        yield InputError("no pictures with a transcript in this folder", advice, path)


def _page_files(folder: Path, files: Sequence[str]) -> tuple[dict[str, Path], list[InputError]]:
    """Picture → its ALTO or PAGE file, and what is wrong with those that have no picture."""
    pictures = {transcribed.stem_of(Path(file)): file for file in files}
    pages, failures = {}, []
    for xml in transcribed.page_files(folder):
        picture = pictures.get(transcribed.stem_of(xml))
        try:
            pages[picture or str(load_page_xml(xml).picture)] = xml
        except InputError as failure:
            failures.append(failure)
    return pages, failures


def score_picture(
    wanted: Transcribed, model: str, language: str, examine: bool = False, rows: str = "found"
) -> Scored:
    """A picture file's score against its transcript; if `examine`, with its wrong words.

    rows : one of ROWS. InputError where rows are to be given and none are.
    """
    reader = batch.process_reader(model, language)
    sheet = load_page_xml(wanted.xml) if wanted.xml is not None else None
    if rows == "given":
        given = _given_rows(wanted.source, sheet)
        read, truth = given.read, given.truth
    else:
        read, truth = partial(_read_found, wanted.source), _truth(wanted.source, sheet)
    pages = read(reader)
    score = metrics.score("\n".join(page.text for page in pages), truth)
    words = tuple(evaluation.word_outcomes(pages, truth))
    errors: tuple[WrongWord, ...] = ()
    if examine:
        plain = pages if reader.language is None else read(replace(reader, language=None))
        errors = tuple(find_errors(pages, plain, truth))
    looked_for = sheet is not None and rows == "found" and len(pages) == 1
    tally = count_rows(pages[0], sheet) if looked_for and sheet is not None else None
    return batch.whole(Scored(wanted.source, score, words, errors, tally, wanted.path), *pages)


def _read_found(picture: str, reader: Reader) -> list[Page]:
    """A file's pages, with the rows that the analysis finds."""
    frames = images.find_pictures(picture)
    return [pipeline.read_picture(frame, lambda: reader) for frame in frames]


def _truth(picture: str, sheet: TranscribedPage | None) -> str:
    """The transcript of a picture: its text file, or else the rows of its page."""
    if sheet is None or transcript_path(picture).exists():
        return transcript(picture)
    return "\n".join(row.written for row in sheet.rows)


@dataclass(frozen=True)
class _GivenRows:
    """A loaded page, the courses that its transcript gives, and what is written there."""

    page: Page
    courses: tuple[Course, ...]
    truth: str

    def read(self, reader: Reader) -> list[Page]:
        return [recognition.read_courses(self.page, self.courses, reader)]


def _given_rows(picture: str, sheet: TranscribedPage | None) -> _GivenRows:
    """The rows as the file cuts them, those left out that were not read; or all of the picture."""
    if sheet is None:
        row = transcribed.row_picture(picture)
        page = images.load_page(images.Picture(picture))
        return _GivenRows(page, (transcribed.filling_course(page),), row.text)
    page = images.load_page(images.Picture(picture))
    courses = transcribed.given_courses(page, sheet)
    legible = [(row, at) for row, at in zip(sheet.rows, courses, strict=True) if row.legible]
    chosen = tuple(at for _, at in legible if at is not None)
    return _GivenRows(page, chosen, "\n".join(row.written for row, _ in legible))


def count_rows(page: Page, sheet: TranscribedPage) -> RowTally:
    """Count the rows of a transcribed page that were found, each by a read row over most of it.

    One read row finds one given row. Rows of which the transcriber could read nothing may be
    read or not.
    """
    move = np.eye(3)
    if sheet.shape != tuple(page.file_shape):
        move = images.upright_to_file(page.source)
    guesses = [guessed_course(row, move) for row in sheet.rows]
    known = [(row, at) for row, at in zip(sheet.rows, guesses, strict=True) if at is not None]
    read = [_middle(row, page.to_file) for row in page.rows if row.text.strip()]
    shares = np.array([[covered(at, line) for line in read] for _, at in known])
    pairs = _matched(shares.reshape(len(known), len(read)))
    has_text = [bool(row.text) for row, _ in known]
    found = sum(has_text[i] for i, _ in pairs)
    return RowTally(sum(has_text), len(read) - (len(pairs) - found), found)


def _middle(row: Row, to_file: NDArray[np.float64]) -> Points:
    """(n, 2) x, y along the middle of a read row's small letters, in the file's pixels."""
    return row.middle @ to_file[:2, :2].T + to_file[:2, 2]


def covered(course: Course, line: Points) -> float:
    """The share, 0 to 1, of a course along which a line, (n, 2) x, y, runs close to it."""
    steps = np.hypot(*np.diff(course.points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    at = along[-1] * (np.arange(_STEPS) + 0.5) / _STEPS
    points = np.stack([np.interp(at, along, course.points[:, k]) for k in (0, 1)], 1)
    start, piece = line[:-1, None], np.diff(line, axis=0)[:, None]
    share = ((points - start) * piece).sum(-1) / np.maximum((piece**2).sum(-1), 1e-9)
    away = np.hypot(*np.moveaxis(points - start - np.clip(share, 0, 1)[..., None] * piece, -1, 0))
    return float((away.min(0) <= NEAR * course.spread).mean())


def _matched(shares: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs of (given, read) rows, each once, those first that cover most."""
    shares, pairs = shares.copy(), []
    while shares.size and shares.max() > MOST:
        i, j = divmod(int(shares.argmax()), shares.shape[1])
        pairs.append((i, j))
        shares[i], shares[:, j] = 0, 0
    return pairs
