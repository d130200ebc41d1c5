"""Plots: a figure, and how it becomes a file; needs the extra ocr-cli[plot]."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ocr_cli.errors import MissingExtraError
from ocr_cli.files import make_folder, replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Told apart by those who do not see all colours (M. Okabe and K. Ito 2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def check_plotting(folder: Path) -> None:
    """Make the folder for plots: before the work, not after it.

    MissingExtraError where matplotlib is not installed; OcrError.
    """
    new_figure(1, 1)
    make_folder(folder)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, that draws without a screen; MissingExtraError."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as failure:
        raise MissingExtraError("matplotlib", "plot", "a plot") from failure
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write the figure as PNG, in a folder that is made if need be; OcrError."""
    make_folder(path.parent)
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=110)


def plain(text: str) -> str:
    """The text as a label that shows it as it is: no mathematics is meant."""
    return text.replace("$", r"\$")
