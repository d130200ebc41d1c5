"""Options that subcommands share, the bar, and how a failure of one file is told."""

from __future__ import annotations

import errno
import io
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import click

from ocr_cli import parallel
from ocr_cli.data.charset import LANGUAGES
from ocr_cli.errors import InputError, OcrError, shown

FAILED = "ocr_cli.some_failed"  # in a context's meta: exit with 1 when all is done

Function = TypeVar("Function", bound=Callable[..., Any])
Result = TypeVar("Result")


class Command(click.Command):
    """A subcommand, whose options' values are not empty, and whose results have somewhere to go."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given, _, _ = self.make_parser(ctx).parse_args(list(args))
        for param in self.params:
            value = given.get(str(param.name))
            values = value if isinstance(value, list | tuple) else [value]
            if isinstance(param, click.Option) and any(one == "" for one in values):
                # as a path, it would be the current folder
                told = "is empty; is a variable of the shell not set?"
                raise click.BadParameter(told, ctx, param)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        if not (ctx.params.get("output") or ctx.params.get("out_dir")):
            check_results_go_somewhere()
        return super().invoke(ctx)


def check_results_go_somewhere() -> None:
    """OcrError where standard output is closed: before the work, not after it."""
    if isinstance(sys.stdout, Closed):
        raise OcrError("standard output is closed", "there is nowhere for results to go")


class Closed(io.StringIO):
    """A stand-in for a standard output that is closed."""

    def write(self, _text: str, /) -> int:
        raise OSError(errno.EBADF, "standard output is closed")


class Whole(click.IntRange):
    """A whole number in a range; what is none is told what would be."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return _converted(super().convert, "a whole number", self, value, param, ctx)


class Number(click.FloatRange):
    """A finite number in a range; what is none is told what would be."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = _converted(super().convert, "a number", self, value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not finite.", param, ctx)
        return number


def _converted(
    convert: Callable[..., Any],
    what: str,
    kind: Whole | Number,
    value: Any,
    param: click.Parameter | None,
    ctx: click.Context | None,
) -> Any:
    try:
        return convert(value, param, ctx)
    except click.BadParameter:
        with suppress(ValueError):
            (int if isinstance(kind, Whole) else float)(value)
            raise  # a number, and click says which range it is not in
        least = "more than" if kind.min_open else "at least"
        most = "less than" if kind.max_open else "at most"
        ends = [(least, kind.min), (most, kind.max)]
        where = " and ".join(f"{name} {end}" for name, end in ends if end is not None)
        kind.fail(f"{value!r} is not {what}{f' of {where}' if where else ''}.", param, ctx)


class OutputFile(click.Path):
    """A file to be written; `-` is standard output (None) where that `takes_stdout`."""

    def __init__(self, takes_stdout: bool = False) -> None:
        super().__init__(dir_okay=False, readable=False, path_type=str)
        self._takes_stdout = takes_stdout

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, Path):  # a default
            return value
        if value == "-":
            if self._takes_stdout:
                return None
            self.fail("'-' is no file; one that is called so is './-'.", param, ctx)
        if value.endswith(("/", os.sep)):
            self.fail(f"{value!r} is a folder, and this is to be a file.", param, ctx)
        return Path(str(super().convert(value, param, ctx)))


class OutputFolder(click.Path):
    """A folder that files are written to; it may still be missing, or `or_file` be a file."""

    def __init__(self, or_file: bool = False) -> None:
        kind = None if or_file else Path  # of a file's or folder's name the end counts, too
        super().__init__(file_okay=or_file, readable=False, path_type=kind)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "-":
            what = "file" if self.file_okay else "folder"
            self.fail(f"'-' is no {what}; one that is called so is './-'.", param, ctx)
        return super().convert(value, param, ctx)


def tell(message: str) -> None:
    """A line on standard error; where that is closed or full, the results matter more."""
    with suppress(OSError, ValueError):
        if sys.stdout is not None:
            sys.stdout.flush()  # what came before it is seen before it, where both go to a terminal
    say(f"ocr: {message}")


def say(line: str) -> None:
    """A line on standard error, of how things go; where that is closed or full, it is lost."""
    with suppress(OSError, ValueError):
        click.echo(shown(line), err=True)


def stdin() -> IO[bytes] | None:
    """Standard input, None where it is closed; only who names it with - reads it."""
    return sys.stdin.buffer if sys.stdin is not None else None


INPUT = click.Path(readable=False)  # one that may not be read must not cost the others


def files(command: Function, required: bool = True) -> Function:
    """FILES..., with --recursive for the folders among them."""
    command = click.option(
        "-r", "--recursive", is_flag=True, help="Take every picture in the folders among FILES."
    )(command)
    return click.argument("files", nargs=-1, required=required, metavar="FILES...", type=INPUT)(
        command
    )


def model_of(model: str, reader: str) -> str:
    """The model to read with: --reader is short for the shipped ones of a kind; UsageError."""
    if reader == "auto":
        return model
    if model != "default":
        raise click.UsageError("--reader chooses among the shipped models; --model names one")
    return reader


def reader(command: Function) -> Function:
    """--reader, letters or lines; see `model_of`."""
    return click.option(
        "--reader",
        type=click.Choice(["auto", "letters", "lines"]),
        default="auto",
        show_default=True,
        help="Read letter by letter, row by row, or each row as suits it.",
    )(command)


def model(command: Function) -> Function:
    """--model, a shipped model's name or a file."""
    return click.option(
        "-m",
        "--model",
        default="default",
        show_default=True,
        metavar="NAME|FILE",
        help="A model that came with ocr, by name, or one of yours, by file.",
    )(command)


def language(command: Function) -> Function:
    """--language, the model of what is likely to be written."""
    return click.option(
        "-l",
        "--language",
        default="auto",
        show_default=True,
        metavar=f"auto|{'|'.join(LANGUAGES)}|none|FILE",
        help="What helps to decide between letters: each page's own language, "
        f"{', '.join(known.name for known in LANGUAGES.values())}, nothing, or a model of yours.",
    )(command)


class Pages(click.ParamType):  # type: ignore[type-arg]
    """Numbers of pages and ranges of them, such as 1-3,7,9-."""

    name = "pages"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[range, ...]:
        if isinstance(value, tuple):
            return value
        found = []
        for part in str(value).split(","):
            first, dash, last = (piece.strip() for piece in part.partition("-"))
            try:
                start = int(first)
                stop = int(last) if last else sys.maxsize if dash else start
            except ValueError:
                start = stop = 0
            if not 1 <= start <= stop:
                self.fail(f"{value!r} is no list of pages such as 1-3,7.", param, ctx)
            found.append(range(start, stop + 1))
        return tuple(found)


def pages(command: Function) -> Function:
    """--pages, of files that have several."""
    return click.option(
        "--pages",
        type=Pages(),
        metavar="1-3,7",
        default=(),
        help="Read these pages of each file alone.",
    )(command)


def method(command: Function) -> Function:
    """--method, ours or the homework's."""
    return click.option(
        "--method",
        type=click.Choice(["default", "homework"]),
        default="default",
        show_default=True,
        help="homework: threshold, label and crop with scikit-image, to compare with.",
    )(command)


def jobs(command: Function) -> Function:
    """--jobs, how many processes."""
    return click.option(
        "-j",
        "--jobs",
        type=Whole(min=0),
        default=1,
        show_default=True,
        metavar="N",
        callback=lambda _context, _option, value: value or parallel.cores(),
        help="Work on N pages at a time, in processes; 0 means as many as there are cores.",
    )(command)


def quiet(command: Function) -> Function:
    """--quiet, no bar."""
    return click.option("-q", "--quiet", is_flag=True, help="No progress bar.")(command)


def told(
    outcomes: Iterable[Result | InputError], total: int, bar: bool
) -> Iterator[Result | InputError]:
    """The outcomes as they are; failures among them are told on stderr, and ocr exits with 1.

    With `bar`, and only when stderr is a terminal, a progress bar of `total` pages.
    """
    context = click.get_current_context()
    progress = progress_bar(total, "page") if bar and total > 1 and sys.stderr.isatty() else None
    try:
        for outcome in outcomes:
            if progress:
                progress.clear()
            if isinstance(outcome, InputError):
                context.meta[FAILED] = True
                _tell(outcome, context.find_root().params["debug"])
            yield outcome
            if progress:
                progress.update()
                progress.refresh()
    finally:
        if progress:
            progress.close()


def results(outcomes: Iterable[Result | InputError], total: int, bar: bool) -> Iterator[Result]:
    """The outcomes, but of failures, which are `told`, what could be made of them all the same."""
    for outcome in told(outcomes, total, bar):
        if not isinstance(outcome, InputError):
            yield outcome
        elif outcome.partial is not None:
            yield cast(Result, outcome.partial)


def tell_of_data(notes: Iterable[str], left_out: Iterable[str]) -> None:
    """Tell notes on the data on stderr; where some was left out, ocr exits with 1 at last."""
    for note in (*notes, *left_out):
        tell(note)
    if tuple(left_out):
        click.get_current_context().meta[FAILED] = True


def _tell(failure: InputError, debug: bool) -> None:
    tell(str(failure))
    if debug:
        for note in getattr(failure, "__notes__", ()):
            click.echo(note, err=True)


@contextmanager
def steps(total: int, quiet: bool, unit: str = "step") -> Iterator[Callable[[], None] | None]:
    """A function to call after each of some steps, for a bar; None where none is wanted or seen."""
    if quiet or not total or not sys.stderr.isatty():
        yield None
        return
    with progress_bar(total, unit) as bar:
        yield bar.update


def progress_bar(total: int, unit: str) -> Any:
    """A bar on stderr that goes when it is done."""
    from tqdm import tqdm

    return tqdm(total=total, unit=unit, leave=False, dynamic_ncols=True, file=sys.stderr)
