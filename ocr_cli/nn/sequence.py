"""Layers for sequences (N, T, C): columns of a picture as steps, and gated recurrent units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ocr_cli.nn.layers import Array, Layer, Params, sigmoid


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
class Steps:
    """Sequences (T, C) laid together without gaps: all first steps, all second ones, and so on.

    In every step the longer sequences come first. count : how many have each step. place : of each
    sequence, the (T,) rows of the whole that are its own. reverse : the rows so that every
    sequence runs backwards.
    """

    count: list[int]
    place: list[Array]
    reverse: Array

    def together(self, sequences: Sequence[Array]) -> Array:
        """The sequences as one (P, C)."""
        whole = np.empty((len(self.reverse), sequences[0].shape[1]), sequences[0].dtype)
        for place, sequence in zip(self.place, sequences, strict=True):
            whole[place] = sequence
        return whole


def steps_of(lengths: Sequence[int]) -> Steps:
    """How sequences of these lengths lie together."""
    order = np.argsort(-np.asarray(lengths), kind="stable")
    count = [int((np.asarray(lengths) > t).sum()) for t in range(max(lengths, default=0))]
    start = np.cumsum([0, *count])
    place: list[Array] = [np.empty(0, np.intp)] * len(lengths)
    reverse = np.empty(start[-1], np.intp)
    for rank, i in enumerate(order):
        place[i] = start[: lengths[i]] + rank
        reverse[place[i]] = place[i][::-1]
    return Steps(count, place, reverse)


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
    recurrent: ClassVar[bool] = True

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
        """`forward` for sequences of which only the first `lengths` steps count.

        What an item gives does not depend on its fellows; its further steps give 0.
        """
        n, steps, _ = x.shape
        u = self.units
        pre = np.empty((steps, 2, n, 3 * u), x.dtype)
        pre[:, 0] = (x @ params["weights"][0] + params["bias"][0]).transpose(1, 0, 2)
        pre[:, 1] = (x @ params["weights"][1] + params["bias"][1]).transpose(1, 0, 2)[::-1]
        inside = (np.arange(steps)[:, None] < np.asarray(lengths)).astype(x.dtype)
        alive = np.stack([inside, inside[::-1]], 1)[..., None]
        states, gates, product = self._run(params, pre, alive)
        y = np.concatenate([states[1:, 0], states[:0:-1, 1]], -1).transpose(1, 0, 2)
        return np.ascontiguousarray(y), (x, states, gates, product, alive)

    def read(self, params: Params, x: Array, steps: Steps) -> Array:
        """The output in use, without a cache, for sequences that lie together as `steps` says."""
        u, most = self.units, max(steps.count, default=0)
        pre, recurrent, new_bias = self._prepared(params, x, steps)
        states = np.empty((2, len(x), u), x.dtype)
        room = np.empty((3, 2, most, u), x.dtype)
        old, start = np.zeros((2, most, u), x.dtype), 0
        for n in steps.count:
            here = slice(start, start + n)
            old, parts, given, state = old[:, :n], room[:, :, :n], pre[:, :, here], states[:, here]
            np.matmul(old, recurrent, out=parts)
            gates, new = parts[:2], parts[2]
            gates += given[:2]
            sigmoid(gates, out=gates)
            new += new_bias
            new *= gates[0]
            new += given[2]
            np.tanh(new, out=new)
            np.subtract(old, new, out=state)
            state *= gates[1]
            state += new
            old, start = state, start + n
        return np.concatenate([states[0], states[1][steps.reverse]], 1)

    def _prepared(self, params: Params, x: Array, steps: Steps) -> tuple[Array, Array, Array]:
        """What the inputs give each gate, (3, 2, P, u), both ways; weights and bias for the states.

        Each gate by itself: what lies in one piece is gone through faster, and BLAS is faster at
        products that are small. The states' bias is there already, but for the new part's.
        """
        u = self.units
        weights, recurrent = (
            np.ascontiguousarray(params[name].reshape(2, -1, 3, u).transpose(2, 0, 1, 3))
            for name in ("weights", "recurrent")
        )
        bias, new_bias = params["bias"].copy(), params["recurrent_bias"][:, None, 2 * u :]
        bias[:, : 2 * u] += params["recurrent_bias"][:, : 2 * u]
        pre = np.empty((3, 2, len(x), u), x.dtype)
        for way, seen in enumerate((x, x[steps.reverse])):
            for k in range(3):
                np.matmul(seen, weights[k, way], out=pre[k, way])
        pre += bias.reshape(2, 3, u).swapaxes(0, 1)[:, :, None]
        return pre, recurrent, new_bias

    def _run(self, params: Params, pre: Array, alive: Array) -> tuple[Array, Array, Array]:
        """Both directions at once, the second backwards: states, gates, the new part's product."""
        u, (steps, _, n, _) = self.units, pre.shape
        weights, bias = params["recurrent"], params["recurrent_bias"][:, None]
        states = np.zeros((steps + 1, 2, n, u), pre.dtype)
        product = np.empty((steps, 2, n, u), pre.dtype)
        h = np.empty(pre.shape[1:], pre.dtype)
        whole = np.asarray(alive.reshape(steps, -1).all(1))
        for t, gates in enumerate(pre):  # what the inputs give is turned into gates in place
            np.matmul(states[t], weights, out=h)
            h += bias
            open_, new = gates[..., : 2 * u], gates[..., 2 * u :]
            open_ += h[..., : 2 * u]
            open_[...] = sigmoid(open_)
            product[t] = h[..., 2 * u :]
            new += open_[..., :u] * product[t]
            np.tanh(new, out=new)
            state = states[t + 1]
            np.subtract(states[t], new, out=state)
            state *= open_[..., u:]
            state += new
            if not whole[t]:
                state *= alive[t]
        return states, pre, product

    def backward(self, params: Params, cache: Any, dy: Array, grads: Params) -> Array:
        x, states, gates, product, alive = cache
        u, steps = self.units, len(product)
        by_time = dy.transpose(1, 0, 2)
        slopes = np.stack([by_time[..., :u], by_time[::-1, :, u:]], 1)
        reset, update, new = (gates[..., k * u : (k + 1) * u] for k in range(3))
        to_new = (1 - update) * (1 - new * new)
        to_update = (states[:-1] - new) * update * (1 - update)
        to_reset = product * reset * (1 - reset)
        # directions first, so that all steps of one are a matrix
        dh = np.empty((2, steps, *gates.shape[2:]), gates.dtype)
        dnew = np.empty((2, steps, *product.shape[2:]), gates.dtype)
        back = np.ascontiguousarray(params["recurrent"].transpose(0, 2, 1))
        flow = np.zeros_like(states[0])
        for t in range(steps - 1, -1, -1):
            slope, now, ahead = slopes[t] + flow, dh[:, t], dnew[:, t]
            slope *= alive[t]
            np.multiply(slope, to_new[t], out=ahead)
            np.multiply(ahead, to_reset[t], out=now[..., :u])
            np.multiply(slope, to_update[t], out=now[..., u : 2 * u])
            np.multiply(ahead, reset[t], out=now[..., 2 * u :])
            flow = slope * update[t]
            flow += now @ back
        before = states[:-1].transpose(1, 3, 0, 2).reshape(2, u, -1)
        np.matmul(before, dh.reshape(2, -1, 3 * u), out=grads["recurrent"])
        np.sum(dh, axis=(1, 2), out=grads["recurrent_bias"])
        dh[..., 2 * u :] = dnew  # the inputs come in behind the reset gate
        np.sum(dh, axis=(1, 2), out=grads["bias"])
        dx = np.zeros((steps, len(x), self.inputs), x.dtype)
        for d, turned in enumerate((slice(None), slice(None, None, -1))):
            flat = dh[d].reshape(-1, 3 * u)
            seen = x.transpose(1, 0, 2)[turned].reshape(-1, self.inputs)
            np.matmul(seen.T, flat, out=grads["weights"][d])
            dx[turned] += (flat @ params["weights"][d].T).reshape(dx.shape)
        return dx.transpose(1, 0, 2)
