"""Pictures of scores; they need matplotlib, the extra ocr-cli[plot]."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ocr_cli.errors import MissingExtraError
from ocr_cli.output.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_confusion(confusion: NDArray[np.int64], classes: Sequence[str], path: Path) -> None:
    """Save a PNG of the (C, C) counts `confusion`: rows are true classes, columns read ones.

    Each cell's shade is its share of the row, so that rare classes show as well.

    Raises
    ------
    MissingExtraError
        When matplotlib is not installed.
    """
    shares = confusion / np.maximum(1, confusion.sum(1, keepdims=True))
    side = 2.5 + 0.22 * len(classes)
    figure = _figure(side + 0.8, side)
    axes = figure.subplots()
    cells = axes.imshow(shares, cmap="magma_r", vmin=0, vmax=1)
    labels = [name.replace("$", r"\$") for name in classes]  # no mathematics is meant
    axes.set_xticks(range(len(classes)), labels)
    axes.set_yticks(range(len(classes)), labels)
    axes.set(xlabel="read as", ylabel="written", title=f"{int(confusion.sum())} characters")
    _write_misreadings(axes, shares)
    figure.colorbar(cells, label="share of the row", shrink=0.8)
    _save(figure, path)


def save_learning_curve(log: Path, path: Path) -> None:
    """Save a PNG of the loss and of the CER on valid words and lines over a line training.

    log : JSON lines as `training_lines.train_lines` writes them.

    Raises
    ------
    MissingExtraError
        When matplotlib is not installed.
    """
    reports = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    minutes = [report["seconds"] / 60 for report in reports]
    figure = _figure(8, 4)
    loss, errors = figure.subplots(1, 2)
    loss.plot(minutes, [report["loss"] for report in reports])
    loss.set(xlabel="minutes", ylabel="CTC loss a character", ylim=0)
    for name in ("words", "lines"):
        errors.plot(minutes, [100 * report[name]["all"] for report in reports], label=name)
    errors.set(xlabel="minutes", ylabel="CER on valid, %", ylim=0)
    errors.legend()
    _save(figure, path)


def _figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, that draws without a screen."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as failure:
        raise MissingExtraError("matplotlib", "plot", "a plot") from failure
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> None:
    with replacing(path) as beside:
        figure.savefig(beside, format="png", dpi=120)


def _write_misreadings(axes: object, shares: NDArray[np.float64], least: float = 0.05) -> None:
    """The percentage in each cell off the diagonal that holds `least` of its row or more."""
    for y, x in np.argwhere(shares >= least):
        if y != x:
            ink = "white" if shares[y, x] > 0.5 else "black"
            axes.text(  # type: ignore[attr-defined]
                x, y, f"{100 * shares[y, x]:.0f}", color=ink, ha="center", va="center", fontsize=6
            )
