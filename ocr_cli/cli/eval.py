"""`ocr eval`."""

from __future__ import annotations

from pathlib import Path

import click

from ocr_cli import parallel
from ocr_cli.cli import options
from ocr_cli.errors import UsageError

# Not in the docstring, which python -OO leaves out.
HELP = """\
Score a model on PATHS, which are pages or one character set.

Pages are pictures, or folders of them, with what is written on NAME.jpg in NAME.txt
beside it; in NAME.xml, ALTO or PAGE as eScriptorium, Transkribus and kraken write it; or,
of a picture of one row, in NAME.gt.txt. Printed for each file, and for all by summed edits
over summed lengths: CER, edits for each character, where a run of spaces or of line breaks
is one, and typographic quotes, dashes and … count as plain ones; bare CER, of letters and
digits alone, case folded; WER, of words parted by spaces; accuracy, 1 less a page's bare
CER, averaged over the pages as the benchmark InkBench does.

Where XML marks the rows, it is also told how many of them were found (a row that was read
runs along most of it), and how many of those that were read are there (precision). With
--rows given the marked rows are read instead, those left out that the transcriber could not
read, and a picture of one row as one that fills it: the errors are then the reader's alone.

--errors says why: box, what was taken for a letter; grouping, which ink makes one; class,
which letter it is; language, what is likely; space, where words end.

A character set is what --data of ocr train takes: NIST36 .mat files, MNIST or EMNIST idx
files, a folder of pictures for each class, UNIPEN files, or an .npz of pen strokes, of
which the single characters count. Classes that the model does not know are told and left
out; it chooses among the set's. Printed are accuracy, loss, for each class how many are
found and how many of those named so are right, the pairs most often taken for each other,
and the confusion matrix; of an autoencoder, how near to the pictures is what it gives
back, as PSNR.

--plot draws reliability.png, whether the confidences of words or of characters are as
high as these are often right; and, of a character set, confusion.png and pairs.png, with
pictures of what is most often taken for something else; or reconstructions.png.
"""


@click.command("eval", cls=options.Command, help=HELP)
@click.argument("paths", nargs=-1, required=True, metavar="PATHS...", type=options.INPUT)
@options.model
@options.reader
@options.language
@click.option(
    "--rows",
    type=click.Choice(["found", "given"]),
    default="found",
    show_default=True,
    help="Read the rows that are found on the pages, or those that ALTO or PAGE XML marks.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, not a table.")
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test"]),
    help="Which part of a character set.  [default: test, or else what there is]",
)
@click.option(
    "--plot",
    type=options.OutputFolder(),
    metavar="DIR",
    help="Draw the scores, as PNG files; needs the extra ocr-cli[plot].",
)
@click.option(
    "--errors",
    type=options.OutputFolder(),
    metavar="DIR",
    help="Write DIR/index.html: every wrong word of the pages, with its picture, by cause.",
)
@options.jobs
@options.quiet
def eval(  # noqa: A001 (it is the name of the subcommand)
    paths: tuple[str, ...],
    model: str,
    reader: str,
    language: str,
    rows: str,
    as_json: bool,
    split: str | None,
    plot: Path | None,
    errors: Path | None,
    jobs: int,
    quiet: bool,
) -> None:
    """Score one character set, or pages."""
    parallel.cap_threads(1)
    model = options.model_of(model, reader)
    if any(map(_is_set, paths)):
        if len(paths) > 1:
            raise UsageError("a character set is scored alone", "give one path")
        if errors:
            raise UsageError("--errors is for pages, and this is a character set")
        if rows == "given":
            raise UsageError("--rows is for pages, and this is a character set")
        from ocr_cli.cli import eval_characters

        eval_characters.run(Path(paths[0]), split, model, as_json, plot)
    else:
        from ocr_cli.cli import eval_pages

        eval_pages.run(paths, model, language, rows, as_json, plot, errors, jobs, bar=not quiet)


def _is_set(path: str) -> bool:
    """Whether it is a set of characters; what may not be read is told with the pages."""
    from ocr_cli.data import choose

    try:
        return choose.is_set(Path(path))
    except PermissionError:
        return False
