"""`ocr`: finds the subcommand, and is the one place where errors become messages."""

from __future__ import annotations

import gc
import importlib
import io
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

import click

from ocr_cli import __version__, parallel
from ocr_cli.cli import options
from ocr_cli.errors import InputError, OcrError, ShortOfMemoryError, is_memory_short

COMMANDS = {
    "read": "Read handwriting from pictures.",
    "review": "Correct what was read.",
    "extract": "Find the letters in pictures.",
    "train": "Train a network that reads letters.",
    "eval": "Score a model on pages or characters.",
    "models": "List the models, show a card.",
    "schema": "Print the schema of jsonl.",
}
STOPPED = 128  # and the signal's number: what a shell reports of a program that a signal ended
CLOSED_PIPE = 141  # and of one whose reader went away

HELP = """\
Read handwriting from photos and scans, offline.

Each option has an environment variable: OCR_READ_LANGUAGE=fr is --language fr of ocr read.

Exit status: 0 all went well, 1 some input could not be used (the rest was),
2 wrong usage.
"""


class Stopped(KeyboardInterrupt):
    """A signal that asks us to end, which cleans up as Ctrl-C does."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Commands(click.Group):
    """Subcommands, each imported when it is called for, and what becomes of their errors."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"ocr_cli.cli.{name}")
        command: click.Command = getattr(module, name)
        command.short_help = COMMANDS[name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what each command does, without importing them all to ask."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> None:
        try:
            super().invoke(ctx)
            sys.stdout.flush()
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except (Exception, KeyboardInterrupt) as failure:
            if ctx.params["debug"] and not isinstance(failure, KeyboardInterrupt | BrokenPipeError):
                raise
            ctx.exit(_told(failure))
        if ctx.meta.get(options.FAILED):
            ctx.exit(1)


def _told(failure: BaseException) -> int:
    """The exit status of a failure, which is told in a line."""
    if isinstance(failure, KeyboardInterrupt):
        return STOPPED + getattr(failure, "number", signal.SIGINT)
    if isinstance(failure, BrokenPipeError):
        _drop_output()
        return CLOSED_PIPE
    if isinstance(failure, OSError) and not is_memory_short(failure):
        _drop_output()
        failure = _of_system(failure)
    elif is_memory_short(failure) and not isinstance(failure, InputError):
        failure = ShortOfMemoryError()
    elif not isinstance(failure, OcrError):
        what = f"{type(failure).__name__}: {' '.join(str(failure).split())[:200]}"
        failure = OcrError(
            f"this should not happen ({what})", "please report it; ocr --debug shows where"
        )
    options.tell(str(failure))
    return failure.exit_code


def _of_system(failure: OSError) -> OcrError:
    """What the system refused, and of which file."""
    if isinstance(failure, FileNotFoundError) and failure.filename is None:
        with suppress(OSError):
            os.getcwd()  # noqa: PTH109 -- pathlib's says no more
            return OcrError(failure.strerror or str(failure))
        return OcrError("the working folder is gone", "cd to one that is there, or give full paths")
    return OcrError(failure.strerror or str(failure), "", str(failure.filename or ""))


def _drop_output() -> None:
    """Nobody will get what is still to be written: let the interpreter's last flush succeed."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())


@click.command(
    cls=Commands,
    help=HELP,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "auto_envvar_prefix": "OCR",
    },
)
@click.version_option(__version__, "-V", "--version", prog_name="ocr")
@click.option("--debug", is_flag=True, help="When something fails, show Python's traceback.")
def cli(debug: bool) -> None:
    """`ocr` itself: its one option is looked up where something fails."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The same bytes everywhere; a file name that is no UTF-8 goes out as it came in.
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")


def main() -> None:
    """Run `ocr` on the command line's arguments."""
    _open_streams()
    gc.set_threshold(parallel.OBJECTS)
    try:
        for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
            if signal.getsignal(number) is signal.SIG_DFL:  # nohup has it ignored
                signal.signal(number, _stop)
        cli(prog_name="ocr")
    except (OSError, KeyboardInterrupt) as failure:  # of --help and --version, and while starting
        sys.exit(_told(failure))


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # cleaning up is under way
    raise Stopped(number)


def _open_streams() -> None:
    """Put something in the place of standard streams that are closed.

    Else the next file that is opened would be taken for one of them.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    if sys.stdout is None:
        sys.stdout = options.Closed()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 -- for as long as ocr runs
