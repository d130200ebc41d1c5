"""Convolutions with kernels of 3 x 3 by minimal filtering: far fewer products than taps.

A tile of m x m pixels takes (m + 2)² products a channel instead of 9 m², at m = 4 a quarter;
sums, which stand for them, are done on whole rows of tiles at once (S. Winograd, Arithmetic
complexity of computations, 1980; A. Lavin and S. Gray, Fast algorithms for convolutional neural
networks, CVPR 2016). What comes out differs from the plain sum by rounding alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_Sums = Callable[[Array | Sequence[Array], Array, Array], None]
_NUMBERS = 200_000  # of a block's products, about: what a core caches
_SMALL = 1_000_000  # multiplications of a product of matrices that OpenBLAS takes for a small one


def _before_two(d: Array | Sequence[Array], out: Array, _: Array) -> None:
    np.subtract(d[0], d[2], out=out[0])
    np.add(d[1], d[2], out=out[1])
    np.subtract(d[2], d[1], out=out[2])
    np.subtract(d[1], d[3], out=out[3])


def _after_two(m: Array | Sequence[Array], out: Array, _: Array) -> None:
    np.add(m[1], m[2], out=out[0])
    out[0] += m[0]
    np.subtract(m[1], m[2], out=out[1])
    out[1] -= m[3]


def _before_four(d: Array | Sequence[Array], out: Array, room: Array) -> None:
    a, b = room
    np.multiply(d[2], 4, out=a)
    np.subtract(d[4], a, out=a)
    np.multiply(d[1], 4, out=b)
    np.subtract(d[3], b, out=b)
    np.add(a, b, out=out[1])
    np.subtract(a, b, out=out[2])
    np.subtract(d[4], d[2], out=a)
    np.subtract(d[3], d[1], out=b)
    b += b
    np.add(a, b, out=out[3])
    np.subtract(a, b, out=out[4])
    np.subtract(d[0], d[2], out=out[0])  # 4 d0 - 5 d2 + d4
    out[0] *= 4
    out[0] += a
    np.subtract(d[5], d[3], out=out[5])  # 4 d1 - 5 d3 + d5
    b += b
    out[5] -= b


def _after_four(m: Array | Sequence[Array], out: Array, room: Array) -> None:
    a, b = room
    np.add(m[1], m[2], out=a)
    np.add(m[3], m[4], out=b)
    np.add(m[0], a, out=out[0])
    out[0] += b
    b *= 4
    np.add(a, b, out=out[2])
    np.subtract(m[1], m[2], out=a)
    np.subtract(m[3], m[4], out=b)
    b += b
    np.add(a, b, out=out[1])
    b *= 4
    a += b
    np.add(a, m[5], out=out[3])


@dataclass(frozen=True)
class _Filter:
    """Minimal filtering of `size` outputs by three taps: what is done before and after.

    taps : (size + 2, 3), from a kernel's taps to what the inputs' sums are multiplied by.
    """

    size: int
    taps: Array
    before: _Sums
    after: _Sums


_HALVES = [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]
_TWELFTHS = [[3, 0, 0], [-2, -2, -2], [-2, 2, -2], [0.5, 1, 2], [0.5, -1, 2], [0, 0, 12]]
_TWO = _Filter(2, np.array(_HALVES), _before_two, _after_two)
_FOUR = _Filter(4, np.array(_TWELFTHS) / 12, _before_four, _after_four)


def _filter_of(pixels: int) -> _Filter:
    """The filter that takes fewest products for so many pixels."""
    return _TWO if 4 * -(-pixels // 2) <= 6 * -(-pixels // 4) else _FOUR


@dataclass(frozen=True)
class Convolution:
    """A convolution, 3 x 3, stride 1, zeros around; where it is `rectified`, less than 0 is 0.

    weights : (3, 3, C, D). What its filters multiply by is worked out when it is first needed.
    pool : of so many pixels down and across, one or two, the largest is kept; not of a dilated one.
    """

    weights: Array = field(repr=False)
    bias: Array = field(repr=False)
    dilation: int = 1
    rectified: bool = False
    pool: tuple[int, int] = (1, 1)
    _ready: dict[tuple[int, int], Array] = field(default_factory=dict, repr=False)

    def __call__(self, x: Array) -> Array:
        """(N, H, W, C) to (N, H, W, D), or as much less as is pooled."""
        d = self.dilation
        if d == 1:
            return self._dense(x)
        # every d-th row and column are a picture of their own
        n, height, width, c = x.shape
        h, w = -(-height // d), -(-width // d)
        even = np.zeros((n, h * d, w * d, c), x.dtype)
        even[:, :height, :width] = x
        apart = even.reshape(n, h, d, w, d, c).transpose(0, 2, 4, 1, 3, 5)
        y = self._dense(apart.reshape(n * d * d, h, w, c))
        together = y.reshape(n, d, d, h, w, y.shape[-1]).transpose(0, 3, 1, 4, 2, 5)
        return together.reshape(n, h * d, w * d, y.shape[-1])[:, :height, :width]

    def _dense(self, x: Array) -> Array:
        n, height, width, _ = x.shape
        down, across = _filter_of(height), _filter_of(width)
        high, wide = -(-height // down.size), -(-width // across.size)  # tiles
        kernels = self._kernels(down, across, x.dtype)
        (tall, broad), d = self.pool, kernels.shape[2]
        y = np.empty((n, high, down.size // tall, wide, across.size // broad, d), x.dtype)
        step = max(1, _NUMBERS // (len(kernels) * (wide + 1) * max(kernels.shape[1:])))
        some = max(1, step // high)  # whole pictures, or some rows of tiles of one
        for start in range(0, n, some):
            out = y[start : start + some]
            columns = _columns(x[start : start + some], high * down.size, wide, across.size)
            for top in range(0, high, step):
                part = out[:, top : top + step]
                seen = columns[:, top * down.size * (wide + 1) :]
                self._tiles(seen, kernels, (down, across), part)
        y = y.reshape(n, high * down.size // tall, wide * across.size // broad, d)
        return y[:, : height // tall, : width // broad]

    def _tiles(
        self, columns: Array, kernels: Array, filters: tuple[_Filter, _Filter], y: Array
    ) -> None:
        """Some rows of tiles, (N, high, m, wide, k, D), from what they see first of `columns`."""
        down, across = filters
        (n, high, _, wide, _, d), c, m = y.shape, kernels.shape[1], down.size
        many, stride, rows = across.size + 2, wide + 1, high * m + 2
        count = n * rows * stride
        seen = [columns[k % across.size, k // across.size :][:count] for k in range(many)]
        sums = _room(many, count, c, like=y)
        across.before(seen, sums, _room(2, count, c, like=y))
        sums = sums.reshape(many, n, rows, stride * c)
        seen = [sums[:, :, k : k + high * m : m] for k in range(m + 2)]
        sums = _room(m + 2, many, n, high, stride * c, like=y)
        down.before(seen, sums, _room(2, *sums.shape[1:], like=y))
        products = _products(sums.reshape(len(kernels), -1, c), kernels).reshape(m + 2, -1)
        sums = _room(m, products.shape[1], like=y)
        down.after(products, sums, _room(2, products.shape[1], like=y))
        parts = sums.reshape(m, many, -1).swapaxes(0, 1)
        sums = _room(across.size, m, parts.shape[2], like=y)
        across.after(parts, sums, _room(2, m, parts.shape[2], like=y))
        sums = _pooled(sums, self.pool)
        tiles = sums.reshape(*sums.shape[:2], n, high, stride, d)[:, :, :, :, :wide]
        np.add(tiles.transpose(2, 3, 1, 4, 0, 5), self.bias, out=y)
        if self.rectified:
            np.maximum(y, 0, out=y)

    def _kernels(self, down: _Filter, across: _Filter, dtype: Any) -> Array:
        """(products, C, D) what the sums of the inputs are multiplied by."""
        key = down.size, across.size
        if key not in self._ready:
            both = np.kron(down.taps, across.taps).astype(dtype)
            made = both @ self.weights.reshape(9, -1)
            self._ready[key] = made.reshape(len(both), *self.weights.shape[2:])
        return self._ready[key]


def _products(sums: Array, kernels: Array) -> Array:
    """(K, M, C) @ (K, C, D), in parts so small that BLAS does not copy them first."""
    products = np.empty((*sums.shape[:2], kernels.shape[2]), sums.dtype)
    count = sums.shape[1]
    step = -(-count // -(-count * kernels[0].size // _SMALL))  # parts of like size
    for start in range(0, count, step):
        rows = slice(start, start + step)
        np.matmul(sums[:, rows], kernels, out=products[:, rows])
    return products


def _pooled(sums: Array, pool: tuple[int, int]) -> Array:
    """The largest of each two of the columns (first axis) and rows (second) of tiles, if pooled."""
    if pool[1] == 2:
        sums = np.maximum(sums[::2], sums[1::2])
    return np.maximum(sums[:, ::2], sums[:, 1::2]) if pool[0] == 2 else sums


def _room(*shape: int, like: Array) -> Array:
    return np.empty(shape, like.dtype)


def _columns(pictures: Array, rows: int, wide: int, size: int) -> Array:
    """(size, N * (rows + 2) * (wide + 1) + 1, C): every size-th column of pictures, zeros around.

    Row after row, so that what lies some columns further on lies as far on here in one piece.
    """
    n, height, _, c = pictures.shape
    columns = np.zeros((size, n * (rows + 2) * (wide + 1) + 1, c), pictures.dtype)
    grid = columns[:, :-1].reshape(size, n, rows + 2, wide + 1, c)
    for k, own in enumerate(grid):  # the second column with zeros is the first without
        start = 0 if k else 1
        some = pictures[:, :, start * size + k - 1 :: size]
        own[:, 1 : height + 1, start : start + some.shape[2]] = some
    return columns
