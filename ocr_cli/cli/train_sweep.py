"""`ocr train --sweep`: one training for each setting, and a table of them all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ocr_cli import parallel
from ocr_cli.cli import options
from ocr_cli.cli.train_network import Log, experiment_of, usual_data, with_unit
from ocr_cli.data.weighted import only_path
from ocr_cli.errors import OcrError
from ocr_cli.output import guard, table

if TYPE_CHECKING:
    from ocr_cli.training.experiments import Experiment, Outcome

# The options that say what is trained and how, by what they are called in Python.
SWEPT = frozenset(
    (
        *("kind", "homework", "hidden", "channels", "start", "teacher", "backend", "device"),
        *("data", "classes", "augment", "seed", "patience"),
        *("epochs", "batch_size", "lr", "optimizer", "momentum"),
    )
)
# of the table, and to which side they lean
COLUMNS = {
    "setting": "<",
    "epochs": ">",
    "best": ">",
    "train": ">",
    "valid": ">",
    "test": ">",
    "PCA": ">",
    "seconds": ">",
    "model": "<",
}


PLOTS = ("curves.png", "weights.png", "reconstructions.png")


def outputs(out: Path, log: Path | None, plot: Path | None) -> list[guard.Output]:
    """The files that a training writes."""
    planned = [guard.Output("--out", out, "model")]
    if log is not None:
        planned.append(guard.Output("--log", log, "log of ocr train"))
    if plot is not None:
        planned += [guard.Output("--plot", plot / name, "PNG picture") for name in PLOTS]
    return planned


def settings(ctx: click.Context, sweeps: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Values of options by the name of the setting, as `lr=0.003 seed=1`: the whole grid.

    Each of `sweeps` is an option without its dashes, =, and values with commas between, or
    with spaces where a value has commas itself. They are read as click reads the option's.
    """
    axes: dict[str, list[tuple[str, Any]]] = {}
    for sweep in sweeps:
        name, _, given = sweep.partition("=")
        option = _option(ctx, name)
        texts = given.split() if " " in given.strip() else given.split(",")
        if not all(texts):
            raise _wrong(f"{sweep!r} lacks a value, expected NAME=VALUE,VALUE")
        if option.name in axes or len(set(texts)) < len(texts):
            raise _wrong(f"{sweep!r} says something twice")
        with click.core.augment_usage_errors(ctx, option):
            values = [(f"{name}={text}", _value(ctx, option, text)) for text in texts]
        axes[str(option.name)] = values
    return {
        " ".join(setting for setting, _ in point): dict(
            zip(axes, (value for _, value in point), strict=True)
        )
        for point in product(*axes.values())
    }


def _value(ctx: click.Context, option: click.Option, text: str) -> Any:
    if option.name == "data":  # may be given several times elsewhere, but not here
        return only_path(option.process_value(ctx, [text]), "a setting of a sweep")
    return option.process_value(ctx, text)


def _option(ctx: click.Context, name: str) -> click.Option:
    """The option --name, which is one that can be swept and is not given as well."""
    known = {
        opt.removeprefix("--"): param
        for param in ctx.command.params
        if isinstance(param, click.Option) and param.name in SWEPT
        for opt in param.opts
    }
    if name not in known:
        raise _wrong(f"{name!r} is not one of {', '.join(sorted(known))}")
    param = known[name]
    source = ctx.get_parameter_source(str(param.name))
    if source is click.core.ParameterSource.COMMANDLINE:
        raise _wrong(f"--{name} is given as well")
    return param


def _wrong(problem: str) -> click.BadParameter:
    return click.BadParameter(problem, param_hint="'--sweep'")


def run(
    ctx: click.Context,
    sweeps: Sequence[str],
    asked: Mapping[str, Any],
    log: Path | None,
    quiet: bool,
    plot: Path | None,
    jobs: int,
    inputs: Sequence[str],
) -> None:
    """Train each setting, at most `jobs` at a time; a table of those that ended goes to stdout."""
    from ocr_cli.output.plots import check_plotting

    experiments = experiments_of(settings(ctx, sweeps), asked)
    planned = [
        output
        for one in experiments
        for output in outputs(one.out, beside(log, one.setting) if log else None, None)
    ]
    read = [str(name) for one in experiments for name in (one.start, one.teacher, one.data) if name]
    guard.check(planned + (outputs(planned[0].path, None, plot)[1:]), [*inputs, *read])
    if plot is not None:
        check_plotting(plot)
    work = partial(_attempt, log=log, quiet=quiet)
    ended: list[Outcome | OcrError] = []
    try:
        with parallel.processes(min(jobs, len(experiments)), options.tell) as executor:
            # what ended before an interrupt stays in the list
            ended.extend(parallel.in_order(work, experiments, executor, len(experiments)))
    except KeyboardInterrupt:
        options.tell("stopped; the best models so far are kept")
        raise
    finally:
        _tell(ctx, experiments, ended, plot)


def _tell(
    ctx: click.Context,
    experiments: Sequence[Experiment],
    ended: Sequence[Outcome | OcrError],
    plot: Path | None,
) -> None:
    """Tell what failed, each in a line, and a table of the others; curves, where asked for."""
    for experiment, one in zip(experiments, ended, strict=False):
        if isinstance(one, OcrError):
            ctx.meta[options.FAILED] = True
            options.tell(f"{experiment.setting}: {one}")
    outcomes = [one for one in ended if not isinstance(one, OcrError)]
    if outcomes:
        click.echo(_table(outcomes))
        if plot is not None:
            from ocr_cli.training.plots import save_curves

            courses = {one.experiment.setting: one.history for one in outcomes}
            save_curves(courses, outcomes[0].goal.score, plot / "curves.png")


def experiments_of(
    planned: Mapping[str, Mapping[str, Any]], asked: Mapping[str, Any]
) -> list[Experiment]:
    """Experiments, one a setting, checked as far as can be before the first takes its time."""
    from ocr_cli.modelfiles.kinds import KINDS
    from ocr_cli.training.experiments import preset_of, refuse_idle

    made = []
    for setting, values in planned.items():
        own = {**asked, **values, "setting": setting, "out": beside(asked["out"], setting)}
        if not own["data"]:
            own["data"] = usual_data("mlp")  # the same for all kinds: they are to be compared
        if not KINDS[own["kind"]].goal:
            raise _wrong(f"a {own['kind']} model cannot be swept")
        made.append(experiment_of(own))
        preset_of(made[-1])
    refuse_idle(made)
    if len({KINDS[one.kind].goal for one in made}) > 1:
        raise _wrong("classifiers and autoencoders have no score in common")
    if len({one.out for one in made}) < len(made):
        raise _wrong("two settings would be kept in one file")
    return made


def beside(path: Path, setting: str) -> Path:
    """The file of a setting: model.npz to model-lr-0.003.npz."""
    words = re.sub(r"[^\w.]+", "-", setting.replace(",", "x")).strip("-")
    return path.with_name(f"{path.stem}-{words}{path.suffix}")


def _attempt(experiment: Experiment, log: Path | None, quiet: bool) -> Outcome | OcrError:
    """Try one training, in whichever process; what a user can mend must not cost the others."""
    from ocr_cli.training import experiments

    here = beside(log, experiment.setting) if log else None
    try:
        prepared = experiments.set_up(experiment)
        if not quiet:
            data = prepared.splits.name
            options.tell(f"{experiment.setting}: training on {data}")
        with Log(prepared.preset.kind, here, quiet, experiment.setting) as told:
            return experiments.carry_out(prepared, told)
    except OcrError as failure:
        return failure
    except OSError as failure:
        return OcrError(failure.strerror or str(failure), "", str(failure.filename or ""))


def _table(outcomes: Sequence[Outcome]) -> str:
    """A line a setting; train is as met in the best epoch, the others are the file's scores."""
    cells = [_cells(one) for one in outcomes]
    known = {name for row in cells for name in row}
    names = [name for name in COLUMNS if name in known]
    rows = [names, *([row.get(name, "-") for name in names] for row in cells)]
    right = {i for i, name in enumerate(names) if COLUMNS[name] == ">"}
    return "\n".join(table.aligned(rows, right))


def _cells(one: Outcome) -> dict[str, str]:
    """A setting's line by the name of the column; PCA is of valid."""
    best = max(one.history, key=lambda epoch: epoch.valid_score)
    scores = {"train": best.train_score} | {name: score for name, (_, score) in one.scores.items()}
    if one.baseline:
        scores["PCA"] = one.baseline["valid"][1]
    return {
        "setting": one.experiment.setting,
        "epochs": str(len(one.history)),
        "best": str(best.epoch),
        **{name: with_unit(one.goal, score) for name, score in scores.items()},
        "seconds": f"{one.seconds:.1f}",
        "model": str(one.experiment.out),
    }
