"""A network is a tuple of layers and a tuple of their weights; nothing more is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ocr_cli.nn.attention import FeedForward, LayerNorm, SelfAttention
from ocr_cli.nn.layers import (
    Array,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    Invert,
    Layer,
    MaxPool2d,
    Params,
    Relu,
    Sigmoid,
    Use,
)
from ocr_cli.nn.sequence import BiGru, Columns

# Every layer that a file may have, by the name that it has there.
LAYERS: dict[str, type[Layer]] = {
    layer.__name__.lower(): layer
    for layer in (
        *(Dense, Sigmoid, Relu, Invert, Flatten, Dropout, Conv2d, MaxPool2d, BatchNorm),
        *(Columns, BiGru),
        *(LayerNorm, SelfAttention, FeedForward),
    )
}

Layers = tuple[Layer, ...]
Weights = tuple[Params, ...]


def normed(layer: Conv2d | Dense) -> Layers:
    """A layer, and its outputs' batch norm and ReLU."""
    return layer, BatchNorm(layer.outputs), Relu()


def init(layers: Sequence[Layer], rng: np.random.Generator, dtype: Any = np.float32) -> Weights:
    """Fresh weights for every layer."""
    return tuple(layer.init(rng, dtype) for layer in layers)


def forward(layers: Sequence[Layer], weights: Sequence[Params], x: Array) -> Array:
    """The network's output in use: no dropout, running statistics, nothing cached."""
    return in_use(layers, weights)(x)


def in_use(layers: Sequence[Layer], weights: Sequence[Params]) -> Use:
    """The network as a function of its input, its weights made ready for many calls."""
    uses: list[Use] = []
    left = list(zip(layers, weights, strict=True))
    while left:
        layer, params = left.pop(0)
        rectified = layer.rectifies and bool(left) and isinstance(left[0][0], Relu)
        if rectified:
            del left[0]
        pool = None
        if rectified and layer.pools and left and isinstance(follows := left[0][0], MaxPool2d):
            pool = follows
            del left[0]
        uses.append(layer.in_use(params, rectified, pool))

    def use(x: Array) -> Array:
        for one in uses:
            x = one(x)
        return x

    return use


def forward_training(
    layers: Sequence[Layer], weights: Sequence[Params], x: Array, rng: np.random.Generator
) -> tuple[Array, list[Any]]:
    """The network's output in training, and each layer's cache for `backward`."""
    caches = []
    for layer, params in zip(layers, weights, strict=True):
        x, cache = layer.forward(params, x, rng)
        caches.append(cache)
    return x, caches


def backward(
    layers: Sequence[Layer],
    weights: Sequence[Params],
    caches: Sequence[Any],
    dy: Array,
    grads: Sequence[Params],
) -> Array:
    """Fills `grads` with the loss's gradients and returns that of the network's input."""
    for layer, params, cache, grad in zip(
        reversed(layers), reversed(weights), reversed(caches), reversed(grads), strict=True
    ):
        dy = layer.backward(params, cache, dy, grad)
    return dy


def flatten(layers: Sequence[Layer], weights: Sequence[Params]) -> tuple[Array, Weights]:
    """All trainable weights in one vector, and the same weights again as views into it.

    One vector makes an optimiser's step a handful of in-place operations, however many
    layers there are. Arrays that are not trained are shared, not copied.
    """
    trained = [
        (p, name) for layer, p in zip(layers, weights, strict=True) for name in layer.trainable
    ]
    vector = (
        np.concatenate([p[name].ravel() for p, name in trained])
        if trained
        else np.zeros(0, np.float32)
    )
    views: list[Params] = []
    start = 0
    for layer, params in zip(layers, weights, strict=True):
        view = dict(params)
        for name in layer.trainable:
            size = params[name].size
            view[name] = vector[start : start + size].reshape(params[name].shape)
            start += size
        views.append(view)
    return vector, tuple(views)


def gradients_like(layers: Sequence[Layer], weights: Sequence[Params]) -> tuple[Array, Weights]:
    """A vector of gradients and its views by layer, in the order of `flatten`."""
    blank = tuple(
        {name: np.zeros_like(params[name]) for name in layer.trainable}
        for layer, params in zip(layers, weights, strict=True)
    )
    return flatten(layers, blank)


def fuse(layers: Sequence[Layer], weights: Sequence[Params]) -> tuple[Layers, Weights]:
    """The same network for use: batch norms folded into the layer before, dropout left out."""
    kept: list[Layer] = []
    values: list[Params] = []
    for layer, params in zip(layers, weights, strict=True):
        if isinstance(layer, Dropout):
            continue
        if isinstance(layer, BatchNorm) and kept and isinstance(kept[-1], Conv2d | Dense):
            gain = params["scale"] / np.sqrt(params["variance"] + layer.epsilon)
            before = values[-1]
            values[-1] = {
                "weights": (before["weights"] * gain).astype(before["weights"].dtype),
                "bias": ((before["bias"] - params["mean"]) * gain + params["shift"]).astype(
                    before["bias"].dtype
                ),
            }
            continue
        kept.append(layer)
        values.append(params)
    return tuple(kept), tuple(values)


def layer_table(layers: Sequence[Layer]) -> list[list[Any]]:
    """Layers as plain lists, [name, {size: value}], for a file."""
    return [[type(layer).__name__.lower(), asdict(layer)] for layer in layers]


def from_description(description: Any) -> Layers:
    """Layers from what `describe` wrote; ValueError where it is not that."""
    try:
        return tuple(LAYERS[name](**sizes) for name, sizes in description)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a list of known layers: {error}") from error
