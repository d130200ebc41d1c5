"""Layers for sets (N, C): the items of a batch look at each other, in whatever order they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ocr_cli.nn.layers import Array, Dropout, Layer, Params, Relu, xavier_uniform
from ocr_cli.nn.losses import softmax

_EPSILON = 1e-5


@dataclass(frozen=True)
class LayerNorm(Layer):
    """Zero mean and unit variance over the channels of each item (Ba, Kiros and Hinton, 2016)."""

    channels: int
    trainable: ClassVar[tuple[str, ...]] = ("scale", "shift")

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        return {"scale": np.ones(self.channels, dtype), "shift": np.zeros(self.channels, dtype)}

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        normal = x - x.mean(-1, keepdims=True)
        deviation = np.sqrt((normal * normal).mean(-1, keepdims=True) + x.dtype.type(_EPSILON))
        normal /= deviation
        return normal * params["scale"] + params["shift"], (normal, deviation)

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        normal, deviation = cache
        grads["scale"][:] = (dy * normal).sum(0)
        grads["shift"][:] = dy.sum(0)
        dx = dy * params["scale"]
        dx -= dx.mean(-1, keepdims=True) + normal * (dx * normal).mean(-1, keepdims=True)
        return np.asarray(dx / deviation)


@dataclass(frozen=True)
class SelfAttention(Layer):
    """x + what each item draws from all items; (N, width) to (N, width).

    Scaled dot-product attention of several heads over normalised items (A. Vaswani et al.,
    Attention is all you need, NIPS 2017), `dropout` on what is added. `weights` is
    (width, 3 width): queries, keys and values side by side.
    """

    width: int
    heads: int
    dropout: float = 0.0
    trainable: ClassVar[tuple[str, ...]] = (
        *("scale", "shift"),
        *("weights", "bias", "out_weights", "out_bias"),
    )

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        w = self.width
        return {
            **LayerNorm(w).init(rng, dtype),
            "weights": xavier_uniform(rng, w, 3 * w, (w, 3 * w), dtype),
            "bias": np.zeros(3 * w, dtype),
            "out_weights": xavier_uniform(rng, w, w, (w, w), dtype),
            "out_bias": np.zeros(w, dtype),
        }

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        n, size = len(x), self.width // self.heads
        normal, norm_cache = LayerNorm(self.width).forward(params, x)
        parts = normal @ params["weights"] + params["bias"]
        # (3, heads, N, size)
        query, key, value = parts.reshape(n, 3, self.heads, size).transpose(1, 2, 0, 3)
        shares = softmax(query @ key.transpose(0, 2, 1) * x.dtype.type(size**-0.5))
        drawn = (shares @ value).transpose(1, 0, 2).reshape(n, self.width)
        y = drawn @ params["out_weights"] + params["out_bias"]
        y, kept = Dropout(self.dropout).forward({}, y, rng)
        return x + y, (normal, norm_cache, query, key, value, shares, drawn, kept)

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        normal, norm_cache, query, key, value, shares, drawn, kept = cache
        n, size = len(dy), self.width // self.heads
        added = Dropout(self.dropout).backward({}, kept, dy, {})
        np.matmul(drawn.T, added, out=grads["out_weights"])
        np.sum(added, axis=0, out=grads["out_bias"])
        ddrawn = (added @ params["out_weights"].T).reshape(n, self.heads, size).transpose(1, 0, 2)
        dparts = np.empty((3, *query.shape), dy.dtype)
        dparts[2] = shares.transpose(0, 2, 1) @ ddrawn
        dshares = ddrawn @ value.transpose(0, 2, 1)
        dshares -= (dshares * shares).sum(-1, keepdims=True)
        dshares *= shares
        dshares *= dy.dtype.type(size**-0.5)
        dparts[0] = dshares @ key
        dparts[1] = dshares.transpose(0, 2, 1) @ query
        flat = dparts.transpose(2, 0, 1, 3).reshape(n, 3 * self.width)
        np.matmul(normal.T, flat, out=grads["weights"])
        np.sum(flat, axis=0, out=grads["bias"])
        dnormal = flat @ params["weights"].T
        return dy + LayerNorm(self.width).backward(params, norm_cache, dnormal, grads)


@dataclass(frozen=True)
class FeedForward(Layer):
    """x + a perceptron of one hidden layer over each normalised item; (N, width) to (N, width)."""

    width: int
    hidden: int
    dropout: float = 0.0
    trainable: ClassVar[tuple[str, ...]] = SelfAttention.trainable

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        w, h = self.width, self.hidden
        return {
            **LayerNorm(w).init(rng, dtype),
            "weights": xavier_uniform(rng, w, h, (w, h), dtype),
            "bias": np.zeros(h, dtype),
            "out_weights": xavier_uniform(rng, h, w, (h, w), dtype),
            "out_bias": np.zeros(w, dtype),
        }

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        normal, norm_cache = LayerNorm(self.width).forward(params, x)
        active, _ = Relu().forward({}, normal @ params["weights"] + params["bias"])
        y = active @ params["out_weights"] + params["out_bias"]
        y, kept = Dropout(self.dropout).forward({}, y, rng)
        return x + y, (normal, norm_cache, active, kept)

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        normal, norm_cache, active, kept = cache
        added = Dropout(self.dropout).backward({}, kept, dy, {})
        np.matmul(active.T, added, out=grads["out_weights"])
        np.sum(added, axis=0, out=grads["out_bias"])
        dhidden = Relu().backward({}, active, added @ params["out_weights"].T, {})
        np.matmul(normal.T, dhidden, out=grads["weights"])
        np.sum(dhidden, axis=0, out=grads["bias"])
        dnormal = dhidden @ params["weights"].T
        return dy + LayerNorm(self.width).backward(params, norm_cache, dnormal, grads)
