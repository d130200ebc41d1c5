"""`ocr train`: trains a network on character sets, pen strokes or synthetic handwriting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ocr_cli.cli import options
from ocr_cli.data.weighted import LineData, only_path
from ocr_cli.errors import UsageError


def _sizes(
    _ctx: click.Context, _param: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    if value is None:
        return None
    try:
        sizes = tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter("expected numbers with commas between, such as 512,256") from None
    if min(sizes) < 1:
        raise click.BadParameter("sizes start at 1")
    return sizes


def _weighted(
    _ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]
) -> tuple[LineData, ...]:
    try:
        return tuple(LineData.parse(text) for text in value)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from None


@click.command()
@click.option(
    "--data",
    multiple=True,
    metavar="PATH[=WEIGHT]",
    callback=_weighted,
    help="What to learn from, found by looking: NIST36 .mat files, MNIST or EMNIST idx files, a "
    "folder of pictures for each class, UNIPEN files, an .npz of pen strokes, or a folder with "
    "chars.npz, words.npz and lines.npz (with ascii+, letters are cut out of the words too, found "
    "there by the teacher, the model to go on from, or the shipped one). For line also folders of "
    "pages with ALTO or PAGE XML, or of pictures of rows with NAME.gt.txt or NAME.txt; given "
    "again, all are mixed, by weights that are 1 if left out. "
    "[default: what suits in $OCR_DATA, else synthetic handwriting]",
)
@click.option(
    "--kind",
    type=click.Choice(["mlp", "convnet", "context", "autoencoder", "line", "language"]),
    default="mlp",
    show_default=True,
    help="What to train; the options below change single settings.",
)
@click.option(
    "--homework", is_flag=True, help="The homework's network and settings, for mlp and autoencoder."
)
@click.option(
    "--classes",
    type=click.Choice(["capitals", "ascii", "ascii+"]),
    default="capitals",
    show_default=True,
    help="A-Z and 0-9, all 94 printable characters, or these and what is no letter "
    "(pen strokes and synthetic data; sets of pictures bring their own).",
)
@click.option(
    "--hidden",
    callback=_sizes,
    help="Sizes of the hidden layers, such as 512,256; an autoencoder's code is the smallest.",
)
@click.option("--channels", callback=_sizes, help="Channels of a convnet's three layers.")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the data.")
@click.option("--batch-size", type=click.IntRange(1), help="Items to a step.")
@click.option(
    "--lr",
    type=click.FloatRange(0, min_open=True),
    help="Learning rate; of sgd, for the sum over a batch.",
)
@click.option("--optimizer", type=click.Choice(["sgd", "adam"]), help="How steps are taken.")
@click.option("--momentum", type=click.FloatRange(0, 1, max_open=True), help="For sgd.")
@click.option("--patience", type=click.IntRange(0), help="Stop after so many epochs without gain.")
@click.option("--augment/--no-augment", default=None, help="Vary the pictures as they are met.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all that is random."
)
@click.option(
    "--backend",
    type=click.Choice(["numpy", "torch"]),
    default="numpy",
    show_default=True,
    help="torch is faster for convnets and writes the same file.",
)
@click.option("--from", "start", metavar="NAME|FILE", help="Go on from this model's weights.")
@click.option(
    "--teacher", metavar="MODEL", help="A larger model of the same classes to learn from."
)
@click.option(
    "--page",
    "pages",
    multiple=True,
    metavar="PICTURE[=TEXT]",
    help="Learn the hand of a page from the text file of what it says, a line a row; "
    "may be given again. [default of TEXT: NAME.txt beside it]",
)
@options.language
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("model.npz"),
    show_default=True,
    help="Where the best model so far is kept.",
)
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="JSON line an epoch.")
@click.option(
    "--quiet", "-q", is_flag=True, help="No line an epoch, and no progress bar, on stderr."
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint beside --out, for line.")
@click.option(
    "--minutes", type=click.FloatRange(0, min_open=True), default=100, help="How long, for line."
)
@click.option(
    "--sweep",
    "sweeps",
    multiple=True,
    metavar="NAME=VALUE,VALUE...",
    help="Train with each of these values of an option, and compare; given again, with all "
    "pairs. Blanks part values that have commas.",
)
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    metavar="N",
    help="Settings of a sweep, or folds of --page, to train at a time, each in a process of "
    "one thread.",
)
@click.option(
    "--plot",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Draw how it went, as PNG files; needs the extra ocr-cli[plot].",
)
@click.option(
    "--convert",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the UNIPEN files of --data to DIR/chars.npz, words.npz and lines.npz and stop.",
)
@click.option("--check-gradients", is_flag=True, help="Check every layer's gradients and stop.")
@click.pass_context
def train(
    ctx: click.Context,
    /,
    pages: tuple[str, ...],
    language: str,
    log: Path | None,
    quiet: bool,
    resume: bool,
    minutes: float,
    sweeps: tuple[str, ...],
    jobs: int,
    plot: Path | None,
    convert: Path | None,
    check_gradients: bool,
    **asked: Any,
) -> None:
    """Train a network that reads letters.

    The best epoch on the valid split is kept in --out as training goes, so that
    Ctrl-C loses nothing. Progress goes to stderr, the final scores to stdout.

    With --page, what --from reads with learns one hand instead, and how it parts words: by
    default both readers, which are kept in one file; lines or letters alone. What of the text
    is not found on a page is told on stderr. Printed is the CER of lines before and after,
    each read by models that have not seen it; where learning does not help, they stay as they
    are.

    --kind context teaches the classifier of --from (default: letters) what a hand's other
    letters say of each of its letters, which then counts where writers are known: in sets of
    pen strokes. The classifier itself stays as it is.

    An autoencoder learns to give pictures back that went through a few numbers. Printed is
    the mean PSNR of what it gives back, and that of as many principal components.

    --sweep lr=0.003,0.03 trains once for each value, from the same seed and on the same data
    (without --data, that of mlp), and prints a table: train is as met in the best epoch, valid
    and test are of the model. Each is kept, OUT.npz as OUT-lr-0.003.npz, and so is each --log.
    Any option that says what is trained and how can be swept: kind=mlp,convnet;
    hidden='64 512,256'; homework=yes,no.

    --plot draws curves.png, loss and score by epoch, all settings of a sweep on one sheet; and,
    of a single training, weights.png, the first layer before and after, and an autoencoder's
    reconstructions.png.
    """
    given, kind, seed, out = (asked[name] for name in ("data", "kind", "seed", "out"))
    mixes = kind == "line" and not (check_gradients or convert or pages or sweeps)
    data = asked["data"] = None if mixes else only_path(given, f"--kind {kind}")
    if check_gradients:
        from ocr_cli.cli import train_gradients

        train_gradients.run(seed)
    elif convert is not None:
        from ocr_cli.cli import train_convert

        train_convert.run(data, convert, seed)
    elif pages:
        from ocr_cli.cli import train_hand

        _refuse("--page", {"--data": data, "--sweep": sweeps, "--plot": plot})
        train_hand.run(pages, asked["start"] or "default", language, out, seed, jobs, quiet)
    elif sweeps:
        from ocr_cli.cli import train_sweep

        train_sweep.run(ctx, sweeps, asked, log, quiet, plot, jobs)
    elif kind == "language":
        from ocr_cli.cli import train_rows

        _refuse("--kind language", {"--plot": plot, **_of_networks(ctx)})
        train_rows.run_language(data, out)
    elif kind == "line":
        from ocr_cli.cli import train_rows

        _refuse("--kind line", {**_of_networks(ctx), "--from": None})
        train_rows.run_line(given, asked["start"], out, minutes, resume, seed, plot, quiet)
    else:
        from ocr_cli.cli import train_network

        train_network.run(asked, log, quiet, plot)


def _of_networks(ctx: click.Context) -> dict[str, bool]:
    """Options of networks on pictures, and whether they were given on the command line."""
    from ocr_cli.cli.train_sweep import SWEPT

    of_all = {"kind", "data", "seed"}
    given = click.core.ParameterSource.COMMANDLINE
    return {
        param.opts[0]: ctx.get_parameter_source(param.name) is given
        for param in ctx.command.params
        if param.name in SWEPT - of_all
    }


def _refuse(what: str, others: dict[str, Any]) -> None:
    """What was asked for does not go with any of these options."""
    for name, value in others.items():
        if value:
            raise UsageError(f"{what} and {name} do not go together")
