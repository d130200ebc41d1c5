"""Many pictures, each read or taken apart as a task of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ocr_cli.errors import InputError, ModelError, OcrError
from ocr_cli.files import replacing
from ocr_cli.output import formats
from ocr_cli.parallel import Known, Result

if TYPE_CHECKING:
    from concurrent.futures import Future

    import numpy as np
    from numpy.typing import NDArray

    from ocr_cli.input import Picture
    from ocr_cli.page import Glyph, Page
    from ocr_cli.recognition import Reader

    Draw = Callable[[Sequence[Glyph]], NDArray[np.float32]]


# What reading a page imports; a list, since all of it is heavy.
MODULES = (
    "ocr_cli.pipeline",
    "ocr_cli.layout.finder",
    "ocr_cli.recognition.language",
    "ocr_cli.batch",
    "PIL.JpegImagePlugin",
)


def find_all_pictures(
    paths: Iterable[str], recursive: bool, stdin: IO[bytes] | None
) -> list[Picture | InputError]:
    """Every picture in the files and folders `paths`, in order; an error where there is none."""
    from ocr_cli import input as images

    found: list[Picture | InputError] = []
    for file in _files(paths, recursive):
        try:
            found += [file] if isinstance(file, InputError) else images.find_pictures(file, stdin)
        except InputError as failure:
            found.append(failure)
    return found


def _files(paths: Iterable[str], recursive: bool) -> Iterator[str | InputError]:
    """The files that paths stand for, see `input.find_files`."""
    from ocr_cli import input as images

    for path in paths:
        try:
            yield from images.find_files(path, recursive)
        except InputError as failure:
            yield failure


def of_pages(
    pictures: Iterable[Picture | InputError], pages: tuple[range, ...]
) -> list[Picture | InputError]:
    """The pictures on some pages of their files, counted from 1; all of them where none are named.

    In place of a file that has none of these pages stands what to tell of it.
    """
    if not pages:
        return list(pictures)
    found: list[Picture | InputError] = []
    for source, group in groupby(pictures, key=lambda one: one.source):
        own = list(group)
        kept = [
            one
            for one in own
            if isinstance(one, InputError) or any(one.frame + 1 in range_ for range_ in pages)
        ]
        count = f"{len(own)} page{'s' * (len(own) > 1)}"
        found += kept or [InputError(f"has {count}, none of them wanted", "see --pages", source)]
    return found


def numbered(pictures: Iterable[Picture | InputError]) -> list[Picture | InputError]:
    """The pictures, each with the number that its page has in their common output."""
    return [
        one if isinstance(one, InputError) else replace(one, number=number)
        for number, one in enumerate(pictures, 1)
    ]


def notes_on(pictures: Iterable[Picture | InputError]) -> Iterator[str]:
    """Notes on the files of pictures before they are read, a line each."""
    from ocr_cli import input as images

    for picture in pictures:
        if isinstance(picture, InputError) or picture.index or picture.frame:
            continue
        if note := images.note_on(picture):
            yield f"{picture.source}: {note}"


def named_in(data: bytes) -> list[str]:
    """The names in a list that ends each with a zero byte, as of `find -print0`; InputError."""
    if b"\0" not in data and b"\n" in data.rstrip(b"\n"):
        raise InputError("its names do not end in zero bytes", "find -print0 writes such a list")
    names = data.split(b"\0")
    return [os.fsdecode(name) for name in (names if names[-1] else names[:-1])]


def with_bytes(
    picture: Picture | Known[Any] | InputError,
) -> Picture | Known[Any] | InputError:
    """The picture with its file's bytes, for those who do not have the file."""
    from ocr_cli.input.files import cannot_open

    if isinstance(picture, Known | InputError) or picture.data is not None:
        return picture
    try:
        return replace(picture, data=Path(picture.source).read_bytes())
    except OSError as failure:
        return cannot_open(failure, picture.source)


def read_in_process(
    picture: Picture,
    model: str,
    language: str,
    form: str,
    keep_doubtful: bool = False,
    method: str = "default",
) -> formats.Piece:
    """The text of one picture, written in the format `form` (a key of `formats.READ`)."""
    known = formats.READ[form]
    if method == "homework":
        page = _read_as_homework(picture, model)
    else:
        page = _read(picture, model, language, keep_doubtful, known.alternatives)
    return whole(known.page(page), page)


def whole(result: Result, *pages: Page) -> Result:
    """`result`; where the file of its pages is damaged, an InputError that has it with it."""
    damaged = next((page for page in pages if page.fault), None)
    if damaged is None:
        return result
    failure = InputError(damaged.fault, "", damaged.source)
    failure.partial = result
    raise failure


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
    method: str = "default"

    @property
    def source(self) -> str:
        return self.picture.source


def extract_picture(wanted: Extraction, form: str) -> formats.Piece:
    """The boxes of a picture's letters in the format `form` (a key of `formats.EXTRACT`)."""
    from ocr_cli import input as images
    from ocr_cli import layout
    from ocr_cli.recognition import homework

    page, draw = images.load_page(wanted.picture), homework.crops
    if wanted.method == "homework":
        page = homework.find_letters(page)
    else:
        page = layout.analyse(page)
        draw = partial(layout.letter_crops, stroke_width=page.stroke_width)
    if wanted.crops:
        save_crops(page, wanted.crops, wanted.stem, draw)
    if wanted.rows:
        save_rows(page, wanted.rows, wanted.stem)
    if wanted.overlay:
        from ocr_cli.output.overlay import draw_overlay

        with replacing(wanted.overlay) as file:
            draw_overlay(page).save(file, "PNG")
    return whole(formats.EXTRACT[form].page(page), page)


def save_crops(page: Page, folder: Path, stem: str, draw: Draw) -> None:
    """Save the page's letters as 32×32 PNG, dark on white; by name they sort in reading order."""
    numbered = [
        (f"{stem}-{page.frame + 1:03}-{row:03}-{word:03}-{letter:03}.png", glyph)
        for row, line in enumerate(page.rows, 1)
        for word, part in enumerate(line.words, 1)
        for letter, glyph in enumerate(part.glyphs, 1)
    ]
    crops = draw([glyph for _, glyph in numbered])
    for (name, _), crop in zip(numbered, crops, strict=True):
        _save_grey(crop, folder / name)


def save_rows(page: Page, folder: Path, stem: str) -> None:
    """Save the page's rows as strips, dark on white, upright and of one height."""
    from ocr_cli.recognition.lines import strips_of

    for number, strip in enumerate(strips_of(page), 1):
        _save_grey(
            1 - strip.image.clip(0, 1), folder / f"{stem}-{page.frame + 1:03}-{number:03}.png"
        )


def _save_grey(picture: NDArray[np.float32], path: Path) -> None:
    """A picture of 0 ink to 1 paper as a grey PNG."""
    from PIL import Image

    with replacing(path) as file:
        Image.fromarray((picture * 255).round().astype("uint8")).save(file, "PNG")


def _read(
    picture: Picture, model: str, language: str, keep_doubtful: bool, alternatives: bool = False
) -> Page:
    coming = _reader_coming(model, language)
    from ocr_cli import pipeline

    try:
        return pipeline.read_picture(
            picture, lambda: _loaded(coming, model), keep_doubtful, alternatives
        )
    except InputError:
        _loaded(coming, model)  # without a model no picture can be read: that is told first
        raise


def _read_as_homework(picture: Picture, model: str) -> Page:
    """The page as the homework reads it, with the letter model among the reader's."""
    from ocr_cli import input as images
    from ocr_cli.recognition import homework

    letters = process_reader(model, "none").letters
    if letters is None:
        raise ModelError(
            "the homework reads letters, and this model rows", "give -m homework", model
        )
    return homework.read_page(images.load_page(picture), letters)


def process_reader(model: str, language: str) -> Reader:
    """The reader of that model and language, loaded once in each process."""
    return _loaded(_reader_coming(model, language), model)


def prepare_process(model: str, language: str) -> None:
    """Do all that this process does but once, before its first page; ModelError."""
    from ocr_cli import pipeline  # noqa: F401 -- to have it imported

    process_reader(model, language)


def _loaded(coming: Future[Reader], model: str) -> Reader:
    """The reader; ModelError, and no blame on the picture, where a model's file is odd."""
    try:
        return coming.result()
    except (OcrError, MemoryError):
        raise
    except Exception as failure:
        problem = f"the model cannot be used ({type(failure).__name__})"
        raise ModelError(problem, "train it anew", model) from failure


@lru_cache(maxsize=1)
def _reader_coming(model: str, language: str) -> Future[Reader]:
    """The reader, loaded once in each process, by a thread while the first page is analysed."""
    from concurrent.futures import ThreadPoolExecutor

    from ocr_cli import recognition
    from ocr_cli.recognition import language as _  # noqa: F401 -- imports are not for threads

    return ThreadPoolExecutor(1).submit(recognition.load_reader, model, language)
