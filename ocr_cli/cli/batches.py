"""Batches of `ocr read`: where pictures come from and go to, and who reads them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ocr_cli import batch, parallel
from ocr_cli.batch import outputs
from ocr_cli.batch.journal import DoneList, Part
from ocr_cli.batch.outputs import ALREADY, DONE_LIST, Todo
from ocr_cli.cli import options
from ocr_cli.errors import InputError, UsageError
from ocr_cli.files import is_special, make_folder
from ocr_cli.output import formats, guard

if TYPE_CHECKING:
    from ocr_cli.input import Picture

Found = Sequence["Picture | InputError"]


@dataclass(frozen=True)
class Wanted:
    """The options of this module."""

    out_dir: Path | None
    resume: bool
    files0_from: str | None
    watch: str | None
    page_timeout: float | None
    scheduler: str | None


OPTIONS = (
    click.option(
        "--out-dir",
        type=options.OutputFolder(),
        metavar="DIR",
        help="Write a file for each of FILES into DIR, by its name; folders are kept.",
    ),
    click.option(
        "--resume",
        is_flag=True,
        help="Go on where a run with the same output was stopped. What was read before is not "
        "read again, unless a picture, a model or an option is another one now.",
    ),
    click.option(
        "--files0-from",
        type=click.Path(dir_okay=False),
        metavar="FILE|-",
        help="Read as well what FILE names, each name ended by a zero byte, as find -print0 does.",
    ),
    click.option(
        "--watch",
        type=options.INPUT,
        metavar="DIR",
        help="Read what is in DIR and what arrives there, once it is whole, until Ctrl-C.",
    ),
    click.option(
        "--page-timeout",
        type=options.Number(min=0, min_open=True),
        metavar="SECONDS",
        help="Give up on a page that takes longer; the others are read all the same.",
    ),
    click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Have the pages read by the workers of a dask.distributed cluster, such as "
        "tcp://host:8786.",
    ),
)


def wanted(command: options.Function) -> options.Function:
    """OPTIONS, which the command gets as one, `wanted`."""

    @wraps(command)
    def taking(**given: Any) -> Any:
        own = {field.name: given.pop(field.name) for field in fields(Wanted)}
        return command(**given, wanted=Wanted(**own))

    for option in reversed(OPTIONS):
        option(taking)
    return taking  # type: ignore[return-value]


@dataclass
class PagesDone:
    """Counts of the pages that were read, or before, or failed; and since when."""

    read: int = 0
    before: int = 0
    failed: int = 0
    start: float = field(default_factory=time.monotonic)

    def count(self, outcomes: Iterable[Part | InputError]) -> Iterator[Part | InputError]:
        """The outcomes as they are, counted."""
        for outcome in outcomes:
            if isinstance(outcome, InputError):
                self.failed += 1
            elif outcome is ALREADY:
                self.before += 1
            else:
                self.read += 1
            yield outcome

    def __str__(self) -> str:
        before = f", {self.before} before" if self.before else ""
        pages = "page" if self.read == 1 else "pages"
        seconds = time.monotonic() - self.start
        return f"{self.read} {pages} read{before}, {self.failed} failed, {seconds:.1f} s"


@dataclass(frozen=True)
class ReadingJob:
    """Pictures to be read, by `work`, which goes by `model` and `language`, and what becomes of it.

    write : writes pages into a file, or to standard output (None). ending : of its files' names.
    form : what they are written in. pages : those read of each file, all where it is empty.
    """

    files: tuple[str, ...]
    recursive: bool
    output: Path | None
    jobs: int
    quiet: bool
    wanted: Wanted
    work: partial[Any]
    model: str
    language: str
    write: Callable[[Iterable[Part], Path | None], None]
    ending: str
    form: formats.OutputFormat
    pages: tuple[range, ...] = ()
    tally: PagesDone = field(default_factory=PagesDone)

    @property
    def keeps_record(self) -> bool:
        """Whether --resume could go on with what it writes."""
        if self.wanted.out_dir is not None:
            return True
        return self.output is not None and not is_special(self.output)

    @property
    def is_large(self) -> bool:
        """Whether somebody who lets it run alone will want to know how it went."""
        asked = self.wanted
        return bool(asked.out_dir or asked.resume or asked.watch or asked.scheduler)


def run(this: ReadingJob) -> None:
    """Read all pictures and write what is wanted."""
    _check(this)
    is_endless = this.wanted.watch is not None
    try:
        _watch(this) if is_endless else _read_all(this)
    except BaseException as failure:
        is_end = is_endless and type(failure) is KeyboardInterrupt
        if is_end or (this.keeps_record and this.tally.read + this.tally.before > 1):
            _tell_tally(this, "" if is_end else "; --resume goes on from there")
        if not is_end:
            raise
    else:
        if this.is_large or this.wanted.files0_from:
            _tell_tally(this)


def _tell_tally(this: ReadingJob, more: str = "") -> None:
    if not this.quiet:
        options.tell(f"{this.tally}{more}")


def _check(this: ReadingJob) -> None:
    """UsageError where options do not go together."""
    asked, context = this.wanted, click.get_current_context()
    if not (this.files or asked.files0_from or asked.watch):
        raise click.MissingParameter(param_hint="'FILES...'", param_type="argument")
    if asked.out_dir and this.output:
        raise UsageError("--output and --out-dir do not go together", "give one of them")
    if asked.resume and not this.keeps_record:
        raise UsageError("--resume goes on with files", "give --output FILE or --out-dir DIR")
    if asked.scheduler and context.get_parameter_source("jobs") != ParameterSource.DEFAULT:
        raise UsageError(
            "--scheduler and --jobs do not go together", "the workers say how many pages they read"
        )
    if asked.watch and (this.files or asked.files0_from or this.output):
        raise UsageError(
            "--watch takes no FILES, and no --output, which would never be complete",
            "give --out-dir, or have it print",
        )
    if asked.watch and asked.out_dir:
        _check_no_circle(this, Path(asked.watch), asked.out_dir)


def _check_no_circle(this: ReadingJob, watched: Path, folder: Path) -> None:
    """UsageError where what is written would be read."""
    from ocr_cli import input as images

    inside = folder.resolve().is_relative_to(watched.resolve())
    if inside and f".{this.ending.rpartition('.')[2]}" in images.SUFFIXES:
        raise UsageError("--out-dir lies in --watch, and what is written would be read")


def _read_all(this: ReadingJob) -> None:
    paths = [*this.files, *_named(this.wanted.files0_from)]
    pictures = _pictures(this, paths, this.recursive)
    folder, output = this.wanted.out_dir, this.output
    planned: list[outputs.PlannedFile | InputError] = []
    if folder is not None:
        planned = outputs.in_folder(folder, this.ending, pictures, paths)
    elif output is not None and this.keeps_record:
        planned = [outputs.PlannedFile(output, tuple(pictures))]
    if this.form.one_page:
        planned = _one_page_each(planned, pictures)
    _check_outputs(this, planned, [picture.source for picture in pictures])
    with _pool(this, len(pictures)) as pool:
        if this.keeps_record:
            with _making(this) as making:
                making.make(planned, partial(_outcomes, this, pool, len(pictures)))
        else:
            outcomes = _outcomes(this, pool, len(pictures), iter(pictures))
            this.write(_parts(outcomes), output)


def _pictures(
    this: ReadingJob, paths: Iterable[str], recursive: bool = False
) -> list[Picture | InputError]:
    """The pictures that are to be read; what there is to know of their files is told."""
    found = batch.find_all_pictures(
        paths, recursive, options.stdin() if not this.wanted.watch else None
    )
    for note in batch.notes_on(found):
        options.tell(note)
    found = batch.of_pages(found, this.pages)
    if this.form.numbered and this.wanted.out_dir is None:
        return batch.numbered(found)
    return found


def _one_page_each(
    planned: Sequence[outputs.PlannedFile | InputError], pictures: Found
) -> list[outputs.PlannedFile | InputError]:
    """The outputs parted so that each has one page; UsageError where there is nowhere for them."""
    if not planned and len(pictures) > 1:
        raise UsageError(
            f"this format has one page a file, and there are {len(pictures)} pages",
            "give --output FILE or --out-dir DIR",
        )
    return [
        one
        for output in planned
        for one in ([output] if isinstance(output, InputError) else outputs.one_page_each(output))
    ]


def _named(file: str | None) -> list[str]:
    """The files that --files0-from names."""
    if file is None:
        return []
    stdin = options.stdin()
    try:
        data = stdin.read() if file == "-" and stdin is not None else Path(file).read_bytes()
        return batch.named_in(data)
    except OSError as failure:
        raise InputError(f"cannot be read ({failure.strerror})", "", file) from failure
    except InputError as failure:
        raise InputError(failure.problem, failure.advice, file) from failure


def _check_outputs(
    this: ReadingJob, planned: Iterable[outputs.PlannedFile | InputError], sources: list[str]
) -> None:
    option = "--output" if this.output is not None else "--out-dir"
    paths = [output.path for output in planned if isinstance(output, outputs.PlannedFile)]
    if this.output is not None and not paths:
        paths = [this.output]
    read_from = [*sources, this.model, this.language]
    guard.check([guard.Output(option, path, this.form.kind) for path in paths], read_from)


@contextmanager
def _making(this: ReadingJob) -> Iterator[outputs.OutputRun]:
    """Make the outputs, and keep a record of it for as long as it may be wanted."""
    from ocr_cli.batch import keys

    reading = keys.reading_key(**this.work.keywords)
    folder, resume = this.wanted.out_dir, this.wanted.resume
    done = None
    if folder is not None:
        make_folder(folder)
        done = DoneList(folder / DONE_LIST, resume)
    is_complete = False
    try:
        yield outputs.OutputRun(reading, this.write, resume, done)
        is_complete = not this.tally.failed
    finally:
        if done is not None:
            done.close(remove=is_complete and not resume)


def _watch(this: ReadingJob) -> None:
    """Read what arrives, until somebody stops it."""
    from ocr_cli.batch.watch import arrivals

    watched = str(this.wanted.watch)
    rounds = arrivals(watched, this.recursive)
    with _pool(this, this.jobs) as pool:
        if not this.keeps_record:
            this.write(_arriving(this, pool, rounds), None)
            raise KeyboardInterrupt  # so that nobody waits for the pages under way
        taken: dict[str, str] = {}
        with _making(this) as making:
            for names in rounds:
                pictures = _pictures(this, names)
                planned = outputs.in_folder(
                    this.wanted.out_dir or Path(), this.ending, pictures, [watched], taken
                )
                making.make(planned, partial(_outcomes, this, pool, len(pictures)))


def _arriving(this: ReadingJob, pool: Pool, rounds: Iterator[list[str]]) -> Iterator[Part]:
    """The pages of what arrives; Ctrl-C is their end, and not that of what they are written to."""
    try:
        for names in rounds:
            pictures = _pictures(this, names)
            yield from _parts(_outcomes(this, pool, len(pictures), iter(pictures)))
    except KeyboardInterrupt as stop:
        if type(stop) is not KeyboardInterrupt:
            raise


@dataclass(frozen=True)
class Pool:
    """The readers, `ahead` pages at a time; `is_far` where they do not have our files."""

    executor: Executor | None
    ahead: int
    is_far: bool = False


@contextmanager
def _pool(this: ReadingJob, most: int) -> Iterator[Pool]:
    asked, jobs = this.wanted, max(1, min(this.jobs, most))
    prepare = partial(batch.prepare_process, this.model, this.language)
    if asked.scheduler is None:
        slow = prepare if asked.page_timeout else None  # the models' loading is not the page's time
        with parallel.processes(
            jobs, options.tell, asked.page_timeout, slow, apart=this.is_large
        ) as executor:
            yield Pool(executor, 2 * jobs)
        return
    from ocr_cli.batch import keys
    from ocr_cli.parallel.cluster import Setting, cluster

    agree = partial(keys.reading_key, this.model, this.language)
    setting = Setting(prepare, asked.page_timeout, agree, agree())
    with cluster(asked.scheduler, setting, options.tell) as (executor, ahead):
        yield Pool(executor, ahead, is_far=True)


def _outcomes(
    this: ReadingJob, pool: Pool, total: int, todo: Iterator[Todo]
) -> Iterator[Part | InputError]:
    """The outcome of each thing to do; failures are told, and all is counted."""
    items = map(batch.with_bytes, todo) if pool.is_far else todo
    outcomes = parallel.in_order(this.work, items, pool.executor, pool.ahead)
    to_terminal = not (this.output or this.wanted.out_dir) and sys.stdout.isatty()
    return this.tally.count(options.told(outcomes, total, not (this.quiet or to_terminal)))


def _parts(outcomes: Iterable[Part | InputError]) -> Iterator[Part]:
    """The pages, and of failures what could be made of them all the same."""
    for outcome in outcomes:
        part = outcome.partial if isinstance(outcome, InputError) else outcome
        if isinstance(part, str | bytes):
            yield part
