"""Scores of a character model: by class, by pair, as a whole; and its calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.sets import CharacterSet
from ocr_cli.errors import UsageError
from ocr_cli.evaluation import metrics
from ocr_cli.modelfiles.weights import Model
from ocr_cli.nn.losses import log_softmax
from ocr_cli.page import Page
from ocr_cli.training import autoencoder

BINS = 10  # of confidence, in which its reliability is told
LISTED = 20  # classes that a message names
WORST = 15  # pairs that are told of what is most often taken for what
LOOK_ALIKES = ("0O", "1I")  # of capitals and figures: one shape, and one size


@dataclass(frozen=True)
class ClassScore:
    """A class's count, the share of it that is found, and the share that is right when named."""

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
    0 to 1, the merged one takes LOOK_ALIKES for one; the loss is in nats. read and confidence
    are (N,), item by item: the class that is taken, and its probability; calibration_error is
    how far that is from being right, see `Reliability`.
    """

    items: int
    accuracy: float
    merged_accuracy: float
    loss: float
    classes: tuple[str, ...]
    per_class: tuple[ClassScore, ...]
    worst: tuple[Confusion, ...]
    calibration_error: float
    confusion: NDArray[np.int64] = field(repr=False, compare=False)
    read: NDArray[np.int64] = field(repr=False, compare=False)
    confidence: NDArray[np.float32] = field(repr=False, compare=False)

    def mistakes(self, data: CharacterSet, pair: Confusion) -> NDArray[np.int64]:
        """The items of the set that make up a pair, the surest first."""
        actual, read = (self.classes.index(c) for c in (pair.actual, pair.read))
        items = np.flatnonzero((data.labels == actual) & (self.read == read))
        return items[np.argsort(-self.confidence[items], kind="stable")]


@dataclass(frozen=True)
class Reliability:
    """Confidences against being right, in B bins of equal width.

    confidence, right, counts : (B,) mean and share, 0 to 1, and number of a bin's items.
    error : the distance of the two, mean over items (the expected calibration error; C. Guo et
    al., ICML 2017).
    """

    confidence: NDArray[np.float64]
    right: NDArray[np.float64]
    counts: NDArray[np.int64]
    error: float


def reliability(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> Reliability:
    """The reliability of (N,) confidences, 0 to 1, given (N,) what was right."""
    place = np.clip((np.asarray(confidence) * BINS).astype(np.int64), 0, BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    of_one = np.maximum(counts, 1)
    sure = np.bincount(place, confidence, BINS) / of_one
    found = np.bincount(place, right, BINS) / of_one
    error = float((np.abs(sure - found) * counts).sum() / max(1, counts.sum()))
    return Reliability(sure, found, counts, error)


def word_outcomes(pages: Sequence[Page], truth: str) -> list[tuple[float, bool]]:
    """(confidence, whether it is right) of each word that was read on a file's pages.

    Words are aligned with the truth's with the fewest edits of whole words.
    """
    read = [word for page in pages for row in page.rows for word in row.words if word.text.strip()]
    texts = ["".join(metrics.normalise(word.text).split()) for word in read]
    wanted = metrics.normalise(truth).split()
    # a sign of the private planes for each word, to align words as if they were characters
    signs = {text: chr(0xF0000 + i) for i, text in enumerate({*texts, *wanted})}
    first, second = ("".join(signs[text] for text in side) for side in (texts, wanted))
    pairs = metrics.alignment(first, second)
    right = {i for i, j in pairs.tolist() if i >= 0 and j >= 0 and texts[i] == wanted[j]}
    return [(word.confidence, i in right) for i, word in enumerate(read)]


@dataclass(frozen=True)
class ClassPictures:
    """A class's number of pictures, and their mean PSNR in dB."""

    character: str
    count: int
    psnr: float


@dataclass(frozen=True)
class PictureScores:
    """The scores of an autoencoder on a set: mean PSNR in dB, as a whole and by class.

    error is the squared error summed over a picture, mean over pictures.
    """

    items: int
    psnr: float
    error: float
    per_class: tuple[ClassPictures, ...]


def evaluate_pictures(model: Model, data: CharacterSet) -> PictureScores:
    """Scores of an autoencoder: how near to the pictures is what it gives back."""
    again = autoencoder.reconstruct(model, data.images)
    decibels = autoencoder.psnr(again, data.images)
    of_class = [(c, decibels[data.labels == i]) for i, c in enumerate(data.classes)]
    return PictureScores(
        items=len(data),
        psnr=float(decibels.mean()),
        error=autoencoder.picture_error(again, data.images),
        per_class=tuple(
            ClassPictures(c, len(some), float(some.mean())) for c, some in of_class if len(some)
        ),
    )


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
    part = data.take(kept)
    return replace(part, labels=(np.cumsum(known) - 1)[part.labels], classes=classes), left


def listed(classes: Sequence[str]) -> str:
    """Classes in a line, the first few where there are many."""
    shown = " ".join(c for c in classes[:LISTED] if c)
    return shown + (f" … ({len(classes)})" if len(classes) > LISTED else "")


def evaluate_characters(model: Model, data: CharacterSet) -> CharacterScores:
    """Scores of `model` on `data`, whose characters must all be among the model's classes.

    UsageError where they are not, see `known_part`.
    """
    missing = sorted(set(data.classes) - set(model.classes))
    if missing:
        raise UsageError(f"the model does not know {listed(missing)}", "choose another --model")
    # A model that knows more characters than the set has is asked to choose among the set's.
    columns = np.array([model.classes.index(c) for c in data.classes])
    logits = model.logits(data.images, _telling_sizes(model, data), data.writers)[:, columns]
    log_probabilities = log_softmax(logits)
    read = logits.argmax(1)
    confidence = np.exp(log_probabilities.max(1))
    c = len(data.classes)
    confusion = np.bincount(data.labels * c + read, minlength=c * c).reshape(c, c)
    return CharacterScores(
        items=len(data),
        accuracy=float((read == data.labels).mean()),
        merged_accuracy=float(_alike(data.classes)[data.labels, read].mean()),
        loss=-float(log_probabilities[np.arange(len(data)), data.labels].mean()),
        classes=data.classes,
        per_class=_per_class(confusion, data.classes),
        worst=_worst(confusion, data.classes, WORST),
        calibration_error=reliability(confidence, read == data.labels).error,
        confusion=confusion,
        read=read,
        confidence=confidence,
    )


def _telling_sizes(model: Model, data: CharacterSet) -> NDArray[np.float32] | None:
    """The set's sizes, unless it lacks some of the classes that the model knows sizes of.

    What sizes say weighs all of these against each other; among capitals alone it misleads,
    unless the hand's other letters are seen beside it.
    """
    terms = model.size_terms
    if terms is None or (model.context is not None and data.writers is not None):
        return data.sizes
    sized = {model.classes[i] for i in np.flatnonzero(terms.any(0))}
    return data.sizes if sized <= set(data.classes) else None


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
