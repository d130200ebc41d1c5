"""What subcommands share: options, the bar, and how a failure of one file is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import click

from ocr_cli.errors import InputError

FAILED = "ocr_cli.some_failed"  # in a context's meta: exit with 1 when all is done

Command = TypeVar("Command", bound=Callable[..., Any])
Result = TypeVar("Result")


def files(command: Command) -> Command:
    """FILES..., with --recursive for the folders among them."""
    command = click.option(
        "-r", "--recursive", is_flag=True, help="Take every picture in the folders among FILES."
    )(command)
    return click.argument("files", nargs=-1, required=True, metavar="FILES...", type=click.Path())(
        command
    )


def _chosen_reader(ctx: click.Context, _param: click.Parameter, reader: str) -> None:
    """--reader is short for the shipped models of one kind."""
    if reader == "auto":
        return
    if ctx.params.get("model", "default") != "default":
        raise click.UsageError("--reader chooses among the shipped models; --model names one")
    ctx.params["model"] = reader


def reader(command: Command) -> Command:
    """--reader, letters or lines; it says what --model is, and is no parameter of its own."""
    return click.option(
        "--reader",
        type=click.Choice(["auto", "letters", "lines"]),
        default="auto",
        show_default=True,
        expose_value=False,
        callback=_chosen_reader,
        help="Read letter by letter, row by row, or each row as suits it.",
    )(command)


def model(command: Command) -> Command:
    """--model, a shipped model's name or a file."""
    return click.option(
        "-m",
        "--model",
        default="default",
        is_eager=True,
        show_default=True,
        metavar="NAME|FILE",
        help="A model that came with ocr, by name, or one of yours, by file.",
    )(command)


def language(command: Command) -> Command:
    """--language, the model of what is likely to be written."""
    return click.option(
        "-l",
        "--language",
        default="auto",
        show_default=True,
        metavar="auto|en|fr|de|es|none|FILE",
        help="What helps to decide between letters: each page's own language, English, French,"
        " German, Spanish, nothing, or a model of yours.",
    )(command)


def jobs(command: Command) -> Command:
    """--jobs, how many processes."""
    return click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=0),
        default=1,
        show_default=True,
        metavar="N",
        callback=lambda _context, _option, value: value or _cores(),
        help="Work on N pages at a time, in processes; 0 means as many as there are cores.",
    )(command)


def quiet(command: Command) -> Command:
    """--quiet, no bar."""
    return click.option("-q", "--quiet", is_flag=True, help="No progress bar.")(command)


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def results(outcomes: Iterable[Result | InputError], total: int, bar: bool) -> Iterator[Result]:
    """The outcomes, but of failures what could be made of them: these are told on stderr.

    They make ocr exit with 1.

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
                if outcome.partial is not None:
                    yield cast(Result, outcome.partial)
            else:
                yield outcome
            if progress:
                progress.update()
                progress.refresh()
    finally:
        if progress:
            progress.close()


def tell_of_data(notes: Iterable[str], left_out: Iterable[str]) -> None:
    """What to know of the data, on stderr; where some was left out, ocr exits with 1 at last."""
    for note in (*notes, *left_out):
        click.echo(f"ocr: {note}", err=True)
    if tuple(left_out):
        click.get_current_context().meta[FAILED] = True


def _tell(failure: InputError, debug: bool) -> None:
    sys.stdout.flush()  # what came before it is seen before it, where both go to one terminal
    click.echo(f"ocr: {failure}", err=True)
    if debug:
        for note in getattr(failure, "__notes__", ()):
            click.echo(note, err=True)


@contextmanager
def steps(total: int, quiet: bool) -> Iterator[Callable[[], None] | None]:
    """What to call after each of some steps, for a bar; None where none is wanted or seen."""
    if quiet or not total or not sys.stderr.isatty():
        yield None
        return
    with progress_bar(total, "step") as bar:
        yield bar.update


def progress_bar(total: int, unit: str) -> Any:
    """A bar on stderr that goes when it is done."""
    from tqdm import tqdm

    return tqdm(total=total, unit=unit, leave=False, dynamic_ncols=True, file=sys.stderr)
