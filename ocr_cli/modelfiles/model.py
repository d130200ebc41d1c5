"""A trained network, and what it says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.modelfiles import kinds
from ocr_cli.nn import context, network
from ocr_cli.nn.context import Context
from ocr_cli.nn.losses import softmax
from ocr_cli.nn.network import Layers, Weights

_CHUNK = 64  # crops to one pass: the columns of a layer then stay in the cache
_SHIFTS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))  # pixels; what they show is averaged


@dataclass(frozen=True)
class Model:
    """A trained network and what it says of itself.

    Attributes
    ----------
    kind : one of `kinds.KINDS`.
    classes : the characters, in the order of the network's outputs; none of an autoencoder,
        which gives the 1024 pixels of a picture, in column order.
    layers, weights : the network, see `nn.network`.
    record : how it was trained: command, seed, data, scores, seconds.
    size_terms : (6, C) what a letter's size says of its class, see `logits`, or None.
    context : what a hand's other letters say of it, see `logits`, or None.
    """

    kind: str
    classes: tuple[str, ...]
    layers: Layers = field(repr=False)
    weights: Weights = field(repr=False, compare=False)
    record: dict[str, Any] = field(default_factory=dict, compare=False)
    size_terms: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    context: Context | None = field(default=None, repr=False, compare=False)

    def prepared(self, crops: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn upright crops (N, 32, 32), 0 ink to 1 paper, into the network's input.

        TypeError where its kind does not look at crops.
        """
        prepare = kinds.KINDS[self.kind].prepare
        if prepare is None:
            raise TypeError(f"a model of kind {self.kind} does not look at crops")
        return np.ascontiguousarray(prepare(crops.astype(np.float32, copy=False)))

    def logits(
        self,
        crops: NDArray[np.float32],
        sizes: NDArray[np.float32] | None = None,
        writers: NDArray[np.int64] | None = None,
    ) -> NDArray[np.float32]:
        """(N, 32, 32) crops, upright, 0 ink to 1 paper, to (N, C) logits.

        With `sizes`, (N, 2) heights and widths where the writer's usual letter is 1, a model
        that knows sizes tells c from C by them. With `writers`, (N,) numbers, besides, one
        that has a context sees the letters of each hand together. Of an autoencoder
        (N, 1024), see `autoencoder.reconstruct`.
        """
        if self.context is not None and sizes is not None and writers is not None:
            hidden, alone = self.seen(crops, _SHIFTS)
            known = context.features(hidden, alone, size_features(sizes))
            return alone + context.in_context(self.context, known, writers)
        x = self.prepared(crops)
        out = np.empty((len(x), len(self.classes) + kinds.KINDS[self.kind].outputs), np.float32)
        look = network.in_use(self.layers, self.weights)
        for start in range(0, len(x), _CHUNK):
            part = slice(start, start + _CHUNK)
            out[part] = look(x[part])
        if sizes is not None and self.size_terms is not None:
            out += size_features(sizes) @ self.size_terms
        return out

    def seen(
        self, crops: NDArray[np.float32], shifts: Sequence[tuple[int, int]] = ((0, 0),)
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run all layers but the last: its inputs (N, H), and the logits (N, C) it makes of them.

        Of several `shifts` of a crop by pixels down and to the right, the mean.
        """
        below = self.layers[:-1], self.weights[:-1]
        hidden = []
        for start in range(0, max(1, len(crops)), _CHUNK):
            part = crops[start : start + _CHUNK]
            views = (self.prepared(np.roll(part, shift, (1, 2))) for shift in shifts)
            hidden.append(sum(network.forward(*below, view) for view in views) / len(shifts))
        joined = np.concatenate(hidden, dtype=np.float32)
        return joined, network.forward(self.layers[-1:], self.weights[-1:], joined)

    def probabilities(self, crops: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, 32, 32) crops, upright, 0 ink to 1 paper, to (N, C) probabilities."""
        return softmax(self.logits(crops))


def size_features(sizes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 2) heights and widths, 1 that of a usual letter, to (N, 6) numbers.

    1, h, w, h², w² and hw of their logarithms: with a weight each for a class, they make what
    a Gaussian of its sizes would add to its log-probability.
    """
    h, w = np.log(sizes + np.float32(0.03)).T
    return np.stack([np.ones_like(h), h, w, h * h, w * w, h * w], 1)


def for_use(model: Model) -> Model:
    """The same model with what only training needs folded away."""
    layers, weights = network.fuse(model.layers, model.weights)
    context = model.context
    if context is not None:
        context = Context(*network.fuse(context.layers, context.weights))
    return replace(model, layers=layers, weights=weights, context=context)
