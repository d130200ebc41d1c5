"""Ink → letters: connected pieces, with dots and broken strokes joined to their letters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.raster import label
from ocr_cli.page import Box, Glyph, Page, union

Array = NDArray[Any]

SAMPLE = 30_000  # pixels of ink, about, by which slant is measured
MOST_PIECES = 2000  # of a noisier picture only the largest pieces are looked at


@dataclass(frozen=True)
class PieceSizes:
    """Measures of P connected pieces of ink, one array entry each, in the page's pixels.

    boxes : (P, 4) y1 x1 y2 x2. area : ink pixels. middle : (P, 2) mean y and x of the ink.
    core : height of the band that holds most of the ink; in a cursive word, of its small letters.
    lean : (P, 2) left and right end once upright strokes that lean by `slant` are made upright.
    """

    boxes: NDArray[np.int64]
    area: NDArray[np.int64]
    middle: NDArray[np.float64]
    core: NDArray[np.float64]
    lean: NDArray[np.float64]
    slant: float

    @property
    def height(self) -> NDArray[np.int64]:
        return self.boxes[:, 2] - self.boxes[:, 0]

    @property
    def width(self) -> NDArray[np.int64]:
        return self.boxes[:, 3] - self.boxes[:, 1]


def find_letters(page: Page) -> Page:
    """The page with `letters`: boxes and own ink of every letter-like piece, specks dropped.

    What belongs together is joined: the dot of i and j, the two parts of : ; ! ? = % and of
    quotes, strokes that broke. A full stop or comma stays a letter of its own; a word in one
    stroke is one letter.
    """
    if page.ink is None:
        raise ValueError("find_letters needs a page with ink: call find_ink first")
    # A dot that the pen makes by touching the paper has π / 4 of its width squared.
    glyphs = connected_pieces(page.ink, least=0.75 * page.stroke_width**2)
    if not glyphs:
        return replace(page, letters=(), rows=())
    groups = join_groups(glyphs, measure_glyphs(glyphs), page.stroke_width)
    return replace(page, letters=tuple(merge(glyphs[i] for i in g) for g in groups), rows=())


def connected_pieces(ink: NDArray[np.bool_], least: float) -> list[Glyph]:
    """8-connected pieces of at least `least` pixels, from the top down."""
    pieces = label(ink)
    chosen = np.flatnonzero(pieces.area >= least)
    if chosen.size > MOST_PIECES:
        largest = np.argsort(-pieces.area[chosen], kind="stable")[:MOST_PIECES]
        chosen = np.sort(chosen[largest])
    return [Glyph(Box(*map(int, pieces.boxes[p])), pieces.mask(int(p))) for p in chosen]


def merge(glyphs: Iterable[Glyph]) -> Glyph:
    """One glyph that holds the ink of all `glyphs`, of which there is at least one."""
    parts = list(glyphs)
    if len(parts) == 1:
        return parts[0]
    box = union([g.box for g in parts])
    ink = np.zeros((box.height, box.width), bool)
    for part in parts:
        y, x = part.box.y1 - box.y1, part.box.x1 - box.x1
        ink[y : y + part.box.height, x : x + part.box.width] |= part.ink
    return Glyph(box, ink)


def measure_glyphs(glyphs: Sequence[Glyph], slant: float | None = None) -> PieceSizes:
    """The measures of `glyphs`, of which there is at least one; the slant found if not given."""
    ys, xs = zip(*(np.nonzero(g.ink) for g in glyphs), strict=True)
    area = np.array([len(y) for y in ys])
    start = np.concatenate([[0], np.cumsum(area)[:-1]])
    boxes = np.array([g.box for g in glyphs])
    y = np.concatenate(ys) + np.repeat(boxes[:, 0], area)
    x = np.concatenate(xs) + np.repeat(boxes[:, 1], area)
    owner = np.repeat(np.arange(len(glyphs)), area)
    mean_y = np.add.reduceat(y, start) / area + 0.5
    mean_x = np.add.reduceat(x, start) / area + 0.5
    spread = np.sqrt(np.add.reduceat((y + 0.5 - mean_y[owner]) ** 2, start) / area)
    # Even ink over a height h has a spread of h / √12.
    core = np.minimum(np.sqrt(12) * spread + 1, boxes[:, 2] - boxes[:, 0])
    if slant is None:
        slant = find_slant(y - mean_y[owner], x - mean_x[owner], owner)
    upright = x + slant * (y - mean_y[owner])
    left, right = np.minimum.reduceat(upright, start), np.maximum.reduceat(upright, start) + 1
    middle, lean = np.stack([mean_y, mean_x], 1), np.stack([left, right], 1)
    return PieceSizes(boxes, area, middle, core, lean, float(slant))


def find_slant(y: Array, x: Array, owner: Array) -> float:
    """How far upright strokes lean: dx to the right per dy upwards, -0.6 to 1.2.

    y, x, owner : ink pixels, relative to the middle of the piece they belong to, and its number.
    The right shear piles the ink of each piece up in the fewest columns.
    """
    step = max(1, len(y) // SAMPLE)
    y, x, owner = y[::step], x[::step], owner[::step]
    if len(y) == 0:
        return 0.0
    shears = np.arange(-0.6, 1.21, 0.1)
    scores = []
    for shear in shears:
        column = np.rint(x + shear * y).astype(np.int64)
        column -= column.min()
        piles = np.bincount(owner * (column.max() + 1) + column)
        scores.append(float(np.square(piles).sum()))
    smooth = np.convolve(np.pad(scores, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    return float(shears[smooth.argmax()])


def letter_height(pieces: PieceSizes, stroke_width: float) -> float:
    """The usual height of a letter's body in pixels: the median core of all but dots."""
    body = np.maximum(pieces.height, pieces.width) > 3 * stroke_width
    return float(np.median(pieces.core[body] if body.any() else pieces.core))


def join_groups(
    glyphs: Sequence[Glyph], pieces: PieceSizes, stroke_width: float
) -> list[list[int]]:
    """Which pieces make one letter: groups of their numbers, in order of their first.

    Sides are judged on the leans, so that slanted neighbours do not pass for overlapping.
    """
    height = letter_height(pieces, stroke_width)
    top, bottom = pieces.boxes[:, 0], pieces.boxes[:, 2]
    left, right = pieces.lean.T
    small = np.maximum(pieces.height, pieces.width) < max(0.4 * height, 2 * stroke_width)
    flat = (pieces.height < 0.4 * height) & (pieces.width > 1.5 * pieces.height)

    gap_x, gap_y = _gaps(left, right), _gaps(top, bottom)
    over_x = -gap_x / np.minimum.outer(right - left, right - left)
    over_y = -gap_y / np.minimum.outer(pieces.height, pieces.height)
    either = np.logical_or.outer(small, small)
    inside = (over_x > 0.5) & (over_y > 0.5)
    dotted = either & (over_x > 0.3) & (gap_y > 0) & (gap_y < 0.5 * height)
    barred = np.logical_or.outer(flat, flat) & (over_x > 0.5) & (gap_y < 0.3 * height)
    colon = np.logical_and.outer(small, small) & (over_x > 0.3) & (gap_y < 0.8 * height)
    bars = np.logical_and.outer(flat, flat) & (over_x > 0.5) & (gap_y < 0.5 * height)
    linked = inside | dotted | barred | colon | bars

    # Broken strokes: ink much nearer than letters of this page are to each other.
    beside = (over_y > 0.3) & (gap_x > 0) & (gap_x < 3 * height)
    usual = np.where(beside, gap_x, np.inf).min(1)
    usual = float(np.median(usual[np.isfinite(usual)])) if np.isfinite(usual).any() else 0.0
    limit = max(1.2 * stroke_width, 0.15 * height)
    tight = min((0.5 if usual > 0.25 * height else 0.35) * usual, limit)
    doubt = (gap_x < limit) & (gap_y < limit) & ~linked
    doubt &= (over_x > 0.25) | (gap_x < tight)
    for i, j in np.argwhere(np.triu(doubt, 1)):
        far = ink_distance(glyphs[i], glyphs[j], limit)
        linked[i, j] = linked[j, i] = far < (limit if over_x[i, j] > 0.25 else tight)
    return groups_of(linked)


def _gaps(low: Array, high: Array) -> Array:
    """(N, N) gaps between intervals; below 0 by how much they overlap."""
    return np.maximum.outer(low, low) - np.minimum.outer(high, high)


def ink_distance(a: Glyph, b: Glyph, limit: float) -> float:
    """The least distance between the ink of two glyphs in pixels, infinite above `limit`."""
    near_a, near_b = _edge_near(a, b.box, limit), _edge_near(b, a.box, limit)
    if not len(near_a) or not len(near_b):
        return np.inf
    step_a, step_b = 1 + len(near_a) // 256, 1 + len(near_b) // 256
    apart = near_a[::step_a, None] - near_b[None, ::step_b]
    far = float(np.sqrt(np.square(apart).sum(-1).min()))
    return far if far <= limit else np.inf


def _edge_near(glyph: Glyph, box: Box, limit: float) -> NDArray[np.float32]:
    """(n, 2) y, x of the glyph's edge pixels that lie within `limit` of a box."""
    far = int(limit) + 1
    y1, x1 = max(0, box.y1 - far - glyph.box.y1), max(0, box.x1 - far - glyph.box.x1)
    y2, x2 = max(0, box.y2 + far - glyph.box.y1), max(0, box.x2 + far - glyph.box.x1)
    ink = np.pad(glyph.ink, 1)
    inner = ink[1:-1, 1:-1] & ink[:-2, 1:-1] & ink[2:, 1:-1] & ink[1:-1, :-2] & ink[1:-1, 2:]
    edge = (glyph.ink & ~inner)[y1:y2, x1:x2]
    corner = glyph.box.y1 + y1, glyph.box.x1 + x1
    return (np.argwhere(edge) + corner).astype(np.float32)


def groups_of(linked: NDArray[np.bool_]) -> list[list[int]]:
    """The connected groups of a symmetric (N, N) relation, each sorted, by first member."""
    groups: list[list[int]] = []
    seen = np.zeros(len(linked), bool)
    for first in range(len(linked)):
        if seen[first]:
            continue
        group, new = np.zeros(len(linked), bool), np.array([first])
        while new.size:
            group[new] = True
            new = np.flatnonzero(linked[new].any(0) & ~group)
        seen |= group
        groups.append([int(i) for i in np.flatnonzero(group)])
    return groups
