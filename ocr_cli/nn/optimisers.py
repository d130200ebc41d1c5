"""Optimisers over one flat vector of weights; every step works in place."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ocr_cli.nn.layers import Array


@dataclass
class Sgd:
    """Stochastic gradient descent, with momentum (Polyak 1964) and weight decay if asked for."""

    momentum: float = 0.0
    decay: float = 0.0
    _velocity: Array | None = field(default=None, repr=False)
    _scratch: Array | None = field(default=None, repr=False)

    def step(self, weights: Array, grads: Array, lr: float) -> None:
        """weights -= lr * velocity; `grads` is used up."""
        if self.decay:
            if self._scratch is None:
                self._scratch = np.empty_like(weights)
            np.multiply(weights, self.decay, out=self._scratch)
            grads += self._scratch
        if self.momentum:
            if self._velocity is None:
                self._velocity = np.zeros_like(weights)
            self._velocity *= self.momentum
            self._velocity += grads
            np.multiply(self._velocity, lr, out=grads)
        else:
            grads *= lr
        weights -= grads


@dataclass
class Adam:
    """Adam with decoupled weight decay (Kingma and Ba 2015; Loshchilov and Hutter 2019)."""

    beta1: float = 0.9
    beta2: float = 0.999
    decay: float = 0.0
    epsilon: float = 1e-8
    _count: int = 0
    _mean: Array | None = field(default=None, repr=False)
    _square: Array | None = field(default=None, repr=False)

    def step(self, weights: Array, grads: Array, lr: float) -> None:
        """Moves against the gradient, each weight at its own pace; `grads` is used up."""
        if self._mean is None or self._square is None:
            self._mean, self._square = np.zeros_like(weights), np.zeros_like(weights)
        self._count += 1
        if self.decay:
            weights *= 1.0 - lr * self.decay
        self._mean *= self.beta1
        self._mean += (1.0 - self.beta1) * grads
        np.square(grads, out=grads)
        self._square *= self.beta2
        self._square += (1.0 - self.beta2) * grads
        np.sqrt(self._square / (1.0 - self.beta2**self._count), out=grads)
        grads += self.epsilon
        np.divide(self._mean, grads, out=grads)
        grads *= lr / (1.0 - self.beta1**self._count)
        weights -= grads


def cosine(step: int, steps: int, warmup: int = 0) -> float:
    """Factor on the learning rate: a linear rise, then half a cosine down to nought."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1.0 + float(np.cos(np.pi * (step - warmup) / max(1, steps - warmup))))


def newest(averaging: float, step: int) -> float:
    """Share of the weights after `step` (1, 2…) in their running average, 1 - `averaging` at last.

    Larger to begin with, or a short training's average would be mostly its random start.
    """
    return max(1.0 - averaging, 9.0 / (9.0 + step))
