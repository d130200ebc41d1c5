"""A line model that learns one hand, from pages and the text that is written on them.

All layers go on learning but the first, which see strokes and no letters; each time a row is bent
and shaded anew. Tuning the recurrent layers alone took half the time and was of next to no use.
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
from ocr_cli.data.practice import practice as varied
from ocr_cli.data.synthesis import synthetic
from ocr_cli.data.synthesis.render import written
from ocr_cli.data.synthesis.stock import room_needed
from ocr_cli.evaluation import metrics
from ocr_cli.layout.courses import Pyramid
from ocr_cli.layout.strips import HEIGHT, make_strip
from ocr_cli.modelfiles.weights import Model
from ocr_cli.nn import ctc, network, optimisers
from ocr_cli.nn.layers import MaxPool2d
from ocr_cli.nn.losses import softmax
from ocr_cli.nn.network import Layers, Weights
from ocr_cli.page import Row
from ocr_cli.recognition.lines import STRIDE, row_scores, strips_of
from ocr_cli.training.adaptation.copies import Copy, Lost

WARMUP = 5  # steps until the learning rate is full; the mean of the weights does for its fall
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
class LinePractice:
    """The recipe of tuning; tuned itself, on writers of the valid split."""

    passes: int = 4  # over the lines,
    least: int = 24  # and steps, however few lines there are; more gave nothing
    lr: float = 3e-4
    batch: int = 4  # lines of the hand in each,
    others: int = 1  # and lines of synthetic hands
    replay: int = 12  # of those, in all
    clip: float = 20.0  # longest gradient


@dataclass(frozen=True)
class KnownLine:
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


def known_lines(
    copies: Sequence[Copy], read: Sequence[Sequence[str]], classes: tuple[str, ...]
) -> tuple[list[KnownLine], list[Lost]]:
    """The lines of the texts that were found on their pages, and those that were not.

    read : what the model reads in each page's rows, before it knows the hand. A line with a
    character that is not among the classes is not learnt from, and counts as lost. It does not
    matter for copies whose rows are known.
    """
    lines: list[KnownLine] = []
    lost: list[Lost] = []
    for number, (copy, rows) in enumerate(zip(copies, read, strict=True)):
        texts = [folded(line) for line in copy.lines]
        strips, pyramid = strips_of(copy.page), Pyramid(copy.page.grey)
        found: set[int] = set()
        same = zip(*(range(len(texts)),) * 2, strict=True)
        for row, match in same if copy.aligned else match_texts(rows, texts):
            strip = strips[row].image
            fits = strip.shape[1] // STRIDE >= room_needed(texts[match])
            if fits and set(texts[match]) <= set(classes):
                patch = _patch(copy.page.rows[row], strip, pyramid, texts[match])
                lines.append(KnownLine(number, row, texts[match], strip, patch))
                found.add(match)
        lost += [Lost(copy.page.source, t) for i, t in enumerate(texts) if i not in found]
    return lines, lost


def _patch(row: Row, strip: Image, pyramid: Pyramid, text: str) -> Patch:
    """A row to bend anew; one without a course is as its strip is."""
    if row.course is None:
        return Patch((strip.clip(0, 1) * 255).astype(np.uint8), 0.0, text)
    return Patch(patch_of(pyramid, row.course), row.course.slant, text)


def match_texts(rows: Sequence[str], lines: Sequence[str]) -> list[tuple[int, int]]:
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


class LineTuner:
    """Tunes a line model to some of the lines.

    In each batch are lines of synthetic hands too, with what the old model says of each step as
    the target, so that nothing is forgotten (Z. Li and D. Hoiem, ECCV 2016).
    """

    def __init__(
        self,
        model: Model,
        lines: Sequence[KnownLine],
        practice: LinePractice,
        rng: np.random.Generator,
    ) -> None:
        self.model, self.practice, self._lines = model, practice, lines
        pools = (i for i, layer in enumerate(model.layers) if isinstance(layer, MaxPool2d))
        self._first = next(pools) + 1  # what is below stays as it is
        self.head: Layers = model.layers[self._first :]
        number = {c: i for i, c in enumerate(model.classes)}
        self._targets = [np.array([number[c] for c in line.text], np.int64) for line in lines]
        drawn = draw_lines(islice(cycle(REPLAYED), practice.replay), rng)
        self._replay = [(strip, np.exp(row_scores([strip], model)[0])) for strip in drawn]

    def steps(self, count: int) -> int:
        """The number of steps that practice takes on so many lines."""
        return max(self.practice.passes * -(-count // self.practice.batch), self.practice.least)

    def tune(
        self, chosen: Sequence[int], rng: np.random.Generator, steps: int | None = None
    ) -> Model:
        """The model after its practice on the chosen lines: the mean of its second half.

        After P. Izmailov et al., Averaging weights leads to wider optima, UAI 2018. With `steps`,
        no more than so many are taken.
        """
        practice = self.practice
        below, start = self.model.weights[: self._first], self.model.weights[self._first :]
        vector, weights = network.flatten(self.head, start)
        slopes, grads = network.gradients_like(self.head, start)
        optimiser, average = optimisers.Adam(), np.zeros_like(vector)
        parts = -(-len(chosen) // practice.batch)
        steps = self.steps(len(chosen)) if steps is None else steps
        for step in range(steps):
            if step % parts == 0:
                groups = np.array_split(rng.permutation(chosen), parts)
            self._slopes(groups[step % parts].tolist(), weights, grads, rng)
            slopes *= min(1.0, practice.clip / (float(np.linalg.norm(slopes)) + 1e-9))
            optimiser.step(vector, slopes, practice.lr * min(1.0, (step + 1) / WARMUP))
            average += (vector - average) / max(1, step + 1 - steps // 2)
        vector[:] = average
        return replace(self.model, weights=(*below, *weights))

    def _slopes(
        self, numbers: Sequence[int], weights: Weights, grads: Weights, rng: np.random.Generator
    ) -> None:
        """Fills in the gradients of a batch's loss, an item's on average."""
        own = [self._varied(k, rng) for k in numbers]
        count = self.practice.others if self._replay else 0
        others = [self._replay[k] for k in rng.integers(max(1, len(self._replay)), size=count)]
        n, below = len(own), self.model.weights[: self._first]
        x, lengths = padded([*own, *(strip for strip, _ in others)])
        x = network.forward(self.model.layers[: self._first], below, x)
        logits, caches = run_head(self.head, weights, x, lengths)
        targets = [self._targets[k] for k in numbers]
        _, slope = ctc.ctc_loss(logits[:n], lengths[:n], targets)
        kept = np.zeros_like(logits[n:])
        for one, now, (_, before) in zip(kept, logits[n:], others, strict=True):
            one[: len(before)] = softmax(now[: len(before)]) - before
        slope = np.concatenate([slope, kept]).astype(np.float32) / np.float32(n)
        network.backward(self.head, weights, caches, slope, grads)

    def _varied(self, number: int, rng: np.random.Generator) -> Image:
        """A line as the same hand might have written it another time, if its text still fits."""
        line = self._lines[number]
        strip = varied(line.patch, None, rng, STRAIN)
        fits = strip.shape[1] // STRIDE >= room_needed(line.text)
        return strip if fits else line.strip


def run_head(layers: Layers, weights: Weights, x: Array, lengths: Array) -> tuple[Array, list[Any]]:
    """(N, …) features, of which the first `lengths` steps count, to (N, T, C + 1), and caches."""
    caches = []
    for layer, params in zip(layers, weights, strict=True):
        x, cache = layer.run(params, x, lengths)
        caches.append(cache)
    return x, caches


def padded(strips: Sequence[Image]) -> tuple[Array, NDArray[np.int64]]:
    """Strips (48, W) as one array (N, 48, W, 1), paper at their ends, and their steps."""
    steps = np.array([strip.shape[1] // STRIDE for strip in strips])
    x = np.zeros((len(strips), HEIGHT, int(steps.max()) * STRIDE, 1), np.float32)
    for image, strip, count in zip(x, strips, steps, strict=True):
        image[:, : count * STRIDE, 0] = strip[:, : count * STRIDE]
    return x, steps


def draw_lines(texts: Iterable[str], rng: np.random.Generator) -> list[Image]:
    """A strip of each text, in a synthetic hand of its own."""
    strips = []
    for text in texts:
        strokes = synthetic.draw_text(text, rng, synthetic.sample_hand(rng, 0.7))
        mask = written(strokes, 0.06, float(rng.integers(3, 8)), margin=12)
        if mask is not None:
            strips.append(make_strip(mask).image)
    return strips
