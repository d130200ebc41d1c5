"""Connected pieces, running maxima and distances of pictures, in numpy alone.

scipy has all of these; importing it takes as long as analysing a page.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]
Float = NDArray[np.float32]
Ints = NDArray[np.int64]
Number = TypeVar("Number", bound=np.generic)


class LabelledComponents(NamedTuple):
    """Connected pieces of a mask, numbered from 1 in the order of their topmost pixels.

    labels : (H, W) int32, 0 where there is none. boxes : (P, 4) y1 x1 y2 x2, ends excluded.
    area : (P,) pixels. Entry p of both belongs to number p + 1.
    """

    labels: Labels
    boxes: Ints
    area: Ints

    def kept(self, keep: Mask) -> LabelledComponents:
        """The pieces for which `keep` (P,) holds, numbered anew."""
        number = np.concatenate([[0], np.cumsum(keep) * keep]).astype(np.int32)
        return LabelledComponents(number[self.labels], self.boxes[keep], self.area[keep])

    def of(self, some: Mask) -> Mask:
        """(H, W) the pixels of those pieces for which `some` (P,) holds."""
        return np.concatenate([[False], some])[self.labels]

    def mask(self, p: int) -> Mask:
        """The pixels of piece `p`, of its box's shape."""
        y1, x1, y2, x2 = self.boxes[p]
        return self.labels[y1:y2, x1:x2] == p + 1

    def together(self, pieces: Ints) -> tuple[Ints, Mask]:
        """The box (4,) around some pieces, and their pixels, of its shape."""
        boxes = self.boxes[pieces]
        y1, x1, y2, x2 = box = np.concatenate([boxes[:, :2].min(0), boxes[:, 2:].max(0)])
        return box, np.isin(self.labels[y1:y2, x1:x2], pieces + 1)


def label(mask: Mask) -> LabelledComponents:
    """The 8-connected pieces of a (H, W) mask.

    Runs of pixels are joined to the runs that they touch in the next row; what is joined
    then takes the smallest number among its runs, a few rounds for all runs at once.
    """
    start, end, stride = runs(mask)
    root = _roots(len(start), *touching(start, end, stride))
    is_root = np.zeros(len(start), bool)
    is_root[root] = True
    first, number = np.flatnonzero(is_root), (np.cumsum(is_root) - 1)[root]
    labels = np.zeros(mask.shape, np.int32)
    labels[mask] = np.repeat(number + 1, end - start)

    order = np.argsort(number, kind="stable")  # the runs piece by piece, from the top down
    at = np.searchsorted(number[order], np.arange(len(first)))
    if not len(first):
        return LabelledComponents(labels, np.zeros((0, 4), np.int64), np.zeros(0, np.int64))
    y, x1 = np.divmod(start[order], stride)
    x2 = end[order] - y * stride
    sides = (
        np.minimum.reduceat(y, at),
        np.minimum.reduceat(x1, at),
        np.maximum.reduceat(y, at) + 1,
        np.maximum.reduceat(x2, at),
    )
    return LabelledComponents(labels, np.stack(sides, 1), np.add.reduceat(x2 - x1, at))


def runs(mask: Mask) -> tuple[Ints, Ints, int]:
    """Runs of True along the rows of a (H, W) mask: starts, ends (excluded), and the stride.

    Places count row by row, `stride` to a row: W and a blank one, which keeps the rows' runs apart.
    """
    height, width = mask.shape
    stride = width + 1
    flat = np.zeros(height * stride + 1, bool)
    flat[1:].reshape(height, stride)[:, :-1] = mask
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return edges[::2], edges[1::2], stride


def touching(start: Ints, end: Ints, stride: int, corners: int = 1) -> tuple[Ints, Ints]:
    """Numbers of the pairs of runs that touch, the upper ones and the lower ones; 0: no corners."""
    first = np.searchsorted(end, start + stride - corners, "right")
    last = np.searchsorted(start, end + stride + corners, "left")
    count = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(len(start)), count)
    skipped = np.cumsum(count) - count
    return upper, np.arange(len(upper)) - np.repeat(skipped - first, count)


def _roots(count: int, a: Ints, b: Ints) -> Ints:
    """For each of `count` nodes the smallest node that the links a–b connect it to."""
    root = np.arange(count)
    while True:
        low, high = np.minimum(root[a], root[b]), np.maximum(root[a], root[b])
        apart = low != high
        if not apart.any():
            return root
        a, b = a[apart], b[apart]
        np.minimum.at(root, high[apart], low[apart])
        while (root != root[root]).any():
            root = root[root]


def over_cells(pick: np.ufunc, grey: NDArray[Any], step: int) -> NDArray[Any]:
    """The least (np.minimum), largest or sum (np.add) of each cell of `step` pixels a side.

    (H, W) to (H // step, W // step); many times as fast as a reduction over two short axes.
    """
    height, width = (n // step * step for n in grey.shape)
    out: NDArray[Any] = grey[0:height:step, 0:width:step].copy()
    for k in range(1, step * step):
        pick(out, grey[k // step : height : step, k % step : width : step], out=out)
    return out


def running_max(values: NDArray[Number], size: int) -> NDArray[Number]:
    """The highest of the `size` × `size` values around each, size odd, (..., H, W)."""
    for axis in (-1, -2):
        pad = [(0, 0)] * values.ndim
        pad[axis] = (size // 2, size // 2)
        wide: NDArray[Any] = np.moveaxis(np.pad(values, pad, mode="edge"), axis, 0)
        width = 1
        while width < size:  # each round doubles the width, the last one overlaps
            step = min(width, size - width)
            wide = np.maximum(wide[:-step], wide[step:])
            width += step
        values = np.moveaxis(wide, 0, axis)
    return values


def running_median(values: Float, size: int) -> Float:
    """The median of the `size` × `size` values around each, size odd; for small pictures."""
    padded = np.pad(values, size // 2, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    around = around.reshape(*values.shape, size * size)
    middle: Float = np.partition(around, size * size // 2, axis=-1)[..., size * size // 2]
    return middle


def smear(values: Float, sigma_y: float, sigma_x: float) -> Float:
    """`values` (H, W) under a Gaussian of these spreads in pixels, 0 beyond the border."""
    height, width = values.shape
    smeared = _bell(height, sigma_y) @ values @ _bell(width, sigma_x)
    return smeared.astype(np.float32, copy=False)


def _bell(size: int, sigma: float) -> Float:
    place = np.arange(size, dtype=np.float32)
    bell: Float = np.exp(-0.5 * np.square((place[:, None] - place) / np.float32(sigma)))
    bell /= np.float32(sigma * np.sqrt(2 * np.pi))
    return bell


def square_distance(goal: Mask, reach: int) -> NDArray[np.int16]:
    """Squared distance from each pixel to the nearest True one, (..., H, W) int16.

    Exact up to `reach` pixels (at most 100); more than (reach + 1)² stands for anything farther.
    Along the rows first, then the least sum of squares along the columns.
    """
    far = np.int16((reach + 1) ** 2)
    # the axis along which it goes comes first: what it adds then lies in one piece
    along = np.moveaxis(np.where(goal, np.int16(0), far), -1, 0)
    across = _nearest(np.ascontiguousarray(along), reach)
    best = _nearest(np.ascontiguousarray(np.moveaxis(across, -1, 0)), reach)
    return np.moveaxis(best, (0, 1), (-2, -1))


def _nearest(here: NDArray[np.int16], reach: int) -> NDArray[np.int16]:
    """The least of the values along the first axis, each grown by its squared distance."""
    best, grown = here.copy(), np.empty_like(here)
    for step in range(1, reach + 1):
        np.add(here, np.int16(step * step), out=grown)
        np.minimum(best[step:], grown[:-step], out=best[step:])
        np.minimum(best[:-step], grown[step:], out=best[:-step])
    return best


def interpolated(
    grey: Any, top: NDArray[Any], left: NDArray[Any], y: Float, x: Float
) -> NDArray[np.float32]:
    """Bilinear values of a picture: y of the way down from pixel (top, left), x to the right."""
    height, width = grey.shape
    flat = np.ascontiguousarray(grey).reshape(-1)
    at = top * width
    at += left
    right, below = int(width > 1), width * int(height > 1)
    upper = _between(flat, flat[right:], at, x)
    lower = _between(flat[below:], flat[below + right :], at, x)
    lower -= upper
    lower *= y
    lower += upper
    return lower


def _between(first: Any, second: Any, at: NDArray[np.intp], share: Float) -> NDArray[np.float32]:
    """Mix two pictures: `first` and, by its `share`, `second`."""
    one = first.take(at, mode="clip").astype(np.float32, copy=False)
    other = second.take(at, mode="clip").astype(np.float32, copy=False)
    other -= one
    other *= share
    one += other
    return one
