"""Layers as frozen values: each knows its sizes, its start, its forward and its backward pass.

A layer holds no weights. `init` makes them, as a dict of arrays; `forward` returns the
output and whatever `backward` needs; `backward` writes the gradients of the weights into
`grads` (the same keys) and returns the gradient of the input. Pictures are (N, H, W, C).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ocr_cli.nn.winograd import Convolution

Array = NDArray[Any]
Params = dict[str, Array]
Use = Callable[[Array], Array]
Rng = np.random.Generator | None  # given in training alone
_MANY = 16  # channels from which on it pays to save products
_COLUMNS = 250_000  # numbers of a convolution at a time, about what a core caches


@dataclass(frozen=True)
class Layer:
    """The interface of all layers; a layer without weights inherits `init`."""

    trainable: ClassVar[tuple[str, ...]] = ()
    rectifies: ClassVar[bool] = False  # its output is fresh: a Relu that follows may go over it
    pools: ClassVar[bool] = False  # and it takes the largest of its own pixels where that follows
    recurrent: ClassVar[bool] = False  # what it gives at a step depends on the others

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        """Fresh weights."""
        return {}

    def forward(self, params: Params, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        """Output, and the cache for `backward`; `rng` is given in training alone."""
        raise NotImplementedError

    def in_use(self, params: Params, rectified: bool = False, pool: MaxPool2d | None = None) -> Use:
        """What the layer makes of an input in use; its weights are made ready once.

        rectified : a `Relu` follows, and is done here: of layers that have `rectifies`. pool :
        what follows then, and is done here: of layers that have `pools`.
        """

        def use(x: Array) -> Array:
            y, _ = self.forward(params, x)
            y = np.maximum(y, 0, out=y) if rectified else y
            return y if pool is None else pool.forward({}, y)[0]

        return use

    def run(self, params: Params, x: Array, lengths: Array) -> tuple[Array, Any]:
        """`forward` for sequences of which only the first `lengths` steps count."""
        return self.forward(params, x)

    def read(self, params: Params, x: Array, steps: Any) -> Array:
        """The output in use for sequences laid together, (P, C); see `sequence.Steps`."""
        return self.forward(params, x)[0]

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        """Gradient of the input; gradients of the weights go into `grads`, in place."""
        raise NotImplementedError


def xavier_uniform(
    rng: np.random.Generator, fan_in: int, fan_out: int, shape: tuple[int, ...], dtype: Any
) -> Array:
    """Uniform weights whose variance keeps signals level (Glorot and Bengio, AISTATS 2010)."""
    bound = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, shape).astype(dtype)


def he_normal(rng: np.random.Generator, fan_in: int, shape: tuple[int, ...], dtype: Any) -> Array:
    """Normal weights for layers before a ReLU (He et al., ICCV 2015)."""
    return (rng.standard_normal(shape) * np.sqrt(2.0 / fan_in)).astype(dtype)


def sigmoid(x: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-x)) without overflow: tanh saturates instead."""
    y = np.multiply(x, 0.5, out=out)
    np.tanh(y, out=y)
    y += 1.0
    y *= 0.5
    return y


@dataclass(frozen=True)
class Dense(Layer):
    """x @ weights + bias, over the last axis; (..., inputs) to (..., outputs)."""

    inputs: int
    outputs: int
    trainable: ClassVar[tuple[str, ...]] = ("weights", "bias")
    rectifies: ClassVar[bool] = True

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        shape = (self.inputs, self.outputs)
        return {
            "weights": xavier_uniform(rng, self.inputs, self.outputs, shape, dtype),
            "bias": np.zeros(self.outputs, dtype),
        }

    def forward(self, params: Params, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        y = x @ params["weights"]
        y += params["bias"]
        return y, x

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        x = cache.reshape(-1, self.inputs)
        flat = dy.reshape(-1, self.outputs)
        np.matmul(x.T, flat, out=grads["weights"])
        np.sum(flat, axis=0, out=grads["bias"])
        return dy @ params["weights"].T


@dataclass(frozen=True)
class Sigmoid(Layer):
    """The logistic function, element by element."""

    def forward(self, params: Params, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        y = sigmoid(x)
        return y, y

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        dx = 1.0 - cache
        dx *= cache
        dx *= dy
        return dx


@dataclass(frozen=True)
class Relu(Layer):
    """max(0, x), element by element."""

    def forward(self, params: Params, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        y = np.maximum(x, 0)
        return y, y

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        return dy * (cache > 0)


@dataclass(frozen=True)
class Invert(Layer):
    """1 - x: from dark ink on white, as sets are stored, to ink as signal on nought."""

    def forward(self, params: Params, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        return 1.0 - x, None

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        return -dy


@dataclass(frozen=True)
class Flatten(Layer):
    """(N, H, W, C) to (N, H*W*C)."""

    def forward(self, params: Params, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        return x.reshape(len(x), math.prod(x.shape[1:])), x.shape

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        return dy.reshape(cache)


@dataclass(frozen=True)
class Dropout(Layer):
    """Drops a share of the inputs in training, scaled so that the mean stays (Srivastava 2014)."""

    rate: float

    def forward(self, params: Params, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        if rng is None:
            return x, None
        keep = (rng.random(x.shape, np.float32) >= self.rate).astype(x.dtype)
        keep /= 1.0 - self.rate
        return x * keep, keep

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        return dy if cache is None else dy * cache


@dataclass(frozen=True)
class Conv2d(Layer):
    """Convolution with zero padding that keeps the size at stride 1: im2col and one GEMM.

    (N, H, W, inputs) to (N, ceil(H/stride), ceil(W/stride), outputs); weights are
    (size, size, inputs, outputs), size is odd (Chellapilla, Puri and Simard, IWFHR 2006).
    With a `dilation` the kernel's taps lie so many pixels apart (Yu and Koltun, ICLR 2016).
    """

    inputs: int
    outputs: int
    size: int = 3
    stride: int = 1
    dilation: int = 1
    trainable: ClassVar[tuple[str, ...]] = ("weights", "bias")
    rectifies: ClassVar[bool] = True
    pools: ClassVar[bool] = True

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        shape = (self.size, self.size, self.inputs, self.outputs)
        return {
            "weights": he_normal(rng, self.size * self.size * self.inputs, shape, dtype),
            "bias": np.zeros(self.outputs, dtype),
        }

    @property
    def _pad(self) -> int:
        return self.size // 2 * self.dilation

    def _padded(self, x: Array) -> Array:
        n, h, w, c = x.shape
        pad = self._pad
        padded = np.zeros((n, h + 2 * pad, w + 2 * pad, c), x.dtype)
        padded[:, pad : pad + h, pad : pad + w] = x
        return padded

    def _columns(self, padded: Array) -> Array:
        """Each output pixel's inputs side by side: (N*H'*W', size*size*inputs)."""
        k, s, d = self.size, self.stride, self.dilation
        span = (k - 1) * d + 1
        # (N, H', W', C, k, k) as a view; one copy puts the channels last, rows contiguous
        windows = sliding_window_view(padded, (span, span), (1, 2))[:, ::s, ::s, :, ::d, ::d]
        if padded.shape[3] == 1:  # pixel by pixel of the kernel: a row of the picture at a time
            return windows[:, :, :, 0].transpose(3, 4, 0, 1, 2).reshape(k * k, -1).T
        return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, k * k * padded.shape[3])

    def _parts(self, n: int, rows: int, cols: int) -> Iterator[tuple[slice, slice, slice]]:
        """Pictures, their rows of output pixels, and both as one range; as many as fit the cache.

        Several whole pictures, or some rows of one: what the columns of a part need of the
        padded picture is in `_seen_by`.
        """
        step = max(1, _COLUMNS // (rows * cols * self.size**2 * self.inputs))
        high = rows if step > 1 else max(1, _COLUMNS // (cols * self.size**2 * self.inputs))
        for start in range(0, n, step):
            end = min(start + step, n)
            for top in range(0, rows, high):
                bottom = min(top + high, rows)
                first, last = start * rows + top, (end - 1) * rows + bottom
                yield slice(start, end), slice(top, bottom), slice(first * cols, last * cols)

    def _seen_by(self, rows: slice) -> slice:
        """The rows of the padded picture that some rows of output pixels see."""
        span = (self.size - 1) * self.dilation
        return slice(rows.start * self.stride, (rows.stop - 1) * self.stride + span + 1)

    def in_use(self, params: Params, rectified: bool = False, pool: MaxPool2d | None = None) -> Use:
        sizes = (1, 1) if pool is None else (pool.height, pool.width)
        possible = max(sizes) == 1 or (max(sizes) == 2 and self.dilation == 1)
        if self.size == 3 and self.stride == 1 and self.inputs >= _MANY and possible:
            return Convolution(params["weights"], params["bias"], self.dilation, rectified, sizes)
        return super().in_use(params, rectified, pool)

    def forward(self, params: Params, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        n, h, w, _ = x.shape
        rows, cols = -(-h // self.stride), -(-w // self.stride)
        padded, weights = self._padded(x), params["weights"].reshape(-1, self.outputs)
        y = np.empty((n * rows * cols, self.outputs), x.dtype)
        for some, high, pixels in self._parts(n, rows, cols):
            seen = padded[some, self._seen_by(high)]
            np.matmul(self._columns(seen), weights, out=y[pixels])
        y += params["bias"]
        return y.reshape(n, rows, cols, self.outputs), (padded, x.shape)

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        padded, (n, h, w, c) = cache
        (rows, cols), k, s, d = dy.shape[1:3], self.size, self.stride, self.dilation
        flat = np.ascontiguousarray(dy).reshape(-1, self.outputs)
        np.sum(flat, axis=0, out=grads["bias"])
        dweights = grads["weights"].reshape(-1, self.outputs)
        dweights[:] = 0
        turned = np.ascontiguousarray(params["weights"].reshape(-1, self.outputs).T)
        dpadded = np.zeros_like(padded)
        for some, high, pixels in self._parts(n, rows, cols):
            seen = self._seen_by(high)
            # the columns are made again: reading them from memory takes longer
            dweights += self._columns(padded[some, seen]).T @ flat[pixels]
            tall = high.stop - high.start
            dcolumns = (flat[pixels] @ turned).reshape(-1, tall, cols, k, k, c)
            part = dpadded[some, seen]
            for i in range(0, k * d, d):
                for j in range(0, k * d, d):
                    at = slice(i, i + tall * s, s), slice(j, j + cols * s, s)
                    part[:, *at] += dcolumns[:, :, :, i // d, j // d]
        return dpadded[:, self._pad : self._pad + h, self._pad : self._pad + w]


@dataclass(frozen=True)
class MaxPool2d(Layer):
    """The largest of each (height x width) tile; sizes must divide."""

    height: int = 2
    width: int = 2

    def _tiles(self, x: Array) -> list[Array]:
        a, b = self.height, self.width
        return [x[:, i::a, j::b] for i in range(a) for j in range(b)]

    def forward(self, params: Params, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        tiles = self._tiles(x)
        y = np.maximum(tiles[0], tiles[1]) if len(tiles) > 1 else tiles[0].copy()
        for tile in tiles[2:]:
            np.maximum(y, tile, out=y)
        return y, (x, y)

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        x, y = cache
        dx = np.zeros_like(x)
        free = np.ones(y.shape, bool)  # a tie sends its gradient to the first of the tile alone
        for tile, dtile in zip(self._tiles(x), self._tiles(dx), strict=True):
            here = (tile == y) & free
            free &= ~here
            np.multiply(dy, here, out=dtile)
        return dx


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Zero mean and unit variance for each channel over a batch (Ioffe and Szegedy, ICML 2015).

    In training the running `mean` and `variance` follow the batches, in place; in use they
    take the batch's stead. `network.fuse` folds them into the layer before.
    """

    channels: int
    trainable: ClassVar[tuple[str, ...]] = ("scale", "shift")
    momentum: ClassVar[float] = 0.1
    epsilon: ClassVar[float] = 1e-5

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        c = self.channels
        return {
            "scale": np.ones(c, dtype),
            "shift": np.zeros(c, dtype),
            "mean": np.zeros(c, dtype),
            "variance": np.ones(c, dtype),
        }

    def forward(self, params: Params, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        flat = x.reshape(-1, self.channels)
        if rng is None:
            mean, variance = params["mean"], params["variance"]
            normal = flat - mean
        else:
            mean = _column_sums(flat) / x.dtype.type(len(flat))
            normal = flat - mean
            variance = _column_sums(normal, normal) / x.dtype.type(len(flat))
            unbiased = variance * (len(flat) / max(1, len(flat) - 1))
            for name, value in (("mean", mean), ("variance", unbiased)):
                params[name] += self.momentum * (value - params[name])
        deviation = np.sqrt(variance + x.dtype.type(self.epsilon))
        normal /= deviation
        y = normal * params["scale"]
        y += params["shift"]
        return y.reshape(x.shape), (normal, deviation, rng is not None)

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        normal, deviation, training = cache
        flat = dy.reshape(-1, self.channels)
        grads["scale"][:] = _column_sums(flat, normal)
        grads["shift"][:] = _column_sums(flat)
        gain = params["scale"] / deviation
        dx = flat * gain
        if training:
            n = dy.dtype.type(len(flat))
            dx -= normal * (grads["scale"] * gain / n)
            dx -= grads["shift"] * gain / n
        return dx.reshape(dy.shape)


def _column_sums(a: Array, b: Array | None = None) -> Array:
    """(C,) sums over the rows of `a` (N, C), or of `a * b`; without a product in memory."""
    if b is None:
        return np.ones(len(a), a.dtype) @ a
    return np.asarray(np.einsum("nc,nc->c", a, b))
