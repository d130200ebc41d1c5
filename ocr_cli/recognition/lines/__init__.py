"""Reads a page row by row: strip, network, CTC path, and back to boxes on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout import courses
from ocr_cli.layout.courses import GreyStrip
from ocr_cli.layout.strips import HEIGHT, Strip, make_strip
from ocr_cli.modelfiles import weights
from ocr_cli.modelfiles.weights import Model
from ocr_cli.nn import ctc, network
from ocr_cli.nn.losses import log_softmax
from ocr_cli.nn.sequence import steps_of
from ocr_cli.page import Box, Glyph, Page, Row, union
from ocr_cli.recognition.language.interface import Language
from ocr_cli.recognition.letters import row_of_words
from ocr_cli.recognition.lines.beam import LineDecoding, beam_search

Array = NDArray[Any]
STRIDE = 4  # pixels of a strip to one step of the network
KIND = "line"


def load_line_model(name: str | Path) -> Model:
    """The line model of that name or path, checked; ModelError where it is not one."""
    return weights.load_network(name, KIND)


def row_scores(strips: Sequence[NDArray[np.float32]], model: Model) -> list[NDArray[np.float32]]:
    """Strips (48, W) to log-probabilities (W / 4, C + 1) of every class and CTC's blank.

    A strip's scores do not depend on what is read with it.
    """
    if not strips:
        return []
    layers = model.layers
    first = next((i for i, layer in enumerate(layers) if layer.recurrent), 0)
    look = network.in_use(layers[:first], model.weights[:first])
    # one at a time: pictures of one width, and columns that fit the cache
    pictures = (strip[None, :, : strip.shape[1] // STRIDE * STRIDE, None] for strip in strips)
    sequences = [look(picture)[0] for picture in pictures]
    steps = steps_of([len(s) for s in sequences])
    x = steps.together(sequences)
    for layer, params in zip(layers[first:], model.weights[first:], strict=True):
        x = layer.read(params, x, steps)
    x = log_softmax(x)
    return [x[place] for place in steps.place]


def row_ink(row: Row) -> NDArray[np.bool_]:
    """The ink of a row's glyphs, in a mask of the row's box."""
    box = row.box
    mask = np.zeros((box.height, box.width), bool)
    for word in row.words:
        for glyph in word.glyphs:
            y, x = glyph.box.y1 - box.y1, glyph.box.x1 - box.x1
            mask[y : y + glyph.box.height, x : x + glyph.box.width] |= glyph.ink
    return mask


@dataclass(frozen=True)
class RowEmissions:
    """A row and what the network says of it.

    ink : mask of the row's box. scores : (T, C + 1) log-probabilities of classes and blank.
    mixed : whether two networks say this, see `fusion`.
    """

    row: Row
    ink: NDArray[np.bool_] = field(repr=False)
    strip: Strip | GreyStrip = field(repr=False)
    scores: NDArray[np.float32] = field(repr=False)
    mixed: bool = False


def strips_of(page: Page) -> list[Strip | GreyStrip]:
    """The strip of each row: grey along its course, or of its ink where it has none."""
    pyramid = courses.Pyramid(page.grey)
    return [
        make_strip(row_ink(row), row.box.x1, row.box.y1)
        if row.course is None
        else courses.grey_strip(pyramid, row.course)
        for row in page.rows
    ]


def emissions_of(page: Page, model: Model) -> list[RowEmissions]:
    """Each row of an analysed page, see `layout.analyse`, with its scores by a line model."""
    strips = strips_of(page)
    scores = sorted_scores([strip.image for strip in strips], model)
    inks = [row_ink(row) for row in page.rows]
    return [RowEmissions(*parts) for parts in zip(page.rows, inks, strips, scores, strict=True)]


def decoded(
    seen: Sequence[RowEmissions],
    classes: tuple[str, ...],
    language: Language | None,
    spaces: Sequence[float] | None = None,
) -> list[Row]:
    """Rows with their text; boxes of characters come from the CTC path.

    language : a model as in `recognition.language`; without one each row is its most probable
    path. spaces : see `beam_search`.
    """
    scores = [one.scores for one in seen]
    if language is None:
        texts = [ctc.greedy(one) for one in scores]
    else:
        texts = beam_search(scores, classes, language, LineDecoding(), spaces)
    texts = [_tidied(text, classes) for text in texts]
    spans = ctc.forced_alignment(scores, texts)
    rows = zip(seen, texts, spans, strict=True)
    return [_filled(one, text, where, classes) for one, text, where in rows]


def with_text(one: RowEmissions, text: str, classes: tuple[str, ...]) -> Row:
    """A row with a text that is given, of characters of `classes`; boxes as in `decoded`."""
    target = np.array([classes.index(c) for c in text], np.int64)
    return _filled(one, target, ctc.forced_alignment([one.scores], [target])[0], classes)


def text_loss(text: str, scores: NDArray[np.float32], classes: Sequence[str]) -> float:
    """The CTC loss of a text by a row's scores (T, C + 1); what is no class is left out."""
    number = {c: k for k, c in enumerate(classes)}
    target = np.array([number[c] for c in text if c in number], np.int64)
    return float(ctc.ctc_loss(scores[None], np.array([len(scores)]), [target])[0])


def greedy_texts(seen: Sequence[RowEmissions], classes: tuple[str, ...]) -> list[str]:
    """The rows as the network alone reads them, quickly."""
    return ["".join(classes[k] for k in ctc.greedy(one.scores)).strip() for one in seen]


def sorted_scores(
    strips: Sequence[NDArray[np.float32]], model: Model, together: int = 32
) -> list[NDArray[np.float32]]:
    """`row_scores`, with strips of like width together, so that little is wasted on padding."""
    order = np.argsort([strip.shape[1] for strip in strips], kind="stable")
    scores: list[NDArray[np.float32]] = [np.empty((0, 0), np.float32)] * len(strips)
    for start in range(0, len(order), together):
        group = order[start : start + together]
        found = row_scores([strips[i] for i in group], model)
        for i, one in zip(group, found, strict=True):
            scores[i] = one
    return scores


def _filled(seen: RowEmissions, target: Array, spans: Array, classes: tuple[str, ...]) -> Row:
    """The row with the text `target` (class numbers) laid over its ink, by steps from and to."""
    row, scores = seen.row, seen.scores
    if len(target) == 0:
        return replace(row, words=(), text="", confidence=0.0, legibility=0.0)
    sure = _highest(scores, target, spans).tolist()
    cuts = STRIDE * (spans[:-1, 1] + spans[1:, 0]) / 2
    pieces = _cut(seen.ink, seen.strip, cuts, row)
    glyphs: list[list[Glyph]] = [[]]
    for k, (box, mask), p in zip(target, pieces, sure, strict=True):
        if classes[k] == " ":
            glyphs.append([])
        else:
            glyphs[-1].append(Glyph(box, mask, classes[k], p))
    read = row_of_words(row, glyphs)
    box = union([word.box for word in read.words])  # a row without its ink has room for any
    return replace(read, box=box, legibility=legibility(scores))


def _highest(scores: NDArray[np.float32], target: Array, spans: Array) -> NDArray[np.float32]:
    """(L,) the highest probability that each character has at one of its steps."""
    length = spans[:, 1] - spans[:, 0]
    start = np.cumsum(length) - length
    step = np.arange(length.sum()) + np.repeat(spans[:, 0] - start, length)
    return np.exp(np.maximum.reduceat(scores[step, np.repeat(target, length)], start))


def legibility(scores: NDArray[np.float32]) -> float:
    """The mean probability of the likeliest class, over the steps where that is no blank."""
    best, sounds = scores.max(1), scores.argmax(1) < scores.shape[1] - 1
    return float(np.exp(best[sounds]).mean()) if sounds.any() else 0.0


def _tidied(target: Array, classes: tuple[str, ...]) -> Array:
    """Class numbers without spaces at the ends and without repeated spaces."""
    space = np.array([classes[k] == " " for k in target], bool)
    kept = ~space
    kept[1:] |= space[1:] & ~space[:-1]
    target, space = target[kept], space[kept]
    inside = np.flatnonzero(~space)
    return target[inside[0] : inside[-1] + 1] if len(inside) else target[:0]


def _cut(
    ink: Array, strip: Strip | GreyStrip, cuts: Array, row: Row
) -> list[tuple[Box, NDArray[np.bool_]]]:
    """Boxes on the page, and the ink in them, between `cuts` (columns of the strip)."""
    edges = np.concatenate([[0.0], cuts, [strip.image.shape[1]]])
    rooms = _rooms(edges, strip, row)
    if not row.words:
        return [(box, np.zeros((box.height, box.width), bool)) for box in rooms]
    top, left = row.box.y1, row.box.x1
    y, x = np.nonzero(ink)
    part = np.searchsorted(cuts, strip.column(x + left + 0.5, y + top + 0.5))
    order = np.argsort(part, kind="stable")
    ends = np.searchsorted(part[order], np.arange(len(cuts) + 2))
    pieces = []
    for i, (start, end) in enumerate(pairwise(ends)):
        here = order[start:end]
        if len(here) == 0:
            box = rooms[i]
            pieces.append((box, np.zeros((box.height, box.width), bool)))
            continue
        y1, x1 = int(y[here].min()), int(x[here].min())
        y2, x2 = int(y[here].max()) + 1, int(x[here].max()) + 1
        mask = np.zeros((y2 - y1, x2 - x1), bool)
        mask[y[here] - y1, x[here] - x1] = True
        pieces.append((Box(y1 + top, x1 + left, y2 + top, x2 + left), mask))
    return pieces


def _rooms(edges: Array, strip: Strip | GreyStrip, row: Row) -> list[Box]:
    """Boxes on the page between columns of a strip, for characters without ink of their own."""
    x, y = strip.to_page(np.asarray(edges), np.full(len(edges), HEIGHT / 2))
    x1 = np.clip(x[:-1], row.box.x1, row.box.x2 - 1).astype(int)
    x2 = np.clip(np.ceil(x[1:]), x1 + 1, row.box.x2).astype(int)
    if row.course is None:
        foot, tall = row.baseline + row.slope * (x1 + x2) / 2, row.x_height
    else:  # tails and loops as well: no ink says how far they reach here
        foot, tall = (y[:-1] + y[1:]) / 2 + 0.8 * row.x_height, 2.0 * row.x_height
    y1 = np.clip(foot - tall, row.box.y1, row.box.y2 - 1).astype(int)
    y2 = np.clip(foot, y1 + 1, row.box.y2).astype(int)
    return [Box(*(int(v) for v in corners)) for corners in zip(y1, x1, y2, x2, strict=True)]
