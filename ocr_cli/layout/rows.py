"""Letters → rows of words: lines of writing, their baseline, x-height and gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.letters import Pieces, groups_of, letter_height, measure
from ocr_cli.page import Glyph, Page, Row, Word, union

Array = NDArray[np.float64]


def find_rows(page: Page) -> Page:
    """The page with `rows`: its letters in lines from top to bottom, in words from left to right.

    Ridges of the smeared ink are the lines' first guess (S. Bukhari, F. Shafait, T. Breuel,
    ICDAR 2009); what lies on one line is joined over wide gaps.
    """
    if not page.letters:
        return replace(page, rows=())
    pieces = measure(page.letters)
    height = letter_height(pieces, page.stroke_width)
    lines = assign(pieces, ridges(page.letters, pieces, height), height)
    rows = [make_row([page.letters[i] for i in line], pieces.slant) for line in lines]
    rows = split_words(rows)
    return replace(page, rows=tuple(sorted(rows, key=_middle_y)))


def _middle_y(row: Row) -> float:
    return row.baseline + row.slope * (row.box.x1 + row.box.x2) / 2


def ridges(glyphs: Sequence[Glyph], pieces: Pieces, height: float) -> list[Array]:
    """The crests of the ink smeared along the rows: (n, 2) arrays of y, x in page pixels.

    Each crest goes from left to right, one point a cell of height / 6.
    """
    from scipy.ndimage import gaussian_filter, label

    cell = max(1.0, height / 6)
    y1, x1 = pieces.boxes[:, :2].min(0) - 3 * height
    y2, x2 = pieces.boxes[:, 2:].max(0) + 3 * height
    shape = int((y2 - y1) / cell) + 1, int((x2 - x1) / cell) + 1
    mass = np.zeros(shape, np.float32)
    for glyph in glyphs:
        y, x = np.nonzero(glyph.ink)
        rows = ((y + glyph.box.y1 + 0.5 - y1) / cell).astype(int)
        columns = ((x + glyph.box.x1 + 0.5 - x1) / cell).astype(int)
        np.add.at(mass, (rows, columns), 1.0)
    smeared = gaussian_filter(mass, (0.3 * height / cell, 2.5 * height / cell), truncate=3)
    crest = np.zeros(shape, bool)
    inner = smeared[1:-1]
    crest[1:-1] = (inner > smeared[:-2]) & (inner >= smeared[2:])
    crest &= smeared > 0.02 * smeared.max()
    number, count = label(crest, np.ones((3, 3), int))
    y, x = np.nonzero(number)
    line = number[y, x]
    order = np.lexsort((x, line))
    points = np.stack([y1 + (y + 0.5) * cell, x1 + (x + 0.5) * cell], 1)[order]
    return np.split(points, np.cumsum(np.bincount(line, minlength=count + 1)[1:])[:-1])


def assign(pieces: Pieces, crests: list[Array], height: float) -> list[list[int]]:
    """Which pieces make a line: their numbers; crests that run on from each other are one."""
    y, x = pieces.middle.T
    crests = [c for c in crests if len(c) > 1]
    if not crests:
        return [[i] for i in range(len(y))]
    far = np.stack([_distance(c, y, x, height) for c in crests])
    owner = far.argmin(0)
    lines = [np.flatnonzero(owner == k) for k in range(len(crests))]
    lines = [line for line in lines if line.size]
    return [
        [int(i) for k in group for i in lines[k]]
        for group in groups_of(_runs_on(pieces, lines, height))
    ]


def _distance(crest: Array, y: Array, x: Array, height: float) -> Array:
    """How far points lie from a crest: along y, and a little for what lies beyond its ends."""
    at = np.interp(x, crest[:, 1], crest[:, 0])
    beyond = np.maximum(0, np.maximum(crest[0, 1] - x, x - crest[-1, 1]))
    return np.abs(y - at) + 0.1 * beyond


def _runs_on(pieces: Pieces, lines: list[NDArray], height: float) -> NDArray[np.bool_]:
    """(L, L): whether two lines lie beside each other at one height."""
    linked = np.zeros((len(lines), len(lines)), bool)
    ends = [(pieces.boxes[i, 1].min(), pieces.boxes[i, 3].max()) for i in lines]
    for a in range(len(lines)):
        for b in range(len(lines)):
            if ends[a][1] - ends[b][0] > height:
                continue
            ia, ib = lines[a], lines[b]
            left = ia[np.argsort(pieces.boxes[ia, 3])[-3:]]
            right = ib[np.argsort(pieces.boxes[ib, 1])[:3]]
            off = np.average(pieces.middle[left, 0], weights=pieces.area[left]) - np.average(
                pieces.middle[right, 0], weights=pieces.area[right]
            )
            linked[a, b] = linked[b, a] = abs(off) < 0.5 * height
    return linked


def make_row(glyphs: Sequence[Glyph], slant: float) -> Row:
    """A row of one word from its glyphs, with baseline, slope and x-height measured."""
    glyphs = sorted(glyphs, key=lambda g: (g.box.x1 + g.box.x2, g.box.x1))
    baseline, slope = fit_baseline(glyphs)
    x_height = find_x_height(glyphs, baseline, slope)
    box = union([g.box for g in glyphs])
    return Row(box, (Word(box, tuple(glyphs)),), baseline, x_height, slope, slant)


def fit_baseline(glyphs: Sequence[Glyph]) -> tuple[float, float]:
    """(y at x = 0, slope) of the line that most letters stand on."""
    x = np.array([(g.box.x1 + g.box.x2) / 2 for g in glyphs])
    y = np.array([g.box.y2 for g in glyphs], float)
    if len(x) < 3 or np.ptp(x) == 0:
        return float(np.median(y)), 0.0
    dx = x[:, None] - x
    near = dx > 0
    slope = float(np.clip(np.median((y[:, None] - y)[near] / dx[near]), -0.2, 0.2))
    return float(np.median(y - slope * x)), slope


def find_x_height(glyphs: Sequence[Glyph], baseline: float, slope: float) -> float:
    """Height of a small letter over the baseline, in pixels."""
    x = np.array([(g.box.x1 + g.box.x2) / 2 for g in glyphs])
    top = np.array([g.box.y1 for g in glyphs], float)
    tall = baseline + slope * x - top
    return max(1.0, 0.68 * float(np.median(tall)))


def split_words(rows: Sequence[Row]) -> list[Row]:
    """The rows with their glyphs parted into words at the wide gaps."""
    out = []
    for row in rows:
        glyphs = [g for word in row.words for g in word.glyphs]
        gaps = letter_gaps(glyphs, row.slant) / row.x_height
        cuts = [0, *(np.flatnonzero(gaps > gap_threshold(gaps)) + 1), len(glyphs)]
        words = [
            Word(union([g.box for g in glyphs[a:b]]), tuple(glyphs[a:b]))
            for a, b in zip(cuts, cuts[1:], strict=False)
        ]
        out.append(replace(row, words=tuple(words)))
    return out


def letter_gaps(glyphs: Sequence[Glyph], slant: float) -> Array:
    """(n-1,) gaps between neighbours in pixels, along the row, slant taken out."""
    left, right = measure(glyphs, slant).lean.T
    return left[1:] - np.maximum.accumulate(right)[:-1]


def gap_threshold(gaps: Array) -> float:
    """The gap from which on a blank is meant, in the gaps' own unit (x-heights)."""
    if len(gaps) < 2:
        return 1.5
    ordered = np.sort(gaps)
    best, at = 0.0, np.inf
    total, n = ordered.sum(), len(ordered)
    for k in range(1, n):
        low = ordered[:k].sum()
        between = k * (n - k) * ((total - low) / (n - k) - low / k) ** 2
        if between > best:
            best, at = between, (ordered[k - 1] + ordered[k]) / 2
    return float(np.clip(at, 0.5, 2.0))
