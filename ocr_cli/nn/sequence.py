"""Layers for sequences (N, T, C): columns of a picture as steps, and gated recurrent units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ocr_cli.nn.layers import LAYERS, Array, Layer, Params, sigmoid


@dataclass(frozen=True)
class Columns(Layer):
    """(N, H, W, C) to (N, W, H*C): every column of a picture becomes one step."""

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        n, h, w, c = x.shape
        return x.transpose(0, 2, 1, 3).reshape(n, w, h * c), x.shape

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        n, h, w, c = cache
        return dy.reshape(n, w, h, c).transpose(0, 2, 1, 3)


@dataclass(frozen=True)
class BiGru(Layer):
    """Two gated recurrent units over (N, T, inputs), one from each end: (N, T, 2 * units).

    K. Cho et al., EMNLP 2014, with the reset gate after the product, as cuDNN and PyTorch
    have it. `weights` is (2, inputs, 3 units), `recurrent` (2, units, 3 units), with the
    directions first and the gates reset, update, new side by side.
    """

    inputs: int
    units: int
    trainable: ClassVar[tuple[str, ...]] = ("weights", "recurrent", "bias", "recurrent_bias")

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        bound = 1 / np.sqrt(self.units)
        wide = 3 * self.units

        def uniform(*shape: int) -> Array:
            return rng.uniform(-bound, bound, shape).astype(dtype)

        return {
            "weights": uniform(2, self.inputs, wide),
            "recurrent": uniform(2, self.units, wide),
            "bias": uniform(2, wide),
            "recurrent_bias": uniform(2, wide),
        }

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        return self.run(params, x, np.full(len(x), x.shape[1]))

    def run(self, params: Params, x: Array, lengths: Array) -> tuple[Array, Any]:
        """`forward` for sequences of which only the first `lengths` steps count."""
        n, steps, _ = x.shape
        u = self.units
        y = np.zeros((n, steps, 2 * u), x.dtype)
        alive = np.arange(steps)[:, None] < np.asarray(lengths)[None]
        caches = []
        for d in (0, 1):
            pre = (x @ params["weights"][d] + params["bias"][d]).transpose(1, 0, 2)
            order = range(steps) if d == 0 else range(steps - 1, -1, -1)
            caches.append(self._pass(params, d, pre, order, alive, y[:, :, d * u : (d + 1) * u]))
        return y, (x, caches)

    def _pass(
        self, params: Params, d: int, pre: Array, order: range, alive: Array, y: Array
    ) -> tuple[Array, Array, Array, Array]:
        """One direction; what it remembers are states before, gates and the new part's product."""
        u, (steps, n, _) = self.units, pre.shape
        weights, bias = params["recurrent"][d], params["recurrent_bias"][d]
        before = np.empty((steps, n, u), pre.dtype)
        gates = np.empty((steps, n, 3 * u), pre.dtype)
        product = np.empty((steps, n, u), pre.dtype)
        state = np.zeros((n, u), pre.dtype)
        for t in order:
            before[t] = state
            h = state @ weights
            h += bias
            g = gates[t]
            g[:, : 2 * u] = sigmoid(pre[t, :, : 2 * u] + h[:, : 2 * u])
            product[t] = h[:, 2 * u :]
            g[:, 2 * u :] = np.tanh(pre[t, :, 2 * u :] + g[:, :u] * product[t])
            new = g[:, 2 * u :] + g[:, u : 2 * u] * (state - g[:, 2 * u :])
            state = np.where(alive[t][:, None], new, 0)
            y[:, t] = state
        return before, gates, product, alive

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        x, caches = cache
        u, dx = self.units, np.zeros_like(x)
        for d, (before, gates, product, alive) in enumerate(caches):
            steps = range(len(before))
            order = reversed(steps) if d == 0 else steps
            dpre = np.zeros_like(gates)
            dh = np.zeros_like(gates)
            flow = np.zeros_like(before[0])
            for t in order:
                r, z, new = (gates[t, :, k * u : (k + 1) * u] for k in range(3))
                slope = np.where(alive[t][:, None], dy[:, t, d * u : (d + 1) * u] + flow, 0)
                dnew = slope * (1 - z) * (1 - new * new)
                dz = slope * (before[t] - new) * z * (1 - z)
                dr = dnew * product[t] * r * (1 - r)
                dpre[t] = np.concatenate([dr, dz, dnew], 1)
                dh[t] = np.concatenate([dr, dz, dnew * r], 1)
                flow = slope * z + dh[t] @ params["recurrent"][d].T
            flat = dpre.transpose(1, 0, 2)
            dx += flat @ params["weights"][d].T
            wide = 3 * u
            grads["weights"][d] = x.reshape(-1, self.inputs).T @ flat.reshape(-1, wide)
            grads["recurrent"][d] = before.reshape(-1, u).T @ dh.reshape(-1, wide)
            grads["bias"][d] = dpre.sum((0, 1))
            grads["recurrent_bias"][d] = dh.sum((0, 1))
        return dx


LAYERS |= {"columns": Columns, "bigru": BiGru}
