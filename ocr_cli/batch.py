"""Many pictures through one seam, a concurrent.futures.Executor: one page one task.

Imports nothing heavy: a worker process caps its BLAS threads before numpy comes in.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, TypeVar

from ocr_cli.errors import InputError, ModelError, OcrError
from ocr_cli.output import formats
from ocr_cli.output.files import replacing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ocr_cli.input import Picture
    from ocr_cli.page import Page
    from ocr_cli.reading import Reader

BLAS_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


class Sourced(Protocol):
    """Whatever knows the name of its file."""

    @property
    def source(self) -> str: ...


Item = TypeVar("Item", bound=Sourced)
Result = TypeVar("Result")


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item | InputError],
    executor: Executor | None = None,
    ahead: int = 1,
) -> Iterator[Result | InputError]:
    """`work` done on every item, results in the order of the items.

    An InputError among the items, or raised by `work`, is that item's result and the others
    go on; any other OcrError ends the batch. At most `ahead` items are under way in the
    `executor` at any time, so that a reader who stops early stops the work as well; without
    an executor each item is done here when its result is asked for.
    """
    if executor is None:
        for item in items:
            yield item if isinstance(item, InputError) else _attempt(work, item)
        return
    waiting: deque[InputError | Future[Result | InputError]] = deque()
    try:
        for item in items:
            waiting.append(
                item if isinstance(item, InputError) else executor.submit(_attempt, work, item)
            )
            if len(waiting) >= ahead:
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())
    finally:
        for outcome in waiting:
            if isinstance(outcome, Future):
                outcome.cancel()


def _attempt(work: Callable[[Item], Result], item: Item) -> Result | InputError:
    try:
        return work(item)
    except InputError as failure:
        return failure
    except OcrError:
        raise
    except Exception as bug:  # one page must not cost the others
        unread = InputError(
            f"could not be read: {type(bug).__name__}: {' '.join(str(bug).split())[:200]}",
            "please report it, with the picture",
            item.source,
        )
        unread.add_note(traceback.format_exc())
        return unread


def _result(outcome: InputError | Future[Result | InputError]) -> Result | InputError:
    from concurrent.futures.process import BrokenProcessPool

    if isinstance(outcome, InputError):
        return outcome
    try:
        return outcome.result()
    except BrokenProcessPool as failure:
        raise OcrError(
            "a worker process was killed", "if memory is short, use fewer --jobs"
        ) from failure


@contextmanager
def processes(jobs: int) -> Iterator[Executor | None]:
    """An executor of `jobs` processes of one BLAS thread each; None, for no pool, when one."""
    if jobs <= 1:
        yield None
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # Not fork: it copies locks that another thread may hold.
    method = "spawn" if sys.platform == "win32" else "forkserver"
    executor = ProcessPoolExecutor(
        jobs, mp_context=multiprocessing.get_context(method), initializer=_start_worker
    )
    others = set(multiprocessing.active_children())
    try:
        yield executor
    except BaseException:  # nobody waits for the pages under way any more
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def trainings(jobs: int) -> Iterator[Executor | None]:
    """`processes` for trainings; OcrError where one of them is killed."""
    from concurrent.futures import BrokenExecutor

    try:
        with processes(jobs) as executor:
            yield executor
    except BrokenExecutor as failure:
        raise OcrError("a training was killed", "if memory is short, use --jobs 1") from failure


def _start_worker() -> None:
    one_blas_thread()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to handle


def one_blas_thread() -> None:
    """Cap the BLAS threads of this process; to be called before numpy is imported.

    Pages are what runs side by side. And the same sums in the same order give the same
    text whatever the number of processes.
    """
    for name in BLAS_THREADS:
        os.environ[name] = "1"


def find_pictures(
    paths: Iterable[str], recursive: bool, stdin: IO[bytes]
) -> list[Picture | InputError]:
    """Every picture in the files and folders `paths`, in order; an error where there is none."""
    from ocr_cli import input as images

    found: list[Picture | InputError] = []
    for path in paths:
        try:
            for file in images.find_files(path, recursive):
                found += images.find_pictures(file, stdin)
        except InputError as failure:
            found.append(failure)
    return found


def read_picture(
    picture: Picture, model: str, language: str, form: str, keep_doubtful: bool = False
) -> str:
    """The text of one picture, written in the format `form` (a key of `formats.READ`)."""
    page = _read(picture, model, language, keep_doubtful)
    return whole(formats.READ[form].page(page), page)


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

    @property
    def source(self) -> str:
        return self.picture.source


def extract_picture(wanted: Extraction, form: str) -> str:
    """The boxes of a picture's letters in the format `form` (a key of `formats.EXTRACT`)."""
    from ocr_cli import input as images
    from ocr_cli import layout

    page = layout.analyse(images.load_page(wanted.picture))
    if wanted.crops:
        save_crops(page, wanted.crops, wanted.stem)
    if wanted.rows:
        save_rows(page, wanted.rows, wanted.stem)
    if wanted.overlay:
        from ocr_cli.output.overlay import draw_overlay

        with replacing(wanted.overlay) as beside:
            draw_overlay(page).save(beside, "PNG")
    return whole(formats.EXTRACT[form].page(page), page)


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
    from ocr_cli.reading.lines import strips_of

    for number, strip in enumerate(strips_of(page), 1):
        _save_grey(
            1 - strip.image.clip(0, 1), folder / f"{stem}-{page.frame + 1:03}-{number:03}.png"
        )


def _save_grey(picture: NDArray[np.float32], path: Path) -> None:
    """A picture of 0 ink to 1 paper as a grey PNG."""
    from PIL import Image

    with replacing(path) as beside:
        Image.fromarray((picture * 255).round().astype("uint8")).save(beside, "PNG")


def _read(picture: Picture, model: str, language: str, keep_doubtful: bool) -> Page:
    coming = _reader_coming(model, language)
    from ocr_cli import pipeline

    try:
        return pipeline.read_picture(picture, lambda: _loaded(coming, model), keep_doubtful)
    except InputError:
        _loaded(coming, model)  # without a model no picture can be read: that is told first
        raise


def reader(model: str, language: str) -> Reader:
    """The reader of that model and language, loaded once in each process."""
    return _loaded(_reader_coming(model, language), model)


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

    from ocr_cli import reading
    from ocr_cli.reading import language as _  # noqa: F401 -- imports are not for threads

    return ThreadPoolExecutor(1).submit(reading.load_reader, model, language)
