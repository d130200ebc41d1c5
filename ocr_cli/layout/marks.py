"""Printed marks beside writing, which are none of it: grids' dots, leaders, holes, empty boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.quantiles import median, percentile
from ocr_cli.layout.raster import LabelledComponents, label, over_cells, running_max
from ocr_cli.layout.shade import closed, odd
from ocr_cli.layout.ticks import ticks
from ocr_cli.page import Course

Array = NDArray[Any]
Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]
FINE = 7.0  # pixels to a spread on the picture in which marks are looked for, about
BROAD = 3.6  # spreads: paper is told over so much
BLACK = 0.4  # of the light of most of the paper: no shadow is darker
INK = 0.4  # of the contrast of clear strokes: as much is ink
LEAST = 0.08  # contrast of ink
DOT = 0.85  # spreads that a printed dot measures, at most
ALIKE = 0.18  # share by which the gaps of a row of dots differ, at most
ROUNDISH = 0.35  # of its size by which its height and width differ, at most
SAME = 0.35  # of their usual area by which the areas of dots differ, at most,
PRINTED = 0.55  # of the contrast of clear strokes, and more, is that of dots that are printed
UNIFORM = 0.7  # and share of those found that are so alike: others are what is left of lines
MANY = 6  # dots, at least, in a row of them
DISC = 2.2, 12.0  # spreads that a hole measures
SOLID = 0.7  # of its box, and more, is dark
ROUND = 0.95  # of it is as of a disc or a square
BOX = 2.2, 6.5  # spreads that a box to tick measures
SIDE = 0.85  # of each of its sides is drawn,
CORNER = 0.08  # of its side: so near its corners there is ink, which round letters lack,
HOLLOW = 0.04  # and of what they enclose no more
BESIDE = 1.5  # spreads: a square so near to another letter is an O, a D or a nought


@dataclass(frozen=True)
class Marked:
    """A page's ink at a scale that suits its writing.

    pieces : of the ink; dark : (h, w) the contrast, full : that of clear strokes. step : pixels
    of the page to one of these; spread : in these.
    """

    pieces: LabelledComponents = field(repr=False)
    dark: Grey = field(repr=False)
    full: float
    step: int
    spread: float


def marked(grey: Grey, courses: Sequence[Course]) -> Marked | None:
    """The ink of a page with rows; None where there is none."""
    if not courses:
        return None
    spread = float(np.median([course.spread for course in courses]))
    step = max(1, int(spread / FINE))
    if min(grey.shape) < 3 * step:
        return None
    low = over_cells(np.minimum, grey, step)
    light = _paper(low, BROAD * spread / step)
    level = np.float32(np.percentile(light[::2, ::2], 75))  # it is told by pairs of pixels
    light = np.where(light < BLACK * level, level, light)  # what is broad and black is drawn
    dark = np.asarray((light - low) / np.maximum(light, np.float32(0.05)), np.float32)
    strong = dark[dark > LEAST]
    if not len(strong):
        return None
    full = float(percentile(strong, 75))
    pieces = label(dark > max(LEAST, INK * full))
    if not len(pieces.area):
        return None
    return Marked(pieces, dark, full, step, spread / step)


def from_course(seen: Marked, course: Course) -> tuple[Array, Array]:
    """The middles of the pieces: their x, and how far below a course they are, (P,) each."""
    y1, x1, y2, x2 = seen.pieces.boxes.T
    x = (x1 + x2) / 2
    return x, (y1 + y2) / 2 - np.interp(x, *(course.points.T / seen.step))


def measuring(seen: Marked, sizes: tuple[float, float]) -> Mask:
    """(P,) the pieces that measure, high and wide, so many spreads at least and at most."""
    y1, x1, y2, x2 = seen.pieces.boxes.T
    high, wide = y2 - y1, x2 - x1
    low, most = (v * seen.spread for v in sizes)
    return np.asarray((np.minimum(high, wide) >= low) & (np.maximum(high, wide) <= most))


def _paper(low: Grey, broad: float) -> Grey:
    """The light of the paper, by a closing over so many pixels; on a half as large picture."""
    height, width = low.shape
    even = np.pad(low, ((0, height % 2), (0, width % 2)), "edge")
    light = closed(over_cells(np.maximum, even, 2), odd(broad / 2))
    return np.ascontiguousarray(light.repeat(2, 0).repeat(2, 1)[:height, :width])


def without_marks(grey: Grey, courses: Sequence[Course], seen: Marked) -> Grey:
    """The page without printed marks; itself where there are none."""
    gone = dots(seen) | discs(seen) | boxes(seen)
    gone |= ticks(seen.pieces, seen.spread, [course.points / seen.step for course in courses])
    return erased(grey, seen, seen.pieces.of(gone)) if gone.any() else grey


def erased(grey: Grey, seen: Marked, gone: Mask) -> Grey:
    """The page with paper where pixels (h, w) of the marked ink were, and around them."""
    around = running_max(gone.astype(np.uint8), 3) > 0
    return papered(grey, enlarged(around, seen), 4 * seen.spread * seen.step)


def enlarged(mask: Mask, seen: Marked) -> Mask:
    """Enlarge a mask of the marked ink to the page's pixels."""
    return mask.repeat(seen.step, 0).repeat(seen.step, 1)


def papered(grey: Grey, mask: Mask, reach: float) -> Grey:
    """Lay paper over a page wherever a mask of its shape, or somewhat smaller, is set."""
    full = np.zeros(grey.shape, bool)
    full[: mask.shape[0], : mask.shape[1]] = mask
    y, x = np.nonzero(full)
    room = int(reach)
    part = tuple(slice(max(0, int(v.min()) - room), int(v.max()) + room + 1) for v in (y, x))
    bare = np.where(full[part], np.float32(0), grey[part])
    light = closed(bare, odd(reach))
    beside = grey[part][~full[part]]
    light = np.where(light > 0, light, np.median(beside if beside.size else grey))
    out = grey.copy()
    out[part] = np.where(full[part], light, grey[part])
    return out


def dots(seen: Marked) -> Mask:
    """(P,) the pieces that are dots in rows, level or upright, at even distances."""
    y1, x1, y2, x2 = seen.pieces.boxes.T
    high, wide = y2 - y1, x2 - x1
    small = np.maximum(high, wide) <= DOT * seen.spread + 1
    small &= np.abs(high - wide) <= ROUNDISH * (high + wide) / 2 + 1  # no pieces of a ruled line
    found = np.zeros(len(small), bool)
    at = np.flatnonzero(small)
    if len(at) < MANY:
        return found
    centres = np.stack([(x1 + x2) / 2, (y1 + y2) / 2], 1)[at]
    found[at] = _in_rows(centres, seen.spread) | _in_rows(centres[:, ::-1], seen.spread)
    area = seen.pieces.area[found]
    if len(area):  # those of a grid are alike
        found[found] = np.abs(area - np.median(area)) <= SAME * np.median(area) + 2
    middle = seen.dark[(y1[found] + y2[found]) // 2, (x1[found] + x2[found]) // 2]
    if found.sum() < UNIFORM * len(area) or (len(middle) and median(middle) < PRINTED * seen.full):
        found[:] = False
    return found


def _in_rows(centres: Array, spread: float) -> Mask:
    """(N,) whether dots stand in a level row of `MANY` or more at even distances."""
    n = len(centres)
    order = np.argsort(centres[:, 0], kind="stable")
    place = centres[order]
    following = np.full(n, -1)
    for i in range(n):
        stop = np.searchsorted(place[:, 0], place[i, 0] + 6 * spread + 1)
        away = place[i + 1 : stop] - place[i]
        near = np.flatnonzero(np.abs(away[:, 1]) <= 0.25 * spread + 0.02 * away[:, 0])
        if len(near):
            following[i] = i + 1 + near[0]
    inside = np.zeros(n, bool)
    done = np.zeros(n, bool)
    for start in range(n):
        chain = [start]
        while not done[chain[-1]] and following[chain[-1]] >= 0:
            done[chain[-1]] = True
            chain.append(int(following[chain[-1]]))
        if len(chain) >= MANY:
            inside[_even(np.array(chain), place[:, 0])] = True
    out = np.zeros(n, bool)
    out[order] = inside
    return out


def _even(chain: Array, x: Array) -> Array:
    """The members of a chain of dots that stand at its usual distance, or a few times that."""
    gaps = np.diff(x[chain])
    usual = max(1.0, float(np.median(gaps)))
    times = np.maximum(np.rint(gaps / usual), 1)
    fits = np.abs(gaps - times * usual) <= ALIKE * usual + 1
    if fits.sum() < MANY - 1 or (np.abs(gaps - usual) <= ALIKE * usual + 1).mean() < 0.6:
        return chain[:0]
    kept = np.concatenate([[False], fits]) | np.concatenate([fits, [False]])
    return chain[kept]


def discs(seen: Marked) -> Mask:
    """(P,) the pieces that are solid and as high as wide: punched holes, bullets, blots."""
    y1, x1, y2, x2 = seen.pieces.boxes.T
    high, wide = y2 - y1, x2 - x1
    found = measuring(seen, DISC)
    found &= np.maximum(high, wide) <= 1.2 * np.minimum(high, wide) + 1
    found &= seen.pieces.area >= SOLID * high * wide
    for p in np.flatnonzero(found):
        found[p] = _is_solid(seen.pieces.mask(int(p)))
    return found


def _is_solid(mask: Mask) -> bool:
    """Whether a mask is a disc or a square."""
    y, x = ((np.arange(n) + 0.5) / n * 2 - 1 for n in mask.shape)
    disc = y[:, None] ** 2 + x**2 <= 1
    return bool((mask == disc).mean() >= ROUND or mask.mean() >= ROUND)


def boxes(seen: Marked) -> Mask:
    """(P,) the pieces that are empty boxes."""
    y1, x1, y2, x2 = seen.pieces.boxes.T
    high, wide = y2 - y1, x2 - x1
    found = measuring(seen, BOX)
    found &= np.maximum(high, wide) <= 1.4 * np.minimum(high, wide)
    for p in np.flatnonzero(found):
        found[p] = _is_box(seen.pieces, int(p)) and _is_alone(seen, int(p))
    return found


def _is_alone(seen: Marked, p: int) -> bool:
    """Whether no piece as high as a letter stands near a piece, on its left or its right."""
    y1, x1, y2, x2 = seen.pieces.boxes.T
    level = (y1 < (y1[p] + y2[p]) / 2) & (y2 > (y1[p] + y2[p]) / 2) & (y2 - y1 > seen.spread)
    away = np.maximum(x1 - x2[p], x1[p] - x2)
    level[p] = False
    return not bool((level & (away < BESIDE * seen.spread)).any())


def _is_box(pieces: LabelledComponents, p: int) -> bool:
    """Whether a piece is four straight sides about nothing."""
    mask = pieces.mask(p)
    y1, x1, y2, x2 = pieces.boxes[p]
    band = max(1, round(0.2 * min(mask.shape)))
    sides = mask[:band].any(0), mask[-band:].any(0), mask[:, :band].any(1), mask[:, -band:].any(1)
    if min(side.mean() for side in sides) < SIDE:
        return False
    cut = max(1, round(CORNER * min(mask.shape)))
    tips = mask[:cut, :cut], mask[:cut, -cut:], mask[-cut:, :cut], mask[-cut:, -cut:]
    inner = round(0.3 * min(mask.shape))
    inside = pieces.labels[y1 + inner : y2 - inner, x1 + inner : x2 - inner] > 0
    return bool(sum(tip.any() for tip in tips) >= 3 and inside.mean() <= HOLLOW)
