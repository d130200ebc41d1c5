"""Writes cli.md, the reference of the command line, from the commands' own --help."""

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
    sections = [INTRODUCTION, _section(root)]
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        if command is None:
            raise LookupError(f"{name} is listed, but there is no such command")
        sections.append(_section(command.make_context(name, [], root, resilient_parsing=True)))
    return "\n".join(sections)


def _section(context: click.Context) -> str:
    context.terminal_width = 90
    return f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n"


if __name__ == "__main__":
    FILE.write_text(reference(), encoding="utf-8")
