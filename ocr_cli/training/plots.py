"""Pictures of trainings: how they went, what a first layer looks for, what comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ocr_cli.modelfiles.weights import Model
from ocr_cli.nn.layers import Conv2d, Dense
from ocr_cli.output.plots import COLOURS, new_figure, plain, save
from ocr_cli.training.autoencoder import psnr

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

MOST_UNITS = 64  # of a layer that are shown
MOST_INSIDE = 4  # names of trainings that do not hide their curves
LOSSES = {
    "accuracy": "cross-entropy, nats a picture",
    "psnr": "squared error, summed over a picture",
}
SCORES = {"accuracy": ("accuracy", "%"), "psnr": ("PSNR", "dB")}


class EpochFigures(Protocol):
    """The figures of an epoch that a curve needs; losses and scores of train as met in training."""

    @property
    def epoch(self) -> int: ...
    @property
    def train_loss(self) -> float: ...
    @property
    def train_score(self) -> float: ...
    @property
    def valid_loss(self) -> float: ...
    @property
    def valid_score(self) -> float: ...


def save_curves(courses: Mapping[str, Sequence[EpochFigures]], score: str, path: Path) -> None:
    """Save a PNG of loss and score by epoch: train dashed, valid solid, a colour a training.

    score : "accuracy" or "psnr". Raises MissingExtraError where matplotlib is not installed.
    """
    figure = new_figure(9.5, 4)
    loss, scores = figure.subplots(1, 2)
    for (name, epochs), colour in zip(courses.items(), _colours(len(courses)), strict=True):
        _draw_course(loss, epochs, "loss", 1, colour, name)
        _draw_course(scores, epochs, "score", 100 if score == "accuracy" else 1, colour, name)
    loss.set(xlabel="epoch", ylabel=LOSSES[score], title="Loss", ylim=(0, _roof(loss)))
    called, unit = SCORES[score]
    scores.set(xlabel="epoch", ylabel=f"{called}, {unit}", title=called[0].upper() + called[1:])
    for axes in (loss, scores):
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axes.grid(alpha=0.25)
    _explain(figure, scores)
    save(figure, path)


def _draw_course(
    axes: Axes, epochs: Sequence[EpochFigures], what: str, factor: float, colour: Any, name: str
) -> None:
    x = [epoch.epoch for epoch in epochs]
    mark = "." if len(x) == 1 else ""  # one epoch makes no line
    for split, style in (("train", "--"), ("valid", "-")):
        y = [factor * getattr(epoch, f"{split}_{what}") for epoch in epochs]
        label = plain(name) if name and split == "valid" else None
        axes.plot(x, y, color=colour, linestyle=style, marker=mark, linewidth=1.5, label=label)


def _colours(count: int) -> Sequence[Any]:
    """Colours that can be told apart; of many trainings, neighbours are alike."""
    if count <= len(COLOURS):
        return COLOURS[:count]
    from matplotlib import colormaps

    turbo: Any = colormaps["turbo"]
    return turbo(np.linspace(0.02, 0.98, count))


def _roof(axes: Axes) -> float:
    """A little above the greatest loss, but not so high that one wild curve flattens the rest."""
    tops = sorted(float(np.nanmax(line.get_ydata(), initial=0)) for line in axes.lines)
    return 1.05 * min(tops[-1], 4 * tops[len(tops) // 2]) or 1.0


def _explain(figure: Figure, axes: Axes) -> None:
    """The legend: what dashed and solid are, then the trainings by colour if they have names."""
    from matplotlib.lines import Line2D

    styles: list[Any] = [
        Line2D([], [], color="0.3", linestyle="--", label="train, as met"),
        Line2D([], [], color="0.3", linestyle="-", label="valid"),
    ]
    named = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    if len(named) > MOST_INSIDE:
        figure.legend(handles=[*styles, *named], loc="outside right upper", fontsize=8)
    else:
        axes.legend(handles=[*styles, *named], loc="best", fontsize=8)


def save_weights(before: Model, after: Model, path: Path) -> None:
    """Save a PNG of the first layer with weights, a small picture a unit, before and after.

    Dense layers' weights are shown as pictures, upright; of many units those that have grown
    the largest. Raises MissingExtraError where matplotlib is not installed.
    """
    grids = [first_weights(model) for model in (before, after)]
    count = len(grids[1])
    largest = np.argsort(-np.linalg.norm(grids[1].reshape(count, -1), axis=1), kind="stable")
    shown = np.sort(largest[:MOST_UNITS])
    figure = new_figure(10.5, 5.2)
    part = f"{len(shown)} of its {count} units" if len(shown) < count else f"its {count} units"
    figure.suptitle(f"Weights of the first layer, {part}")
    names = ("before training", "after training")
    for side, grid, name in zip(np.asarray(figure.subfigures(1, 2)), grids, names, strict=True):
        _tile(side, grid[shown], name)
    save(figure, path)


def first_weights(model: Model) -> NDArray[np.float32]:
    """(K, H, W) what each of K units of the first layer with weights multiplies a picture by."""
    for layer, params in zip(model.layers, model.weights, strict=True):
        if isinstance(layer, Dense):  # its inputs are a picture's columns, one after another
            return params["weights"].T.reshape(-1, 32, 32).transpose(0, 2, 1)
        if isinstance(layer, Conv2d):
            return params["weights"].mean(2).transpose(2, 0, 1)
    raise ValueError("a network without weights")


def _tile(figure: SubFigure, grid: NDArray[np.float32], name: str) -> None:
    """The pictures in one mosaic, all on the one scale of its colour bar."""
    count, height, width = grid.shape
    across = int(np.ceil(np.sqrt(count)))
    down = -(-count // across)
    gap = max(1, height // 16)
    mosaic = np.full((down * (height + gap) - gap, across * (width + gap) - gap), np.nan)
    for i, picture in enumerate(grid):
        y, x = i // across * (height + gap), i % across * (width + gap)
        mosaic[y : y + height, x : x + width] = picture
    most = float(np.percentile(np.abs(grid), 99.5)) or 1.0
    axes = figure.subplots()
    shown = axes.imshow(mosaic, cmap="RdBu", vmin=-most, vmax=most, interpolation="nearest")
    axes.set_title(name, fontsize=10)
    axes.set_axis_off()
    figure.colorbar(shown, ax=axes, label="weight", shrink=0.7, extend="both")


def save_reconstructions(rows: Mapping[str, NDArray[np.float32]], path: Path) -> None:
    """Save a PNG of pictures (N, 32, 32) and, in rows below, what became of them, with PSNR.

    The first of the rows has the originals. MissingExtraError where matplotlib is missing.
    """
    original = next(iter(rows.values()))
    figure = new_figure(1.6 + 0.95 * len(original), 1.35 * len(rows))
    cells = figure.subplots(len(rows), len(original), squeeze=False)
    for line, (name, pictures) in zip(cells, rows.items(), strict=True):
        decibels = psnr(pictures, original)
        for axes, picture, value in zip(line, pictures, decibels, strict=True):
            axes.imshow(picture, cmap="gray", vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
            if pictures is not original:
                axes.set_xlabel(f"{value:.1f} dB", fontsize=8)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    save(figure, path)


def save_line_curves(log: Path, path: Path) -> None:
    """Save a PNG of the loss and of the CER on valid words and lines over a line training.

    log : JSON lines as `lines.train_lines` writes them. MissingExtraError where
    matplotlib is not installed.
    """
    reports = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    minutes = [report["seconds"] / 60 for report in reports]
    figure = new_figure(9.5, 4)
    loss, errors = figure.subplots(1, 2)
    loss.plot(minutes, [report["loss"] for report in reports])
    loss.set(xlabel="minutes", ylabel="CTC loss, nats a character", title="Loss on train", ylim=0)
    for name in ("words", "lines"):
        errors.plot(minutes, [100 * report[name]["all"] for report in reports], label=name)
    errors.set(xlabel="minutes", ylabel="CER, %", title="Errors on valid", ylim=0)
    errors.legend()
    save(figure, path)
