"""Training of a context: what a hand's other letters say of each of its letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.formats.ink import Ink
from ocr_cli.data.sets import CharacterSet
from ocr_cli.data.sources import USUAL, label_numbers, rendered
from ocr_cli.data.synthesis.render import LetterVariation
from ocr_cli.errors import InputError
from ocr_cli.modelfiles.weights import Model, size_features
from ocr_cli.nn import context, losses, network
from ocr_cli.nn.context import Context
from ocr_cli.training.characters import (
    CLASSIFY,
    Epoch,
    Floats,
    Lesson,
    Lessons,
    Recipe,
    make_trainer,
    run_epochs,
)

WIDTH, DROPOUT = 128, 0.3
_ROUNDS = 4  # each writer in an epoch
DRAWINGS = 16  # of every letter
_KINDS = (str.isupper, str.islower, str.isdigit)  # and signs
# How hands are made of hands: standard deviations of what all letters of one have in common.
_SHEAR, _ASPECT, _TURN = 0.18, 0.12, 0.05
_GROWTH, _UNEVEN = 0.08, 0.03  # logarithms of sizes: of a hand, and of each letter


@dataclass(frozen=True)
class Seen:
    """Letters as the classifier sees them, each alone.

    hidden : (N, H); logits : (N, C), both in 16 bits; sizes : (N, 2) as in `CharacterSet`.
    """

    hidden: NDArray[np.float16] = field(repr=False)
    logits: NDArray[np.float16] = field(repr=False)
    sizes: Floats = field(repr=False)


@dataclass(frozen=True)
class Drawn:
    """Every letter of `ink`, drawn DRAWINGS times; `rng` goes on where the drawing ended."""

    ink: Ink
    seen: tuple[Seen, ...]
    rng: np.random.Generator


def draw_hands(
    model: Model, ink: Ink, seed: int, on_drawing: Callable[[], None] | None = None
) -> Drawn:
    """Draw and embed the letters of `ink` DRAWINGS times, a writer's each time as by another hand.

    InputError where they are of one writer alone. `on_drawing` is called for each of DRAWINGS.
    """
    if len(np.unique(ink.writer)) < 2:
        raise InputError("letters of one hand alone", "a context is learnt from many writers'")
    rng, seen = np.random.default_rng([seed, 2]), []
    for _ in range(DRAWINGS):
        seen.append(another_hand(ink, model, rng))
        if on_drawing is not None:
            on_drawing()
    return Drawn(ink, tuple(seen), rng)


def train_context(
    start: Model,
    drawn: Drawn,
    valid: CharacterSet,
    recipe: Recipe,
    backend: str = "numpy",
    on_epoch: Callable[[Epoch, Model], None] | None = None,
    on_best: Callable[[Model], None] | None = None,
) -> tuple[Model, list[Epoch]]:
    """`start` with the context that is best on valid, and the training's history.

    The classifier stays as it is. The letters drawn are met writer by writer, at most
    `recipe.batch_size` at a time. InputError where sizes or writers of valid are not known.
    """
    sizes, writers = valid.sizes, valid.writers
    if sizes is None or writers is None:
        raise InputError("letters of unknown hands", "a context is tried on pen strokes")
    ink, classes, first = drawn.ink, len(start.classes), drawn.seen[0]
    count = first.hidden.shape[1] + classes + size_features(first.sizes[:1]).shape[1]
    layers = context.context_layers(count, WIDTH, classes, DROPOUT)
    weights = network.init(layers, np.random.default_rng([recipe.seed, 0]))
    weights[-1]["weights"][:] = 0  # at first nothing is added
    trainer = make_trainer(backend, layers, weights, recipe, CLASSIFY.loss)
    labels = label_numbers(ink.labels, start.classes)
    companies = list(context.companies(ink.writer, most=len(ink)))

    def lessons() -> Iterator[Lesson]:
        for items, known, logits in _met(drawn, companies, recipe.batch_size):
            targets = CLASSIFY.targets(known, labels[items], classes, recipe.smoothing)
            yield known, targets, logits

    return run_epochs(
        Lessons(lessons, _ROUNDS * len(companies), CLASSIFY),
        trainer,
        recipe,
        lambda: replace(start, context=Context(layers, trainer.weights())),
        _on_valid(start, valid, sizes, writers),
        on_epoch,
        on_best,
    )


def _on_valid(
    start: Model, valid: CharacterSet, sizes: Floats, writers: NDArray[np.int64]
) -> Callable[[Model], tuple[float, float]]:
    """Loss and score of a model with a context; what its classifier sees is looked up once."""
    hidden, alone = start.seen(valid.images)
    known = context.features(hidden, alone, size_features(sizes))
    targets = CLASSIFY.targets(known, valid.labels, len(start.classes), 0.0)

    def evaluated(model: Model) -> tuple[float, float]:
        own = model.context
        logits = alone if own is None else alone + context.in_context(own, known, writers)
        loss, _ = losses.cross_entropy(logits, targets)
        return loss / max(1, len(valid)), float(CLASSIFY.scores(logits, targets).mean())

    return evaluated


def another_hand(ink: Ink, model: Model, rng: np.random.Generator) -> Seen:
    """Every letter drawn once, those of a writer sheared, stretched and turned alike."""
    _, writer = np.unique(ink.writer, return_inverse=True)
    count = int(writer.max()) + 1
    shear, turn = rng.normal(0, _SHEAR, count), rng.normal(0, _TURN, count)
    wide = np.exp(rng.normal(0, _ASPECT, count))
    matrices = np.empty((count, 2, 2), np.float32)
    matrices[:, 0, 0], matrices[:, 0, 1] = np.cos(turn) * wide, -np.cos(turn) * shear - np.sin(turn)
    matrices[:, 1, 0], matrices[:, 1, 1] = np.sin(turn) * wide, np.cos(turn) - np.sin(turn) * shear
    taller = ink.reshaped(matrices[writer]).sizes()[:, 0] / np.maximum(ink.sizes()[:, 0], 20)
    for w in range(count):  # the usual letter stays 1
        matrices[w] /= np.median(taller[writer == w])
    other = ink.reshaped(matrices[writer])
    hidden, logits = model.seen(rendered(other, model.classes, LetterVariation(), rng).images)
    return Seen(hidden.astype(np.float16), logits.astype(np.float16), other.sizes() / USUAL)


def _met(
    drawn: Drawn, companies: list[NDArray[np.int64]], most: int
) -> Iterator[tuple[NDArray[np.int64], Floats, Floats]]:
    """Yield an epoch's batches: letters of one writer, their features, and their logits alone."""
    rng, kinds = drawn.rng, _kind_of(drawn.ink)
    for _ in range(_ROUNDS):
        for i in rng.permutation(len(companies)):
            items = _some(companies[i], kinds, rng)[:most]
            hand = drawn.seen[rng.integers(len(drawn.seen))]
            growth = rng.normal(0, _GROWTH, 2) + rng.normal(0, _UNEVEN, (len(items), 2))
            sizes = hand.sizes[items] * np.exp(growth).astype(np.float32)
            logits = hand.logits[items].astype(np.float32)
            hidden = hand.hidden[items].astype(np.float32)
            yield items, context.features(hidden, logits, size_features(sizes)), logits


def _kind_of(ink: Ink) -> NDArray[np.int64]:
    """(N,) 0 to 2, see _KINDS, or 3 of a sign."""
    kinds = {c: next((k for k, is_it in enumerate(_KINDS) if is_it(c)), 3) for c in ink.labels}
    return np.array([kinds[c] for c in ink.labels], np.int64)


def _some(
    items: NDArray[np.int64], kinds: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw some of a writer's items, often of some kinds alone: sets differ in what they have.

    Often capitals and figures alone, as in NIST36 and on forms.
    """
    if rng.random() < 0.4:
        wanted = rng.random(4) < 0.5 if rng.random() < 0.6 else np.array([True, False, True, False])
        left = items[wanted[kinds[items]]]
        items = left if len(left) > 10 else items
    count = len(items)
    if rng.random() < 0.6:
        count = max(5, int(count * rng.uniform(0.1, 1)))
    return rng.permutation(items)[:count]
