"""`ocr train` of what reads rows: models of lines, and of language."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ocr_cli.cli import options
from ocr_cli.cli.train_network import command_line
from ocr_cli.data.weighted import LineData, only_path
from ocr_cli.errors import InputError, UsageError, shown
from ocr_cli.output import guard

if TYPE_CHECKING:
    from ocr_cli.modelfiles.weights import Model


def run_language(corpus: Path | None, out: Path) -> None:
    """Character n-grams of a text file, one line of writing a line."""
    from ocr_cli.data import prose
    from ocr_cli.recognition import language
    from ocr_cli.recognition.language import languages, ngrams

    if corpus is None:
        raise click.UsageError("--kind language needs a text: --data corpus.txt")
    text = prose.read_prose(corpus, language.ALPHABET)
    for note in text.notes:
        options.tell(f"{corpus}: {note}")
    record = {"command": command_line(), "data": str(corpus)}
    model = ngrams.train_language(text.lines, record=record)
    language.save(out, model, {languages.PROFILE: languages.make_profile(text.lines)})
    plain = [line.strip(ngrams.BREAK) for line in text.lines]
    click.echo(
        f"{shown(str(out))}  {language.bits_per_character(model, plain):.3f} bits a character"
    )


def line_outputs(out: Path, plot: Path | None) -> list[guard.Output]:
    """The files that a training of lines writes."""
    scratch = _scratch(out)
    planned = [
        guard.Output("--out", out, "model"),
        guard.Output("--out", scratch / "checkpoint.pt", "checkpoint of ocr train"),
        guard.Output("--out", scratch / "log.jsonl", "log of ocr train"),
        guard.Output("--out", scratch / "latest.npz", "model"),
    ]
    if plot is not None:
        planned.append(guard.Output("--plot", plot / "curves.png", "PNG picture"))
    return planned


def _scratch(out: Path) -> Path:
    """The folder where a training of lines keeps what it needs to go on."""
    return out.with_suffix(".training")


def check_line(given: Sequence[LineData], out: Path, resume: bool, device: str) -> None:
    """OcrError where lines cannot be trained: before any data is looked at."""
    from ocr_cli.nn.torch import backend

    backend.check_torch("--kind line")
    if device != "auto":
        backend.device_of(device)
    if resume:
        from ocr_cli.training.lines import checkpoint_in

        checkpoint_in(_scratch(out))
    for one in given:
        if not one.path.exists():
            raise InputError("no such file or folder", "check the name", str(one.path))


def run_line(
    given: Sequence[LineData],
    start: str | None,
    out: Path,
    minutes: float,
    resume: bool,
    seed: int,
    device: str,
    plot: Path | None,
    quiet: bool,
) -> None:
    """A model of whole rows; checkpoint and log lie in the folder OUT.training."""
    from ocr_cli.modelfiles.weights import for_use, save_model
    from ocr_cli.output.plots import check_plotting

    if plot is not None:
        check_plotting(plot)
    scratch = _scratch(out)

    def tell(report: dict[str, Any]) -> None:
        if not quiet:
            options.say(
                f"step {report['step']:6}  {report['seconds'] / 60:5.1f} min  "
                f"loss {report['loss']:.3f}  CER on valid: {_rates(report)}"
            )

    how = {"seconds": 60 * minutes, "seed": seed, "device": device}
    model, data = _trained(given, start, how, scratch, resume, tell)
    record = {"command": command_line(), "data": data, "seed": seed, **model.record}
    save_model(out, for_use(replace(model, record=record)), half=True)
    if plot is not None:
        from ocr_cli.training.plots import save_line_curves

        save_line_curves(scratch / "log.jsonl", plot / "curves.png")
    click.echo(f"{shown(str(out))}  valid CER: {_rates(model.record)}")


def _rates(report: dict[str, Any]) -> str:
    rates = {name: part["all"] for name, part in report.items() if _is_rate(part)}
    return ", ".join(f"{name} {rate:.2%}" for name, rate in rates.items())


def _is_rate(part: Any) -> bool:
    return isinstance(part, dict) and "all" in part


def _trained(
    given: Sequence[LineData], start: str | None, how: dict[str, Any], scratch: Path, *more: Any
) -> tuple[Model, str]:
    """The model, and what it was trained on; where it is stopped, how to go on is told."""
    try:
        if start is None:
            return _from_strokes(given, how, scratch, *more)
        return _from_model(given, start, how, scratch, *more)
    except KeyboardInterrupt:
        if (scratch / "checkpoint.pt").is_file():
            options.tell(f"stopped; --resume goes on from {scratch}")
        raise


def _from_strokes(
    given: Sequence[LineData],
    how: dict[str, Any],
    scratch: Path,
    resume: bool,
    tell: Callable[[dict[str, Any]], None],
) -> tuple[Model, str]:
    """A small line model from scratch, of pen strokes alone."""
    from ocr_cli.data.synthesis.pieces import make_source
    from ocr_cli.data.synthesis.stock import load_stock
    from ocr_cli.training import lines as training_lines

    if len(given) > 1:
        advice = "--from lines goes on from the shipped model with all of them"
        raise UsageError("from scratch, lines are learnt from one folder of pen strokes", advice)
    data = only_path(given, "--kind line")
    home = os.environ.get("OCR_DATA")
    folder = data or (Path(home) / "ink" if home else None)
    if folder is None or not (folder / "words.npz").is_file():
        wanted = (
            "give --data a folder with words.npz, lines.npz and chars.npz; on pages, "
            "--from lines goes on from the shipped model"
        )
        raise InputError("no pen strokes to train a line model on", wanted, str(folder or ""))
    recipe = training_lines.LineRecipe(**how)
    source = make_source(load_stock(folder, "train"))
    valid = load_stock(folder, "valid")
    return training_lines.train_lines(source, valid, recipe, scratch, resume, tell), str(folder)


def _from_model(
    given: Sequence[LineData],
    start: str,
    how: dict[str, Any],
    scratch: Path,
    resume: bool,
    tell: Callable[[dict[str, Any]], None],
) -> tuple[Model, str]:
    """A line model that goes on from another, on grey strips of all the data."""
    import numpy as np

    from ocr_cli.data import practice
    from ocr_cli.recognition.lines import load_line_model
    from ocr_cli.training import grey as training_grey

    if not given:
        raise UsageError("--from needs something to learn from", "give --data, once or more")
    first = load_line_model(start)
    rng = np.random.default_rng([how["seed"], 1])

    def leave_out(told: str) -> None:
        options.tell_of_data((), [told])

    piles, held = practice.load_piles([(d.path, d.weight) for d in given], rng, leave_out)
    recipe = training_grey.recipe(**how)
    model = training_grey.train_rows(piles, held, first, recipe, scratch, resume, tell)
    return model, ", ".join(str(d.path) for d in given)
