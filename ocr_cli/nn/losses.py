"""Losses: each returns its sum over the batch and the gradient for the network's output.

Sums, not means, so that a learning rate means the same whatever the batch: a step is the
rate times what every item asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.nn.layers import sigmoid

Array = NDArray[Any]


def softmax(logits: Array) -> Array:
    """Probabilities over the last axis; the largest logit is subtracted, so none overflows."""
    y = logits - logits.max(axis=-1, keepdims=True)
    np.exp(y, out=y)
    y /= y.sum(axis=-1, keepdims=True)
    return y


def log_softmax(logits: Array) -> Array:
    """Logarithms of `softmax`, without taking the logarithm of a vanished probability."""
    y = logits - logits.max(axis=-1, keepdims=True)
    y -= np.log(np.exp(y).sum(axis=-1, keepdims=True))
    return y


def cross_entropy(logits: Array, targets: Array) -> tuple[float, Array]:
    """Softmax cross-entropy, in nats: (N, C) logits and (N, C) target probabilities."""
    probabilities = softmax(logits)
    loss = -float(np.einsum("nc,nc->", targets, log_softmax(logits)))
    probabilities -= targets
    return loss, probabilities


def squared_error(outputs: Array, targets: Array) -> tuple[float, Array]:
    """Squared error summed over an item's outputs: (N, D) outputs and targets."""
    difference = outputs - targets
    loss = float(np.einsum("nd,nd->", difference, difference))
    difference *= 2
    return loss, difference


def sigmoid_squared_error(logits: Array, targets: Array) -> tuple[float, Array]:
    """Squared error of the sigmoids of (N, D) logits, against targets from 0 to 1."""
    y = sigmoid(logits)
    loss, slope = squared_error(y, targets)
    slope *= y
    slope *= 1.0 - y
    return loss, slope


# What a network can be trained on by name, on either back end.
LOSSES: dict[str, Callable[[Array, Array], tuple[float, Array]]] = {
    "cross-entropy": cross_entropy,
    "squared error of sigmoids": sigmoid_squared_error,
}


def one_hot(labels: NDArray[np.integer[Any]], classes: int) -> NDArray[np.float32]:
    """(N,) class numbers to (N, classes) rows with a single 1."""
    rows = np.zeros((len(labels), classes), np.float32)
    rows[np.arange(len(labels)), labels] = 1.0
    return rows
