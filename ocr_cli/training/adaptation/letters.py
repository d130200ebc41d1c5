"""A letter model that learns one hand, from pages and the text that is written on them.

Only the layers after the last `Flatten` go on learning, a convnet's dense ones. A page has
some two hundred letters: too few to learn strokes from, enough to learn which of them make
a letter of this hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli import layout
from ocr_cli.data import sources
from ocr_cli.data.charset import NON_LETTER
from ocr_cli.data.formats.ink import from_strokes
from ocr_cli.data.synthesis import synthetic
from ocr_cli.data.synthesis.distort import Distortion
from ocr_cli.modelfiles.weights import Model
from ocr_cli.nn import losses, network, optimisers
from ocr_cli.nn.layers import Flatten
from ocr_cli.recognition.letters import align, habit, lattice, pieces_of
from ocr_cli.recognition.letters.align import Alignment
from ocr_cli.recognition.letters.habit import Gaps
from ocr_cli.recognition.letters.lattice import Atoms, Lattice
from ocr_cli.training import characters as training
from ocr_cli.training.adaptation.copies import Copy, Lost

CERTAIN = 0.95  # confidence of an edge that says: what overlaps with it is no letter
UNUSED = 0.05  # and of one that is hardly ever used

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class LetterPractice:
    """The recipe of tuning; tuned itself, on pages of train and valid writers."""

    steps: int = 200
    lr: float = 5e-4
    letters: int = 32  # of the hand, in each batch
    non_letters: int = 16  # wrong groupings of its pieces
    replay: int = 32  # letters of other hands
    smoothing: float = 0.05
    absent: float = 0.6  # what stays of the old belief in characters that are not on the pages
    balance: float = 0.5  # a letter met n times is drawn n ** balance times as often
    copies: int = 6  # distorted copies of each letter
    hands: int = 11  # synthetic ones to replay, each with all the letters


@dataclass(frozen=True)
class LetterLine:
    """A row whose text is known, as letters to learn from.

    Attributes
    ----------
    copy, row : which of the copies it is on, and which of the page's rows it is.
    images : (n, 32, 32) its letters, 0 ink to 1 paper; labels : (n,) class numbers.
    others : (m, 32, 32) groupings of its pieces that are no letters.
    gaps : between its characters, and its text.
    """

    copy: int
    row: int
    images: Floats = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    others: Floats = field(repr=False)
    gaps: Gaps


def letter_lines(copies: Sequence[Copy], model: Model) -> tuple[list[LetterLine], list[Lost]]:
    """The lines of the texts that were found on their pages, and what was not."""
    lines: list[LetterLine] = []
    lost: list[Lost] = []
    for number, copy in enumerate(copies):
        page, texts = copy.page, copy.lines
        inked = [k for k, row in enumerate(page.rows) if any(word.glyphs for word in row.words)]
        pieces = pieces_of(replace(page, rows=tuple(page.rows[k] for k in inked)), model)
        lattices = lattice.score_arcs(pieces, model, page.stroke_width) if pieces else []
        missing = set(range(len(texts)))
        for row, match in enumerate(align.match_lines(lattices, texts)):
            if match < 0:
                continue
            alignment = align.align(lattices[row], texts[match])
            if not alignment.plausible:
                continue
            missing.remove(match)
            found = pieces[row], lattices[row], alignment
            lines.append(_line(number, inked[row], *found, page.stroke_width, model))
            if words := alignment.lost():
                lost.append(Lost(page.source, texts[match], words))
        lost += [Lost(page.source, texts[i]) for i in sorted(missing)]
    return lines, lost


def _line(
    copy: int,
    row: int,
    pieces: Atoms,
    edges: Lattice,
    alignment: Alignment,
    stroke_width: float,
    model: Model,
) -> LetterLine:
    """The letters of a row that there are to learn."""
    number = {c: i for i, c in enumerate(model.classes)}
    characters = "".join(alignment.words)
    known = [i for i in np.flatnonzero(alignment.found) if characters[i] in number]
    others = _rivals(pieces, alignment) if NON_LETTER in number else np.zeros(0, np.int64)
    shown = np.concatenate([alignment.edges[known], others])
    crops = layout.letter_crops([pieces.upright[edge] for edge in shown], stroke_width)
    labels = np.array([number[characters[i]] for i in known], np.int64)
    images, rest = crops[: len(known)], crops[len(known) :]
    return LetterLine(copy, row, images, labels, rest, habit.gaps_of(edges, alignment))


def _rivals(pieces: Atoms, alignment: Alignment) -> NDArray[np.int64]:
    """Edges that share ink with what is certainly a letter, and are none themselves."""
    certain = alignment.edges[alignment.confidence >= CERTAIN]
    starts, ends = pieces.starts[certain], pieces.ends[certain]
    overlap = (pieces.starts[:, None] < ends) & (starts < pieces.ends[:, None])
    rival = np.asarray(overlap.any(1))
    rival[alignment.edges[alignment.confidence > UNUSED]] = False
    return np.flatnonzero(rival)


class LetterTuner:
    """Tunes the head of a model; what the layers before it make of a picture is kept.

    Half of a batch is replayed from the synthetic hands, with what the old model says of them
    as targets, so that nothing is forgotten (Z. Li and D. Hoiem, ECCV 2016).
    """

    def __init__(
        self,
        model: Model,
        lines: Sequence[LetterLine],
        practice: LetterPractice,
        rng: np.random.Generator,
    ) -> None:
        self.model, self.practice = model, practice
        flat = [i for i, layer in enumerate(model.layers) if isinstance(layer, Flatten)]
        self._first = flat[-1] + 1 if flat else 0
        replay = draw_letters(model.classes, practice.hands, rng)
        self._replay = self._features(replay), model.probabilities(replay)
        self._known = {(line.copy, line.row): self._taken_in(line, rng) for line in lines}

    def _features(self, images: Floats) -> Floats:
        """(N, ...) what reaches the head; the inputs themselves where all layers are the head."""
        x = self.model.prepared(images)
        below = self.model.layers[: self._first], self.model.weights[: self._first]
        parts = [network.forward(*below, x[i : i + 32]) for i in range(0, max(1, len(x)), 32)]
        return np.concatenate(parts)

    def _taken_in(self, line: LetterLine, rng: np.random.Generator) -> tuple[NDArray[Any], ...]:
        """The features of a line's letters, distorted, and of wrong groupings; once for all folds.

        Besides, the letters' labels, and what the model said of each before.
        """
        distort, copies = Distortion(), self.practice.copies
        images = distort(np.tile(line.images, (copies, 1, 1)), rng)
        others = distort(np.tile(line.others, (2, 1, 1)), rng)
        labels = np.tile(line.labels, copies)
        opinions = np.tile(self.model.probabilities(line.images), (copies, 1))
        features = self._features(images), self._features(others)
        return *features, labels, opinions

    def tune(
        self, lines: Sequence[LetterLine], rng: np.random.Generator, steps: int | None = None
    ) -> Model:
        """The model after its practice on these lines; as it was, if they have no letters.

        So many steps, if not all.
        """
        practice, model = self.practice, self.model
        if steps is not None:
            practice = replace(practice, steps=steps)
        if not any(len(line.labels) for line in lines):
            return model
        known = [self._known[line.copy, line.row] for line in lines]
        own, others, labels, opinions = (np.concatenate(part) for part in zip(*known, strict=True))
        targets = self._targets(labels, opinions)
        weight = np.bincount(labels)[labels] ** (practice.balance - 1.0)
        replay, old_opinions = self._replay
        none = _one_class(model.classes, NON_LETTER, practice.non_letters if len(others) else 0)
        head = model.layers[self._first :], model.weights[self._first :]
        trainer = training.NumpyTrainer(*head, training.Recipe(optimiser="adam"))
        for step in range(practice.steps):
            i = rng.choice(len(own), practice.letters, p=weight / weight.sum())
            j = rng.integers(0, max(1, len(others)), len(none))
            k = rng.integers(0, len(replay), practice.replay)
            batch = np.concatenate([own[i], others[j], replay[k]])
            wanted = np.concatenate([targets[i], none, old_opinions[k]])
            trainer.step(batch, wanted, practice.lr * optimisers.cosine(step, practice.steps, 5))
        weights = (*model.weights[: self._first], *trainer.weights())
        return replace(model, weights=weights, context=None)

    def _targets(self, labels: NDArray[np.int64], opinions: Floats) -> Floats:
        """(N, C) what to learn of letters with these labels and old probabilities.

        That a character is not on the pages does not mean that the hand never writes it: the
        old model's belief in such ones stays, in good part.
        """
        classes = len(self.model.classes)
        wanted = losses.one_hot(labels, classes) * (1 - self.practice.smoothing)
        wanted += self.practice.smoothing / classes
        absent = np.bincount(labels, minlength=classes) == 0
        kept = self.practice.absent * opinions * absent
        return (wanted * (1 - kept.sum(1, keepdims=True)) + kept).astype(np.float32)


def _one_class(classes: tuple[str, ...], name: str, count: int) -> Floats:
    """(count, C) targets that say this class and nothing else."""
    number = classes.index(name) if count else 0
    return losses.one_hot(np.full(count, number), len(classes))


def draw_letters(classes: tuple[str, ...], hands: int, rng: np.random.Generator) -> Floats:
    """(N, 32, 32) pictures of all classes in some synthetic hands, what is no letter included."""
    letters = [c for c in classes if c != NON_LETTER]
    drawn = [synthetic.sample_hand(rng) for _ in range(hands)]
    items = [synthetic.draw_character(c, rng, hand) for hand in drawn for c in letters]
    source = sources.InkSource(from_strokes(items, letters * hands), classes)
    batches = list(source.batches(rng, min(256, len(source))))
    return np.concatenate([images for images, _ in batches])
