"""Every command of `ocr` in a context of its own, for what is written from their help."""

from collections.abc import Iterator

import click

from ocr_cli.cli.main import cli


def contexts(width: int) -> Iterator[click.Context]:
    """The command itself, then each of its subcommands; help is `width` characters wide."""
    return _below(cli.make_context("ocr", [], resilient_parsing=True), width)


def _below(context: click.Context, width: int) -> Iterator[click.Context]:
    context.terminal_width = width
    yield context
    if not isinstance(context.command, click.Group):
        return
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        if command is None:
            raise LookupError(f"{name} is listed, but there is no such command")
        inner = command.make_context(name, [], context, resilient_parsing=True)
        yield from _below(inner, width)
