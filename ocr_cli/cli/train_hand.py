"""`ocr train --page`: a model learns one hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ocr_cli.cli import options
from ocr_cli.cli.train_network import command_line
from ocr_cli.errors import shown

if TYPE_CHECKING:
    from ocr_cli.training.adaptation.hand import Learnt


def run(
    pages: tuple[str, ...],
    start: str,
    language: str,
    out: Path,
    seed: int,
    jobs: int,
    quiet: bool,
) -> None:
    """What `start` reads with goes on to the hand of pages with their texts."""
    import numpy as np

    from ocr_cli import parallel
    from ocr_cli.modelfiles.weights import save_hand
    from ocr_cli.recognition import load_reader
    from ocr_cli.review.teach import open_known
    from ocr_cli.training.adaptation import hand

    reader, rng = load_reader(start, language), np.random.default_rng(seed)
    known = [open_known(page) for page in pages]
    bar = options.steps(hand.FOLDS + 1, quiet)
    with parallel.trainings(min(jobs, hand.FOLDS), options.tell) as executor, bar as on_step:
        learnt = hand.learn(known, reader, rng, executor=executor, on_step=on_step)
    for lost in learnt.lost:
        what = f"{' '.join(lost.words)} (in: {lost.line})" if lost.words else lost.line
        options.tell(f"{lost.source}: not found: {what}")
    record = {"command": command_line(), "seed": seed, **learnt.record()}
    save_hand(out, learnt.reader.models, learnt.reader.habit.arrays(), record)
    click.echo(f"{shown(str(out))}  {_gain(learnt)}")


def _gain(learnt: Learnt) -> str:
    """What learning a hand brought, in a line."""
    if learnt.before is None or learnt.after is None:
        return f"learnt from {learnt.letters} letters; one line is too few to tell the gain"
    rates = f"CER {learnt.before.rate:.2%} before, {learnt.after.rate:.2%} after"
    if not learnt.share:
        return f"{learnt.before.rate:.2%} CER; learning did not help, the model is as it was"
    return f"{rates}, on lines not learnt from ({learnt.letters} letters learnt)"
