"""`ocr extract`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ocr_cli import batch
from ocr_cli.cli import options
from ocr_cli.errors import InputError, UsageError
from ocr_cli.output import formats
from ocr_cli.output.files import make_folder

if TYPE_CHECKING:
    from ocr_cli.input import Picture


@click.command("extract", short_help="Find the letters in pictures.")
@options.files
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(list(formats.EXTRACT)),
    default="tsv",
    show_default=True,
    help="tsv: a line a letter, with a header. json: an object a page, rows, words, letters.",
)
@click.option(
    "--overlay",
    type=click.Path(path_type=Path),
    metavar="PNG|FOLDER",
    help="Draw the boxes on the picture; into a folder, as NAME-PAGE.png, when there are several.",
)
@click.option(
    "--crops",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Save every letter as NAME-PAGE-ROW-WORD-LETTER.png, 32×32, dark on white.",
)
@click.option(
    "--rows",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Save every row as NAME-PAGE-ROW.png, the strip that a line model reads.",
)
@options.jobs
@options.quiet
def extract(
    files: tuple[str, ...],
    recursive: bool,
    form: str,
    overlay: Path | None,
    crops: Path | None,
    rows: Path | None,
    jobs: int,
    quiet: bool,
) -> None:
    """Find the letters in FILES and print their boxes, in reading order.

    FILES are as in `ocr read`. Boxes are y1 x1 y2 x2 in the pixels of the picture as
    stored, ends excluded; pages, rows, words and letters count from 1.

    The pictures of --crops are what a letter model reads: sort them by name and they are in
    reading order, ready for labelling.
    """
    batch.one_blas_thread()
    pictures = batch.find_pictures(files, recursive, sys.stdin.buffer)
    wanted = _wanted(pictures, overlay, crops, rows)
    jobs = min(jobs, len(wanted))
    form_of_page = formats.EXTRACT[form]
    with batch.processes(jobs) as executor:
        work = partial(batch.extract_picture, form=form)
        pages = batch.in_order(work, wanted, executor, ahead=2 * jobs)
        click.echo(form_of_page.header, nl=False)
        for page in options.results(pages, len(wanted), bar=not quiet and not sys.stdout.isatty()):
            click.echo(page, nl=False)


def _wanted(
    pictures: Sequence[Picture | InputError],
    overlay: Path | None,
    crops: Path | None,
    rows: Path | None,
) -> list[batch.Extraction | InputError]:
    """What is to be made of each picture; makes the folders for crops and rows.

    Pictures of the same name from different folders are told apart by a number.
    """
    into_folder = overlay is not None and overlay.is_dir()
    if overlay and not into_folder and len(pictures) > 1:
        raise UsageError(
            f"--overlay {overlay} is one picture, and there are {len(pictures)} pages",
            "give it an existing folder",
        )
    for folder in filter(None, (crops, rows)):
        make_folder(folder)
    wanted: list[batch.Extraction | InputError] = []
    stems = _stems([picture.source for picture in pictures])
    for picture in pictures:
        if isinstance(picture, InputError):
            wanted.append(picture)
            continue
        stem = stems[picture.source]
        drawn = (
            overlay / f"{stem}-{picture.frame + 1:03}.png" if overlay and into_folder else overlay
        )
        wanted.append(batch.Extraction(picture, stem, crops, drawn, rows))
    return wanted


def _stems(sources: Sequence[str]) -> dict[str, str]:
    """A name without folder and suffix for each file, no two alike."""
    names = {source: "stdin" if source == "-" else Path(source).stem for source in sources}
    times = Counter(names.values())
    taken: Counter[str] = Counter()
    stems = {}
    for source, name in names.items():
        taken[name] += 1
        stems[source] = f"{name}.{taken[name]}" if times[name] > 1 else name
    return stems
