"""The row finder's map → rows: runs of body cells, linked from column to column, and joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.quantiles import median
from ocr_cli.layout.raster import runs, touching

Array = NDArray[Any]
Grey = NDArray[np.float32]
_SURE = 0.5  # from this probability on a cell is body
_NEAR = 6.0  # spreads of a gap that is bridged in any case
_FAR = 14.0  # and at most, where the map has a hint of body in the gap
_HINT = 0.15  # mean probability of body that is such a hint
_CLEAR_HINT = 0.4  # and where more rows end or begin in the gap than go on across it
_UPRIGHT = 17  # cells that an upright line is long, at least: no letter is
_LINE = 0.12  # contrast of its cells
_AROUND = 18.0  # spreads up and down in which rows are a gap's neighbours
_LEVEL = 1.1  # spreads by which two pieces of a row may miss each other
_STRAY = 0.12  # and by so much more for each cell of the gap
_ALIKE = 1.9  # at most so many times as large is one piece of a row as the other
_SHORT = 2.0  # spreads: a shorter row is none
_WEAK = 0.62  # mean probability of body of a row that is none


@dataclass(frozen=True)
class Chain:
    """A row on the map: x, y (n,) of its middle and its spread in cells, and its strength.

    strength : the mean probability that its cells are body.
    """

    x: Array = field(repr=False)
    y: Array = field(repr=False)
    spread: float
    strength: float

    @property
    def length(self) -> float:
        """From its start to its end, in cells."""
        return float(self.x[-1] - self.x[0]) + 1


def chains_of(body: Grey, spread: Grey, contrast: Grey | None = None) -> list[Chain]:
    """The rows of a map; body (h, w) is a probability, spread (h, w) in cells.

    contrast : (h, w), see `layout.faint`; upright lines on it part what stands beside them.
    """
    body = _evened(body)
    lines = np.zeros(body.shape, bool) if contrast is None else _upright_lines(contrast)
    pieces = [c for c in _pieces(body, spread) if c.length > 0.5 * c.spread]
    pieces = _joined(pieces, body, lines)
    pieces = [c for c in pieces if c.length >= _SHORT * c.spread and c.strength >= _WEAK]
    return _without_echoes(pieces)


def _evened(body: Grey) -> Grey:
    """Average the map over three cells along the rows: its four sublattices differ a little."""
    padded = np.pad(body, ((0, 0), (1, 1)), mode="edge")
    return np.asarray((padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3, np.float32)


def _upright_lines(contrast: Grey) -> NDArray[np.bool_]:
    """Find upright lines, (h, w) bool; one may lean by a cell over its length."""
    drawn = (contrast > _LINE).astype(np.uint8)
    drawn[:, 1:-1] = np.maximum(drawn[:, 1:-1], np.minimum(drawn[:, :-2], drawn[:, 2:]))
    total = np.pad(np.cumsum(drawn, 0, np.int32), ((1, 0), (0, 0)))
    long = total[_UPRIGHT:] - total[:-_UPRIGHT] == _UPRIGHT
    lines = np.zeros(contrast.shape, bool)
    for step in range(_UPRIGHT if len(long) else 0):
        lines[step : step + len(long)] |= long
    return lines


def _pieces(body: Grey, spread: Grey) -> list[Chain]:
    """Find the runs of body down each column, and follow each to the run that it overlaps most."""
    columns = np.ascontiguousarray(body.T)
    start, end, stride = runs(columns > _SURE)
    if not len(start):
        return []
    weight = np.pad(columns, ((0, 0), (0, 1))).ravel().astype(np.float64)
    log_spread = np.log(np.pad(spread.T, ((0, 0), (0, 1)), constant_values=1.0)).ravel()
    mass, size = (_sums(v, start, end) for v in (weight, weight * log_spread))
    # the middle is told more finely by what lies half inside as well
    low, high = np.maximum(start - 1, 0), end + 1
    middle = _sums(weight * np.arange(len(weight)), low, high) / _sums(weight, low, high)
    column = start // stride
    y = middle - column * stride + 0.5
    following = _links(start, end, stride)
    return _walked(following, column, y, size / mass, mass / (end - start))


def _sums(values: Array, start: Array, end: Array) -> Array:
    total = np.concatenate([[0.0], np.cumsum(values)])
    return total[end] - total[start]


def _links(start: Array, end: Array, stride: int) -> Array:
    """Find each run's follower in the next column, (R,) numbers, -1 where there is none."""
    i, j = touching(start, end, stride, corners=0)
    common = np.minimum(end[i] + stride, end[j]) - np.maximum(start[i] + stride, start[j])
    # of a run that parts, the follower goes on with what is most alike
    size = end - start
    alike = common / np.maximum(size[i], size[j])
    follower = _most_alike(i, j, alike, len(start))
    mutual = _most_alike(j, i, alike, len(start))[follower] == np.arange(len(start))
    return np.where((follower >= 0) & mutual, follower, -1)


def _most_alike(of: Array, one: Array, alike: Array, n: int) -> Array:
    """Find for each of n, as `of` counts, the `one` most `alike`, the first of several; or -1."""
    best = np.zeros(n)
    np.maximum.at(best, of, alike)
    found = np.full(n, -1)
    hit = np.flatnonzero((alike == best[of]) & (alike > 0))[::-1]
    found[of[hit]] = one[hit]  # the last to be set is the first of all
    return found


def _walked(following: Array, column: Array, y: Array, size: Array, mass: Array) -> list[Chain]:
    """Walk the links from run to run: the chains."""
    led = np.zeros(len(following), bool)
    led[following[following >= 0]] = True
    found = []
    for head in np.flatnonzero(~led):
        way = [head]
        while following[way[-1]] >= 0:
            way.append(following[way[-1]])
        at = np.array(way)
        spread = float(np.exp(median(size[at])))
        found.append(Chain(column[at] + 0.5, y[at], spread, float(mass[at].mean())))
    return found


def _joined(pieces: Sequence[Chain], body: Grey, lines: NDArray[np.bool_]) -> list[Chain]:
    """Join pieces that are of one row, the closest first."""
    first = tuple(pieces)
    pieces = list(pieces)
    while True:
        pairs = [
            (cost, i, j)
            for i, a in enumerate(pieces)
            for j, b in enumerate(pieces)
            if i != j
            and (cost := _distance(a, b)) is not None
            and (
                b.x[0] - a.x[-1] < _NEAR * a.spread
                or (not _between(a, b, lines).any() and _is_one_row(a, b, body, first))
            )
        ]
        if not pairs:
            return pieces
        taken: set[int] = set()
        merged: list[Chain] = []
        for _, i, j in sorted(pairs):
            if i not in taken and j not in taken:
                taken |= {i, j}
                merged.append(_merged(pieces[i], pieces[j]))
        pieces = [p for k, p in enumerate(pieces) if k not in taken] + merged


def _distance(a: Chain, b: Chain) -> float | None:
    """How far b begins after a ends, in spreads; None where they cannot be of one row."""
    spread = max(a.spread, b.spread)
    gap = float(b.x[0] - a.x[-1])
    if not -1.0 * spread < gap < _FAR * spread or b.x[-1] < a.x[-1] or a.x[0] > b.x[0]:
        return None
    if spread > _ALIKE * min(a.spread, b.spread):
        return None
    middle = (a.x[-1] + b.x[0]) / 2
    apart = abs(_beyond(a, middle, spread) - _beyond(b, middle, spread))
    if apart > _LEVEL * spread + _STRAY * max(gap, 0) + 0.5:
        return None
    return gap / spread + 2 * apart / spread


def _is_one_row(a: Chain, b: Chain, body: Grey, others: Sequence[Chain]) -> bool:
    """Whether a wide gap between a and b lies within a row, not between columns.

    The map has a hint of body there, or the rows above and below go on where the gap is. Where
    these end or begin the hint has to be clear.
    """
    x1, x2, y = a.x[-1], b.x[0], (a.y[-1] + b.y[0]) / 2
    across, beside = 0, 0
    for other in others:
        away = abs(float(np.interp((x1 + x2) / 2, other.x, other.y)) - y) / a.spread
        if 2 < away < _AROUND and other.spread < 2 * a.spread:
            across += other.x[0] < x1 and other.x[-1] > x2
            beside += x1 - a.spread < other.x[-1] < x2 or x1 < other.x[0] < x2 + a.spread
    hint = float(_between(a, b, body).mean())
    if beside > max(across, 1):
        return hint >= _CLEAR_HINT
    return hint >= _HINT or across > beside


def _beyond(chain: Chain, x: float, spread: float) -> float:
    """Where a chain would run at x, by its nearest part, some letters long."""
    near = np.abs(chain.x - x) < np.abs(chain.x - x).min() + 12 * spread
    cx, cy = chain.x[near], chain.y[near]
    if len(cx) < 4:
        return float(cy.mean())
    slope = np.polyfit(cx - cx.mean(), cy, 1)[0] * min(1.0, len(cx) / (8 * spread))
    return float(cy.mean() + np.clip(slope, -0.4, 0.4) * (x - cx.mean()))


def _between(a: Chain, b: Chain, values: Array) -> Array:
    """(n,) the highest values about the way from a's end to b's start."""
    n = max(3, int(b.x[0] - a.x[-1]) + 1)
    x, y = (
        np.linspace(start, end, n)[1:-1].astype(int)
        for start, end in ((a.x[-1], b.x[0]), (a.y[-1], b.y[0]))
    )
    rows = np.clip(y[:, None] + [-1, 0, 1], 0, values.shape[0] - 1)
    return np.asarray(values[rows, np.clip(x, 0, values.shape[1] - 1)[:, None]].max(1))


def _merged(a: Chain, b: Chain) -> Chain:
    parts = [(a.length, a), (b.length, b)]
    total = a.length + b.length
    keep = b.x > a.x[-1]
    spread = float(np.exp(sum(n * np.log(c.spread) for n, c in parts) / total))
    strength = sum(n * c.strength for n, c in parts) / total
    x, y = np.concatenate([a.x, b.x[keep]]), np.concatenate([a.y, b.y[keep]])
    return Chain(x, y, spread, strength)


def _without_echoes(chains: Sequence[Chain]) -> list[Chain]:
    """Drop short chains that run along a longer one."""
    kept: list[Chain] = []
    for chain in sorted(chains, key=lambda c: -c.length):
        beside = False
        for other in kept:
            inside = (chain.x >= other.x[0]) & (chain.x <= other.x[-1])
            away = np.abs(np.interp(chain.x[inside], other.x, other.y) - chain.y[inside])
            close = away < 1.1 * max(other.spread, chain.spread)
            beside = beside or close.sum() > 0.6 * len(chain.x)
        if not beside:
            kept.append(chain)
    return kept
