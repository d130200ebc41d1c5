"""A letter model that learns one hand, from pages and the text that is written on them.

Only the layers after the last `Flatten` go on learning, a convnet's dense ones. A page has
some two hundred letters: too few to learn strokes from, enough to learn which of them make
a letter of this hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ocr_cli import batch, images, layout, metrics, reading, training
from ocr_cli.data import sources, synthetic
from ocr_cli.data.distort import Distortion
from ocr_cli.data.ink import from_strokes
from ocr_cli.data.nonletters import NON_LETTER
from ocr_cli.errors import InputError
from ocr_cli.metrics import Tally
from ocr_cli.nn import losses, network, optimisers
from ocr_cli.nn.layers import Flatten
from ocr_cli.page import Page
from ocr_cli.reading import Reader, align, lattice
from ocr_cli.reading.align import Alignment
from ocr_cli.reading.lattice import Pieces
from ocr_cli.reading.letters import pieces_of
from ocr_cli.reading.search import Language
from ocr_cli.weights import KINDS, Model, for_use

FOLDS = 4  # of the lines, in which the gain is found out
SHARES = (0.0, 0.5, 1.0)  # of the way from the old weights to the tuned ones
CERTAIN = 0.95  # confidence of an edge that says: what overlaps with it is no letter
UNUSED = 0.05  # and of one that is hardly ever used

Floats = NDArray[np.float32]
Knows = TypeVar("Knows")  # what learns: a model, or a reader with its models


@dataclass(frozen=True)
class Practice:
    """How to tune; tuned itself, on pages of train and valid writers."""

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
class Copy:
    """An analysed page and what is written on it, a line of text a row."""

    page: Page
    text: str


@dataclass(frozen=True)
class Line:
    """A row whose text is known, as letters to learn from.

    Attributes
    ----------
    copy, row : which of the copies it is on, and which of the page's rows it is.
    images : (n, 32, 32) its letters, 0 ink to 1 paper; labels : (n,) class numbers.
    others : (m, 32, 32) groupings of its pieces that are no letters.
    """

    copy: int
    row: int
    images: Floats = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    others: Floats = field(repr=False)


@dataclass(frozen=True)
class Lost:
    """What of a line was not found on its page: some words, or (none given) all of it."""

    source: str
    line: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Learnt(Generic[Knows]):
    """A model, or a reader, that knows the hand, and how much that helps.

    Attributes
    ----------
    model : ready for use.
    share : how much of the change was kept; 0 where it did not help, and the model is as it was.
    before, after : edits on lines that were not learnt from (cross-validation), before tuning
        and after; None where there are too few lines.
    letters : how many letters were learnt from.
    lost : what was not found on the pages.
    """

    model: Knows
    share: float
    before: Tally | None
    after: Tally | None
    letters: int
    lost: tuple[Lost, ...]

    def known_by(self, reader: Reader) -> Learnt[Reader]:
        """The same of the reader that has the model."""
        return Learnt(reader, self.share, self.before, self.after, self.letters, self.lost)

    def record(self) -> dict[str, Any]:
        """The figures, for the model's training record."""
        edits = {"before": self.before, "after": self.after}
        rates = {name: round(tally.rate, 5) for name, tally in edits.items() if tally}
        return {"letters": self.letters, "share": self.share, "cross_validated_cer": rates}


def open_copy(argument: str) -> Copy:
    """The copy that PICTURE=TEXT names, the page analysed; TEXT is NAME.txt if left out.

    InputError where one of them cannot be read, or the picture has several pages.
    """
    picture, sign, text = argument.rpartition("=")
    if not sign or Path(argument).exists():
        picture, text = argument, str(batch.transcript_path(argument))
    try:
        written = Path(text).read_text(encoding="utf-8-sig")
    except FileNotFoundError as failure:
        advice = f"write what is on {picture} to it, a line for a line"
        raise InputError("no such file", advice, text) from failure
    except (OSError, UnicodeDecodeError) as failure:
        raise InputError("is not readable as UTF-8 text", "", text) from failure
    pages = list(images.load_pages(picture, picture))
    if len(pages) != 1:
        raise InputError("has more than one page", "give each page and its text apart", picture)
    return Copy(layout.analyse(pages[0]), written)


def learn(
    copies: Sequence[Copy],
    model: Model,
    language: Language | None,
    rng: np.random.Generator,
    practice: Practice | None = None,
) -> Learnt[Model]:
    """The model tuned to the hand of the copies, as far as that reads lines better it did not see.

    InputError where the texts are not what is written on the pages.
    """
    practice = practice or Practice()
    model = for_use(model)
    lines, lost = find_lines(copies, model)
    if not any(len(line.labels) for line in lines):
        raise nothing_found()
    tuner = Tuner(model, practice, rng)
    for line in lines:
        tuner.take_in(line)
    letters = sum(len(line.labels) for line in lines)
    return carry_out(_trial(copies, lines, tuner, language), FOLDS, letters, lost)


def nothing_found() -> InputError:
    """What to tell where there is nothing to learn from."""
    advice = "give each page the text that is written on it, a line for a line"
    return InputError("none of the text was found on the pages", advice)


def find_lines(copies: Sequence[Copy], model: Model) -> tuple[list[Line], list[Lost]]:
    """The lines of the texts that were found on their pages, and what was not."""
    lines: list[Line] = []
    lost: list[Lost] = []
    for number, copy in enumerate(copies):
        page, texts = copy.page, [line for line in copy.text.splitlines() if line.strip()]
        pieces = pieces_of(page, model)
        lattices = lattice.score(pieces, model, page.stroke_width) if pieces else []
        missing = set(range(len(texts)))
        for row, match in enumerate(align.match_lines(lattices, texts)):
            if match < 0:
                continue
            alignment = align.align(lattices[row], texts[match])
            if not alignment.plausible:
                continue
            missing.remove(match)
            lines.append(_line(number, row, pieces[row], alignment, page.stroke_width, model))
            if words := alignment.lost():
                lost.append(Lost(page.source, texts[match], words))
        lost += [Lost(page.source, texts[i]) for i in sorted(missing)]
    return lines, lost


def _line(
    copy: int, row: int, pieces: Pieces, alignment: Alignment, stroke_width: float, model: Model
) -> Line:
    """What there is to learn in a row."""
    number = {c: i for i, c in enumerate(model.classes)}
    characters = "".join(alignment.words)
    known = [i for i in np.flatnonzero(alignment.found) if characters[i] in number]
    others = _rivals(pieces, alignment) if NON_LETTER in number else np.zeros(0, np.int64)
    edges = np.concatenate([alignment.edges[known], others])
    crops = layout.letter_crops([pieces.upright[edge] for edge in edges], stroke_width)
    labels = np.array([number[characters[i]] for i in known], np.int64)
    return Line(copy, row, crops[: len(known)], labels, crops[len(known) :])


def _rivals(pieces: Pieces, alignment: Alignment) -> NDArray[np.int64]:
    """Edges that share ink with what is certainly a letter, and are none themselves."""
    certain = alignment.edges[alignment.confidence >= CERTAIN]
    starts, ends = pieces.starts[certain], pieces.ends[certain]
    overlap = (pieces.starts[:, None] < ends) & (starts < pieces.ends[:, None])
    rival = np.asarray(overlap.any(1))
    rival[alignment.edges[alignment.confidence > UNUSED]] = False
    return np.flatnonzero(rival)


class Tuner:
    """Tunes the head of a model; what the layers before it make of a picture is kept.

    Half of a batch is replayed from the synthetic hands, with what the old model says of them
    as targets, so that nothing is forgotten (Z. Li and D. Hoiem, ECCV 2016).
    """

    def __init__(self, model: Model, practice: Practice, rng: np.random.Generator) -> None:
        self.model, self.practice, self._rng = model, practice, rng
        flat = [i for i, layer in enumerate(model.layers) if isinstance(layer, Flatten)]
        self._first = flat[-1] + 1 if flat else 0
        self._known: dict[tuple[int, int], tuple[NDArray[Any], ...]] = {}
        replay = draw_letters(model.classes, practice.hands, rng)
        self._replay = self._features(replay), model.probabilities(replay)

    def _features(self, images: Floats) -> Floats:
        """(N, ...) what reaches the head; the inputs themselves where all layers are the head."""
        x = KINDS[self.model.kind](images)
        below = self.model.layers[: self._first], self.model.weights[: self._first]
        parts = [network.forward(*below, x[i : i + 32]) for i in range(0, max(1, len(x)), 32)]
        return np.concatenate(parts)

    def take_in(self, line: Line) -> None:
        """Distorts a line's letters, and gets their features, once for all folds."""
        distort, copies = Distortion(), self.practice.copies
        images = distort(np.tile(line.images, (copies, 1, 1)), self._rng)
        others = distort(np.tile(line.others, (2, 1, 1)), self._rng)
        labels = np.tile(line.labels, copies)
        opinions = np.tile(self.model.probabilities(line.images), (copies, 1))
        features = self._features(images), self._features(others)
        self._known[line.copy, line.row] = *features, labels, opinions

    def tune(self, lines: Sequence[Line]) -> Model:
        """The model after its practice on these lines."""
        practice, model, rng = self.practice, self.model, self._rng
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


def blend(old: Model, new: Model, share: float) -> Model:
    """Weights on the way from one model to another of its kind (M. Wortsman et al., CVPR 2022)."""
    pairs = zip(old.weights, new.weights, strict=True)
    weights = tuple({k: (1 - share) * a[k] + share * b[k] for k in a} for a, b in pairs)
    return replace(old, weights=weights, context=None)


@dataclass(frozen=True)
class Trial(Generic[Knows]):
    """A model, or a reader, on trial in cross-validation, whatever it reads by.

    Attributes
    ----------
    model : as it was; read : what it reads in each row of each copy.
    places : copy and row of each line to learn from.
    tune : the model after its practice on the lines of these numbers.
    reread : what a model reads in some rows of a copy.
    edits : of all texts, by copy and row.
    blend : what is on the way from one such model to another, see `blend`.
    """

    model: Knows
    read: Sequence[Sequence[str]]
    places: Sequence[tuple[int, int]]
    tune: Callable[[Sequence[int]], Knows]
    reread: Callable[[int, Sequence[int], Knows], list[str]]
    edits: Callable[[Sequence[Sequence[str]]], Tally]
    blend: Callable[[Knows, Knows, float], Knows]


def cross_validate(trial: Trial[Knows], most_folds: int) -> tuple[float, Tally, Tally]:
    """The share of the change that reads best, and the edits with none and with this share.

    Each line is read by a model that was tuned on the other folds alone. Of shares that read
    alike, the largest: the most learning.
    """
    texts = {share: [list(rows) for rows in trial.read] for share in SHARES}
    count = len(trial.places)
    folds = min(most_folds, count)
    for fold in range(folds):
        tuned = trial.tune([k for k in range(count) if k % folds != fold])
        for share in SHARES[1:]:
            blended = trial.blend(trial.model, tuned, share)
            for copy in range(len(trial.read)):
                rows = [row for number, row in trial.places[fold::folds] if number == copy]
                for row, text in zip(rows, trial.reread(copy, rows, blended), strict=True):
                    texts[share][copy][row] = text
    edits = {share: trial.edits(texts[share]) for share in SHARES}
    fewest = min(tally.edits for tally in edits.values())
    helps = fewest < edits[0.0].edits
    best = max(s for s in SHARES if edits[s].edits == fewest) if helps else 0.0
    return best, edits[0.0], edits[best]


def carry_out(
    trial: Trial[Knows], most_folds: int, letters: int, lost: Sequence[Lost]
) -> Learnt[Knows]:
    """What is on trial, tuned to all lines as far as cross-validation has it; one tells nothing."""
    share, before, after = 1.0, None, None
    if len(trial.places) > 1:
        share, before, after = cross_validate(trial, most_folds)
    tuned = trial.tune(range(len(trial.places))) if share else trial.model
    blended = trial.blend(trial.model, tuned, share)
    return Learnt(blended, share, before, after, letters, tuple(lost))


def _trial(
    copies: Sequence[Copy], lines: Sequence[Line], tuner: Tuner, language: Language | None
) -> Trial[Model]:
    """The tuner's model, reading letter by letter."""

    def read(copy: int, rows: Sequence[int], model: Model) -> list[str]:
        return read_rows(copies[copy].page, rows, Reader(model, language=language))

    return Trial(
        tuner.model,
        [read(i, range(len(copy.page.rows)), tuner.model) for i, copy in enumerate(copies)],
        [(line.copy, line.row) for line in lines],
        lambda chosen: tuner.tune([lines[k] for k in chosen]),
        read,
        lambda texts: _edits(copies, texts),
        blend,
    )


def read_rows(page: Page, rows: Sequence[int], reader: Reader) -> list[str]:
    """The text of some rows of a page."""
    part = replace(page, rows=tuple(page.rows[row] for row in rows))
    return [row.text for row in reading.read_page(part, reader).rows]


def _edits(copies: Sequence[Copy], texts: Sequence[Sequence[str]]) -> Tally:
    scores = (metrics.score("\n".join(t), c.text) for c, t in zip(copies, texts, strict=True))
    return sum((score.characters for score in scores), Tally())
