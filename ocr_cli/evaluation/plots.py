"""Pictures of scores: what is taken for what, and whether confidences can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ocr_cli.output.plots import COLOURS, new_figure, plain, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PAIRS, MOST_EXAMPLES = 10, 8
LEAST = 0.05  # of a row, from which on a cell has its number
LONGEST_NAME = 24  # characters of a class


def save_confusion(confusion: NDArray[np.int64], classes: Sequence[str], path: Path) -> None:
    """Save a PNG of the (C, C) counts `confusion`: rows are true classes, columns read ones.

    Each cell's shade is its share of the row, so that rare classes show as well.
    MissingExtraError where matplotlib is not installed.
    """
    shares = confusion / np.maximum(1, confusion.sum(1, keepdims=True))
    names = [_short(name) for name in classes]
    longest = max(map(len, names), default=0)
    words = longest > 2  # names of classes, not characters
    side = max(4.0, 2.2 + 0.2 * len(classes)) + (0.1 * longest if words else 0)
    figure = new_figure(side + 0.9, side)
    axes = figure.subplots()
    cells = axes.imshow(shares, cmap="magma_r", vmin=0, vmax=1)
    labels = [plain(name) for name in names]
    axes.set_xticks(range(len(classes)), labels, family="monospace", rotation=90 if words else 0)
    axes.set_yticks(range(len(classes)), labels, family="monospace")
    axes.tick_params(labeltop=not words, labelright=not words, length=2)
    axes.grid(which="major", alpha=0.12)
    total, right = int(confusion.sum()), int(np.trace(confusion))
    title = f"{total} characters, {right / max(1, total):.1%} right (numbers: % of the row)"
    axes.set(xlabel="read as", ylabel="written")
    axes.set_title(title, fontsize=10 + 0.06 * len(classes))
    _write_misreadings(axes, shares)
    figure.colorbar(cells, label="share of the row", shrink=0.6, aspect=30, fraction=0.03)
    save(figure, path)


def _short(name: str) -> str:
    """A class's name, cut where it would take the place of the picture."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _write_misreadings(axes: Axes, shares: NDArray[np.float64]) -> None:
    """The percentage in each cell off the diagonal that holds LEAST of its row or more."""
    for y, x in np.argwhere(shares >= LEAST):
        if y != x:
            ink = "white" if shares[y, x] > 0.5 else "black"
            text = f"{100 * shares[y, x]:.0f}"
            axes.text(x, y, text, color=ink, ha="center", va="center", fontsize=6)


def save_pairs(
    pairs: Sequence[tuple[str, str, int]], examples: Sequence[NDArray[np.float32]], path: Path
) -> None:
    """Save a PNG with a row of pictures for each pair (written, read, times).

    examples : (K, H, W) of each pair, 0 ink to 1 paper, the most certain first.
    MissingExtraError where matplotlib is not installed.
    """
    pairs, examples = pairs[:MOST_PAIRS], examples[:MOST_PAIRS]
    figure = new_figure(1.9 + 0.7 * MOST_EXAMPLES, 0.6 + 0.72 * max(1, len(pairs)))
    figure.suptitle("Most often taken for each other, surest mistakes first", fontsize=11)
    cells = figure.subplots(max(1, len(pairs)), MOST_EXAMPLES, squeeze=False)
    for axes in cells.flat:
        axes.set_axis_off()
    for line, (written, read, times), pictures in zip(cells, pairs, examples, strict=False):
        names = f"{plain(_short(written))} read as {plain(_short(read))}"
        label = f"{names}\n{times} time{'s' if times > 1 else ''}"
        line[0].text(-0.15, 0.5, label, transform=line[0].transAxes, ha="right", va="center")
        for axes, picture in zip(line, pictures, strict=False):
            axes.imshow(picture, cmap="gray", vmin=0, vmax=1)
    save(figure, path)


def save_reliability(
    confidence: NDArray[np.float64],
    right: NDArray[np.float64],
    counts: NDArray[np.int64],
    error: float,
    what: str,
    path: Path,
) -> None:
    """Save a PNG of the share that is right over the confidence, by bins of equal width.

    confidence, right, counts : (B,) mean and share, 0 to 1, and number of the items of a bin.
    error : the expected calibration error, 0 to 1. what : the items, such as "words".
    MissingExtraError where matplotlib is not installed.
    """
    figure = new_figure(5, 5.6)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    edges = np.linspace(0, 1, len(counts) + 1)
    full = counts > 0
    axes.plot([0, 1], [0, 1], color="0.5", linestyle="--", label="as sure as it is right")
    axes.plot(
        confidence[full],
        right[full],
        "o-",
        color=COLOURS[0],
        label=f"{what}, by tenths",
        clip_on=False,
    )
    title = f"{counts.sum()} {what}, calibration error {100 * error:.1f} points"
    axes.set(ylabel="share that is right", title=title, xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="upper left")
    axes.grid(alpha=0.25)
    below.bar(edges[:-1], counts, np.diff(edges), align="edge", color=COLOURS[0], edgecolor="white")
    below.set(xlabel="confidence", ylabel=what)
    save(figure, path)
