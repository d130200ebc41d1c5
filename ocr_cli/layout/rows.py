"""Letters → rows of words: lines of writing, their baseline, x-height and gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.letters import PieceSizes, letter_height, measure_glyphs
from ocr_cli.layout.raster import label, smear
from ocr_cli.layout.spacing import split_words
from ocr_cli.page import Glyph, Page, Row, Word, union

Array = NDArray[np.float64]
STEEPEST = 0.12  # slope of a row: the page is level already


def find_rows(page: Page) -> Page:
    """The page with `rows`: its letters in lines from top to bottom, in words from left to right.

    Ridges of the smeared ink are the lines' first guess (S. Bukhari, F. Shafait, T. Breuel,
    ICDAR 2009); what lies on one line is joined over wide gaps.
    """
    if not page.letters:
        return replace(page, rows=())
    pieces = measure_glyphs(page.letters)
    height = letter_height(pieces, page.stroke_width)
    lines = find_lines(pieces, ridges(page.letters, pieces, height), height)
    parts = [[page.letters[i] for i in line] for line in lines]
    parts = [part for part in parts if not _are_rules(part, height)] or parts
    rows = split_words(make_rows(parts, pieces.slant))
    return replace(page, rows=tuple(sorted(rows, key=_middle_y)))


def _are_rules(glyphs: Sequence[Glyph], height: float) -> bool:
    """Whether all that a line holds is what is left of ruled lines and of the paper's edge."""
    return all(g.box.height < 0.5 * height and g.box.width > 8 * g.box.height for g in glyphs)


def _middle_y(row: Row) -> float:
    return row.baseline + row.slope * (row.box.x1 + row.box.x2) / 2


def ridges(glyphs: Sequence[Glyph], pieces: PieceSizes, height: float) -> list[Array]:
    """The crests of the ink smeared along the rows: (n, 2) arrays of y, x in page pixels.

    Each crest goes from left to right, one point a cell of about height / 6.
    """
    y1, x1 = pieces.boxes[:, :2].min(0) - 3 * height
    y2, x2 = pieces.boxes[:, 2:].max(0) + 3 * height
    cell = max(1.0, height / 6, (y2 - y1) / 600, (x2 - x1) / 600)
    shape = int((y2 - y1) / cell) + 1, int((x2 - x1) / cell) + 1
    mass = np.zeros(shape[0] * shape[1], np.float32)
    for glyph in glyphs:
        y, x = np.nonzero(glyph.ink)
        rows = ((y + glyph.box.y1 + 0.5 - y1) / cell).astype(int)
        columns = ((x + glyph.box.x1 + 0.5 - x1) / cell).astype(int)
        np.add.at(mass, rows * shape[1] + columns, 1.0)
    smeared = smear(mass.reshape(shape), 0.3 * height / cell, 2.5 * height / cell)
    crest = np.zeros(shape, bool)
    inner = smeared[1:-1]
    crest[1:-1] = (inner > smeared[:-2]) & (inner >= smeared[2:])
    crest &= smeared > 0.02 * smeared.max()
    number = label(crest).labels
    y, x = np.nonzero(number)
    line = number[y, x]
    order = np.lexsort((x, line))
    points = np.stack([y1 + (y + 0.5) * cell, x1 + (x + 0.5) * cell], 1)[order]
    return np.split(points, np.cumsum(np.bincount(line)[1:])[:-1])


def find_lines(pieces: PieceSizes, crests: list[Array], height: float) -> list[NDArray[np.intp]]:
    """Which pieces make a line of writing: arrays of their numbers.

    Each piece first goes to the nearest crest; then lines that run on from each other become
    one, lines of dots and tails are given up, and each piece goes to the line it stands in.
    """
    y, x = pieces.middle.T
    crests = [c for c in crests if len(c) > 1]
    if not crests:
        return [np.arange(len(y))]
    far = np.stack([_distance(c, y, x) for c in crests])
    lines = _parted(far.argmin(0), len(crests))
    small = np.maximum(pieces.height, pieces.width) < 0.6 * height
    for _ in range(3):
        lines = _join_lines(pieces, lines, small)
        lines = _drop_weak(pieces, lines, small)
        cost = reach(pieces, fit_bands(pieces, lines, small))
        lines = _parted(cost.argmin(0), len(lines))
    return lines


def _parted(owner: NDArray[np.intp], count: int) -> list[NDArray[np.intp]]:
    """The numbers of the pieces of each owner that has any."""
    lines = [np.flatnonzero(owner == k) for k in range(count)]
    return [line for line in lines if line.size]


def _distance(crest: Array, y: Array, x: Array) -> Array:
    """How far points lie from a crest: along y, and a little for what lies beyond its ends."""
    at = np.interp(x, crest[:, 1], crest[:, 0])
    beyond = np.maximum(0, np.maximum(crest[0, 1] - x, x - crest[-1, 1]))
    return np.abs(y - at) + 0.1 * beyond


def fit_bands(pieces: PieceSizes, lines: list[NDArray[np.intp]], small: NDArray[np.bool_]) -> Array:
    """(L, 3): y at x = 0 and slope of each line's middle, and half the height of its letters."""
    bands = np.empty((len(lines), 3))
    for k, line in enumerate(lines):
        body = line[~small[line]] if not small[line].all() else line
        y, x = pieces.middle[body].T
        half = max(1.0, float(np.median(pieces.core[body])) / 2)
        slope = _slope(x, y, shy=20 * half)
        bands[k] = np.median(y - slope * x), slope, half
    return bands


def _slope(x: Array, y: Array, shy: float) -> float:
    """Slope of points by the median over pairs (Theil, Sen), nearer 0 if they span < `shy`."""
    apart = x[:, None] - x
    pairs = apart > 0.25 * np.ptp(x) if np.ptp(x) > 0 else apart > 0
    if len(x) < 3 or not pairs.any():
        return 0.0
    slope = float(np.median((y[:, None] - y)[pairs] / apart[pairs]))
    return float(np.clip(slope, -STEEPEST, STEEPEST)) * min(1.0, float(np.ptp(x)) / shy)


def reach(pieces: PieceSizes, bands: Array, chosen: NDArray[np.intp] | None = None) -> Array:
    """(L, P): how far each (chosen) piece is from standing in each line's band, in pixels."""
    some = slice(None) if chosen is None else chosen
    y, x = pieces.middle[some].T
    centre = bands[:, :1] + bands[:, 1:2] * x
    half = bands[:, 2:]
    below = pieces.boxes[some, 0] - (centre + half)
    above = (centre - half) - pieces.boxes[some, 2]
    return np.maximum(0, np.maximum(below, above)) + 0.3 * np.abs(y - centre)


def _join_lines(
    pieces: PieceSizes, lines: list[NDArray[np.intp]], small: NDArray[np.bool_]
) -> list[NDArray[np.intp]]:
    """Join lines that lie at one height and leave each other's place free."""
    lines = list(lines)
    bands = fit_bands(pieces, lines, small)
    ends = np.array([_ends(pieces, line) for line in lines])
    alive = np.ones(len(lines), bool)
    cost = np.stack([_apart(pieces, lines, bands, ends, k) for k in range(len(lines))])
    while (best := divmod(int(cost.argmin()), len(lines))) and cost[best] < 1:
        a, b = best
        lines[a] = np.concatenate([lines[a], lines[b]])
        alive[b] = False
        bands[a] = fit_bands(pieces, [lines[a]], small)[0]
        ends[a] = _ends(pieces, lines[a])
        cost[a] = cost[:, a] = _apart(pieces, lines, bands, ends, a)
        cost[~alive] = cost[:, ~alive] = np.inf
    return [line for line, there in zip(lines, alive, strict=True) if there]


def _ends(pieces: PieceSizes, line: NDArray[np.intp]) -> tuple[int, int]:
    """Where a line of pieces begins and ends."""
    return int(pieces.boxes[line, 1].min()), int(pieces.boxes[line, 3].max())


def _apart(
    pieces: PieceSizes,
    lines: list[NDArray[np.intp]],
    bands: Array,
    ends: NDArray[np.int64],
    k: int,
) -> Array:
    """(L,): how far line k is from being one with each other line; below 1 they are one.

    Lines may lie further apart where they leave each other's place free.
    """
    # The middle of what they share, or of the gap between them.
    x = (np.maximum(ends[:, 0], ends[k, 0]) + np.minimum(ends[:, 1], ends[k, 1])) / 2
    off = np.abs(bands[:, 0] + bands[:, 1] * x - bands[k, 0] - bands[k, 1] * x)
    off /= np.maximum(bands[:, 2], bands[k, 2])
    cost = np.full(len(lines), np.inf)
    for j in np.flatnonzero(off < 1.6):
        if j != k:
            cost[j] = off[j] / (1.6 if _shared(pieces, lines[j], lines[k]) < 0.15 else 0.5)
    return cost


def _shared(pieces: PieceSizes, a: NDArray[np.intp], b: NDArray[np.intp]) -> float:
    """The part of the shorter line's ink that has ink of the other one above or below it."""
    left = np.maximum(pieces.boxes[a, 1][:, None], pieces.boxes[b, 1])
    right = np.minimum(pieces.boxes[a, 3][:, None], pieces.boxes[b, 3])
    shared = np.maximum(0, right - left).sum()
    return float(shared / max(1, min(pieces.width[a].sum(), pieces.width[b].sum())))


def _drop_weak(
    pieces: PieceSizes, lines: list[NDArray[np.intp]], small: NDArray[np.bool_]
) -> list[NDArray[np.intp]]:
    """Drop lines whose pieces all belong to stronger lines beside them."""
    bands = fit_bands(pieces, lines, small)
    alive = np.ones(len(lines), bool)
    for k in np.argsort([pieces.area[line].sum() for line in lines], kind="stable"):
        others = np.flatnonzero(alive & (np.arange(len(lines)) != k))
        if others.size and _belongs(pieces, lines, bands, k, others, small):
            alive[k] = False
    return [line for line, there in zip(lines, alive, strict=True) if there]


def _belongs(
    pieces: PieceSizes,
    lines: list[NDArray[np.intp]],
    bands: Array,
    k: int,
    others: NDArray[np.intp],
    small: NDArray[np.bool_],
) -> bool:
    """Whether all of line k's pieces are dots or tails of some other line's letters."""
    line = lines[k]
    cost = reach(pieces, bands[others], line)
    owner = others[cost.argmin(0)]
    band = bands[owner]
    centre = band[:, 0] + band[:, 1] * pieces.middle[line, 1]
    inside = (pieces.boxes[line, 0] < centre) & (pieces.boxes[line, 2] > centre)
    near = cost.min(0) / band[:, 2]
    if not np.all(inside | (near < 4.5)):
        return False
    share = max(_share_beside(pieces, line, lines[j], 12 * bands[j, 2]) for j in np.unique(owner))
    letters, dots = (2.0, 4.5) if share < 0.15 else (1.0, 1.5) if share < 0.5 else (0.0, 1.5)
    return bool(np.all(inside | (near < np.where(small[line], dots, letters))))


def _share_beside(
    pieces: PieceSizes, line: NDArray[np.intp], rival: NDArray[np.intp], margin: float
) -> float:
    """A line's ink as a part of a rival's ink in the same place, and a margin beside it."""
    x1, x2 = _ends(pieces, line)
    beside = (pieces.boxes[rival, 3] > x1 - margin) & (pieces.boxes[rival, 1] < x2 + margin)
    return float(pieces.area[line].sum() / max(1, pieces.area[rival[beside]].sum()))


class FittedLine(NamedTuple):
    """A line's glyphs, left to right, and the lines that they stand on and reach to.

    The baseline is y = baseline + slope * x; top : of most of them, in pixels over it.
    """

    glyphs: tuple[Glyph, ...]
    baseline: float
    slope: float
    top: float


def make_rows(parts: Sequence[Sequence[Glyph]], slant: float) -> list[Row]:
    """Rows of one word each from their glyphs, whose x-heights they settle among themselves."""
    fitted = [fit_line(glyphs) for glyphs in parts]
    rows = []
    heights = settled_x_heights(fitted)
    for (glyphs, baseline, slope, _), x_height in zip(fitted, heights, strict=True):
        box = union([g.box for g in glyphs])
        rows.append(Row(box, (Word(box, glyphs),), baseline, x_height, slope, slant))
    return rows


def fit_line(glyphs: Sequence[Glyph]) -> FittedLine:
    """The baseline and the top line of some glyphs."""
    glyphs = sorted(glyphs, key=lambda g: (g.box.x1 + g.box.x2, g.box.x1))
    core = measure_glyphs(glyphs, 0.0).core
    size = max(2.0, float(np.median(core[core >= 0.5 * core.max()])))
    step = max(1, round(0.4 * size))
    x, _, bottom = ink_profile(glyphs, step, whole=5 * step)  # the arms of a T stand on nothing
    baseline, slope = fit_baseline(x, bottom, size)
    x, top, _ = ink_profile(glyphs, step)
    tall = baseline + slope * x - top
    top_line = _mode(tall[tall > 0.4 * size], 0.15 * size)
    return FittedLine(tuple(glyphs), baseline, slope, max(1.0, top_line))


def ink_profile(glyphs: Sequence[Glyph], step: int, whole: int = 0) -> tuple[Array, Array, Array]:
    """(x, top, bottom) of the ink of each glyph in strips `step` pixels wide.

    A glyph no wider than `whole` pixels is one strip.
    """
    parts = []
    for glyph in glyphs:
        columns = np.flatnonzero(glyph.ink.any(0))
        ink = glyph.ink[:, columns]
        top = ink.argmax(0)
        bottom = ink.shape[0] - ink[::-1].argmax(0)
        strip = step if glyph.box.width > whole else glyph.box.width
        starts = np.flatnonzero(np.diff(columns // strip, prepend=-1))
        ends = np.append(starts[1:], len(columns)) - 1
        x = (columns[starts] + columns[ends] + 1) / 2 + glyph.box.x1
        highest = np.minimum.reduceat(top, starts) + glyph.box.y1
        lowest = np.maximum.reduceat(bottom, starts) + glyph.box.y1
        parts.append(np.stack([x, highest, lowest]))
    x, top, bottom = np.concatenate(parts, 1)
    return x, top, bottom


def fit_baseline(x: Array, bottom: Array, size: float) -> tuple[float, float]:
    """(y at x = 0, slope) of the line that most of the writing stands on.

    x, bottom : lower outline of the ink. Of the lines with a small slope it is the one that
    most points lie close to, so that tails below it do not pull it down.
    """
    span = float(np.ptp(x))
    most = 0.12 * min(1.0, span / (8 * size))
    best = (-1.0, 0.0, float(np.median(bottom)))
    for slope in np.linspace(-most, most, 25) if span > 2 * size else (0.0,):
        level = bottom - slope * x
        middle = _mode(level, 0.12 * size)
        score = float(np.exp(-0.5 * ((level - middle) / (0.12 * size)) ** 2).sum())
        best = max(best, (score * (1 - 0.5 * abs(slope)), float(slope), middle))
    return best[2], best[1]


def _mode(values: Array, width: float) -> float:
    """Where values lie most densely, judged with a Gaussian window of that width; 0 of none."""
    if values.size == 0:
        return 0.0
    grid = np.linspace(values.min(), values.max(), 64)
    density = np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2).sum(1)
    near = np.abs(values - grid[density.argmax()]) < 1.5 * width
    return float(values[near].mean()) if near.any() else float(grid[density.argmax()])


def settled_x_heights(lines: Sequence[FittedLine]) -> list[float]:
    """The height of a small letter in each of a page's lines.

    The top line is that of small letters where there is ink above it; a line without may be
    all capitals and figures, or small letters without an ascender. The page's other lines
    decide, and where none of them helps they are capitals, of which a small letter has 0.68 of
    the height.
    """
    shares = np.array([_ink_above(line) for line in lines])
    tops = np.array([line.top for line in lines])
    mixed = shares > 0.05
    if mixed.sum() < 0.3 * len(lines):
        mixed[:] = False
    usual = np.median(tops[mixed]) if mixed.any() else 0.0
    capitals = ~mixed & (tops > 1.3 * usual)
    heights = np.where(capitals, 0.68 * np.array([_usual_top(line) for line in lines]), tops)
    return [float(height) for height in np.maximum(heights, 1.0)]


def _usual_top(line: FittedLine) -> float:
    """The median height over the baseline of a line's glyphs, full stops and the like left out."""
    boxes = [g.box for g in line.glyphs]
    tall = [line.baseline + line.slope * (box.x1 + box.x2) / 2 - box.y1 for box in boxes]
    return float(np.median([t for t in tall if t > 0.4 * line.top] or [line.top]))


def _ink_above(line: FittedLine) -> float:
    """The share of a line's glyph strips whose ink reaches well above its top line."""
    x, top, _ = ink_profile(line.glyphs, max(1, round(0.4 * line.top)))
    return float(np.mean(line.baseline + line.slope * x - top > 1.4 * line.top))
