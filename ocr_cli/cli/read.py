"""`ocr read`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

import click

from ocr_cli import batch, parallel
from ocr_cli.batch.journal import Part
from ocr_cli.cli import batches, options
from ocr_cli.errors import UsageError
from ocr_cli.files import KeepOldError, replacing
from ocr_cli.output import formats

# Not in the docstring, which python -OO leaves out.
HELP = """
Read the handwriting in FILES and print it, pages in the order of FILES.

FILES are pictures (JPEG, JPEG 2000, PNG, TIFF with any number of pages, BMP, WebP, AVIF,
GIF, PNM; HEIC with pillow-heif) and PDF files (with pypdfium2), of which every page is read at the
resolution of its scan; - is standard input, several pictures if need be; a folder needs
--recursive. A file that cannot be read, or only in part, is told on standard error, and the
others are read all the same.

What is hardly legible, as rows that are no writing are, is left out.

\b
Formats, by -f or by the ending of -o FILE:
  text    a line a row; an empty line between pages
  layout  the same, with the page's indents, gaps and empty lines (--layout)
  jsonl   a JSON object a page, what doubtful words may be too; see ocr schema
  tsv     Tesseract's twelve columns
  words   a table: source page row word y1 x1 y2 x2 confidence text
  hocr    hOCR 1.2
  alto    ALTO 4.4, a file a page
  page    PAGE XML 2019, a file a page
  pdf     the pages as they are, with text that can be searched and copied

Places are in the pixels of the picture as stored, of a PDF's page as its scan has it; boxes of
jsonl and words are y1 x1 y2 x2, ends excluded. Confidence runs from 0 to 1. In a table, tab, line
break and backslash are written \\t, \\n and \\\\.

Each option has a variable: OCR_READ_LANGUAGE=fr stands for --language fr.
"""


@click.command("read", cls=options.Command, help=HELP)
@partial(options.files, required=False)
@options.model
@options.reader
@options.language
@options.method
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(list(formats.READ)),
    envvar="OCR_READ_FORMAT",
    help="How to write it; see above.  [default: by the ending of --output, else text]",
)
@click.option("--layout", is_flag=True, help="Short for -f layout.")
@options.pages
@click.option(
    "-o",
    "--output",
    type=options.OutputFile(takes_stdout=True),
    metavar="FILE",
    help="Write to FILE; it is there once it is complete. Where nothing can be read, it stays "
    "as it was. Of several pages in a format of one page a file, FILE-001 and so on.",
)
@click.option("--keep-doubtful", is_flag=True, help="Print rows as well that are hardly legible.")
@options.jobs
@options.quiet
@batches.wanted
def read(
    files: tuple[str, ...],
    recursive: bool,
    model: str,
    reader: str,
    language: str,
    method: str,
    form: str | None,
    layout: bool,
    pages: tuple[range, ...],
    output: Path | None,
    keep_doubtful: bool,
    jobs: int,
    quiet: bool,
    wanted: batches.Wanted,
) -> None:
    """Write what is read, page after page."""
    if method == "homework" and (keep_doubtful or language not in {"auto", "none"}):
        which = "--keep-doubtful" if keep_doubtful else "--language"
        raise UsageError(f"{which} says nothing to --method homework", "leave it out")
    parallel.cap_threads(1)
    parallel.keep_memory()
    if jobs > 1 and len(files) > 1:
        parallel.start_early(batch.MODULES)
    model = options.model_of(model, reader)
    form = _form(form, layout, output)
    _check_place(form, output or wanted.out_dir)
    known = formats.READ[form]
    known.check()
    work = partial(
        batch.read_in_process,
        model=model,
        language=language,
        form=form,
        keep_doubtful=keep_doubtful,
        method=method,
    )
    write = partial(_write, form=known)
    ending = known.suffixes[0] if known.suffixes else f".{form}.txt"
    given = files, recursive, output, jobs, quiet, wanted
    batches.run(batches.ReadingJob(*given, work, model, language, write, ending, known, pages))


def _form(form: str | None, layout: bool, output: Path | None) -> str:
    """The format that is asked for; UsageError where two are."""
    if layout and form not in (None, "text", "layout"):
        raise UsageError(f"--layout and --format {form} do not go together", "give one of them")
    named = formats.of_name(output) if output is not None else None
    return "layout" if layout else form or named or "text"


def _check_place(form: str, place: Path | None) -> None:
    """UsageError where a file would go to a terminal."""
    if formats.READ[form].is_binary and place is None and sys.stdout.isatty():
        raise UsageError(f"{form} is nothing for a terminal", "give --output FILE")


def _write(pages: Iterable[Part], output: Path | None, form: formats.OutputFormat) -> None:
    """Write the pages to `output`, or to standard output; without any, nothing is written."""
    with _opened(output) as out:
        if not formats.write(pages, form, out):
            raise KeepOldError


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or the file `output`, which is there at the end or not at all."""
    if output is not None:
        with replacing(output, lasting=True) as out:
            yield out
        return
    with suppress(KeepOldError):
        sys.stdout.flush()
        yield sys.stdout.buffer
