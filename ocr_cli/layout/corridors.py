"""Cuts rows that run across the paper between two columns, as facing pages of a letter lie.

What parts two columns is a gap that rows have in one place, one below the other: words of a
column begin on one line. That many rows of running text have a gap there, as wide, by chance
is told by how often such gaps are on the page; the rows' chances p are multiplied as evidence
k p^(k - 1) (V. Vovk and R. Wang, E-values, Annals of Statistics 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.chains import Chain
from ocr_cli.layout.faint import ink_along
from ocr_cli.layout.quantiles import median, percentile

Array = NDArray[Any]
Grey = NDArray[np.float32]
_COLUMN = 30.0  # spreads that a row goes on to both sides at least: narrower are cells, marks
_BARE = 0.35  # of a row's own contrast: less is paper
_LEANS = np.linspace(-0.08, 0.08, 9)  # of a corridor, dx per dy
_WIDE = 1.5  # spreads either way within which gaps lie in one corridor
_POWER = 0.3  # of the chances that gaps' widths have
_SURE = 8.5  # log evidence from which on it is a corridor
_FEWEST = 2  # gaps of rows that a corridor may go through
_FAR = 40.0  # spreads at most from a row's end to the start of the one beside it
_NEAR = 6.0  # spreads from the corridor within which the other rows' gaps are taken for it


@dataclass(frozen=True)
class _Gaps:
    """Places without ink within rows (n,): their row, both ends and middle height in cells.

    wide : their widths in spreads of their rows.
    """

    row: Array
    start: Array
    end: Array
    y: Array
    wide: Array


def parted(chains: Sequence[Chain], contrast: Grey) -> list[Chain]:
    """The rows, those that cross a corridor between columns cut in two there."""
    rows = [_filled(chain) for chain in chains]
    for _ in range(2):  # three columns have two corridors
        cuts = _corridor(rows, contrast)
        if not cuts:
            break
        rows = [part for k, row in enumerate(rows) for part in _cut(row, cuts.get(k))]
    return rows


def _filled(chain: Chain) -> Chain:
    """The chain with a point in every column of the map."""
    x = np.arange(chain.x[0], chain.x[-1] + 0.5)
    return replace(chain, x=x, y=np.interp(x, chain.x, chain.y))


def _cut(row: Chain, gap: tuple[float, float] | None) -> list[Chain]:
    if gap is None:
        return [row]
    before, after = row.x < gap[0], row.x >= gap[1]
    return [replace(row, x=row.x[part], y=row.y[part]) for part in (before, after)]


def _gaps(rows: Sequence[Chain], contrast: Grey) -> _Gaps:
    """The gaps within rows, at least a spread wide."""
    found: list[tuple[float, float, float, float, float]] = []
    for k, row in enumerate(rows):
        ink = ink_along(row, contrast)
        bare = np.concatenate([[False], ink < _BARE * percentile(ink, 80), [False]])
        edges = np.flatnonzero(bare[1:] != bare[:-1])
        for a, b in edges.reshape(-1, 2):
            if a > 0 and b < len(ink) and b - a >= row.spread:
                x = row.x[0] - 0.5
                found.append((k, x + a, x + b, float(row.y[(a + b) // 2]), (b - a) / row.spread))
    return _Gaps(*np.array(found).reshape(-1, 5).T)


@dataclass(frozen=True)
class _Spans:
    """Where rows (R,) begin and end and their middle heights and spreads, in cells."""

    start: Array
    end: Array
    y: Array
    spread: Array

    def crossing(self, at: Array) -> Array:
        """Whether each row goes on for a column's width on both sides of its x `at`, (R,)."""
        room = _COLUMN * self.spread
        return (self.start + room < at) & (self.end - room > at)

    def follows(self) -> tuple[Array, Array]:
        """Find rows that begin where another ends, on its level: numbers (S,) and gaps (S,)."""
        long = self.end - self.start > _COLUMN * self.spread
        gap = (self.start[:, None] - self.end) / self.spread[:, None]
        level = np.abs(self.y[:, None] - self.y) < 2 * self.spread[:, None]
        beside = (gap > -1) & (gap < _FAR) & level & long & long[:, None]
        found = np.flatnonzero(beside.any(1))
        return found, np.where(beside, gap, np.inf)[found].min(1, initial=np.inf)


def _corridor(rows: Sequence[Chain], contrast: Grey) -> dict[int, tuple[float, float]]:
    """Of every row that the surest corridor crosses, the gap to cut it at; empty where none is."""
    if not rows:
        return {}
    spans = _Spans(
        np.array([row.x[0] for row in rows]),
        np.array([row.x[-1] for row in rows]),
        np.array([row.y.mean() for row in rows]),
        np.array([row.spread for row in rows]),
    )
    gaps = _gaps(rows, contrast)
    at = gaps.row.astype(int)
    room = _COLUMN * spans.spread
    inner = (gaps.end > (spans.start + room)[at]) & (gaps.end < (spans.end - room)[at])
    if inner.sum() < _FEWEST:
        return {}
    crossed, x = _surest(spans, gaps, inner)
    away = np.where(inner, np.abs(gaps.end - x[at]) / float(median(spans.spread)), np.inf)
    return {
        int(k): _gap_near(gaps, np.where(at == k, away, np.inf))
        or _least_inked(rows[k], float(x[k]), contrast)
        for k in crossed
    }


def _surest(spans: _Spans, gaps: _Gaps, inner: NDArray[np.bool_]) -> tuple[Array, Array]:
    """The rows that the surest corridor crosses, none if none is sure, and its x (R,) at each.

    inner : (n,) the gaps in which a corridor may lie.
    """
    at = gaps.row.astype(int)
    usual = float(median(spans.spread))
    chances = _Chances(np.sort(gaps.wide), float(((spans.end - spans.start) / spans.spread).sum()))
    evidence = chances.evidence(gaps.wide)
    followers, wide = spans.follows()
    follow = chances.evidence(wide)
    order = np.argsort(spans.y)
    best, crossed, where = _SURE, order[:0], spans.y
    for lean in _LEANS:
        place = gaps.end - lean * gaps.y
        begin = (spans.start - lean * spans.y)[followers]
        for number in sorted(set(np.round(place[inner] / usual).tolist())):
            x = number * usual
            crossing = spans.crossing(x + lean * spans.y)
            near = (np.abs(place - x) < _WIDE * usual) & crossing[at]
            gain = np.where(crossing, np.log(_POWER), 0.0)
            np.maximum.at(gain, at[near], evidence[near])
            begins = np.abs(begin - x) < _WIDE * usual
            gain[followers[begins]] = follow[begins]
            if np.maximum(gain, 0).sum() <= best:  # no run can be surer
                continue
            total, first, last = _best_run(gain[order])
            if total > best:
                run = order[first:last]
                best, crossed, where = total, run[crossing[run]], x + lean * spans.y
    return crossed, where


@dataclass(frozen=True)
class _Chances:
    """How wide gaps are, sorted, in rows of that length, both in spreads."""

    widths: Array
    length: float

    def evidence(self, wide: Array) -> Array:
        """(n,) the log evidence for a corridor of gaps of these widths where one is looked for."""
        as_wide = len(self.widths) - np.searchsorted(self.widths, wide, "left") + 1
        chance = np.clip(2 * _WIDE * as_wide / self.length, 0.01, 1)
        return np.asarray(np.log(_POWER) + (_POWER - 1) * np.log(chance))


def _best_run(gain: Array) -> tuple[float, int, int]:
    """The largest sum of neighbours, and where they begin and end (J. Kadane's algorithm)."""
    total = np.concatenate([[0.0], np.cumsum(gain)])
    lowest = np.minimum.accumulate(total)
    last = int(np.argmax(total - lowest))
    first = int(np.argmin(total[: last + 1]))
    return float(total[last] - total[first]), first, last


def _gap_near(gaps: _Gaps, away: Array) -> tuple[float, float] | None:
    """Both ends of the gap that is the least `away`, in spreads; None where all are far."""
    k = int(np.argmin(away))
    return (float(gaps.start[k]), float(gaps.end[k])) if away[k] < _NEAR else None


def _least_inked(row: Chain, x: float, contrast: Grey) -> tuple[float, float]:
    """The cell about x where a row that fills the corridor has the least ink."""
    ink = ink_along(row, contrast)
    ink = ink + np.where(np.abs(row.x - x) < _NEAR / 2 * row.spread, 0, np.inf)
    k = int(np.argmin(ink))
    return float(row.x[k]) - 0.5, float(row.x[k]) + 0.5
