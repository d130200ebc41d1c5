"""`ocr`: finds the subcommand, and is the one place where errors become messages."""

from __future__ import annotations

import importlib
import io
import os
import sys

import click

from ocr_cli import __version__
from ocr_cli.cli.options import FAILED
from ocr_cli.errors import OcrError

COMMANDS = ("read", "extract", "train", "eval", "models")
INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C ended
CLOSED_PIPE = 141  # and of one whose reader went away


class Commands(click.Group):
    """Subcommands, each imported when it is called for, and what becomes of their errors."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"ocr_cli.cli.{name}")
        command: click.Command = getattr(module, name)
        return command

    def invoke(self, ctx: click.Context) -> None:
        try:
            super().invoke(ctx)
            sys.stdout.flush()
        except OcrError as failure:
            if ctx.params["debug"]:
                raise
            click.echo(f"ocr: {failure}", err=True)
            ctx.exit(failure.exit_code)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            _drop_output()
            ctx.exit(CLOSED_PIPE)
        except OSError as failure:
            if ctx.params["debug"]:
                raise
            _drop_output()
            where = f"{failure.filename}: " if failure.filename else ""
            click.echo(f"ocr: {where}{failure.strerror or failure}", err=True)
            ctx.exit(1)
        if ctx.meta.get(FAILED):
            ctx.exit(1)


def _drop_output() -> None:
    """Nobody will get what is still to be written: let the interpreter's last flush succeed."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())


@click.command(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="ocr")
@click.option("--debug", is_flag=True, help="When something fails, show Python's traceback.")
def cli(debug: bool) -> None:
    """Read handwriting from photos and scans, offline.

    Exit status: 0 all went well, 1 some input could not be used (the rest was),
    2 wrong usage.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The same bytes everywhere; a file name that is no UTF-8 goes out as it came in.
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")


def main() -> None:
    """Run `ocr` on the command line's arguments."""
    try:
        cli(prog_name="ocr")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
