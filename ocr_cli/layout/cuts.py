"""Over-segmentation: wide pieces of ink taken apart wherever letters may meet.

Letters that touch often overhang each other, so a cut is a seam: a path from top to bottom
that winds through the paper and crosses ink where that is thin (S. Avidan and A. Shamir, Seam
carving, SIGGRAPH 2007; for touching letters R. Casey and E. Lecolinet, PAMI 1996, 3.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ocr_cli.page import Box, Glyph, Row

WIDE = 0.9  # pieces wider than this many x-heights are looked into
APART = 0.2  # least distance from a cut to the end, in x-heights
LONG = 0.8  # x-heights from which on a valley may be cut at its ends
THIN, THICK = 1.6, 2.6  # ink that a seam crosses, in stroke widths: first choice, and at most
LEAST = 0.6  # squares of the stroke width that a slice has of ink, at least
ASIDE = 0.02  # cost of a step aside in paper, in pixels of ink
IN_INK = 3.0  # and in ink: across a stroke, not along it

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Piece:
    """A wide glyph made upright.

    y, column : (n,) its ink, `column` from 0 with the row's slant taken out.
    middle : the y at which small letters are half as high.
    """

    glyph: Glyph
    y: Ints = field(repr=False)
    x: Ints = field(repr=False)
    column: Ints = field(repr=False)
    middle: int

    @property
    def width(self) -> int:
        return int(self.column.max()) + 1


def cut_row(row: Row, stroke_width: float) -> list[list[Glyph]]:
    """For each of the row's glyphs, its slices from left to right, each one letter at most."""
    pieces = [_upright(glyph, row) for word in row.words for glyph in word.glyphs]
    slices = [[piece.glyph] for piece in pieces]
    wide = [i for i, piece in enumerate(pieces) if piece.width >= WIDE * row.x_height]
    if wide:
        cut = _cut_pieces([pieces[i] for i in wide], stroke_width, row.x_height)
        for i, parts in zip(wide, cut, strict=True):
            slices[i] = parts
    return slices


def _upright(glyph: Glyph, row: Row) -> _Piece:
    y, x = np.nonzero(glyph.ink)
    upright = x + row.slant * (y - glyph.box.height / 2)
    column = np.rint(upright - upright.min()).astype(np.int64)
    foot = row.baseline + row.slope * (glyph.box.x1 + glyph.box.x2) / 2
    middle = int(foot - row.x_height / 2) - glyph.box.y1
    return _Piece(glyph, y, x, column, min(max(middle, 0), glyph.box.height - 1))


def _cut_pieces(
    pieces: Sequence[_Piece], stroke_width: float, x_height: float
) -> list[list[Glyph]]:
    """Each piece's slices; all pieces lie side by side, their middles at one height."""
    above = max(piece.middle for piece in pieces)
    below = max(piece.glyph.box.height - piece.middle for piece in pieces)
    starts = np.cumsum([0, *(piece.width + 3 for piece in pieces)])  # paper all around
    ink = np.zeros((above + below + 2, starts[-1] + 1), np.float32)
    for piece, start in zip(pieces, starts[:-1], strict=True):
        ink[piece.y - piece.middle + above + 1, piece.column + start + 2] = 1
    ink[:, starts] = np.inf  # no way from one piece to another
    seams = _Seams.through(ink, above + 1)
    sides = [
        (start + 1, start + 3 + piece.width)
        for piece, start in zip(pieces, starts[:-1].tolist(), strict=True)
    ]
    cuts = [valleys(seams.cost[left:right], stroke_width, x_height) for left, right in sides]
    columns = [left + cut for (left, _), found in zip(sides, cuts, strict=True) for cut in found]
    paths = np.split(seams.trace(np.array(columns, np.int64)), np.cumsum([len(c) for c in cuts]))
    least = LEAST * stroke_width**2
    return [
        _slices(piece, own[:, above + 1 - piece.middle :] - (left + 1), least)
        for piece, own, (left, _) in zip(pieces, paths[:-1], sides, strict=True)
    ]


def _slices(piece: _Piece, seams: Ints, least: float) -> list[Glyph]:
    """The piece cut along (S, H) seams, which say where each is in the piece's rows."""
    if not len(seams):
        return [piece.glyph]
    seams = np.maximum.accumulate(seams, axis=0)
    part = _without_slivers((piece.column >= seams[:, piece.y]).sum(0), least)
    return [_slice(piece, part == k) for k in range(int(part.max()) + 1)]


@dataclass(frozen=True)
class _Seams:
    """For each column, the seam that is there at the middle and crosses the least ink.

    cost : (W,) in pixels of ink; infinite where there is none. _from_top, _from_bottom :
    costs from either side up to and with each row, the middle's last. _ink : (H, W).
    """

    cost: Floats
    _from_top: Floats = field(repr=False)
    _from_bottom: Floats = field(repr=False)
    _ink: Floats = field(repr=False)

    @staticmethod
    def through(ink: Floats, middle: int) -> _Seams:
        """The seams of (H, W) ink, 1 ink, 0 paper, infinite where they may not go."""
        top, bottom = _costs(ink[: middle + 1]), _costs(ink[: middle - 1 : -1])
        with np.errstate(invalid="ignore"):
            cost = top[-1] + bottom[-1] - ink[middle]
        return _Seams(np.nan_to_num(cost, nan=np.inf), top, bottom, ink)

    def trace(self, columns: Ints) -> Ints:
        """(S, H) where the seams through the middle's `columns` are in every row."""
        middle = len(self._from_top) - 1
        up = _trace(self._from_top, self._ink[: middle + 1], columns)
        down = _trace(self._from_bottom, self._ink[: middle - 1 : -1], columns)
        return np.concatenate([up, down[::-1][1:]]).T


def _aside(ink: Floats) -> Floats:
    return np.float32(ASIDE) + np.float32(IN_INK) * ink


def _costs(ink: Floats) -> Floats:
    """(H, W) the least cost of a path from the first row to each place."""
    total = np.full((len(ink), ink.shape[1]), np.inf, np.float32)
    total[0] = ink[0]
    aside = _aside(ink)
    for y in range(1, len(ink)):
        beside = np.minimum(total[y - 1, :-2], total[y - 1, 2:]) + aside[y, 1:-1]
        np.minimum(total[y - 1, 1:-1], beside, out=total[y, 1:-1])
        total[y] += ink[y]
    return total


def _trace(total: Floats, ink: Floats, columns: Ints) -> Ints:
    """(H, S) the cheapest paths from the first row to `columns` of the last."""
    paths = np.empty((len(total), len(columns)), np.int64)
    paths[-1] = x = columns
    for y in range(len(total) - 1, 0, -1):
        ahead = total[y - 1][x + np.array([[0], [-1], [1]])]
        ahead[1:] += _aside(ink[y, x])
        paths[y - 1] = x = x + np.array([0, -1, 1])[ahead.argmin(0)]
    return paths


def valleys(cost: Floats, stroke_width: float, x_height: float) -> list[int]:
    """Columns to cut at, from what the seam there costs in each, paper at both ends.

    A cut crosses a valley, thin ink with more of it on both sides: the bar of a T or the foot
    of an L that ends free is none. A long valley may be cut near its ends as well. Where
    thicker ink counts as thin, valleys run together but others come in, so both are looked at.
    """
    margin = max(2, int(APART * x_height))
    cuts: list[int] = []
    for level in (THIN * stroke_width, THICK * stroke_width):
        for cut in _valleys_below(level, cost, stroke_width, LONG * x_height, margin // 2):
            if all(abs(cut - other) >= margin for other in cuts):
                cuts.append(cut)
    return [cut for cut in sorted(cuts) if margin <= cut <= len(cost) - margin]


def _valleys_below(
    level: float, cost: Floats, stroke_width: float, long: float, inset: int
) -> list[int]:
    """The middle of each valley's floor; of one longer than `long`, its ends less `inset` too."""
    thin = cost <= level
    edges = np.flatnonzero(np.diff(thin, prepend=False, append=False)).reshape(-1, 2)
    cuts: list[int] = []
    for first, end in edges:
        if first == 0 or end == len(thin):
            continue
        depth = cost[first:end]
        lowest = np.flatnonzero(depth <= depth.min() + 0.35 * stroke_width)
        cuts.append(int(first + (lowest[0] + lowest[-1]) // 2))
        if end - first > long:
            cuts += [int(first + inset), int(end - inset)]
    return cuts


def _without_slivers(part: Ints, least: float) -> Ints:
    """Join each part of too little ink to the next one, or else to the one before: new numbers."""
    number, numbers, ink = 0, [], 0.0
    for area in np.bincount(part).tolist():
        numbers.append(number)
        ink += area
        if ink >= least:
            number, ink = number + 1, 0.0
    last = max(0, number - 1) if ink < least else number
    return np.minimum(numbers, last)[part]


def _slice(piece: _Piece, chosen: NDArray[np.bool_]) -> Glyph:
    """Some of the piece's pixels as a glyph of their own."""
    y, x = piece.y[chosen], piece.x[chosen]
    y1, x1, y2, x2 = int(y.min()), int(x.min()), int(y.max()) + 1, int(x.max()) + 1
    ink = np.zeros((y2 - y1, x2 - x1), bool)
    ink[y - y1, x - x1] = True
    top, left = piece.glyph.box.y1, piece.glyph.box.x1
    return Glyph(Box(top + y1, left + x1, top + y2, left + x2), ink)
