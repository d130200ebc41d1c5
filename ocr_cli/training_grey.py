"""Training of a line model on grey strips: real rows, typefaces and pen strokes side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data import lines, patches
from ocr_cli.data.charset import WESTERN
from ocr_cli.data.lines import Batch
from ocr_cli.data.patches import Patch, Strain
from ocr_cli.layout.strips import HEIGHT
from ocr_cli.nn import network
from ocr_cli.nn.layers import BatchNorm, Conv2d, Dense, Dropout, Layer, MaxPool2d, Params, Relu
from ocr_cli.nn.network import Layers, Weights
from ocr_cli.nn.sequence import BiGru, Columns
from ocr_cli.weights import Model

Array = NDArray[Any]


def grey_layers(classes: int, dropout: float = 0.2) -> Layers:
    """(N, 48, W, 1) strips to (N, W / 4, classes + 1) logits: convolutions, two BiGRUs, CTC.

    `training_lines.line_layers`, wider and with one convolution more, so that it can start from
    such a network's weights, see `widened`.
    """
    return (
        Conv2d(1, 16, size=5, stride=2),
        BatchNorm(16),
        Relu(),
        Conv2d(16, 32),
        BatchNorm(32),
        Relu(),
        MaxPool2d(),
        Conv2d(32, 64),
        BatchNorm(64),
        Relu(),
        MaxPool2d(2, 1),
        Conv2d(64, 128),
        BatchNorm(128),
        Relu(),
        Dropout(dropout / 2),
        Conv2d(128, 128),
        BatchNorm(128),
        Relu(),
        Columns(),
        Dropout(dropout),
        Dense(6 * 128, 256),
        BatchNorm(256),
        Relu(),
        Dropout(dropout),
        BiGru(256, 192),
        Dropout(dropout),
        BiGru(384, 192),
        Dropout(dropout),
        Dense(384, classes + 1),
    )


def widened(model: Model, classes: Sequence[str], rng: np.random.Generator) -> Weights:
    """Weights of `grey_layers` that read as a smaller line model does, with room to learn.

    Old units keep what they do; new ones start at random and are not yet listened to. After
    T. Chen, I. Goodfellow and J. Shlens, Net2Net, ICLR 2016.
    """
    layers = grey_layers(len(classes))
    fresh = list(network.init(layers, rng))
    old = [
        (layer, params)
        for layer, params in zip(model.layers, model.weights, strict=True)
        if layer.trainable
    ]
    places = [i for i, layer in enumerate(layers) if layer.trainable]
    places = [i for i in places if not isinstance(layers[i], BatchNorm)]
    extra = next(i for i in places if isinstance(layers[i], Conv2d) and layers[i].inputs == 128)
    fresh[extra] = _identity(fresh[extra])
    places.remove(extra)
    if len(old) != len(places):
        raise ValueError("the line model to start from has other layers")
    for i, (layer, params) in zip(places, old, strict=True):
        fresh[i] = _grown(layers[i], fresh[i], layer, params)
    last = places[-1]
    fresh[last] = _renamed(fresh[last], old[-1][1], model.classes, classes)
    return tuple(fresh)


def _identity(params: Params) -> Params:
    """A convolution that hands on what it gets, and a little of what is around."""
    weights = params["weights"] * np.float32(0.1)
    middle = weights.shape[0] // 2
    weights[middle, middle] += np.eye(weights.shape[2], dtype=weights.dtype)
    return {"weights": weights, "bias": params["bias"]}


def _grown(new: Layer, fresh: Params, layer: Layer, params: Params) -> Params:
    """The old block in its place; old outputs do not listen to new inputs."""
    grown = {name: value.copy() for name, value in fresh.items()}
    if isinstance(new, Conv2d):
        c, d = params["weights"].shape[2:]
        grown["weights"][:, :, c:, :d] *= np.float32(0.1)
        grown["weights"][:, :, :c, :d] = params["weights"]
        grown["bias"][:d] = params["bias"]
    elif isinstance(new, BiGru) and isinstance(layer, BiGru):
        _grow_gru(grown, new, params, layer)
    elif isinstance(new, Dense) and isinstance(layer, Dense) and new.inputs == 6 * 128:
        rows = (np.arange(6)[:, None] * 128 + np.arange(96)).ravel()
        other = np.setdiff1d(np.arange(new.inputs), rows)
        d = layer.outputs
        grown["weights"][np.ix_(rows, np.arange(d))] = params["weights"]
        grown["weights"][np.ix_(other, np.arange(d))] *= np.float32(0.1)
        grown["bias"][:d] = params["bias"]
    return grown


def _grow_gru(grown: Params, new: BiGru, params: Params, old: BiGru) -> None:
    u, v = old.units, new.units
    gates = (np.arange(3)[:, None] * v + np.arange(u)).ravel()
    # a second layer's inputs are two directions side by side
    inputs = np.arange(old.inputs)
    if old.inputs == 2 * u:
        inputs = np.concatenate([np.arange(u), v + np.arange(u)])
    others = np.setdiff1d(np.arange(new.inputs), inputs)
    units = np.arange(u)
    for d in range(2):
        grown["weights"][d][np.ix_(inputs, gates)] = params["weights"][d]
        grown["weights"][d][np.ix_(others, gates)] *= np.float32(0.1)
        grown["recurrent"][d][np.ix_(units, gates)] = params["recurrent"][d]
        grown["recurrent"][d][np.ix_(np.arange(u, v), gates)] *= np.float32(0.1)
        for name in ("bias", "recurrent_bias"):
            grown[name][d][gates] = params[name][d]


def _renamed(
    fresh: Params, params: Params, old: Sequence[str], new: Sequence[str]
) -> Params:
    """The last layer: classes by their names, the blank last; new ones are rare at first."""
    weights, bias = fresh["weights"] * np.float32(0.3), np.full_like(fresh["bias"], -6.0)
    half, wide = params["weights"].shape[0] // 2, weights.shape[0] // 2
    rows = np.concatenate([np.arange(half), wide + np.arange(half)])
    place = {c: i for i, c in enumerate(new)}
    pairs = [(place[c], i) for i, c in enumerate(old)] + [(len(new), len(old))]
    for to, at in pairs:
        weights[rows, to] = params["weights"][:, at]
        bias[to] = params["bias"][at]
    return {"weights": weights, "bias": bias}


def settle(layers: Layers, weights: Weights, strips: Array) -> None:
    """Sets every batch norm, in place, so that on these strips it changes nothing yet."""
    x: Array = strips[..., None]
    for layer, params in zip(layers, weights, strict=True):
        if isinstance(layer, BatchNorm):
            flat = x.reshape(-1, layer.channels)
            params["mean"][:] = flat.mean(0)
            params["variance"][:] = flat.var(0)
            params["scale"][:] = np.sqrt(params["variance"] + layer.epsilon)
            params["shift"][:] = params["mean"]
        else:
            x, _ = layer.forward(params, x)


@dataclass(frozen=True)
class Pile:
    """Rows of one origin; `share` of all that is practised comes from it.

    items are patches to bend, or strips that were bent when drawn (48 high).
    """

    items: Sequence[Patch] = field(repr=False)
    share: float


@dataclass(frozen=True)
class GreySource:
    """Draws batches of strips from piles."""

    piles: Sequence[Pile]
    columns: int = 12000
    pool: int = 1200
    strain: Strain = field(default_factory=Strain)

    def batches(self, rng: np.random.Generator) -> Iterator[Batch]:
        """Without end: strips of like width together, at most `columns` pixels a batch."""
        shares = np.array([pile.share for pile in self.piles])
        while True:
            counts = rng.multinomial(self.pool, shares / shares.sum())
            drawn = [
                pile.items[i]
                for pile, count in zip(self.piles, counts, strict=True)
                for i in rng.integers(len(pile.items), size=count)
            ]
            rough = np.array([width_of(item) for item in drawn]) * rng.uniform(0.9, 1.1, len(drawn))
            order = np.argsort(rough)
            groups = list(_groups(rough[order], self.columns))
            for k in rng.permutation(len(groups)):
                batch = self._batch([drawn[i] for i in order[groups[k]]], rng)
                if batch.labels:
                    yield batch

    def _batch(self, items: Sequence[Patch], rng: np.random.Generator) -> Batch:
        strips = []
        for item in items:
            other = None
            if rng.random() < 0.12:
                other = items[int(rng.integers(len(items)))]
            strips.append(practice(item, other, rng, self.strain))
        kept = [
            (strip, item.text)
            for strip, item in zip(strips, items, strict=True)
            if strip.shape[1] // 4 >= lines.room_needed(item.text)
        ]
        return packed([s for s, _ in kept], [t for _, t in kept])


def practice(
    item: Patch, other: Patch | None, rng: np.random.Generator, strain: Strain
) -> NDArray[np.float32]:
    """A strip of an item, bent if it is a patch, and shaded."""
    beside = None
    if item.image.shape[0] == HEIGHT:
        dark = item.image.astype(np.float32) / np.float32(255)
        if other is not None and other.image.shape[0] == HEIGHT:
            beside = other.image.astype(np.float32) / np.float32(255)
        return patches.shaded(dark, beside, rng)
    if other is not None and other.image.shape[0] != HEIGHT:
        return patches.strip_of(item, other, rng, strain)
    return patches.strip_of(item, None, rng, strain)


def width_of(item: Patch) -> int:
    """About how wide an item's strip is."""
    high, wide = item.image.shape
    return int(wide if high == HEIGHT else wide / patches.FINE)


def _groups(widths: Array, columns: int, most: int = 96) -> Iterator[slice]:
    start = 0
    while start < len(widths):
        end = start + 1
        while end < len(widths) and end - start < most:
            if (widths[end] + 20) * (end + 1 - start) > columns:
                break
            end += 1
        yield slice(start, end)
        start = end


def packed(strips: Sequence[NDArray[np.float32]], texts: list[str]) -> Batch:
    """Strips side by side, padded with paper to the widest."""
    widths = np.array([s.shape[1] // 4 * 4 for s in strips], np.int64)
    images = np.zeros((len(strips), HEIGHT, int(widths.max(initial=0))), np.float32)
    for image, strip, width in zip(images, strips, widths, strict=True):
        image[:, :width] = strip[:, :width]
    return Batch(images, widths, texts)


def as_found(items: Sequence[Patch], seed: int = 0) -> list[Batch]:
    """Strips without variation to speak of, to measure by."""
    rng = np.random.default_rng(seed)
    strips = [_plain(item, rng) for item in items]
    order = np.argsort([s.shape[1] for s in strips])
    widths = np.array([strips[i].shape[1] for i in order], float)
    return [
        packed([strips[i] for i in order[group]], [items[i].text for i in order[group]])
        for group in _groups(widths, 8000)
    ]


def _plain(item: Patch, rng: np.random.Generator) -> NDArray[np.float32]:
    if item.image.shape[0] == HEIGHT:
        return item.image.astype(np.float32) / np.float32(255)
    from ocr_cli.layout.courses import darkness
    from ocr_cli.layout.strips import MIDDLE

    return darkness(patches.bent(item, rng, patches.AS_FOUND), MIDDLE)


CLASSES = WESTERN
_ = pairwise
