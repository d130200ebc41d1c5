"""`ocr schema`."""

from __future__ import annotations

import click

from ocr_cli.cli import options

HELP = """\
Print the JSON schema of a line of `ocr read --format jsonl`.

Any validator of JSON Schema 2020-12 takes it.
"""


@click.command("schema", cls=options.Command, help=HELP)
def schema() -> None:
    """Print it."""
    from ocr_cli.output.jsonl import SCHEMA

    click.echo(SCHEMA.read_text(encoding="utf-8"), nl=False)
