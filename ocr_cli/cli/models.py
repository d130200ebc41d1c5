"""`ocr models`: what models there are, and what is known of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ocr_cli.cli import options
from ocr_cli.output import guard, jsonl, table

if TYPE_CHECKING:
    from ocr_cli.modelfiles.catalogue import Entry


# Not in the docstring, which python -OO leaves out.
HELP = """\
List the models that came with ocr: for --model by name, and to start training from.

Accuracy is of single characters; CER, edits a character, of words and lines; each on the
data's own valid and test splits.
"""


@click.group(
    "models",
    help=HELP,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND] [ARGS]...",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array, not a table.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """Print the table, unless there is a subcommand."""
    if context.invoked_subcommand is not None:
        return
    options.check_results_go_somewhere()
    from ocr_cli.modelfiles import catalogue

    found = catalogue.entries()
    click.echo(_as_json(found) if as_json else "\n".join(_table(found)))


@models.command(
    cls=options.Command,
    help="Print the card of the model NAME, or the training record in FILE, a model of yours.",
    short_help="Print what is known of one model.",
)
@click.argument("name", metavar="NAME|FILE")
def show(name: str) -> None:
    """Print a card, or a record."""
    from ocr_cli.modelfiles import catalogue

    guard.check([], [name])
    click.echo(catalogue.describe(name))


def _table(found: list[Entry]) -> list[str]:
    rows: list[tuple[str, ...]] = [("name", "kind", "classes", "size", "scores", "data", "licence")]
    rows += [
        (
            *(e.name, e.kind, str(e.classes or "-"), f"{e.size / 1e6:.1f} MB"),
            *(fact or "-" for fact in (e.scores, e.data, e.licence)),
        )
        for e in found
    ]
    return table.aligned(rows, right={2, 3})


def _as_json(found: list[Entry]) -> str:
    from dataclasses import asdict

    return jsonl.dumps([asdict(entry) for entry in found])
