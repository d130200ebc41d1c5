"""`ocr train --page`: a model learns one hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ocr_cli.cli.train_network import command_line

if TYPE_CHECKING:
    from ocr_cli.hand import Learnt


def run(pages: tuple[str, ...], start: str, language: str, out: Path, seed: int) -> None:
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
    record = {"command": command_line(), "seed": seed, "from": model.record, **learnt.record()}
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
