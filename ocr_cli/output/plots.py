"""Pictures of scores; they need matplotlib, the extra ocr-cli[plot]."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr_cli.errors import MissingExtraError
from ocr_cli.output.files import replacing


def save_confusion(confusion: NDArray[np.int64], classes: Sequence[str], path: Path) -> None:
    """Save a PNG of the (C, C) counts `confusion`: rows are true classes, columns read ones.

    Each cell's shade is its share of the row, so that rare classes show as well.

    Raises
    ------
    MissingExtraError
        When matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as failure:
        raise MissingExtraError("matplotlib", "plot", "a plot") from failure

    shares = confusion / np.maximum(1, confusion.sum(1, keepdims=True))
    side = 2.5 + 0.22 * len(classes)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    cells = axes.imshow(shares, cmap="magma_r", vmin=0, vmax=1)
    labels = [name.replace("$", r"\$") for name in classes]  # no mathematics is meant
    axes.set_xticks(range(len(classes)), labels)
    axes.set_yticks(range(len(classes)), labels)
    axes.set(xlabel="read as", ylabel="written", title=f"{int(confusion.sum())} characters")
    _write_misreadings(axes, shares)
    figure.colorbar(cells, label="share of the row", shrink=0.8)
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
