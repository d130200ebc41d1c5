"""How well a classifier does on a set: by class, by pair, and as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.sets import CharacterSet
from ocr_cli.errors import UsageError
from ocr_cli.nn.losses import log_softmax
from ocr_cli.weights import Model

LOOK_ALIKES = ("0O", "1I")  # of capitals and figures: one shape, and one size


@dataclass(frozen=True)
class ClassScore:
    """One class: how many there are, the share of them found, the share right when named."""

    character: str
    count: int
    recall: float
    precision: float


@dataclass(frozen=True)
class Confusion:
    """`count` items of `actual` were read as `read`."""

    actual: str
    read: str
    count: int


@dataclass(frozen=True)
class CharacterScores:
    """The scores of a model on a set.

    confusion is (C, C): rows are what is there, columns what was read. Accuracies run from
    0 to 1, the merged one takes LOOK_ALIKES for one; the loss is in nats.
    """

    items: int
    accuracy: float
    merged_accuracy: float
    loss: float
    classes: tuple[str, ...]
    per_class: tuple[ClassScore, ...]
    worst: tuple[Confusion, ...]
    confusion: NDArray[np.int64] = field(repr=False, compare=False)


def known_part(model: Model, data: CharacterSet) -> tuple[CharacterSet, dict[str, int]]:
    """The items of `data` whose classes the model knows, and how many of each other class.

    UsageError where it knows none.
    """
    known = np.isin(data.classes, model.classes)
    if known.all():
        return data, {}
    counts = np.bincount(data.labels, minlength=len(data.classes))
    left = {c: int(n) for c, n, is_in in zip(data.classes, counts, known, strict=True) if not is_in}
    kept = np.flatnonzero(known[data.labels])
    if not len(kept):
        raise UsageError(
            f"the model knows none of the set's classes {listed(data.classes)}",
            f"it knows {listed(model.classes)}: choose another --model",
        )
    classes = tuple(c for c, is_in in zip(data.classes, known, strict=True) if is_in)
    numbers = (np.cumsum(known) - 1)[data.labels[kept]]
    sizes = None if data.sizes is None else data.sizes[kept]
    return CharacterSet(data.images[kept], numbers, classes, sizes), left


def listed(classes: Sequence[str], most: int = 20) -> str:
    """Classes in a line, the first few where there are many."""
    shown = " ".join(c for c in classes[:most] if c)
    return shown + (f" … ({len(classes)})" if len(classes) > most else "")


def evaluate_characters(model: Model, data: CharacterSet, worst: int = 15) -> CharacterScores:
    """Scores of `model` on `data`, whose characters must all be among the model's classes.

    UsageError where they are not, see `known_part`.
    """
    missing = sorted(set(data.classes) - set(model.classes))
    if missing:
        raise UsageError(f"the model does not know {listed(missing)}", "choose another --model")
    # A model that knows more characters than the set has is asked to choose among the set's.
    columns = np.array([model.classes.index(c) for c in data.classes])
    logits = model.logits(data.images, data.sizes)[:, columns]
    log_probabilities = log_softmax(logits)
    read = logits.argmax(1)
    c = len(data.classes)
    confusion = np.bincount(data.labels * c + read, minlength=c * c).reshape(c, c)
    return CharacterScores(
        items=len(data),
        accuracy=float((read == data.labels).mean()),
        merged_accuracy=float(_alike(data.classes)[data.labels, read].mean()),
        loss=-float(log_probabilities[np.arange(len(data)), data.labels].mean()),
        classes=data.classes,
        per_class=_per_class(confusion, data.classes),
        worst=_worst(confusion, data.classes, worst),
        confusion=confusion,
    )


def _alike(classes: tuple[str, ...]) -> NDArray[np.bool_]:
    """(C, C) whether two classes are one, or look alike."""
    names = np.array([next((g for g in LOOK_ALIKES if c in g), c) for c in classes])
    return np.asarray(names[:, None] == names)


def _per_class(confusion: NDArray[np.int64], classes: tuple[str, ...]) -> tuple[ClassScore, ...]:
    right, there, named = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    recall = right / np.maximum(there, 1)
    precision = right / np.maximum(named, 1)
    return tuple(
        ClassScore(c, int(n), float(r), float(p))
        for c, n, r, p in zip(classes, there, recall, precision, strict=True)
    )


def _worst(
    confusion: NDArray[np.int64], classes: tuple[str, ...], count: int
) -> tuple[Confusion, ...]:
    off = confusion.copy()
    np.fill_diagonal(off, 0)
    order = np.argsort(-off, axis=None, kind="stable")[:count]
    pairs = zip(*np.unravel_index(order, off.shape), strict=True)
    return tuple(Confusion(classes[a], classes[b], int(off[a, b])) for a, b in pairs if off[a, b])
