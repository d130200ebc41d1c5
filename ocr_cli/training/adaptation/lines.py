"""A line model that learns one hand, from pages and the text that is written on them.

Only the recurrent layers and those after them go on learning. What the convolutions make of
a strip stays as it is, and so need be worked out only once for each distorted copy of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import folded
from ocr_cli.data.patches import Patch, Strain, patch_of
from ocr_cli.data.practice import practice as practise
from ocr_cli.data.synthesis import synthetic
from ocr_cli.data.synthesis.lines import room_needed
from ocr_cli.data.synthesis.render import written
from ocr_cli.evaluation import metrics
from ocr_cli.layout.courses import Pyramid
from ocr_cli.layout.strips import make_strip
from ocr_cli.modelfiles.weights import Model
from ocr_cli.nn import ctc, network, optimisers
from ocr_cli.nn.losses import softmax
from ocr_cli.nn.network import Layers, Weights
from ocr_cli.nn.sequence import BiGru, Columns
from ocr_cli.page import Row
from ocr_cli.recognition.lines import STRIDE, strips_of
from ocr_cli.training.adaptation.copies import Copy, Lost

ALONE = 0.35  # what a character costs whose row or line has no partner; a swapped one costs 1

# What the synthetic hands write: words as they are common, and every character.
REPLAYED = (
    "The quick brown fox jumps over the lazy dog.",
    "PACK MY BOX WITH FIVE DOZEN LIQUOR JUGS",
    "Sphinx of black quartz, judge my vow!",
    "and in the evening they all went home again",
    "Call (555) 014-2736 or write to j.doe@mail.net",
    "WALTZ, BAD NYMPH, FOR QUICK JIGS VEX",
    "Total: $1,908.45 + 20% = $2,290.14",
    "if (a[i] < b && c > 0) { x = y * 2; } # ~ok",
    'Room 7B/12, "Old Mill" Road, isn\'t it?',
    "two_to^the | back\\slash `tick`",
    "Dr. Quincy & Mrs. Yvonne Zajac, 6 June 1984",
    "grumpy wizards make toxic brew for the queen",
)

Array = NDArray[Any]
Image = NDArray[np.float32]  # a strip: (48, W), about 1 ink

STRAIN = Strain(0.07, 0.06, 0.07, 0.005, 1.0, 0.5, 1.4, 0.6, 7.0)  # of one hand: half of all hands'


@dataclass(frozen=True)
class Practice:
    """How to tune; tuned itself, on writers of the valid split."""

    passes: int = 16  # over the lines
    lr: float = 8e-4
    batch: int = 4  # lines of the hand in each,
    others: int = 1  # and lines of synthetic hands
    dropout: float = 0.15  # of the features
    replay: int = 24  # of those, in all
    copies: int = 6  # variations of each line, beside the strip itself
    clip: float = 20.0  # longest gradient


@dataclass(frozen=True)
class Line:
    """A row whose text is known.

    Attributes
    ----------
    copy, row : which of the copies it is on, and which of the page's rows it is.
    text : what is written there, folded.
    strip : (48, W) the row as the model reads it.
    patch : the row with room about it, to be bent into other strips.
    """

    copy: int
    row: int
    text: str
    strip: Image = field(repr=False)
    patch: Patch = field(repr=False)


def find_lines(
    copies: Sequence[Copy], read: Sequence[Sequence[str]], classes: tuple[str, ...]
) -> tuple[list[Line], list[Lost]]:
    """The lines of the texts that were found on their pages, and those that were not.

    read : what the model reads in each page's rows, before it knows the hand. A line with a
    character that is not among the classes is not learnt from, and counts as lost.
    """
    lines: list[Line] = []
    lost: list[Lost] = []
    for number, (copy, rows) in enumerate(zip(copies, read, strict=True)):
        texts = [folded(line) for line in copy.lines]
        strips, pyramid = strips_of(copy.page), Pyramid(copy.page.grey)
        found: set[int] = set()
        same = zip(*(range(len(texts)),) * 2, strict=True)
        for row, match in same if copy.aligned else match_lines(rows, texts):
            strip = strips[row].image
            fits = strip.shape[1] // STRIDE >= room_needed(texts[match])
            if fits and set(texts[match]) <= set(classes):
                patch = _patch(copy.page.rows[row], strip, pyramid, texts[match])
                lines.append(Line(number, row, texts[match], strip, patch))
                found.add(match)
        lost += [Lost(copy.page.source, t) for i, t in enumerate(texts) if i not in found]
    return lines, lost


def _patch(row: Row, strip: Image, pyramid: Pyramid, text: str) -> Patch:
    """A row to bend anew; one without a course is as its strip is."""
    if row.course is None:
        return Patch((strip.clip(0, 1) * 255).astype(np.uint8), 0.0, text)
    return Patch(patch_of(pyramid, row.course), row.course.slant, text)


def match_lines(rows: Sequence[str], lines: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs (row, line) that say the same, in the order of both, with the fewest edits in all.

    A row or a line may go without a partner, so that rows and lines are no pair if they
    differ in more than some 70 % of the characters.
    """
    cost = np.zeros((len(rows) + 1, len(lines) + 1))
    cost[1:, 0] = np.cumsum([ALONE * len(row) for row in rows])
    cost[0, 1:] = np.cumsum([ALONE * len(line) for line in lines])
    pairs = np.zeros((len(rows), len(lines)), bool)
    for i, j in np.ndindex(pairs.shape):
        together = cost[i, j] + metrics.edit_distance(rows[i], lines[j])
        alone = min(cost[i, j + 1] + ALONE * len(rows[i]), cost[i + 1, j] + ALONE * len(lines[j]))
        pairs[i, j] = together <= alone
        cost[i + 1, j + 1] = min(together, alone)
    found, (i, j) = [], pairs.shape
    while i and j:
        if pairs[i - 1, j - 1]:
            i, j = i - 1, j - 1
            found.append((i, j))
        elif cost[i, j] == cost[i - 1, j] + ALONE * len(rows[i - 1]):
            i -= 1
        else:
            j -= 1
    return found[::-1]


@dataclass(frozen=True)
class Example:
    """What the head of a model reads: (T, F) features, and the class numbers of its text."""

    features: Image
    target: NDArray[np.int64]


class Tuner:
    """Tunes the head of a line model to some of the lines; all folds share the features.

    Half of a batch is of synthetic hands, with what the old model says of each step as the
    target, so that nothing is forgotten (Z. Li and D. Hoiem, ECCV 2016).
    """

    def __init__(
        self, model: Model, lines: Sequence[Line], practice: Practice, rng: np.random.Generator
    ) -> None:
        self.model, self.practice = model, practice
        columns = (i for i, layer in enumerate(model.layers) if isinstance(layer, Columns))
        self._first = next(columns) + 1
        self.head: Layers = model.layers[self._first :]
        number = {c: i for i, c in enumerate(model.classes)}
        self._known: list[list[Example]] = []
        for line in lines:
            copies = [practise(line.patch, None, rng, STRAIN) for _ in range(practice.copies)]
            target = np.array([number[c] for c in line.text], np.int64)
            self._known.append([Example(self._features(s), target) for s in (line.strip, *copies)])
        drawn = draw_lines(islice(cycle(REPLAYED), practice.replay), rng)
        self._replay = [self._opinion(self._features(strip)) for strip in drawn]

    def _features(self, strip: Image) -> Image:
        """(W / 4, F) what the layers below the head make of a strip."""
        x = strip[None, :, : strip.shape[1] // STRIDE * STRIDE, None]
        below = self.model.layers[: self._first], self.model.weights[: self._first]
        return network.forward(*below, x)[0]

    def _opinion(self, features: Image) -> tuple[Image, Image]:
        """The features, and (T, C + 1) what the old model says of each step."""
        logits = network.forward(self.head, self.model.weights[self._first :], features[None])
        return features, softmax(logits[0])

    def tune(self, chosen: Sequence[int], rng: np.random.Generator) -> Model:
        """The model after its practice on the chosen lines."""
        practice = self.practice
        below, start = self.model.weights[: self._first], self.model.weights[self._first :]
        vector, weights = network.flatten(self.head, start)
        slopes, grads = network.gradients_like(self.head, start)
        optimiser = optimisers.Adam()
        parts = -(-len(chosen) // practice.batch)
        steps, average = practice.passes * parts, np.zeros_like(vector)
        for step in range(steps):
            if step % parts == 0:
                groups = np.array_split(rng.permutation(chosen), parts)
            own = [self._a_copy(i, rng) for i in groups[step % parts]]
            drawn = rng.integers(len(self._replay), size=practice.others) if self._replay else ()
            others = [self._replay[k] for k in drawn]
            self._slopes(own, others, weights, grads, rng)
            slopes *= min(1.0, practice.clip / (float(np.linalg.norm(slopes)) + 1e-9))
            optimiser.step(vector, slopes, practice.lr * optimisers.cosine(step, steps, 5))
            average += (vector - average) * (1 / max(1, step + 1 - steps // 2))
        vector[:] = average
        return replace(self.model, weights=(*below, *weights))

    def _a_copy(self, line: int, rng: np.random.Generator) -> Example:
        copies = self._known[line]
        return copies[rng.integers(len(copies))]

    def _slopes(
        self,
        own: Sequence[Example],
        others: Sequence[tuple[Image, Image]],
        weights: Weights,
        grads: Weights,
        rng: np.random.Generator,
    ) -> None:
        """Fills in the gradients of a batch's loss, an item's on average."""
        n = len(own)
        x, lengths = padded([example.features for example in own] + [f for f, _ in others])
        kept_back = rng.random((n, 1, x.shape[2]), np.float32) >= self.practice.dropout
        x[:n] *= kept_back / np.float32(1 - self.practice.dropout)
        logits, caches = run(self.head, weights, x, lengths)
        _, slope = ctc.ctc_loss(logits[:n], lengths[:n], [example.target for example in own])
        kept = np.zeros_like(logits[n:])
        for one, now, (_, before) in zip(kept, logits[n:], others, strict=True):
            one[: len(before)] = softmax(now[: len(before)]) - before
        slope = np.concatenate([slope, kept]).astype(np.float32) / np.float32(n)
        network.backward(self.head, weights, caches, slope, grads)


def run(layers: Layers, weights: Weights, x: Array, lengths: Array) -> tuple[Array, list[Any]]:
    """(N, T, F) features, of which the first `lengths` count, to (N, T, C + 1), and caches."""
    caches = []
    for layer, params in zip(layers, weights, strict=True):
        if isinstance(layer, BiGru):
            x, cache = layer.run(params, x, lengths)
        else:
            x, cache = layer.forward(params, x)
        caches.append(cache)
    return x, caches


def padded(sequences: Sequence[Image]) -> tuple[Image, NDArray[np.int64]]:
    """Sequences (T, F) as one array (N, T, F), zeros at their ends, and their lengths."""
    lengths = np.array([len(sequence) for sequence in sequences])
    x = np.zeros((len(sequences), lengths.max(), sequences[0].shape[1]), np.float32)
    for row, sequence in zip(x, sequences, strict=True):
        row[: len(sequence)] = sequence
    return x, lengths


def draw_lines(texts: Iterable[str], rng: np.random.Generator) -> list[Image]:
    """A strip of each text, in a synthetic hand of its own."""
    strips = []
    for text in texts:
        strokes = synthetic.draw_text(text, rng, synthetic.sample_hand(rng, 0.7))
        mask = written(strokes, 0.06, float(rng.integers(3, 8)), margin=12)
        if mask is not None:
            strips.append(make_strip(mask).image)
    return strips
