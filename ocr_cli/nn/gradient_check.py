"""Gradients against central differences, layer by layer, in double precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ocr_cli.nn import losses, network
from ocr_cli.nn.attention import FeedForward, LayerNorm, SelfAttention
from ocr_cli.nn.ctc import ctc_loss
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
    Relu,
    Sigmoid,
)
from ocr_cli.nn.sequence import BiGru, Columns

STEP = 1e-5  # up and down from where a slope is taken


@dataclass(frozen=True)
class GradientError:
    """The largest relative error of one layer's or loss's gradients."""

    name: str
    error: float
    checked: int


def _relative(analytic: Array, numeric: Array) -> float:
    scale = np.maximum(np.abs(analytic) + np.abs(numeric), 1e-4)
    return float((np.abs(analytic - numeric) / scale).max()) if analytic.size else 0.0


def central_differences(value: Callable[[], float], x: Array) -> Array:
    """d value / d x for every element of `x`, which `value` reads and which is left as it was."""
    slopes = np.empty_like(x)
    flat, out = x.reshape(-1), slopes.reshape(-1)
    for i, kept in enumerate(flat.copy()):
        flat[i] = kept + STEP
        above = value()
        flat[i] = kept - STEP
        below = value()
        flat[i] = kept
        out[i] = (above - below) / (2 * STEP)
    return slopes


def check_network(layers: Sequence[Layer], x: Array, rng: np.random.Generator) -> GradientError:
    """Compares every gradient of a small network (weights and input) under a random loss."""
    weights = network.init(layers, rng, np.float64)
    vector, weights = network.flatten(layers, weights)
    vector += 0.1 * rng.standard_normal(vector.shape)
    grad_vector, grads = network.gradients_like(layers, weights)
    x = x.astype(np.float64)
    seed = int(rng.integers(2**31))

    def run() -> tuple[Array, list[object]]:
        return network.forward_training(layers, weights, x, np.random.default_rng(seed))

    y, caches = run()
    slope = rng.standard_normal(y.shape)
    dx = network.backward(layers, weights, caches, slope, grads)

    def value() -> float:
        return float((run()[0] * slope).sum())

    error = max(
        _relative(dx, central_differences(value, x)),
        _relative(grad_vector, central_differences(value, vector)),
    )
    names = "-".join(type(layer).__name__ for layer in layers)
    return GradientError(names, error, vector.size + x.size)


def check_loss(
    name: str,
    loss: Callable[[Array, Array], tuple[float, Array]],
    outputs: Array,
    targets: Array,
) -> GradientError:
    """Compares a loss's gradient for the network's output."""
    outputs = outputs.astype(np.float64)
    _, analytic = loss(outputs, targets)
    numeric = central_differences(lambda: loss(outputs, targets)[0], outputs)
    return GradientError(name, _relative(analytic, numeric), outputs.size)


def check_all(rng: np.random.Generator) -> list[GradientError]:
    """Every layer and every loss, and small networks that are made of them."""
    flat = rng.standard_normal((5, 6))
    spoken = rng.standard_normal((3, 8, 4))
    picture = rng.standard_normal((3, 6, 8, 2))
    alone: list[tuple[Layer, Array]] = [
        (Dense(6, 4), flat),
        (Sigmoid(), flat),
        (Relu(), flat),
        (Invert(), flat),
        (Dropout(0.4), flat),
        (Flatten(), picture),
        (Conv2d(2, 3, 3), picture),
        (Conv2d(2, 3, 5, stride=2), picture),
        (Conv2d(2, 3, 3, dilation=2), picture),
        (Conv2d(2, 3, 3, stride=2, dilation=3), picture),
        (MaxPool2d(), picture),
        (MaxPool2d(2, 1), picture),
        (BatchNorm(2), picture),
        (BatchNorm(6), flat),
        (Columns(), picture),
        (BiGru(2, 3), picture[:, 0]),
        (LayerNorm(6), flat),
        (SelfAttention(6, 2, 0.3), flat),
        (FeedForward(6, 4, 0.3), flat),
    ]
    report = [check_network((layer,), x, rng) for layer, x in alone]
    report.append(check_network((Dense(6, 5), Sigmoid(), Dense(5, 4)), flat, rng))
    convnet = (Invert(), Conv2d(2, 3), BatchNorm(3), Relu(), MaxPool2d(), Flatten(), Dense(36, 4))
    report.append(check_network(convnet, picture, rng))
    autoencoder = (Dense(6, 4), Relu(), Dense(4, 2), Relu(), Dense(2, 6), Sigmoid())
    report.append(check_network(autoencoder, flat, rng))
    targets = losses.softmax(rng.standard_normal((5, 6)))
    report += [check_loss(name, loss, flat, targets) for name, loss in losses.LOSSES.items()]
    texts = [np.array([1, 1, 0]), np.array([], int), np.array([2])]
    report.append(
        check_loss("CTC", lambda y, _: ctc_loss(y, np.array([8, 8, 5]), texts), spoken, spoken)
    )
    report.append(check_loss("squared error", losses.squared_error, flat, targets))
    return report
