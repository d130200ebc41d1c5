"""`ocr train` of what reads rows: models of lines, and of language."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ocr_cli.cli import options
from ocr_cli.cli.train_network import command_line


def run_language(corpus: Path | None, out: Path) -> None:
    """Character n-grams of a text file, one line of writing a line."""
    from ocr_cli.reading import language, ngrams

    if corpus is None:
        raise click.UsageError("--kind language needs a text: --data corpus.txt")
    lines = corpus.read_text(encoding="utf-8", errors="replace").splitlines()
    record = {"command": command_line(), "data": str(corpus)}
    model = ngrams.train_language(lines, record=record)
    language.save(out, model)
    click.echo(f"{out}  {language.bits_per_character(model, lines):.3f} bits a character")


def run_line(
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
    from ocr_cli.output.plots import check_plotting
    from ocr_cli.weights import for_use, save_model

    if plot is not None:
        check_plotting(plot)
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
            options.say(
                f"step {report['step']:6}  {report['seconds'] / 60:5.1f} min  "
                f"loss {report['loss']:.3f}  CER on valid: words "
                f"{report['words']['all']:.1%}, lines {report['lines']['all']:.1%}"
            )

    model = training_lines.train_lines(source, valid, recipe, scratch, resume, tell)
    record = {"command": command_line(), "data": str(folder), "seed": seed, **model.record}
    save_model(out, for_use(replace(model, record=record)), half=True)
    if plot is not None:
        from ocr_cli.output.training_plots import save_line_curves

        save_line_curves(scratch / "log.jsonl", plot / "curves.png")
    words, rows = (model.record[name]["all"] for name in ("words", "lines"))
    click.echo(f"{out}  valid CER: words {words:.2%}  lines {rows:.2%}")
