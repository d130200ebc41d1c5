"""`ocr train`: trains a network on character sets, pen strokes or synthetic handwriting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ocr_cli import parallel
from ocr_cli.cli import options, train_rows
from ocr_cli.cli.train_sweep import SWEPT, outputs
from ocr_cli.data.weighted import LineData, only_path
from ocr_cli.errors import InputError, OcrError, UsageError
from ocr_cli.modelfiles import kinds
from ocr_cli.output import guard, table

LARGEST = 1 << 16  # units of a layer: its weights then take a quarter of a gigabyte
WORST_GRADIENT = 1e-4  # relative error of one
NETWORK = SWEPT | {"out", "log", "plot", "threads"}
# What takes notice of which options, by their names in Python: any other is refused.
USES: dict[str, frozenset[str]] = {
    "--check-gradients": frozenset({"check_gradients", "seed"}),
    "--convert": frozenset({"convert", "data", "seed"}),
    "--page": frozenset({"pages", "start", "language", "out", "seed", "jobs"}),
    "--sweep": SWEPT | {"sweeps", "out", "log", "plot", "jobs"},
    "--kind language": frozenset({"kind", "data", "out", "seed"}),
    "--kind line": frozenset(
        ("kind", "data", "start", "out", "seed", "device", "plot", "minutes", "resume", "threads")
    ),
    **{f"--kind {kind}": NETWORK for kind in ("mlp", "convnet", "context", "autoencoder")},
}


class KindName(click.Choice[str]):
    """A kind that can be trained; one that was registered from outside, too."""

    def __init__(self) -> None:
        super().__init__(["mlp", "convnet", "context", "autoencoder", "line", "language"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        known = kinds.KINDS.get(value)
        return value if known and known.goal else super().convert(value, param, ctx)


def _sizes(
    _ctx: click.Context, _param: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    if value is None:
        return None
    try:
        sizes = tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter("expected numbers with commas between, such as 512,256") from None
    if not all(1 <= size <= LARGEST for size in sizes):
        raise click.BadParameter(f"sizes go from 1 to {LARGEST}")
    return sizes


def _weighted(
    _ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]
) -> tuple[LineData, ...]:
    try:
        return tuple(LineData.parse(text) for text in value)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from None


# Not in the docstring, which python -OO leaves out.
HELP = """\
Train a network that reads letters.

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


@click.command(cls=options.Command, help=HELP)
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
    type=KindName(),
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
@click.option("--epochs", type=options.Whole(1, 10**6), help="Passes over the data.")
@click.option("--batch-size", type=options.Whole(1, 10**6), help="Items to a step.")
@click.option(
    "--lr",
    type=options.Number(0, min_open=True),
    help="Learning rate; of sgd, for the sum over a batch.",
)
@click.option("--optimizer", type=click.Choice(["sgd", "adam"]), help="How steps are taken.")
@click.option("--momentum", type=options.Number(0, 1, max_open=True), help="For sgd.")
@click.option("--patience", type=options.Whole(0), help="Stop after so many epochs without gain.")
@click.option("--augment/--no-augment", default=None, help="Vary the pictures as they are met.")
@click.option(
    "--seed", type=options.Whole(0), default=0, show_default=True, help="Of all that is random."
)
@click.option(
    "--backend",
    type=click.Choice(["numpy", "torch"]),
    default="numpy",
    show_default=True,
    help="torch is faster for convnets and writes the same file.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="What PyTorch calculates on, for --backend torch and for line; auto: a GPU where there "
    "is one.",
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
    help="Learn the hand of a page from the text file of what it says, a line a row, or from "
    "NAME.ocr.json, which ocr review keeps; may be given again. [default of TEXT: NAME.txt "
    "beside it]",
)
@options.language
@click.option(
    "--out",
    type=options.OutputFile(),
    default=Path("model.npz"),
    show_default=True,
    metavar="FILE",
    help="Where the best model so far is kept.",
)
@click.option("--log", type=options.OutputFile(), metavar="FILE", help="JSON line an epoch.")
@click.option(
    "--quiet", "-q", is_flag=True, help="No line an epoch, and no progress bar, on stderr."
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint beside --out, for line.")
@click.option(
    "--minutes",
    type=options.Number(0, min_open=True),
    default=100,
    show_default=True,
    help="How long, for line.",
)
@click.option(
    "--sweep",
    "sweeps",
    multiple=True,
    metavar="NAME=VALUE,VALUE...",
    help="Train with each of these values of an option, and compare; given again, with all "
    "pairs. Spaces part values that have commas.",
)
@click.option(
    "--jobs",
    "-j",
    type=options.Whole(1),
    default=2,
    show_default=True,
    metavar="N",
    help="Settings of a sweep, or folds of --page, to train at a time, each in a process of "
    "one thread.",
)
@click.option(
    "--threads",
    type=options.Whole(1, 1024),
    metavar="N",
    help="Threads to calculate with. More than one pays for large networks on an idle machine, "
    "and slows small ones down.  [default: 1; for line, all cores]",
)
@click.option(
    "--plot",
    type=options.OutputFolder(),
    metavar="DIR",
    help="Draw how it went, as PNG files; needs the extra ocr-cli[plot].",
)
@click.option(
    "--convert",
    type=options.OutputFolder(),
    metavar="DIR",
    help="Write the UNIPEN files of --data to DIR/chars.npz, words.npz and lines.npz and stop.",
)
@click.option("--check-gradients", is_flag=True, help="Check every layer's gradients and stop.")
@click.pass_context
def train(ctx: click.Context, /, **given: Any) -> None:
    """Hand over to what is to be trained."""
    data, threads, gradients = (given.pop(name) for name in ("data", "threads", "check_gradients"))
    network = {name: given.pop(name) for name in (SWEPT - {"data"}) | {"out"}}
    kind = network["kind"]
    task = _task(gradients, given["convert"], given["pages"], given["sweeps"], kind)
    _refuse_unused(ctx, task)
    mixes = task == "--kind line"
    network["data"] = None if mixes else only_path(data, f"--kind {kind}")
    if threads or not mixes:
        parallel.cap_threads(threads or 1)
    TASKS.get(task, _network)(Asked(data, network, **given))


@dataclass(frozen=True)
class Asked:
    """What was asked for. network : the options of SWEPT, and `out`, by their names in Python."""

    data: tuple[LineData, ...]
    network: Mapping[str, Any]
    pages: tuple[str, ...]
    language: str
    log: Path | None
    quiet: bool
    resume: bool
    minutes: float
    sweeps: tuple[str, ...]
    jobs: int
    plot: Path | None
    convert: Path | None

    def check(self, planned: Iterable[guard.Output]) -> None:
        """UsageError where what is going to be written would destroy what is going to be read."""
        guard.check(planned, _inputs(self))

    def check_model(self) -> None:
        """`check` where a model is all that is written."""
        self.check([guard.Output("--out", self.network["out"], "model")])


def _gradients(asked: Asked) -> None:
    """A line for each layer and loss; OcrError where a gradient is off."""
    import numpy as np

    from ocr_cli.nn.gradient_check import check_all

    report = check_all(np.random.default_rng(asked.network["seed"]))
    rows = [(row.name, str(row.checked), f"{row.error:.1e}") for row in report]
    click.echo("\n".join(table.aligned([("layer", "checked", "max relative error"), *rows], {1})))
    if max(row.error for row in report) > WORST_GRADIENT:
        raise OcrError(f"a gradient is off by more than {WORST_GRADIENT:g}")


def _convert(asked: Asked) -> None:
    """UNIPEN files as archives of pen strokes, which load fast and suit --kind line."""
    import numpy as np

    from ocr_cli.data.formats import unipen

    folder, data = asked.convert or Path(), asked.network["data"]
    archives = (folder / f"{level}.npz" for level in unipen.KINDS)
    asked.check(guard.Output("--convert", one, "archive of pen strokes") for one in archives)
    if data is None:
        raise click.UsageError("--convert needs UNIPEN files: --data FOLDER")
    if not unipen.is_unipen(data):
        wanted = "expected text files with .SEGMENT, .PEN_DOWN and the like"
        raise InputError("no UNIPEN files", wanted, str(data))
    written = unipen.convert(data, folder, np.random.default_rng([asked.network["seed"], 3]))
    for name, ink in written.items():
        click.echo(f"{folder / name}  {len(ink)} items of {len(set(ink.writer.tolist()))} writers")


def _hand(asked: Asked) -> None:
    from ocr_cli.cli import train_hand

    asked.check_model()
    start, out, seed = (asked.network[name] for name in ("start", "out", "seed"))
    how = asked.language, out, seed, asked.jobs, asked.quiet
    train_hand.run(asked.pages, start or "default", *how)


def _sweep(asked: Asked) -> None:
    from ocr_cli.cli import train_sweep

    how = asked.log, asked.quiet, asked.plot, asked.jobs, _inputs(asked)
    train_sweep.run(click.get_current_context(), asked.sweeps, asked.network, *how)


def _language(asked: Asked) -> None:
    asked.check_model()
    train_rows.run_language(asked.network["data"], asked.network["out"])


def _line(asked: Asked) -> None:
    start, out, seed, device = (asked.network[name] for name in ("start", "out", "seed", "device"))
    train_rows.check_line(asked.data, out, asked.resume, device)
    asked.check(train_rows.line_outputs(out, asked.plot))
    how = asked.minutes, asked.resume, seed, device, asked.plot, asked.quiet
    train_rows.run_line(asked.data, start, out, *how)


def _network(asked: Asked) -> None:
    from ocr_cli.cli import train_network

    asked.check(outputs(asked.network["out"], asked.log, asked.plot))
    train_network.run(asked.network, asked.log, asked.quiet, asked.plot)


# What carries out each task of USES; `_network` all others, networks on pictures.
TASKS: dict[str, Callable[[Asked], None]] = {
    "--check-gradients": _gradients,
    "--convert": _convert,
    "--page": _hand,
    "--sweep": _sweep,
    "--kind language": _language,
    "--kind line": _line,
}


def _task(check_gradients: bool, convert: Path | None, pages: Any, sweeps: Any, kind: str) -> str:
    """The task that is asked for, by its option; a key of USES."""
    asked = {
        "--check-gradients": check_gradients,
        "--convert": convert is not None,
        "--page": pages,
        "--sweep": sweeps,
    }
    return next((task for task, wanted in asked.items() if wanted), f"--kind {kind}")


def _refuse_unused(ctx: click.Context, task: str) -> None:
    """UsageError where an option was given that the task would take no notice of."""
    for param in ctx.command.params:
        name, option = str(param.name), max(param.opts, key=len)
        given = ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        if given and name not in USES.get(task, NETWORK) | {"quiet"}:
            homes = [other for other, used in USES.items() if name in used]
            advice = f"{option} goes with {' and '.join(homes)}" if len(homes) < 3 else ""
            raise UsageError(f"{task} and {option} do not go together", advice)


def _inputs(asked: Asked) -> list[str]:
    """The files and folders that are going to be read."""
    from ocr_cli.cli.train_network import usual_data
    from ocr_cli.modelfiles.weights import shipped_models
    from ocr_cli.training.adaptation.copies import files_named

    shipped = shipped_models()
    named = [asked.network["start"], asked.network["teacher"], asked.language]
    models = [str(shipped.get(name, name)) for name in named if name]
    usual = None if asked.data or asked.pages else usual_data(asked.network["kind"])
    data = [one.path for one in asked.data] or ([usual] if usual else [])
    texts = [name for page in asked.pages for name in files_named(page)]
    return [*models, *texts, *map(str, data)]
