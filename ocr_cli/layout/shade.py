"""Light and shade that would hide writing: what is broader than a pen's stroke is no ink."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.raster import label, over_cells, running_max
from ocr_cli.page import Course

Array = NDArray[Any]
Grey = NDArray[np.float32]
BROAD = 2.2  # spreads that a shadow, a marker's stripe or a hole measures, at least; no stroke does
CELL = 0.7  # spreads to a cell in which shades are looked for
STEP = 0.22  # share of the light that is lost within some cells, at the edge of a shade,
REACH = 4  # so many; the light of a lamp falls off more slowly
EDGES = 0.2  # share of the cells along the rows that lie at such edges, at least
SMALLEST = 3.5  # pixels of a spread, below which strokes are not told from shades
BLOT = 16.0  # spreads that a black blot measures, at most, beside which no shade ends
DEAD = 0.2  # of the page's light: nothing is to be seen on what is darker


def evenly_lit(grey: Grey, courses: Sequence[Course]) -> Grey:
    """The page without shades that begin or end along its rows; itself where there are none."""
    if not courses:
        return grey
    spread = float(np.median([course.spread for course in courses]))
    if spread < SMALLEST or not has_edges(grey, courses, spread):
        return grey
    light = closed(grey, odd(BROAD * spread))
    level = float(np.percentile(light, 90))
    even = grey / np.maximum(light, 0.02) * np.float32(level)
    return np.where(light < DEAD * level, np.float32(level), np.minimum(even, 1)).astype(np.float32)


def has_edges(grey: Grey, courses: Sequence[Course], spread: float) -> bool:
    """Whether shades begin or end where there are rows."""
    step = max(1, round(CELL * spread))
    height, width = (n // step for n in grey.shape)
    if min(height, width) < 2 * REACH + 1:
        return False
    light = closed(over_cells(np.maximum, grey, step), odd(BROAD / CELL))
    light = _without_cells(light)
    low = -running_max(-light, 2 * REACH + 1)
    edges = running_max(light, 2 * REACH + 1) - low > STEP * light.max()
    there = np.zeros(edges.shape, bool)
    for course in courses:
        x, y = course.points.T / step
        at = np.arange(max(0, int(x.min())), min(width, int(x.max()) + 1))
        if len(at):
            there[np.clip(np.interp(at, x, y), 0, height - 1).astype(int), at] = True
    return bool(edges[there].mean() > EDGES) if there.any() else False


def _without_cells(light: Grey) -> Grey:
    """The light without black blots as small as a crossword's cells: nothing is written there."""
    most = light.max()
    dead = label(light < DEAD * most)
    sides = dead.boxes[:, 2:] - dead.boxes[:, :2]
    small = np.asarray((sides <= BLOT / CELL).all(1))
    return np.where(dead.of(small), most, light) if small.any() else light


def closed(grey: Grey, size: int) -> Grey:
    """The page without whatever is dark and narrower than `size` pixels, odd."""
    return -running_max(-running_max(grey, size), size)


def odd(size: float) -> int:
    """A whole number of about that size that has a middle."""
    return 2 * int(size / 2) + 1
