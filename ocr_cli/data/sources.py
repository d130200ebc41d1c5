"""Sources of training batches: a finished set, or strokes rendered on the fly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import NON_LETTER
from ocr_cli.data.formats.ink import Ink, joined
from ocr_cli.data.sets import CharacterSet
from ocr_cli.data.synthesis import nonletters, render
from ocr_cli.errors import InputError

USUAL = np.float32(1000)  # units of the strokes that a writer's usual letter is tall
PictureBatch = tuple[NDArray[np.float32], NDArray[np.int64]]


class Source(Protocol):
    """Something that yields an epoch of batches: (B, 32, 32) pictures and (B,) labels."""

    @property
    def classes(self) -> tuple[str, ...]: ...

    def __len__(self) -> int: ...

    def batches(self, rng: np.random.Generator, size: int) -> Iterator[PictureBatch]: ...


@dataclass(frozen=True)
class SetSource:
    """A set in random order, each picture passed through `distort` if there is one."""

    data: CharacterSet
    distort: Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]] | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        return self.data.classes

    def __len__(self) -> int:
        return len(self.data)

    def batches(self, rng: np.random.Generator, size: int) -> Iterator[PictureBatch]:
        """An epoch; every item comes once, the last batch may be short."""
        order = rng.permutation(len(self))
        # distorting many at once costs less a picture than a small batch at a time
        group = max(1, 512 // size) * size
        for start in range(0, len(order), group):
            chosen = order[start : start + group]
            images, labels = self.data.images[chosen], self.data.labels[chosen]
            if self.distort is not None:
                images = self.distort(images, rng)
            for i in range(0, len(chosen), size):
                yield images[i : i + size], labels[i : i + size]


@dataclass(frozen=True)
class InkSource:
    """Real strokes of single characters, rendered anew each time they are drawn.

    Rare classes are drawn more often: a class of n items has the weight n ** `balance`
    (1 leaves the set as it is, 0 makes all classes equal). Where NON_LETTER is among the
    classes, the share `non_letters` of each batch are such pictures.
    """

    ink: Ink
    classes: tuple[str, ...]
    variation: render.LetterVariation = field(default_factory=render.LetterVariation)
    balance: float = 0.5
    non_letters: float = 0.1

    def __len__(self) -> int:
        return len(self.ink)

    def batches(self, rng: np.random.Generator, size: int) -> Iterator[PictureBatch]:
        """Draw as often as the set has items, in full batches, and one batch at least."""
        labels = label_numbers(self.ink.labels, self.classes)
        weight = _rarity(labels, self.balance)
        draws = rng.choice(len(labels), max(size, len(labels)), p=weight / weight.sum())
        for start in range(0, len(draws) - size + 1, size):
            chosen = draws[start : start + size]
            batch, numbers = self.ink.take(chosen), labels[chosen]
            if NON_LETTER in self.classes:
                count = rng.binomial(size, self.non_letters)
                letters = batch.take(np.arange(count, size))
                batch = joined([letters, nonletters.draw(batch, count, rng)])
                numbers = label_numbers(batch.labels, self.classes)
            yield render.render(batch, rng, self.variation), numbers

    def drawn(self) -> CharacterSet:
        """Every item once, with its size, as varied as in the batches."""
        return rendered(self.ink, self.classes, self.variation)


@dataclass(frozen=True)
class CutLetters:
    """Pictures cut out of written words, in bytes to save room: 0 ink to 255 paper.

    Attributes
    ----------
    images : (N, 32, 32) letters; labels : (N,) their class numbers.
    others : (M, 32, 32) groupings of pieces that are no letters.
    """

    images: NDArray[np.uint8] = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    others: NDArray[np.uint8] = field(repr=False)

    @staticmethod
    def joined(parts: Sequence[CutLetters]) -> CutLetters:
        """The pictures of all parts; InputError where there are no letters, or only such."""
        if not any(len(part.images) for part in parts) or not any(len(p.others) for p in parts):
            raise InputError("no letters were found in the words", "give more of them")
        return CutLetters(
            np.concatenate([part.images for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.others for part in parts]),
        )


@dataclass(frozen=True)
class WordSource:
    """Characters written one by one, and letters cut out of words, in every batch.

    Half of a batch are `characters`, 3 in 10 are letters of words, of which rare ones are
    drawn more often, and the rest are wrong groupings of their pieces.
    """

    characters: InkSource
    cut: CutLetters
    distort: Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.characters.classes

    def __len__(self) -> int:
        return len(self.characters)

    def batches(self, rng: np.random.Generator, size: int) -> Iterator[PictureBatch]:
        """Draw as many pictures as there are characters written one by one, in full batches."""
        weight = _rarity(self.cut.labels, self.characters.balance)
        ranks = np.cumsum(weight / weight.sum())
        other = self.classes.index(NON_LETTER)
        alone, letters = size - size // 2, size * 3 // 10
        drawn = self.characters.batches(rng, alone)
        for _ in range(max(1, len(self) // size)):
            images, labels = next(drawn)
            i = np.minimum(np.searchsorted(ranks, rng.random(letters)), len(ranks) - 1)
            j = rng.integers(0, len(self.cut.others), size - alone - letters)
            pool = np.concatenate([self.cut.images[i], self.cut.others[j]])
            pictures = self.distort(pool.astype(np.float32) / np.float32(255), rng)
            numbers = np.concatenate([labels, self.cut.labels[i], np.full(len(j), other)])
            yield np.concatenate([images, pictures]), numbers

    def drawn(self) -> CharacterSet:
        """Every character written one by one, once, with its size."""
        return self.characters.drawn()


def _rarity(labels: NDArray[np.int64], balance: float) -> NDArray[np.float64]:
    """(N,) how often each item is drawn, so that a class of n has the weight n ** `balance`."""
    return np.asarray(np.bincount(labels)[labels] ** (balance - 1.0), np.float64)


def label_numbers(labels: NDArray[np.str_], classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Class numbers of characters, all of which must be in `classes`."""
    number = {character: i for i, character in enumerate(classes)}
    try:
        return np.array([number[str(label)] for label in labels], np.int64)
    except KeyError as error:
        raise InputError(f"a label {error} that is not among the classes") from error


def of_classes(ink: Ink, classes: tuple[str, ...]) -> Ink:
    """The items whose label is one of `classes`."""
    return ink.take(np.flatnonzero(np.isin(ink.labels, classes)))


def rendered(
    ink: Ink,
    classes: tuple[str, ...],
    variation: render.LetterVariation = render.NO_VARIATION,
    rng: np.random.Generator | None = None,
) -> CharacterSet:
    """A finished set: every item once, with its size and writer; without `rng` always the same."""
    rng = rng or np.random.default_rng(0)
    parts = [
        render.render(ink.take(np.arange(i, min(i + 512, len(ink)))), rng, variation)
        for i in range(0, len(ink), 512)
    ]
    images = np.concatenate(parts) if parts else np.zeros((0, 32, 32), np.float32)
    sizes = ink.sizes() / USUAL if len(ink) else np.zeros((0, 2), np.float32)
    labels = label_numbers(ink.labels, classes)
    return CharacterSet(images, labels, classes, sizes, np.asarray(ink.writer, np.int64))
