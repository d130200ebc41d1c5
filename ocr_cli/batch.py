"""What is done on each of many pictures: read, taken apart, scored; one page one task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ocr_cli.errors import InputError, ModelError, OcrError
from ocr_cli.files import replacing
from ocr_cli.output import formats

if TYPE_CHECKING:
    from concurrent.futures import Future

    import numpy as np
    from numpy.typing import NDArray

    from ocr_cli.error_analysis import WrongWord
    from ocr_cli.images import Picture
    from ocr_cli.metrics import TextScore
    from ocr_cli.page import Page
    from ocr_cli.reading import Reader


def find_pictures(
    paths: Iterable[str], recursive: bool, stdin: IO[bytes] | None
) -> list[Picture | InputError]:
    """Every picture in the files and folders `paths`, in order; an error where there is none."""
    from ocr_cli import images

    found: list[Picture | InputError] = []
    for file in _files(paths, recursive):
        try:
            found += [file] if isinstance(file, InputError) else images.find_pictures(file, stdin)
        except InputError as failure:
            found.append(failure)
    return found


def _files(paths: Iterable[str], recursive: bool) -> Iterator[str | InputError]:
    """The files that paths stand for, see `images.find_files`."""
    from ocr_cli import images

    for path in paths:
        try:
            yield from images.find_files(path, recursive)
        except InputError as failure:
            yield failure


def find_transcribed(paths: Iterable[str]) -> list[Picture | InputError]:
    """The picture files in `paths`, and in folders, at any depth, those with a transcript."""
    from ocr_cli import images

    found: list[Picture | InputError] = []
    for path in paths:
        try:
            files = images.find_files(path, recursive=True)
        except InputError as failure:
            found.append(failure)
            continue
        found += [file for file in files if isinstance(file, InputError)]
        pictures = [file for file in files if isinstance(file, str)]
        in_folder = files != [path]
        wanted = [file for file in pictures if not in_folder or transcript_path(file).exists()]
        found += map(images.Picture, wanted)
        if not wanted and pictures:
            advice = "what is written on NAME.jpg goes beside it as NAME.txt"
            found.append(InputError("no pictures with a transcript in this folder", advice, path))
    return found


def read_picture(picture: Picture, model: str, language: str, form: str) -> str:
    """The text of one picture, written in the format `form` (a key of `formats.READ`)."""
    return formats.READ[form].page(_read(picture, model, language))


@dataclass(frozen=True)
class Extraction:
    """A picture whose letters are wanted, and the pictures to make of them.

    crops is the folder for one PNG a letter, named `stem`-PAGE-ROW-WORD-LETTER.png, rows that
    for one a row, `stem`-PAGE-ROW.png; overlay is the PNG that shows the boxes. None means
    that none are wanted.
    """

    picture: Picture
    stem: str = ""
    crops: Path | None = None
    overlay: Path | None = None
    rows: Path | None = None

    @property
    def source(self) -> str:
        return self.picture.source


def extract_picture(wanted: Extraction, form: str) -> str:
    """The boxes of a picture's letters in the format `form` (a key of `formats.EXTRACT`)."""
    from ocr_cli import images, layout

    page = layout.analyse(images.load_page(wanted.picture))
    if wanted.crops:
        save_crops(page, wanted.crops, wanted.stem)
    if wanted.rows:
        save_rows(page, wanted.rows, wanted.stem)
    if wanted.overlay:
        from ocr_cli.output.overlay import draw_overlay

        with replacing(wanted.overlay) as file:
            draw_overlay(page).save(file, "PNG")
    return formats.EXTRACT[form].page(page)


def save_crops(page: Page, folder: Path, stem: str) -> None:
    """Save the page's letters as 32×32 PNG, dark on white; by name they sort in reading order."""
    from ocr_cli import layout

    numbered = [
        (f"{stem}-{page.frame + 1:03}-{row:03}-{word:03}-{letter:03}.png", glyph)
        for row, line in enumerate(page.rows, 1)
        for word, part in enumerate(line.words, 1)
        for letter, glyph in enumerate(part.glyphs, 1)
    ]
    crops = layout.letter_crops([glyph for _, glyph in numbered], page.stroke_width)
    for (name, _), crop in zip(numbered, crops, strict=True):
        _save_grey(crop, folder / name)


def save_rows(page: Page, folder: Path, stem: str) -> None:
    """Save the page's rows as strips, dark on white, upright and of one height."""
    from ocr_cli.layout.strips import make_strip
    from ocr_cli.reading.lines import row_ink

    for number, row in enumerate(page.rows, 1):
        strip = make_strip(row_ink(row))
        _save_grey(1 - strip.image, folder / f"{stem}-{page.frame + 1:03}-{number:03}.png")


def _save_grey(picture: NDArray[np.float32], path: Path) -> None:
    """A picture of 0 ink to 1 paper as a grey PNG."""
    from PIL import Image

    with replacing(path) as file:
        Image.fromarray((picture * 255).round().astype("uint8")).save(file, "PNG")


@dataclass(frozen=True)
class Scored:
    """A picture file, the score of what was read from it, and the wrong words if asked for.

    words has the confidence of each word that was read, and whether it is right.
    """

    source: str
    score: TextScore
    words: tuple[tuple[float, bool], ...] = ()
    errors: tuple[WrongWord, ...] = ()


def score_picture(picture: Picture, model: str, language: str, examine: bool = False) -> Scored:
    """A picture file's score against its transcript; if `examine`, with its wrong words."""
    from ocr_cli import evaluation, images, metrics

    frames = images.find_pictures(picture.source)
    pages = [_read(frame, model, language) for frame in frames]
    truth = transcript(picture.source)
    score = metrics.score("\n".join(page.text for page in pages), truth)
    words = tuple(evaluation.word_outcomes(pages, truth))
    if not examine:
        return Scored(picture.source, score, words)
    from ocr_cli.error_analysis import find_errors

    plain = [_without_language(page, model, language) for page in pages]
    return Scored(picture.source, score, words, tuple(find_errors(pages, plain, truth)))


def _without_language(page: Page, model: str, language: str) -> Page:
    """A page that was read, as the same models read it without language."""
    reader = _reader(model, language)
    if reader.language is None:
        return page
    from ocr_cli import layout, reading

    return reading.read_page(layout.find_rows(page), replace(reader, language=None))


def transcript_path(picture: str) -> Path:
    """Where the text that is written on a picture file is kept."""
    return Path(picture).with_suffix(".txt")


def transcript(picture: str) -> str:
    """The text that is written on a picture file, from NAME.txt beside it.

    Raises
    ------
    InputError
        When there is none, or it is not UTF-8.
    """
    beside = transcript_path(picture)
    try:
        return beside.read_text(encoding="utf-8-sig")
    except FileNotFoundError as failure:
        advice = f"write what the picture says to {beside}"
        raise InputError("has no transcript", advice, picture) from failure
    except (OSError, UnicodeDecodeError) as failure:
        raise InputError("is not readable as UTF-8 text", "", str(beside)) from failure


def _read(picture: Picture, model: str, language: str) -> Page:
    coming = _reader_coming(model, language)
    from ocr_cli import images, layout, reading

    try:
        page = layout.analyse(images.load_page(picture))
    except InputError:
        coming.result()  # without a model no picture can be read: that is told first
        raise
    return reading.read_page(page, coming.result())


def _reader(model: str, language: str) -> Reader:
    return _reader_coming(model, language).result()


@lru_cache(maxsize=1)
def _reader_coming(model: str, language: str) -> Future[Reader]:
    """The reader, loaded once in each process, by a thread while the first page is analysed."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(1).submit(_load_reader, model, language)


def _load_reader(model: str, language: str) -> Reader:
    """The reader of that name; ModelError whatever is wrong with it: no picture is to blame."""
    from ocr_cli import reading

    try:
        return reading.load_reader(model, language)
    except (OcrError, MemoryError):
        raise
    except Exception as bug:
        told = f"cannot be used: {type(bug).__name__}: {bug}"
        raise ModelError(told[:200], "train it anew", model) from bug
