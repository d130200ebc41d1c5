"""`ocr extract`."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ocr_cli import batch, parallel
from ocr_cli.cli import options
from ocr_cli.errors import InputError, UsageError
from ocr_cli.files import make_folder
from ocr_cli.output import formats, guard

if TYPE_CHECKING:
    from ocr_cli.input import Picture


# Not in the docstring, which python -OO leaves out.
HELP = """\
Find the letters in FILES and print their boxes, in reading order.

FILES are as in `ocr read`. Boxes are y1 x1 y2 x2 in the pixels of the picture as
stored, ends excluded; pages, rows, words and letters count from 1.

The pictures of --crops are what a letter model reads: sort them by name and they are in
reading order, ready for labelling.
"""


@click.command("extract", cls=options.Command, help=HELP)
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
    type=options.OutputFolder(or_file=True),
    metavar="PNG|FOLDER",
    help="Draw the boxes on the picture; into a folder, as NAME-PAGE.png, when there are several. "
    "A name that ends in / is a folder's, which is made.",
)
@click.option(
    "--crops",
    type=options.OutputFolder(),
    metavar="FOLDER",
    help="Save every letter as NAME-PAGE-ROW-WORD-LETTER.png, 32×32, dark on white.",
)
@click.option(
    "--rows",
    type=options.OutputFolder(),
    metavar="FOLDER",
    help="Save every row as NAME-PAGE-ROW.png, the strip that a line model reads.",
)
@options.method
@options.jobs
@options.quiet
def extract(
    files: tuple[str, ...],
    recursive: bool,
    form: str,
    overlay: str | None,
    crops: Path | None,
    rows: Path | None,
    method: str,
    jobs: int,
    quiet: bool,
) -> None:
    """Print the boxes of the letters, and make the pictures that are asked for."""
    parallel.cap_threads(1)
    pictures = batch.find_all_pictures(files, recursive, options.stdin())
    wanted = _wanted(pictures, overlay, crops, rows, method)
    _check_outputs(wanted)
    drawn = Path(overlay) if overlay and overlay.endswith(("/", os.sep)) else None
    for folder in filter(None, (crops, rows, drawn)):
        make_folder(folder)
    jobs = min(jobs, len(wanted))
    form_of_page = formats.EXTRACT[form]
    with parallel.processes(jobs, options.tell) as executor:
        work = partial(batch.extract_picture, form=form)
        pages = parallel.in_order(work, wanted, executor, ahead=2 * jobs)
        click.echo(form_of_page.header, nl=False)
        for page in options.results(pages, len(wanted), bar=not quiet and not sys.stdout.isatty()):
            click.echo(page, nl=False)


def _wanted(
    pictures: Sequence[Picture | InputError],
    overlay: str | None,
    crops: Path | None,
    rows: Path | None,
    method: str,
) -> list[batch.Extraction | InputError]:
    """The things to be made of each picture.

    Pictures of the same name from different folders are told apart by a number.
    """
    place = Path(overlay) if overlay else None
    into_folder = overlay is not None and (
        overlay.endswith(("/", os.sep)) or Path(overlay).is_dir()
    )
    if overlay and not into_folder and len(pictures) > 1:
        raise UsageError(
            f"--overlay {overlay} is one picture, and there are {len(pictures)} pages",
            "give it an existing folder, or a name that ends in /",
        )
    wanted: list[batch.Extraction | InputError] = []
    stems = _stems([picture.source for picture in pictures])
    for picture in pictures:
        if isinstance(picture, InputError):
            wanted.append(picture)
            continue
        stem = stems[picture.source]
        name = f"{stem}-{picture.frame + 1:03}.png"
        drawn = place / name if place and into_folder else place
        wanted.append(batch.Extraction(picture, stem, crops, drawn, rows, method))
    return wanted


def _check_outputs(wanted: Sequence[batch.Extraction | InputError]) -> None:
    """UsageError where a picture to be made would take the place of one to be read."""
    found = [one for one in wanted if isinstance(one, batch.Extraction)]
    sources = dict.fromkeys(one.source for one in found)
    drawn = [guard.Output("--overlay", one.overlay, "PNG picture") for one in found if one.overlay]
    guard.check(dict.fromkeys(drawn), sources)  # a picture may be given twice
    stems = {one.stem for one in found}
    for one in found[:1]:
        for option, folder, numbers in (("--crops", one.crops, 4), ("--rows", one.rows, 2)):
            name = re.compile(rf"(.+?)(-\d{{3,}}){{{numbers}}}\.png")
            for path in map(Path, sources if folder else ()):
                made = name.fullmatch(path.name)
                here = os.path.realpath(path.parent) == os.path.realpath(folder or "")
                if made and here and made[1] in stems:
                    told = f"{path}: {option} would overwrite what is read"
                    raise UsageError(told, "give it another folder")


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
