"""Writes cli.md, the reference of the command line, from the commands' own --help."""

from collections.abc import Iterator
from pathlib import Path

import click

from ocr_cli.cli.main import cli

FILE = Path(__file__).with_name("cli.md")
INTRODUCTION = """\
# The command line

Written by `make docs` from the commands' own help; a test fails when it's out of date.
"""


def reference() -> str:
    """The whole of cli.md."""
    root = cli.make_context("ocr", [], resilient_parsing=True)
    return "\n".join([INTRODUCTION, *_sections(root)])


def _sections(context: click.Context) -> Iterator[str]:
    """A command's help, and that of each of its subcommands."""
    yield _section(context)
    if not isinstance(context.command, click.Group):
        return
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        if command is None:
            raise LookupError(f"{name} is listed, but there is no such command")
        yield from _sections(command.make_context(name, [], context, resilient_parsing=True))


def _section(context: click.Context) -> str:
    context.terminal_width = 90
    return f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n"


if __name__ == "__main__":
    FILE.write_text(reference(), encoding="utf-8")
