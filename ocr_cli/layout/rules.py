"""Ink without the lines that ruled or squared paper has printed on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.raster import runs

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]

STRIPS = 12  # a line may bend a little from strip to strip of the page's width
COVERED = 0.65  # of a strip's width, by a line that runs through it
CROSSED = 0.6  # of the strips, by a line of the paper; fewer make an underlined word
DRIFT = 0.004  # of the page's width, by which a line may leave the straight


def drop_rules(ink: Mask, pen: float) -> Mask:
    """The ink without thin straight lines across the page, level or upright, tilted or not.

    Where a stroke of the pen crosses a line it stays whole: only runs of ink across the line
    that are no longer than the line is thick go.
    """
    upright = _without_level(_without_level(ink, pen).T, pen).T
    # On squared paper level lines show plainly once the upright ones are gone.
    return _without_level(upright, pen)


def _without_level(ink: Mask, pen: float) -> Mask:
    """The ink without lines that run from left to right at up to 15° to the level."""
    height, width = ink.shape
    x, top, bottom = _upright_runs(ink)
    thin = bottom - top <= 2 * max(pen, 1.0)
    shift = _shift(width, _angle(x[thin], top[thin], bottom[thin], ink.shape))
    strip = x * STRIPS // width
    top, bottom = top + shift[x], bottom + shift[x]
    covered = _coverage(strip[thin], top[thin], bottom[thin], height + int(shift.max()))
    # At which heights, once they are made level, each strip lies in the picture.
    start = shift[(np.arange(STRIPS) * width + width // 2) // STRIPS][:, None]
    inside = (np.arange(covered.shape[1]) >= start) & (np.arange(covered.shape[1]) < start + height)
    lines = _across(covered * STRIPS / width > COVERED, inside, max(1, round(DRIFT * width)))
    before = np.pad(np.cumsum(lines, 1), ((0, 0), (1, 0)))
    crossed = before[strip, bottom] - before[strip, top]
    return _only(ink, crossed < bottom - top)


def _shift(width: int, degrees: float) -> Ints:
    """(width,) by how much to lower each column so that lines falling to the right are level."""
    shift = np.rint(np.arange(width) * -np.tan(np.deg2rad(degrees))).astype(np.int64)
    return shift - shift.min()


def _angle(x: Ints, top: Ints, bottom: Ints, shape: tuple[int, ...]) -> float:
    """By how many degrees the lines fall to the right, -15 to 15, from thin upright runs."""
    height, width = shape
    step = max(1, width // 512)
    some = x % step == 0
    x, top, bottom = x[some], top[some], bottom[some]
    strip = x * STRIPS // width

    def strips_covered(degrees: float) -> Ints:
        shift = _shift(width, degrees)
        levelled = top + shift[x], bottom + shift[x]
        covered = _coverage(strip, *levelled, height + int(shift.max()))
        there: Ints = (covered * STRIPS * step > COVERED * width).sum(0)
        return there

    coarse = np.arange(-15.0, 15.1, 0.5)
    best = coarse[np.argmax([strips_covered(a).sum() for a in coarse])]
    fine = best + np.arange(-0.5, 0.51, 0.05)
    return float(fine[np.argmax([np.square(strips_covered(a)).sum() for a in fine])])


def _upright_runs(ink: Mask) -> tuple[Ints, Ints, Ints]:
    """(x, top, bottom) of all runs of ink down the columns, bottom excluded."""
    start, end, stride = runs(ink.T)
    x, top = np.divmod(start, stride)
    return x, top, end - x * stride


def _only(ink: Mask, keep: Mask) -> Mask:
    """Keep the ink of those upright runs for which `keep` holds."""
    _, top, bottom = _upright_runs(ink)
    out = np.zeros(ink.shape[::-1], bool)
    out[ink.T] = np.repeat(keep, bottom - top)
    return out.T


def _coverage(strip: Ints, top: Ints, bottom: Ints, height: int) -> Ints:
    """(STRIPS, height): how many columns of each strip have a run at each height.

    Runs count one pixel longer at both ends, as a thin line's steps would leave gaps.
    """
    size = STRIPS * (height + 1)
    change = np.bincount(strip * (height + 1) + np.maximum(top - 1, 0), minlength=size)
    change -= np.bincount(strip * (height + 1) + np.minimum(bottom + 1, height), minlength=size)
    covered: Ints = np.cumsum(change.reshape(STRIPS, height + 1)[:, :-1], 1)
    return covered


def _across(there: Mask, inside: Mask, drift: int) -> Mask:
    """Find the heights at which most of the strips have a line, nearly: (STRIPS, Y) bool.

    A strip full of writing, which hides its part of a line, has it where other strips do.
    """
    strips = inside.sum(0)
    near = _spread(there, drift) & inside
    shared = (near.sum(0) >= CROSSED * strips) & (strips >= 3)
    usual = (there & inside).sum(0) >= 0.3 * strips
    return shared & (there | (inside & ~near & usual))


def _spread(there: Mask, far: int) -> Mask:
    """Dilate each strip by `far` up and down: (STRIPS, Y)."""
    near = there.copy()
    for step in range(1, min(far, there.shape[1] - 1) + 1):
        near[:, step:] |= there[:, :-step]
        near[:, :-step] |= there[:, step:]
    return near
