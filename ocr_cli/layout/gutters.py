"""Parts rows that run on from one column into the next, where other rows end and begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.chains import Chain
from ocr_cli.layout.faint import ink_along

Array = NDArray[Any]
Grey = NDArray[np.float32]
LEVEL = 2.0  # spreads by which rows beside each other may miss
WIDE = 3.0  # spreads that a gutter measures, at least
BARE = 1.5  # spreads in it without any ink of a row that is parted there
OPEN = 0.5  # of its width is bare
PALE = 0.35  # of a row's own contrast: less is no ink
PAIRS = 3  # rows that end and begin at a gutter, at least; and more than run on across it


def parted_at_gutters(chains: Sequence[Chain], contrast: Grey) -> list[Chain]:
    """The rows, those parted that cross a gutter between columns."""
    gaps = [gap for a in chains for b in chains if (gap := _gap(a, b)) is not None]
    if len(gaps) < PAIRS:
        return list(chains)
    out: list[Chain] = []
    for chain in chains:
        out += _parted(chain, gaps, chains, contrast)
    return out


def _gap(a: Chain, b: Chain) -> tuple[float, float] | None:
    """Where a row ends and the one beside it begins."""
    spread = max(a.spread, b.spread)
    apart = b.x[0] - a.x[-1]
    if apart < WIDE * spread or abs(float(a.y[-1] - b.y[0])) > LEVEL * spread:
        return None
    return float(a.x[-1]), float(b.x[0])


def _parted(
    chain: Chain, gaps: Sequence[tuple[float, float]], chains: Sequence[Chain], contrast: Grey
) -> list[Chain]:
    inside = [(a, b) for a, b in gaps if a > chain.x[0] and b < chain.x[-1]]
    if len(inside) < PAIRS:
        return [chain]
    ends = np.array(inside)
    left, right = float(np.percentile(ends[:, 0], 80)), float(np.percentile(ends[:, 1], 20))
    across = sum(other.x[0] < left and other.x[-1] > right for other in chains)
    if right - left < BARE * chain.spread or len(inside) <= across:
        return [chain]
    ink = ink_along(chain, contrast)
    pale = ink < PALE * np.percentile(ink, 80)
    inner = (chain.x > left) & (chain.x < right)
    if (pale & inner).sum() < max(BARE * chain.spread, OPEN * inner.sum()):
        return [chain]  # a heading over both
    at = (left + right) / 2
    parts = chain.x < at, chain.x >= at
    return [replace(chain, x=chain.x[part], y=chain.y[part]) for part in parts if part.any()]
