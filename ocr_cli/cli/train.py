"""`ocr train`: trains a network on character sets, pen strokes or synthetic handwriting."""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from ocr_cli.cli import options
from ocr_cli.errors import UsageError

if TYPE_CHECKING:
    from ocr_cli.data.choose import Splits
    from ocr_cli.hand import Learnt
    from ocr_cli.recipes import Preset
    from ocr_cli.training import Epoch
    from ocr_cli.weights import Model


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


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="What to learn from, found by looking: NIST36 .mat files, MNIST or EMNIST idx files, a "
    "folder of pictures for each class, UNIPEN files, or an .npz of pen strokes. "
    "[default: what suits in $OCR_DATA, else synthetic handwriting]",
)
@click.option(
    "--kind",
    type=click.Choice(["mlp", "convnet", "line", "language"]),
    default="mlp",
    show_default=True,
    help="What to train; the options below change single settings.",
)
@click.option("--homework", is_flag=True, help="The homework's network and settings, for mlp.")
@click.option(
    "--classes",
    type=click.Choice(["capitals", "ascii", "ascii+"]),
    default="capitals",
    show_default=True,
    help="A-Z and 0-9, all 94 printable characters, or these and what is no letter "
    "(pen strokes and synthetic data; sets of pictures bring their own).",
)
@click.option("--hidden", callback=_sizes, help="Sizes of the hidden layers, such as 512,256.")
@click.option("--channels", callback=_sizes, help="Channels of a convnet's three layers.")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the data.")
@click.option("--batch-size", type=click.IntRange(1), help="Items to a step.")
@click.option("--lr", type=click.FloatRange(0, min_open=True), help="Learning rate, an item.")
@click.option("--optimizer", type=click.Choice(["sgd", "adam"]), help="How steps are taken.")
@click.option("--momentum", type=click.FloatRange(0, 1, max_open=True), help="For sgd.")
@click.option("--patience", type=click.IntRange(0), help="Stop after so many epochs without gain.")
@click.option("--augment/--no-augment", default=None, help="Vary the pictures as they are met.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of all that is random.")
@click.option(
    "--backend",
    type=click.Choice(["numpy", "torch"]),
    default="numpy",
    show_default=True,
    help="torch is faster for convnets and writes the same file.",
)
@click.option("--from", "start", metavar="MODEL", help="Go on from this model's weights.")
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
@click.option("--quiet", "-q", is_flag=True, help="No line an epoch on stderr.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint beside --out, for line.")
@click.option(
    "--minutes", type=click.FloatRange(0, min_open=True), default=100, help="How long, for line."
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the learning curve here, for line.",
)
@click.option(
    "--convert",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the UNIPEN files of --data to DIR/chars.npz, words.npz and lines.npz and stop.",
)
@click.option("--check-gradients", is_flag=True, help="Check every layer's gradients and stop.")
def train(
    data: Path | None,
    kind: str,
    homework: bool,
    classes: str,
    start: str | None,
    teacher: str | None,
    pages: tuple[str, ...],
    language: str,
    out: Path,
    log: Path | None,
    quiet: bool,
    backend: str,
    seed: int,
    check_gradients: bool,
    resume: bool,
    minutes: float,
    plot: Path | None,
    convert: Path | None,
    **changes: Any,
) -> None:
    """Train a network that reads letters.

    The best epoch on the valid split is kept in --out as training goes, so that
    Ctrl-C loses nothing. Progress goes to stderr, the final scores to stdout.

    With --page, the model of --from (default: lines; letters learns too) learns one hand
    instead. What of the text is not found on a page is told on stderr. Printed is
    the CER of lines before and after, each read by a model that has not seen it; where
    learning does not help there, the model stays as it is.
    """
    if check_gradients:
        _print_gradient_check(seed)
        return
    if convert is not None:
        _convert(data, convert, seed)
        return
    if pages:
        if data is not None:
            raise UsageError("--page and --data do not go together", "train twice, with --from")
        _learn_hand(pages, start or "default", language, out, seed)
        return
    if kind == "language":
        _train_language(data, out)
        return
    if kind == "line":
        _train_line(data, out, minutes, resume, seed, plot, quiet)
        return
    from ocr_cli import recipes

    if homework and kind != "mlp":
        raise click.UsageError("--homework goes with --kind mlp")
    preset = _changed(recipes.PRESETS["homework" if homework else kind], seed, changes)
    splits = _open(data, preset, classes, seed)
    if not quiet:
        click.echo(f"ocr: training on {splits.name}", err=True)
    model = _start(start, preset, splits, seed)
    command = shlex.join(["ocr", *sys.argv[1:]])
    model = replace(model, record={"command": command, "data": splits.name, "seed": seed})
    taught_by = _fitting(teacher, "--teacher", splits) if teacher else None
    with _Log(log, quiet) as on_epoch:
        _run(model, splits, preset, backend, out, on_epoch, taught_by)


def _learn_hand(pages: tuple[str, ...], start: str, language: str, out: Path, seed: int) -> None:
    """A model of lines or letters goes on from `start` to the hand of pages with their texts."""
    import numpy as np

    from ocr_cli import batch, hand, hand_lines
    from ocr_cli.reading import lines, load_language
    from ocr_cli.weights import kind_of, load_model, model_path, save_model

    batch.one_blas_thread()
    start = "lines" if start == "default" else start  # it is the one that reads most
    by_lines = kind_of(model_path(start)) == lines.KIND
    model = lines.load_line_model(start) if by_lines else load_model(start)
    learn = hand_lines.learn if by_lines else hand.learn
    copies = [hand.open_copy(page) for page in pages]
    learnt = learn(copies, model, load_language(language), np.random.default_rng(seed))
    for lost in learnt.lost:
        what = f"{' '.join(lost.words)} (in: {lost.line})" if lost.words else lost.line
        click.echo(f"ocr: {lost.source}: not found: {what}", err=True)
    command = shlex.join(["ocr", *sys.argv[1:]])
    record = {"command": command, "seed": seed, "from": model.record, **learnt.record()}
    save_model(out, replace(learnt.model, record=record), half=True)
    click.echo(f"{out}  {_gain(learnt)}")


def _gain(learnt: Learnt) -> str:
    """What learning a hand brought, in a line."""
    if learnt.before is None or learnt.after is None:
        return f"learnt from {learnt.letters} letters; one line is too few to tell the gain"
    rates = f"CER {learnt.before.rate:.2%} before, {learnt.after.rate:.2%} after"
    if not learnt.share:
        return f"{learnt.before.rate:.2%} CER; learning did not help, the model is as it was"
    return f"{rates}, on lines not learnt from ({learnt.letters} letters learnt)"


def _train_language(corpus: Path | None, out: Path) -> None:
    """Character n-grams of a text file, one line of writing a line."""
    from ocr_cli.reading import language, ngrams

    if corpus is None:
        raise click.UsageError("--kind language needs a text: --data corpus.txt")
    lines = corpus.read_text(encoding="utf-8", errors="replace").splitlines()
    record = {"command": shlex.join(["ocr", *sys.argv[1:]]), "data": str(corpus)}
    model = ngrams.train_language(lines, record=record)
    language.save(out, model)
    click.echo(f"{out}  {language.bits_per_character(model, lines):.3f} bits a character")


def _train_line(
    data: Path | None,
    out: Path,
    minutes: float,
    resume: bool,
    seed: int,
    plot: Path | None,
    quiet: bool,
) -> None:
    """A model of whole rows; checkpoint and log lie in the folder OUT.training."""
    from ocr_cli import training_lines
    from ocr_cli.data import lines
    from ocr_cli.errors import InputError
    from ocr_cli.weights import for_use, save_model

    home = os.environ.get("OCR_DATA")
    folder = data or (Path(home) / "ink" if home else None)
    if folder is None or not folder.is_dir():
        wanted = "give --data a folder with words.npz, lines.npz and chars.npz"
        raise InputError("no pen strokes to train a line model on", wanted, str(folder or ""))
    scratch = out.with_suffix(".training")
    recipe = training_lines.LineRecipe(seconds=60 * minutes, seed=seed)
    source = lines.make_source(lines.load_stock(folder, "train"))
    valid = lines.load_stock(folder, "valid")

    def tell(report: dict[str, Any]) -> None:
        if not quiet:
            click.echo(
                f"step {report['step']:6}  {report['seconds'] / 60:5.1f} min  "
                f"loss {report['loss']:.3f}  CER on valid: words "
                f"{report['words']['all']:.1%}, lines {report['lines']['all']:.1%}",
                err=True,
            )

    model = training_lines.train_lines(source, valid, recipe, scratch, resume, tell)
    command = shlex.join(["ocr", *sys.argv[1:]])
    record = {"command": command, "data": str(folder), "seed": seed, **model.record}
    save_model(out, for_use(replace(model, record=record)), half=True)
    if plot is not None:
        from ocr_cli.output.plots import save_learning_curve

        save_learning_curve(scratch / "log.jsonl", plot)
    words, rows = (model.record[name]["all"] for name in ("words", "lines"))
    click.echo(f"{out}  valid CER: words {words:.2%}  lines {rows:.2%}")


def _convert(data: Path | None, folder: Path, seed: int) -> None:
    """UNIPEN files as archives of pen strokes, which load fast and suit --kind line."""
    import numpy as np

    from ocr_cli.data import unipen
    from ocr_cli.errors import InputError

    if data is None:
        raise click.UsageError("--convert needs UNIPEN files: --data FOLDER")
    if not unipen.is_unipen(data):
        wanted = "expected text files with .SEGMENT, .PEN_DOWN and the like"
        raise InputError("no UNIPEN files", wanted, str(data))
    written = unipen.convert(data, folder, np.random.default_rng([seed, 3]))
    for name, ink in written.items():
        click.echo(f"{folder / name}  {len(ink)} items of {len(set(ink.writer.tolist()))} writers")


def _print_gradient_check(seed: int) -> None:
    import numpy as np

    from ocr_cli.errors import OcrError
    from ocr_cli.nn.gradient_check import check_all

    report = check_all(np.random.default_rng(seed))
    width = max(len(row.name) for row in report)
    click.echo(f"{'layer':{width}}  checked  max relative error")
    for row in report:
        click.echo(f"{row.name:{width}}  {row.checked:7}  {row.error:.1e}")
    if max(row.error for row in report) > 1e-4:
        raise OcrError("a gradient is off by more than 1e-4")


def _changed(preset: Preset, seed: int, changes: dict[str, Any]) -> Preset:
    """The preset with what the user gave in place of its own values."""
    given = {name: value for name, value in changes.items() if value is not None}
    given["optimiser"] = given.pop("optimizer", preset.recipe.optimiser)
    own = {name: given.pop(name) for name in ("hidden", "channels", "augment") if name in given}
    if len(own.get("channels", (0, 0, 0))) != 3:
        raise click.BadParameter("three numbers are needed", param_hint="--channels")
    if preset.kind == "convnet" and len(own.get("hidden", (0,))) != 1:
        raise click.BadParameter("a convnet has one hidden layer", param_hint="--hidden")
    return replace(preset, **own, recipe=replace(preset.recipe, seed=seed, **given))


def _open(data: Path | None, preset: Preset, classes: str, seed: int) -> Splits:
    import numpy as np

    from ocr_cli.data import choose

    folder = os.environ.get("OCR_DATA")
    path = data or choose.default_path(Path(folder) if folder else None, preset.kind)
    return choose.open_splits(path, classes, preset.augment, np.random.default_rng([seed, 3]))


def _start(start: str | None, preset: Preset, splits: Splits, seed: int) -> Model:
    from ocr_cli.recipes import fresh_model

    if start is None:
        return fresh_model(preset, splits.train.classes, seed)
    return _fitting(start, "--from", splits)


def _fitting(name: str, option: str, splits: Splits) -> Model:
    """The model of that name; UsageError unless it has the data's classes."""
    from ocr_cli.weights import load_model

    model = load_model(name)
    if model.classes != splits.train.classes:
        raise UsageError(
            f"{option}: its classes are not those of the data", "choose --classes to fit"
        )
    return model


class _Log:
    """Writes each epoch to stderr and to the log file as it ends."""

    def __init__(self, path: Path | None, quiet: bool) -> None:
        self._quiet = quiet
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> _Log:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def __call__(self, epoch: Epoch, _model: Model) -> None:
        if self._file is not None:
            self._file.write(json.dumps(asdict(epoch)) + "\n")
            self._file.flush()
        if not self._quiet:
            click.echo(
                f"epoch {epoch.epoch:3}  loss {epoch.train_loss:.4f} / {epoch.valid_loss:.4f}  "
                f"accuracy {epoch.train_accuracy:.2%} / {epoch.valid_accuracy:.2%} (train / valid)"
                f"  {epoch.seconds:.1f} s",
                err=True,
            )


def _run(
    model: Model,
    splits: Splits,
    preset: Preset,
    backend: str,
    out: Path,
    on_epoch: _Log,
    teacher: Model | None,
) -> None:
    from ocr_cli import training
    from ocr_cli.weights import for_use, load_model, save_model

    saved = False

    def keep(best: Model) -> None:
        nonlocal saved
        save_model(out, best)
        saved = True

    try:
        best, history = training.train(
            model, splits.train, splits.valid, preset.recipe, backend, on_epoch, keep, teacher
        )
    except KeyboardInterrupt:
        kept = f"the best model so far is in {out}" if saved else "no epoch was finished"
        click.echo(f"ocr: stopped; {kept}", err=True)
        raise
    seconds = round(sum(epoch.seconds for epoch in history), 1)
    save_model(out, for_use(best), half=True)
    # what is scored is what was written, 16-bit weights and all
    scores: dict[str, float] = {}
    final, line = load_model(out), str(out)
    for name, data in (("valid", splits.valid), ("test", splits.test)):
        if data is not None:
            loss, accuracy = training.evaluate(final, data)
            scores |= {f"{name}_accuracy": round(accuracy, 5), f"{name}_loss": round(loss, 5)}
            line += f"  {name} {accuracy:.2%}"
    record = {**final.record, **scores, "seconds": seconds, "backend": backend}
    save_model(out, replace(final, record=record), half=True)
    click.echo(line)
