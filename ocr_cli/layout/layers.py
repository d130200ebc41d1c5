"""Pale strokes behind dark ones: the back of the sheet, a stamp. The dark layer is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.marks import Marked, enlarged
from ocr_cli.layout.raster import label, running_max, runs
from ocr_cli.layout.shade import closed, odd
from ocr_cli.page import Course

Array = NDArray[Any]
Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]
BODY = 2.5  # spreads from a row's middle in which its strokes are looked at,
REACH = 6.0  # and in which what is behind them goes,
BESIDE = 30.0  # and so far over its ends
BINS = 40  # of contrast, as a share of that of the page's clear strokes
PALEST = 0.18  # in those: less is grain,
DARKEST = 0.92  # and more is of the dark layer
VALLEY = 0.12  # how far the layers are apart,
BARE = 0.015  # and share of all strokes that lies between them, at most
PALE = 0.08  # share of a page's strokes that is pale, at least
DARK = 0.3  # share of a row's strokes that is dark, at least
BEHIND = 0.4  # share of its pale ones that hang together with dark ones, at least
BOTH = 0.12  # share of dark strokes that run level, and upright, at least
RULED = 4.0  # spreads that a pale stroke is long and level: most such are the paper's lines
EDGE = 0.2  # spreads about a dark stroke that its soft edge fills


def front(grey: Grey, courses: Sequence[Course], seen: Marked) -> Grey:
    """The page without the pale strokes behind its dark ones; itself where there are none.

    Words in pale ink of their own stay: they do not touch the dark ones.
    """
    ridge = (seen.dark >= running_max(seen.dark, 3)) & (seen.dark > 0.05)
    rows = np.zeros(seen.dark.shape, np.int32)
    for k, course in enumerate(courses):
        _cover(rows, course, seen.step, (BODY, BODY), k + 1)
    at = ridge & (rows > 0)
    tones, owner = seen.dark[at], rows[at]
    clear = tones[tones > 0.1]
    if len(clear) < 200:
        return grey
    full = float(np.percentile(clear, 85))
    limit = _valley(tones / full)
    if limit is None:
        return grey
    pieces = label(seen.dark > PALEST * full)
    darker = np.zeros(len(pieces.area) + 1, bool)
    darker[pieces.labels[seen.dark > limit * full]] = True
    behind = darker[pieces.labels[at]]
    pale = (tones > PALEST * full) & (tones < limit * full)
    if not _runs_both_ways(seen.dark > limit * full, at):
        return grey  # a blur, whose strokes across it are pale
    level = _level_runs(seen.dark > PALEST * full)[at][pale]
    if not pale.any() or (level > RULED * seen.spread).mean() > 0.5:
        return grey  # ruled paper, which the reader knows
    cleaned = [
        k
        for k in range(1, len(courses) + 1)
        if _is_behind(tones[owner == k] > limit * full, pale[owner == k], behind[owner == k])
    ]
    if not cleaned:
        return grey
    zone = _zone(courses, cleaned, seen)
    return _without_pale(grey, zone > 0, limit * full, seen)


def _valley(tones: Array) -> float | None:
    """The tone that parts pale strokes from dark ones, where they lie in two layers."""
    counts, edges = np.histogram(tones[tones > PALEST], BINS, (PALEST, 1.2))
    share = np.concatenate([[0], np.cumsum(counts)]) / max(1, counts.sum())
    wide = int(np.ceil(VALLEY / (edges[1] - edges[0])))
    between = share[wide:] - share[:-wide]
    fits = (between <= BARE) & (share[:-wide] >= PALE) & (edges[wide:] <= DARKEST)
    if not fits.any():
        return None
    # the highest of them: what lies above is one layer
    best = int(np.flatnonzero(fits)[-1])
    return float(edges[best] + edges[best + wide]) / 2


def _runs_both_ways(dark: Mask, at: Mask) -> bool:
    """Whether dark strokes run both level and upright, as any writing's do."""
    across, down = _level_runs(dark), _level_runs(np.ascontiguousarray(dark.T)).T
    there = at & dark
    level = float((across[there] > down[there]).mean()) if there.any() else 0.0
    return BOTH <= level <= 1 - BOTH


def _level_runs(ink: Mask) -> NDArray[np.int32]:
    """(h, w) how long the level run of ink is that a pixel lies in, 0 on paper."""
    start, end, _ = runs(ink)
    long = end - start
    out = np.zeros(ink.shape, np.int32)
    out[ink] = np.repeat(long, long)
    return out


def _is_behind(dark: Mask, pale: Mask, behind: Mask) -> bool:
    """Whether a row's pale strokes lie behind its dark ones."""
    some = dark.sum() + pale.sum()
    return bool(
        some > 0
        and dark.sum() >= DARK * some
        and pale.sum() >= 0.5 * PALE * some
        and behind[pale].mean() >= BEHIND
    )


def _zone(courses: Sequence[Course], cleaned: Sequence[int], seen: Marked) -> NDArray[np.int32]:
    """Mark the zone around rows of these numbers, from 1, less the others' bodies: (h, w)."""
    zone = np.zeros(seen.dark.shape, np.int32)
    for k, course in enumerate(courses):
        if k + 1 in cleaned:
            _cover(zone, course, seen.step, (REACH, BESIDE), 1)
    for k, course in enumerate(courses):
        if k + 1 not in cleaned:
            _cover(zone, course, seen.step, (BODY, BODY), 0)
    return zone


def _without_pale(grey: Grey, zone: Mask, limit: float, seen: Marked) -> Grey:
    """The page with paper in a zone, but for what is darker than `limit` and the edges of that."""
    spread = seen.spread * seen.step
    light = closed(grey, odd(4 * spread))
    dark = (light - grey) / np.maximum(light, 0.05) > limit
    kept = running_max(dark.astype(np.uint8), odd(2 * EDGE * spread)) > 0
    gone = np.zeros(grey.shape, bool)
    wide = enlarged(zone, seen)
    gone[: wide.shape[0], : wide.shape[1]] = wide
    return np.where(gone & ~kept, light, grey)


def _cover(
    rows: NDArray[np.int32], course: Course, step: int, reach: tuple[float, float], value: int
) -> None:
    """Set, in place, `value` within `reach` spreads of a course, and over its ends."""
    height, width = rows.shape
    x, y = course.points.T / step
    room, beside = (r * course.spread / step for r in reach)
    left, right = (int(np.clip(v, 0, width)) for v in (x.min() - beside, x.max() + beside))
    if right <= left:
        return
    middle = np.interp(np.arange(left, right) + 0.5, x, y)
    top, bottom = (int(np.clip(v, 0, height)) for v in (middle.min() - room, middle.max() + room))
    down = np.abs(np.arange(top, bottom)[:, None] + 0.5 - middle)
    part = rows[top:bottom, left:right]
    part[down < room] = value
