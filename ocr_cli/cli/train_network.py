"""`ocr train` of networks on pictures: classifiers and autoencoders."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from ocr_cli.cli import options
from ocr_cli.errors import shown
from ocr_cli.files import cannot_write, make_folder, open_log

if TYPE_CHECKING:
    from ocr_cli.modelfiles.weights import Model
    from ocr_cli.training.characters import Epoch, Goal
    from ocr_cli.training.experiments import Experiment, Outcome, Prepared


def command_line() -> str:
    """The command that was typed, for the record of a model."""
    return shlex.join(["ocr", *sys.argv[1:]])


def experiment_of(asked: Mapping[str, Any]) -> Experiment:
    """The experiment that the values of the command's options ask for."""
    from ocr_cli.training.experiments import Experiment

    given = {name: value for name, value in asked.items() if value is not None}
    if "optimizer" in given:
        given["optimiser"] = given.pop("optimizer")
    names = [field.name for field in fields(Experiment)]
    own = {name: given.pop(name) for name in names if name in given}
    return Experiment(**own, changes=given, command=command_line())


def usual_data(kind: str) -> Path | None:
    """The data in the folder $OCR_DATA that suits a kind of model; None: there is none."""
    from ocr_cli.data import choose

    folder = os.environ.get("OCR_DATA")
    return choose.default_path(Path(folder) if folder else None, kind)


def run(asked: Mapping[str, Any], log: Path | None, quiet: bool, plot: Path | None) -> None:
    """Carry out one training; its epochs are told as they end, its scores at last."""
    from ocr_cli.output.plots import check_plotting
    from ocr_cli.training import experiments

    if plot is not None:
        check_plotting(plot)
    data = asked["data"] or usual_data(asked["kind"])
    experiment = experiment_of({**asked, "data": data})
    experiments.refuse_idle([experiment])
    prepared = _prepared(experiment, quiet)
    if not quiet:
        options.tell(f"training on {prepared.splits.name}")
    options.tell_of_data(prepared.splits.notes, prepared.splits.left_out)
    with Log(prepared.preset.kind, log, quiet) as told:
        try:
            outcome = experiments.carry_out(prepared, told)
        except KeyboardInterrupt:
            out = prepared.experiment.out
            kept = f"the best model so far is in {out}" if told.epochs else "no epoch was finished"
            options.tell(f"stopped; {kept}")
            raise
    click.echo("\n".join(_results(outcome)))
    if plot is not None:
        _draw(prepared, outcome, plot)


def _prepared(experiment: Experiment, quiet: bool) -> Prepared:
    from ocr_cli.training import experiments

    with options.steps(experiments.steps_to_prepare(experiment), quiet) as on_step:
        return experiments.set_up(experiment, on_step)


def with_unit(goal: Goal, score: float) -> str:
    """A score with its unit."""
    return f"{score:.2%}" if goal.score == "accuracy" else f"{score:.2f} dB"


def _results(outcome: Outcome) -> list[str]:
    def told(name: str, scores: Mapping[str, tuple[float, float]]) -> str:
        parts = (f"{split} {with_unit(outcome.goal, s)}" for split, (_, s) in scores.items())
        return "  ".join([name, *parts])

    lines = [told(shown(str(outcome.experiment.out)), outcome.scores)]
    if outcome.components is not None:
        count = len(outcome.components.directions)
        lines.append(told(f"{count} principal components", outcome.baseline))
    return lines


def _draw(prepared: Prepared, outcome: Outcome, folder: Path) -> None:
    from ocr_cli.training import plots as training_plots

    training_plots.save_curves({"": outcome.history}, outcome.goal.score, folder / "curves.png")
    training_plots.save_weights(prepared.start, outcome.best, folder / "weights.png")
    if outcome.components is not None:
        from ocr_cli.training.autoencoder import reconstruct
        from ocr_cli.training.experiments import some_of_each

        shown = some_of_each(prepared.splits.valid, classes=5, items=2)
        rows = {
            "original": shown.images,
            "reconstruction": reconstruct(outcome.best, shown.images),
            f"{len(outcome.components.directions)} principal\ncomponents": (
                outcome.components.reconstruct(shown.images)
            ),
        }
        training_plots.save_reconstructions(rows, folder / "reconstructions.png")


class Log:
    """Writes each epoch to stderr, unless quiet, and to the log file as it ends."""

    def __init__(self, kind: str, path: Path | None, quiet: bool, setting: str = "") -> None:
        from ocr_cli.training.characters import goal_of

        self._goal, self._path, self._quiet = goal_of(kind), path, quiet
        self._before = f"{setting}  " if setting else ""
        self._file: IO[str] | None = None
        self.epochs = 0

    def __enter__(self) -> Log:
        if self._path is not None:
            make_folder(self._path.parent)
            self._file = open_log(self._path)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with suppress(OSError):  # a full disk has been told
                self._file.close()

    def __call__(self, epoch: Epoch, _model: Model) -> None:
        self.epochs += 1
        name = self._goal.score
        if self._file is not None:
            figures = {key.replace("score", name): value for key, value in asdict(epoch).items()}
            self._write(json.dumps(figures) + "\n")
        if not self._quiet:
            both = epoch.train_score, epoch.valid_score
            train, valid = (with_unit(self._goal, score) for score in both)
            options.say(
                f"{self._before}epoch {epoch.epoch:3}  "
                f"loss {epoch.train_loss:.4f} / {epoch.valid_loss:.4f}  "
                f"{'PSNR' if name == 'psnr' else name} {train} / {valid} (train / valid)"
                f"  {epoch.seconds:.1f} s"
            )

    def _write(self, line: str) -> None:
        if self._file is None or self._path is None:
            return
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as failure:
            raise cannot_write(self._path, failure) from failure
