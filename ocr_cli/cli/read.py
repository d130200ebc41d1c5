"""`ocr read`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TextIO

import click

from ocr_cli import batch, parallel
from ocr_cli.cli import options
from ocr_cli.files import KeepOldError, replacing_text
from ocr_cli.output import formats, guard

# Not in the docstring, which python -OO leaves out.
HELP = r"""
Read the handwriting in FILES and print it, pages in the order of FILES.

FILES are pictures (JPEG, JPEG 2000, PNG, TIFF with any number of pages, BMP, WebP, AVIF,
GIF, PNM); - is standard input, several pictures if need be; a folder needs --recursive.
A file that cannot be read, or only in part, is told on standard error, and the others
are read all the same.

What is hardly legible, as rows that are no writing are, is left out.

As text, pages follow each other with an empty line in between, and a page without
writing gives nothing; jsonl and tsv tell which file each page is from. Boxes are y1 x1 y2 x2
in the pixels of the picture as stored, ends excluded; confidence runs from 0 to 1. In
tsv, pages, rows and words count from 1; tab, line break and backslash are
written \t, \n and \\.
"""


@click.command("read", cls=options.Command, help=HELP, short_help="Read handwriting from pictures.")
@options.files
@options.model
@options.reader
@options.language
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(list(formats.READ)),
    default="text",
    show_default=True,
    help="text: a line a row. jsonl: a JSON object a page. tsv: a line a word, with a header.",
)
@click.option(
    "-o",
    "--output",
    type=options.OutputFile(takes_stdout=True),
    metavar="FILE",
    help="Write to FILE; it is there once it is complete. Where nothing can be read, it stays "
    "as it was.",
)
@click.option("--keep-doubtful", is_flag=True, help="Print rows as well that are hardly legible.")
@options.jobs
@options.quiet
def read(
    files: tuple[str, ...],
    recursive: bool,
    model: str,
    language: str,
    form: str,
    output: Path | None,
    keep_doubtful: bool,
    jobs: int,
    quiet: bool,
) -> None:
    """Write what is read, page after page."""
    parallel.cap_threads(1)
    pictures = batch.find_pictures(files, recursive, options.stdin())
    planned = [guard.Output("--output", output, "text")] if output is not None else []
    guard.check(planned, [picture.source for picture in pictures] + [model, language])
    work = partial(
        batch.read_picture,
        model=model,
        language=language,
        form=form,
        keep_doubtful=keep_doubtful,
    )
    jobs = min(jobs, len(pictures))
    bar = not quiet and (output is not None or not sys.stdout.isatty())
    with _opened(output) as out:
        with parallel.processes(jobs, options.tell) as executor:
            pages = parallel.in_order(work, pictures, executor, ahead=2 * jobs)
            count = _write(options.results(pages, len(pictures), bar), formats.READ[form], out)
        if not count:
            raise KeepOldError


def _write(pages: Iterator[str], form: formats.Format, out: TextIO) -> int:
    """Write the pages; how many there were."""
    out.write(form.header)
    between, count = "", 0
    for count, page in enumerate(pages, 1):  # noqa: B007 -- the last one is how many
        if page:
            out.write(between + page)
            out.flush()  # whoever reads the pipe can start on it
            between = form.between
    return count


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    """Standard output, or the file `output`, which is there at the end or not at all."""
    if output is not None:
        with replacing_text(output) as out:
            yield out
        return
    with suppress(KeepOldError):
        yield sys.stdout
