"""Training of classifiers: batches in, a network that is best on valid out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.sets import CharacterSet
from ocr_cli.data.sources import Source
from ocr_cli.errors import InputError
from ocr_cli.nn import losses, network, optimisers
from ocr_cli.nn.layers import (
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
from ocr_cli.nn.network import Layers, Weights
from ocr_cli.weights import KINDS, Model, size_features


@dataclass(frozen=True)
class Recipe:
    """How to train; the defaults are the homework's, whose gradients sum over a batch."""

    epochs: int = 150
    batch_size: int = 15
    lr: float = 0.003
    optimiser: str = "sgd"
    momentum: float = 0.0
    decay: float = 0.0
    schedule: str = "constant"  # or "cosine"
    smoothing: float = 0.0  # share of the target spread over all classes
    averaging: float = 0.0  # decay a step of the running average of the weights; 0: none
    patience: int = 0  # epochs without a better valid accuracy before stopping; 0: never
    seed: int = 0


@dataclass(frozen=True)
class Epoch:
    """One line of a training's history; losses in nats, accuracies 0 to 1."""

    epoch: int
    train_loss: float
    train_accuracy: float
    valid_loss: float
    valid_accuracy: float
    seconds: float


_TAUGHT = 0.7  # share of the target that a teacher gives


class Trainer(Protocol):
    """A back end: takes steps, gives weights."""

    def step(
        self, x: NDArray[np.float32], targets: NDArray[np.float32], lr: float
    ) -> tuple[float, NDArray[np.float32]]: ...

    def weights(self) -> Weights: ...


class NumpyTrainer:
    """Takes training steps in numpy; all weights are views into one vector."""

    def __init__(self, layers: Layers, weights: Weights, recipe: Recipe) -> None:
        self.layers = layers
        self._vector, self._weights = network.flatten(layers, weights)
        self._grad_vector, self._grads = network.gradients_like(layers, weights)
        self._rng = np.random.default_rng([recipe.seed, 1])
        self._optimiser: optimisers.Sgd | optimisers.Adam
        if recipe.optimiser == "adam":
            self._optimiser = optimisers.Adam(decay=recipe.decay)
        else:
            self._optimiser = optimisers.Sgd(recipe.momentum, recipe.decay)
        self._averaging = recipe.averaging
        self._average = self._vector.copy()

    def step(
        self, x: NDArray[np.float32], targets: NDArray[np.float32], lr: float
    ) -> tuple[float, NDArray[np.float32]]:
        """One step on a batch: (loss summed over it, (N, C) logits)."""
        logits, caches = network.forward_training(self.layers, self._weights, x, self._rng)
        loss, slope = losses.cross_entropy(logits, targets)
        network.backward(self.layers, self._weights, caches, slope, self._grads)
        self._optimiser.step(self._vector, self._grad_vector, lr)
        if self._averaging:
            self._average += (1.0 - self._averaging) * (self._vector - self._average)
        return loss, logits

    def weights(self) -> Weights:
        """The weights (their running average, if one is kept) in arrays of their own."""
        vector = self._average if self._averaging else self._vector
        start, result = 0, []
        for layer, params in zip(self.layers, self._weights, strict=True):
            copied = {name: value.copy() for name, value in params.items()}
            for name in layer.trainable:
                size = params[name].size
                copied[name] = vector[start : start + size].reshape(params[name].shape).copy()
                start += size
            result.append(copied)
        return tuple(result)


def make_trainer(backend: str, layers: Layers, weights: Weights, recipe: Recipe) -> Trainer:
    """The trainer of a back end, "numpy" or "torch"."""
    if backend == "numpy":
        return NumpyTrainer(layers, weights, recipe)
    from ocr_cli.torch_backend import TorchTrainer

    return TorchTrainer(
        layers,
        weights,
        recipe.optimiser,
        recipe.momentum,
        recipe.decay,
        recipe.averaging,
        recipe.seed,
    )


def mlp(hidden: tuple[int, ...], classes: int) -> Layers:
    """1024 - hidden - classes with sigmoids: the homework's network at hidden = (64,)."""
    sizes = (1024, *hidden)
    layers: list[Layer] = []
    for inputs, outputs in pairwise(sizes):
        layers += [Dense(inputs, outputs), Sigmoid()]
    return (*layers, Dense(sizes[-1], classes))


def plain_mlp(hidden: tuple[int, ...], classes: int, dropout: float = 0.0) -> Layers:
    """A multilayer perceptron of today: ink as signal, batch norm, ReLU, dropout."""
    sizes = (1024, *hidden)
    layers: list[Layer] = [Invert()]
    for inputs, outputs in pairwise(sizes):
        layers += [Dense(inputs, outputs), BatchNorm(outputs), Relu()]
        layers += [Dropout(dropout)] if dropout else []
    return (*layers, Dense(sizes[-1], classes))


def convnet(channels: tuple[int, int, int], hidden: int, classes: int, dropout: float) -> Layers:
    """Three convolutions, each halving the picture, and two dense layers (after LeNet-5)."""
    first, second, third = channels
    return (
        Invert(),
        Conv2d(1, first, size=5, stride=2),
        BatchNorm(first),
        Relu(),
        Conv2d(first, second),
        BatchNorm(second),
        Relu(),
        MaxPool2d(),
        Conv2d(second, third),
        BatchNorm(third),
        Relu(),
        MaxPool2d(),
        Flatten(),
        Dropout(dropout),
        Dense(16 * third, hidden),
        BatchNorm(hidden),
        Relu(),
        Dropout(dropout),
        Dense(hidden, classes),
    )


def learn_sizes(model: Model, data: CharacterSet, steps: int = 200) -> Model:
    """The model with what sizes, and how often a class comes, say of its letters.

    A logistic regression over a set that has sizes, on top of the network's logits, which
    stay as they are; of classes that the set has none of, sizes say nothing.
    """
    if data.sizes is None:
        return model
    shapes = model.logits(data.images)
    features, targets = size_features(data.sizes), losses.one_hot(data.labels, len(model.classes))
    terms = np.zeros((features.shape[1], len(model.classes)), np.float32)
    optimiser, n = optimisers.Adam(), len(data)
    for step in range(steps):
        _, slope = losses.cross_entropy(shapes + features @ terms, targets)
        optimiser.step(terms, features.T @ slope / n, 0.1 * optimisers.cosine(step, steps, 10))
    terms[:, np.bincount(data.labels, minlength=len(model.classes)) == 0] = 0
    return replace(model, size_terms=terms)


def evaluate(model: Model, data: CharacterSet) -> tuple[float, float]:
    """(loss in nats, accuracy 0 to 1) of a model on a set."""
    logits = model.logits(data.images, data.sizes)
    log_probabilities = losses.log_softmax(logits)
    loss = -float(log_probabilities[np.arange(len(data)), data.labels].mean())
    return loss, float((logits.argmax(1) == data.labels).mean())


def train(
    start: Model,
    source: Source,
    valid: CharacterSet,
    recipe: Recipe,
    backend: str = "numpy",
    on_epoch: Callable[[Epoch, Model], None] | None = None,
    on_best: Callable[[Model], None] | None = None,
    teacher: Model | None = None,
) -> tuple[Model, list[Epoch]]:
    """Trains a copy of `start` and returns the model of the epoch best on valid, and the history.

    With a `teacher` of the same classes, what it makes of each picture is most of the target
    (Hinton, Vinyals and Dean, Distilling the knowledge in a neural network, 2015).
    `on_best` gets every model that beats those before it, so that a caller can keep it on
    disk; `on_epoch` gets every epoch's figures. InputError where the loss is no longer a
    number.
    """
    weights = tuple({k: v.copy() for k, v in p.items()} for p in start.weights)
    trainer = make_trainer(backend, start.layers, weights, recipe)
    rng = np.random.default_rng([recipe.seed, 2])
    history: list[Epoch] = []
    best, best_accuracy, best_epoch = start, -1.0, 0
    for number in range(1, recipe.epochs + 1):
        began = time.perf_counter()
        loss, accuracy = _run_epoch(trainer, source, start.kind, recipe, number, rng, teacher)
        if not np.isfinite(loss):
            raise InputError("the loss is no longer a number", "try a smaller --lr")
        model = replace(start, weights=trainer.weights())
        valid_loss, valid_accuracy = evaluate(model, valid)
        seconds = time.perf_counter() - began
        epoch = Epoch(number, loss, accuracy, valid_loss, valid_accuracy, seconds)
        history.append(epoch)
        if valid_accuracy > best_accuracy:
            best, best_accuracy, best_epoch = (
                _recorded(model, recipe, history),
                valid_accuracy,
                number,
            )
            if on_best is not None:
                on_best(best)
        if on_epoch is not None:
            on_epoch(epoch, model)
        if recipe.patience and number - best_epoch >= recipe.patience:
            break
    return best, history


def _run_epoch(
    trainer: Trainer,
    source: Source,
    kind: str,
    recipe: Recipe,
    number: int,
    rng: np.random.Generator,
    teacher: Model | None,
) -> tuple[float, float]:
    """One pass over the source: mean loss and accuracy over its batches, as they were met."""
    prepare, classes = KINDS[kind], len(source.classes)
    per_epoch = -(-len(source) // recipe.batch_size)
    step, steps = (number - 1) * per_epoch, recipe.epochs * per_epoch
    total, correct, seen = 0.0, 0, 0
    for images, labels in source.batches(rng, recipe.batch_size):
        targets = losses.one_hot(labels, classes)
        if recipe.smoothing:
            targets = targets * (1 - recipe.smoothing) + np.float32(recipe.smoothing / classes)
        if teacher is not None:
            targets += np.float32(_TAUGHT) * (teacher.probabilities(images) - targets)
        lr = recipe.lr
        if recipe.schedule == "cosine":
            lr *= optimisers.cosine(step, steps, warmup=min(per_epoch, steps // 20))
        loss, logits = trainer.step(prepare(images), targets, lr)
        total += loss
        correct += int((logits.argmax(1) == labels).sum())
        seen += len(labels)
        step += 1
    return total / max(1, seen), correct / max(1, seen)


def _recorded(model: Model, recipe: Recipe, history: list[Epoch]) -> Model:
    """The model with the recipe and its scores in the training record."""
    last = history[-1]
    record: dict[str, Any] = {
        **model.record,
        "recipe": asdict(recipe),
        "epoch": last.epoch,
        "valid_accuracy": round(last.valid_accuracy, 5),
        "valid_loss": round(last.valid_loss, 5),
        "seconds": round(sum(epoch.seconds for epoch in history), 1),
    }
    return replace(model, record=record)
