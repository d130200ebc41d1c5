"""`ocr train --page`: a model learns one hand."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
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
    """Adapt what `start` reads with to the hand of pages with their texts."""
    import numpy as np

    from ocr_cli import parallel
    from ocr_cli.recognition import load_reader
    from ocr_cli.review import teach
    from ocr_cli.training.adaptation import hand

    reader, rng = load_reader(start, language), np.random.default_rng(seed)
    known = [teach.open_known(page) for page in pages]
    began = time.monotonic()
    jobs = min(jobs, hand.FOLDS)
    with parallel.processes(jobs, options.tell) as executor, _rounds(hand.FOLDS, quiet) as step:
        told = None if quiet else partial(_plan, jobs if executor else 1)
        learnt = hand.learn_hand(known, reader, rng, None, None, executor, step, told)
    for lost in learnt.lost:
        what = f"{' '.join(lost.words)} (in: {lost.line})" if lost.words else lost.line
        options.tell(f"{lost.source}: not found: {what}")
    teach.save(out, learnt, {"command": command_line(), "seed": seed})
    click.echo(f"{shown(str(out))}  {_gain(learnt)}; {time.monotonic() - began:.0f} s")


def _plan(jobs: int, seconds: float) -> None:
    """Tells how long learning will take."""
    about = seconds / jobs
    long = f"{about / 60:.0f} minutes" if about > 90 else f"{max(5, round(about, -1)):.0f} seconds"
    options.tell(f"learning takes about {long}")


@contextmanager
def _rounds(total: int, quiet: bool) -> Iterator[Callable[[], None] | None]:
    """A function to call after each round of learning: a bar, or a line each where none is seen."""
    if quiet or sys.stderr.isatty():
        with options.steps(total, quiet, "round") as on_step:
            yield on_step
        return
    done = count(1)
    yield lambda: options.say(f"round {next(done)} of {total}")


def _gain(learnt: Learnt) -> str:
    """The gain by learning a hand, in a line."""
    from ocr_cli.training.adaptation import hand

    if learnt.before is None or learnt.after is None:
        few = f"{learnt.lines} line{'s' if learnt.lines > 1 else ''} found on the page"
        return f"{few}, too few to be sure of a gain ({hand.FEWEST} at least); it reads as before"
    lines = f"{learnt.lines} lines, each read by what had not seen it"
    if not learnt.share:
        return f"CER {learnt.before.rate:.2%} on {lines}; no sure gain, it reads as before"
    rates = f"CER {learnt.before.rate:.2%} before, {learnt.after.rate:.2%} after"
    low, high = (100 * end for end in learnt.gain)
    return f"{rates}, on {lines}; a gain of {low:.1f} to {high:.1f} points, with {hand.SURE:.0%}"
