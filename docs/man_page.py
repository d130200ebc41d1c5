"""Writes ocr.1, the manual page, from the commands' own --help."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from ocr_cli import __version__
from ocr_cli.cli.main import cli

FILE = Path(__file__).with_name("ocr.1")
WIDTH = 78


def man_page() -> str:
    """The whole of ocr.1."""
    root = cli.make_context("ocr", [], resilient_parsing=True)
    head = [
        f'.TH OCR 1 "" "ocr {__version__}" "User Commands"',
        ".SH NAME",
        r"ocr \- read handwriting from photos and scans",
    ]
    return "\n".join([*head, *_sections(root)]) + "\n"


def _sections(context: click.Context) -> Iterator[str]:
    """A command's help, and that of each of its subcommands."""
    context.terminal_width = WIDTH
    yield f'.SH "{context.command_path}"'
    yield from (".nf", _plain(context.get_help()), ".fi")
    if not isinstance(context.command, click.Group):
        return
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        if command is None:
            raise LookupError(f"{name} is listed, but there is no such command")
        yield from _sections(command.make_context(name, [], context, resilient_parsing=True))


def _plain(text: str) -> str:
    """The text as roff shows it: nothing in it is a request."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"(?m)^(?=[.'])", r"\\&", text)


if __name__ == "__main__":
    FILE.write_text(man_page(), encoding="utf-8")
