"""Writes cli.md, the reference of the command line, from the commands' own --help."""

from pathlib import Path

import click
from commands import contexts

FILE = Path(__file__).with_name("cli.md")
WIDTH = 90
INTRODUCTION = """\
# The command line

Written by `make docs` from the commands' own help; a test fails when it's out of date.
"""


def reference() -> str:
    """The whole of cli.md."""
    return "\n".join([INTRODUCTION, *map(_section, contexts(WIDTH))])


def _section(context: click.Context) -> str:
    return f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n"


if __name__ == "__main__":
    FILE.write_text(reference(), encoding="utf-8")
