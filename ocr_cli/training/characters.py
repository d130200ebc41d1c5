"""Training on pictures: batches in, a network that is best on valid out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.sets import CharacterSet
from ocr_cli.data.sources import Source
from ocr_cli.errors import InputError
from ocr_cli.modelfiles import kinds
from ocr_cli.modelfiles.weights import Model, size_features
from ocr_cli.nn import losses, network, optimisers
from ocr_cli.nn.layers import (
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    Invert,
    Layer,
    MaxPool2d,
    Sigmoid,
    sigmoid,
)
from ocr_cli.nn.network import Layers, Weights, normed
from ocr_cli.training import autoencoder

Floats = NDArray[np.float32]
Lesson = tuple[Floats, Floats, Floats | None]  # inputs, targets, logits to add the network's to
SIZE_STEPS = 200  # in which size terms are learnt
_TAUGHT = 0.7  # share of the target that a teacher gives


@dataclass(frozen=True)
class Recipe:
    """The recipe of a training; by default the homework's, with gradients summed over a batch."""

    epochs: int = 150
    batch_size: int = 15
    lr: float = 0.003
    optimiser: str = "sgd"
    momentum: float = 0.0
    decay: float = 0.0
    schedule: str = "constant"  # or "cosine"
    smoothing: float = 0.0  # share of the target spread over all classes
    averaging: float = 0.0  # decay a step of the weights' running average in the end; 0: none
    patience: int = 0  # epochs without a better valid score before stopping; 0: never
    seed: int = 0
    device: str = "auto"  # of the torch back end, see its device_of


@dataclass(frozen=True)
class Epoch:
    """A line of a training's history; losses and scores an item, see `Goal` for units."""

    epoch: int
    train_loss: float
    train_score: float
    valid_loss: float
    valid_score: float
    seconds: float


@dataclass(frozen=True)
class Goal:
    """The goal of a kind of network: what it learns, and what its epochs are compared by.

    Attributes
    ----------
    loss : a key of `losses.LOSSES`; in nats for classes, in squared grey levels for pictures.
    score : "accuracy", 0 to 1, or "psnr", in dB; more is better.
    targets : what the network should give, of its inputs (N, ...), labels (N,), number of
        classes, and the share that is spread over all of these.
    scores : (N,) scores of outputs (N, D), without the loss's softmax or sigmoid, and targets.
    """

    loss: str
    score: str
    targets: Callable[[Floats, NDArray[np.int64], int, float], Floats]
    scores: Callable[[Floats, Floats], NDArray[Any]]


def _class_targets(_x: Floats, labels: NDArray[np.int64], classes: int, smoothing: float) -> Floats:
    targets = losses.one_hot(labels, classes)
    if smoothing:
        targets = targets * (1 - smoothing) + np.float32(smoothing / classes)
    return targets


def _right(logits: Floats, targets: Floats) -> NDArray[np.bool_]:
    return logits.argmax(1) == targets.argmax(1)


CLASSIFY = Goal("cross-entropy", "accuracy", _class_targets, _right)
RECONSTRUCT = Goal(
    "squared error of sigmoids",
    "psnr",
    lambda x, *_: x,
    lambda logits, targets: autoencoder.psnr(sigmoid(logits), targets),
)
GOALS = {kinds.CLASSIFY: CLASSIFY, kinds.RECONSTRUCT: RECONSTRUCT}  # see `kinds.Kind`


def goal_of(kind: str) -> Goal:
    """The goal of a kind of network."""
    return GOALS[kinds.KINDS[kind].goal]


class Trainer(Protocol):
    """A back end: takes steps, gives weights."""

    def step(
        self, x: Floats, targets: Floats, lr: float, offset: Floats | None = None
    ) -> tuple[float, Floats]: ...

    def weights(self) -> Weights: ...


class NumpyTrainer:
    """Takes training steps in numpy; all weights are views into one vector."""

    def __init__(
        self, layers: Layers, weights: Weights, recipe: Recipe, loss: str = CLASSIFY.loss
    ) -> None:
        self.layers = layers
        self._loss = losses.LOSSES[loss]
        self._vector, self._weights = network.flatten(layers, weights)
        self._grad_vector, self._grads = network.gradients_like(layers, weights)
        self._rng = np.random.default_rng([recipe.seed, 1])
        self._optimiser: optimisers.Sgd | optimisers.Adam
        if recipe.optimiser == "adam":
            self._optimiser = optimisers.Adam(decay=recipe.decay)
        else:
            self._optimiser = optimisers.Sgd(recipe.momentum, recipe.decay)
        self._averaging, self._steps = recipe.averaging, 0
        self._average = self._vector.copy()

    def step(
        self, x: Floats, targets: Floats, lr: float, offset: Floats | None = None
    ) -> tuple[float, Floats]:
        """One step on a batch: (loss summed over it, (N, C) logits); `offset` is added to these."""
        logits, caches = network.forward_training(self.layers, self._weights, x, self._rng)
        if offset is not None:
            logits = logits + offset
        loss, slope = self._loss(logits, targets)
        network.backward(self.layers, self._weights, caches, slope, self._grads)
        self._optimiser.step(self._vector, self._grad_vector, lr)
        self._steps += 1
        if self._averaging:
            share = optimisers.newest(self._averaging, self._steps)
            self._average += share * (self._vector - self._average)
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


def make_trainer(
    backend: str, layers: Layers, weights: Weights, recipe: Recipe, loss: str
) -> Trainer:
    """The trainer of a back end, "numpy" or "torch", on a loss of `losses.LOSSES`."""
    if backend == "numpy":
        return NumpyTrainer(layers, weights, recipe, loss)
    from ocr_cli.nn.torch.backend import TorchTrainer

    return TorchTrainer(
        layers,
        weights,
        recipe.optimiser,
        recipe.momentum,
        recipe.decay,
        recipe.averaging,
        recipe.seed,
        loss,
        recipe.device,
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
        layers += normed(Dense(inputs, outputs))
        layers += [Dropout(dropout)] if dropout else []
    return (*layers, Dense(sizes[-1], classes))


def convnet(channels: tuple[int, int, int], hidden: int, classes: int, dropout: float) -> Layers:
    """Three convolutions, each halving the picture, and two dense layers (after LeNet-5)."""
    first, second, third = channels
    return (
        Invert(),
        *normed(Conv2d(1, first, size=5, stride=2)),
        *normed(Conv2d(first, second)),
        MaxPool2d(),
        *normed(Conv2d(second, third)),
        MaxPool2d(),
        Flatten(),
        Dropout(dropout),
        *normed(Dense(16 * third, hidden)),
        Dropout(dropout),
        Dense(hidden, classes),
    )


def learn_sizes(model: Model, data: CharacterSet) -> Model:
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
    for step in range(SIZE_STEPS):
        _, slope = losses.cross_entropy(shapes + features @ terms, targets)
        optimiser.step(terms, features.T @ slope / n, 0.1 * optimisers.cosine(step, SIZE_STEPS, 10))
    terms[:, np.bincount(data.labels, minlength=len(model.classes)) == 0] = 0
    return replace(model, size_terms=terms)


def evaluate(model: Model, data: CharacterSet) -> tuple[float, float]:
    """(loss, score) of a model on a set, means over its items, see `Goal` for units."""
    goal, outputs = goal_of(model.kind), model.logits(data.images, data.sizes, data.writers)
    x = model.prepared(data.images)
    targets = goal.targets(x, data.labels, len(model.classes), 0.0)
    loss, _ = losses.LOSSES[goal.loss](outputs, targets)
    return loss / max(1, len(data)), float(goal.scores(outputs, targets).mean())


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
    goal, prepare = goal_of(start.kind), start.prepared
    weights = tuple({k: v.copy() for k, v in p.items()} for p in start.weights)
    trainer = make_trainer(backend, start.layers, weights, recipe, goal.loss)
    rng = np.random.default_rng([recipe.seed, 2])

    def lessons() -> Iterator[Lesson]:
        for images, labels in source.batches(rng, recipe.batch_size):
            x = prepare(images)
            targets = goal.targets(x, labels, len(source.classes), recipe.smoothing)
            if teacher is not None:
                targets += np.float32(_TAUGHT) * (teacher.probabilities(images) - targets)
            yield x, targets, None

    return run_epochs(
        Lessons(lessons, -(-len(source) // recipe.batch_size), goal),
        trainer,
        recipe,
        lambda: replace(start, weights=trainer.weights(), context=None),
        lambda model: evaluate(model, valid),
        on_epoch,
        on_best,
    )


@dataclass(frozen=True)
class Lessons:
    """The batches of a training: those of an epoch, how many there are, and the goal."""

    epoch: Callable[[], Iterator[Lesson]]
    steps: int
    goal: Goal


@np.errstate(over="ignore", invalid="ignore")  # a loss that is no number is told in a line
def run_epochs(
    lessons: Lessons,
    trainer: Trainer,
    recipe: Recipe,
    trained: Callable[[], Model],
    evaluated: Callable[[Model], tuple[float, float]],
    on_epoch: Callable[[Epoch, Model], None] | None = None,
    on_best: Callable[[Model], None] | None = None,
) -> tuple[Model, list[Epoch]]:
    """The model of the epoch best on valid, and the history; see `train`.

    `trained` gives the model as it is after an epoch, `evaluated` its loss and score on valid.
    """
    history: list[Epoch] = []
    best, best_score, best_epoch = trained(), -np.inf, 0
    for number in range(1, recipe.epochs + 1):
        began = time.perf_counter()
        loss, score = _run_epoch(trainer, lessons, recipe, number)
        if not np.isfinite(loss):
            raise InputError("the loss is no longer a number", "try a smaller --lr")
        model = trained()
        valid_loss, valid_score = evaluated(model)
        seconds = time.perf_counter() - began
        epoch = Epoch(number, loss, score, valid_loss, valid_score, seconds)
        history.append(epoch)
        if valid_score > best_score:
            best = _recorded(model, recipe, history, lessons.goal)
            best_score, best_epoch = valid_score, number
            if on_best is not None:
                on_best(best)
        if on_epoch is not None:
            on_epoch(epoch, model)
        if recipe.patience and number - best_epoch >= recipe.patience:
            break
    return best, history


def _run_epoch(
    trainer: Trainer, lessons: Lessons, recipe: Recipe, number: int
) -> tuple[float, float]:
    """Epoch `number`, from 1: mean loss and score of its items, as they were met."""
    step, steps = (number - 1) * lessons.steps, recipe.epochs * lessons.steps
    total, scores, seen = 0.0, 0.0, 0
    for x, targets, offset in lessons.epoch():
        lr = recipe.lr
        if recipe.schedule == "cosine":
            lr *= optimisers.cosine(step, steps, warmup=min(lessons.steps, steps // 20))
        loss, outputs = trainer.step(x, targets, lr, offset)
        total += loss
        scores += float(lessons.goal.scores(outputs, targets).sum())
        seen += len(targets)
        step += 1
    return total / max(1, seen), scores / max(1, seen)


def _recorded(model: Model, recipe: Recipe, history: list[Epoch], goal: Goal) -> Model:
    """The model with the recipe and its scores in the training record."""
    last = history[-1]
    record: dict[str, Any] = {
        **model.record,
        "recipe": asdict(recipe),
        "epoch": last.epoch,
        f"valid_{goal.score}": round(last.valid_score, 5),
        "valid_loss": round(last.valid_loss, 5),
        "seconds": round(sum(epoch.seconds for epoch in history), 1),
    }
    return replace(model, record=record)
