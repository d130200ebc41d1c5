"""Grey pictures sampled along a course: its frame, and the page in the sizes that strips need."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.raster import interpolated, over_cells, running_max
from ocr_cli.layout.strips import MARGIN, SPREAD
from ocr_cli.page import Course

Array = NDArray[Any]
Grey = NDArray[np.float32]
ACROSS = 15  # pixels of a strip across which there is paper beside any stroke
LOCAL = 80  # pixels of a strip in which the paper at a page's edge is looked for


@dataclass(frozen=True)
class Frame:
    """The axes of a course at every column of a strip: centres (W, 2) and tangents (W, 2).

    unit : pixels of the page to a pixel of the strip. reach : of the course, in pixels of the page.
    """

    centres: NDArray[np.float64] = field(repr=False)
    tangents: NDArray[np.float64] = field(repr=False)
    unit: float
    slant: float
    reach: float = np.inf

    @property
    def width(self) -> int:
        """Columns of the strip."""
        return len(self.centres)

    def to_page(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Points x, y of the strip, y from the middle downwards, on the page."""
        column = np.clip(x, 0, len(self.centres) - 1)
        k = np.arange(len(self.centres))
        cx, cy, tx, ty = (
            np.interp(column, k, values) for values in (*self.centres.T, *self.tangents.T)
        )
        beyond = (x - column) * self.unit
        along = beyond - self.slant * y * self.unit
        down = y * self.unit
        return cx + along * tx - down * ty, cy + along * ty + down * tx

    def column(self, x: Array, y: Array) -> Array:
        """The columns of the strip that points x, y of the page come to lie in."""
        k = np.arange(len(self.centres))
        cx, cy = self.centres.T
        column = np.interp(x, cx, k)
        for _ in range(2):  # rows run on nearly level: two steps are enough
            at = np.clip(column.astype(int), 0, len(k) - 1)
            (tx, ty), dx, dy = self.tangents[at].T, x - cx[at], y - cy[at]
            along, down = dx * tx + dy * ty, dy * tx - dx * ty
            column = at + (along + self.slant * down) / self.unit
        return np.asarray(column)


@dataclass(frozen=True)
class Frames:
    """The axes of a strip in several parts, one after another."""

    parts: tuple[Frame | Frames, ...]

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """(P + 1,) the columns at which the parts begin, and the strip's width."""
        return np.cumsum([0, *(part.width for part in self.parts)])

    @property
    def width(self) -> int:
        """Columns of the strip."""
        return int(self.starts[-1])

    def to_page(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Points x, y of the strip, y from the middle downwards, on the page."""
        x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
        which = np.clip(np.searchsorted(self.starts, x, "right") - 1, 0, len(self.parts) - 1)
        px, py = np.empty(x.shape), np.empty(x.shape)
        for k, part in enumerate(self.parts):
            mine = which == k
            px[mine], py[mine] = part.to_page(x[mine] - self.starts[k], y[mine])
        return px, py

    def column(self, x: Array, y: Array) -> Array:
        """The columns of the strip that points x, y of the page come to lie in."""
        found = np.array([part.column(x, y) for part in self.parts])
        width = np.diff(self.starts)[:, None]
        beyond = np.maximum(np.maximum(-found, found - width), 0)
        best = beyond.argmin(0)[None]
        inside = np.clip(np.take_along_axis(found, best, 0)[0], 0, width[best[0], 0])
        return np.asarray(inside + self.starts[best[0]])


def frame_of(course: Course, margin: float = MARGIN, fine: float = 1.0) -> Frame:
    """The strip's axes; `fine` pixels of it for each of the usual size."""
    unit = max(course.spread, 0.5) / SPREAD / fine
    points = course.points
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    width = int(np.ceil(along[-1] / unit / 4)) * 4 + 2 * round(margin * fine)
    at = (np.arange(width) - margin * fine + 0.5) * unit
    tangents = _tangents(points, along, at)
    inside = np.clip(at, 0, along[-1])
    centres = np.stack([np.interp(inside, along, points[:, k]) for k in (0, 1)], 1)
    centres += (at - inside)[:, None] * tangents
    return Frame(centres, tangents, unit, course.slant, course.reach)


def _tangents(points: Array, along: Array, at: Array) -> Array:
    """(W, 2) unit vectors along a polyline, turning evenly from one piece to the next."""
    pieces = np.diff(points, axis=0)
    middles = (along[1:] + along[:-1]) / 2
    tangents = np.stack([np.interp(at, middles, pieces[:, k]) for k in (0, 1)], 1)
    return np.asarray(tangents / np.maximum(np.hypot(*tangents.T), 1e-9)[:, None])


def reduced(grey: Grey, unit: float) -> tuple[Grey, int]:
    """The page in cells somewhat smaller than `unit` pixels, and how many pixels one has."""
    step = max(1, int(0.75 * unit))
    if step == 1:
        return grey, 1
    return np.asarray(over_cells(np.add, grey, step) / np.float32(step**2), np.float32), step


def sample(grey: Grey, x: Array, y: Array) -> Grey:
    """Bilinear samples at x, y (pixels, centres at .5); beyond the page its edge goes on."""
    half = np.float32(0.5)
    return _between_centres(grey, *(np.subtract(v, half, dtype=np.float32) for v in (x, y)))


def _between_centres(grey: Grey, x: Grey, y: Grey) -> Grey:
    """Bilinear samples at x, y, in pixels from the first one's centre; both are used up."""
    height, width = grey.shape
    left, top = _whole(x, width), _whole(y, height)
    return interpolated(grey, top, left, y, x)


def _whole(x: Grey, size: int) -> NDArray[np.intp]:
    """The pixels at or before places on the page, of which `x` keeps the rest."""
    np.clip(x, 0, size - 1.001, out=x)
    whole = np.floor(x)
    x -= whole
    return whole.astype(np.intp)


class Pyramid:
    """A page's grey picture in the sizes that were asked for."""

    def __init__(self, grey: Grey) -> None:
        self._grey = grey
        self._sizes: dict[int, Grey] = {}  # each with paper around it

    def sample(self, frame: Frame, height: int, middle: float, rows: Array | None = None) -> Grey:
        """(height, W) grey along a frame; `middle` is the row of the strip on the course.

        rows : numbers of the strip's rows, where not all of them are wanted.
        """
        step = max(1, int(0.75 * frame.unit))
        if step not in self._sizes:
            small = reduced(self._grey, frame.unit)[0]
            self._sizes[step] = _on_paper(small, LOCAL * frame.unit / step)
        rows = np.arange(height) if rows is None else rows
        down = (rows + 0.5 - middle) * frame.unit
        v = (down / step).astype(np.float32)[:, None]
        centres = (frame.centres.T / step + 0.5).astype(np.float32)  # a pixel of paper is before
        (tx, ty), slant = frame.tangents.T, frame.slant
        x = v * np.asarray(ty + slant * tx, np.float32)
        np.subtract(centres[0], x, out=x)
        y = v * np.asarray(tx - slant * ty, np.float32)
        y += centres[1]
        seen = _between_centres(self._sizes[step], x, y)
        return _within_reach(seen, np.abs(down) <= frame.reach)


def _within_reach(patch: Grey, near: NDArray[np.bool_]) -> Grey:
    """Put the paper of a patch's `near` rows (H,) into the others, which hold other ink."""
    if near.all() or not near.any():
        return patch
    paper = running_max(patch[near].max(0)[None], ACROSS)[0]
    return np.where(near[:, None], patch, paper).astype(np.float32)


def _on_paper(grey: Grey, near: float) -> Grey:
    """Pad the page by a pixel, as light as the paper `near` there.

    Beyond its edge paper goes on, not the ink that the edge has cut.
    """
    out = np.pad(grey, 1, mode="edge")
    half = max(1, int(near / 2))
    for lines in (out, out.T):
        for edge in (lines[0], lines[-1]):
            around = np.pad(edge, half, mode="edge")
            edge[:] = np.lib.stride_tricks.sliding_window_view(around, 2 * half + 1).max(1)
    return out
