"""Fine-tuning of a line model on grey strips: real rows, typefaces and pen strokes mixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli import parallel
from ocr_cli.data import practice, recombination
from ocr_cli.data.charset import WESTERN
from ocr_cli.data.patches import Patch
from ocr_cli.data.practice import GreySource, Pile
from ocr_cli.data.synthesis.stock import room_needed
from ocr_cli.layout.strips import HEIGHT
from ocr_cli.modelfiles.weights import Model
from ocr_cli.nn import ctc, network
from ocr_cli.nn.layers import BatchNorm, Conv2d, Dense, Dropout, Layer, Params
from ocr_cli.nn.network import Layers, Weights, normed
from ocr_cli.nn.sequence import BiGru, Columns
from ocr_cli.recognition.lines import STRIDE, sorted_scores
from ocr_cli.training import background
from ocr_cli.training import lines as training_lines
from ocr_cli.training.lines import Held, LineRecipe

Array = NDArray[Any]
DROPOUT = 0.1  # after each layer that is wide
ONWARD = 9e-4  # highest learning rate where the start reads grey strips already
_AT_ONCE = 200  # rows that are aligned together


def grey_layers(classes: int) -> Layers:
    """(N, 48, W, 1) strips to (N, W / 4, classes + 1) logits: convolutions, two BiGRUs, CTC.

    `training_lines.line_layers`, wider and with one convolution more, so that it can start from
    such a network's weights, see `widened`.
    """
    return (
        *training_lines.STEM,
        *normed(Conv2d(64, 128)),
        Dropout(DROPOUT / 2),
        *normed(Conv2d(128, 128)),
        Columns(),
        Dropout(DROPOUT),
        *normed(Dense(6 * 128, 256)),
        Dropout(DROPOUT),
        BiGru(256, 192),
        Dropout(DROPOUT),
        BiGru(384, 192),
        Dropout(DROPOUT),
        Dense(384, classes + 1),
    )


def widened(model: Model, classes: Sequence[str], rng: np.random.Generator) -> Weights:
    """Initialise `grey_layers` from a smaller line model, so that it gives nearly the same logits.

    Old units keep their weights; new units start at random, and what goes from new to old ones
    is scaled down to a tenth. After T. Chen, I. Goodfellow and J. Shlens, Net2Net, ICLR 2016.
    ValueError where the model's layers are not `training_lines.line_layers`.
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
    extra = next(i for i in places if layers[i] == Conv2d(128, 128))
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
    """Make a convolution the identity, plus a tenth of its random weights."""
    weights = params["weights"] * np.float32(0.1)
    middle = weights.shape[0] // 2
    weights[middle, middle] += np.eye(weights.shape[2], dtype=weights.dtype)
    return {"weights": weights, "bias": params["bias"]}


def _grown(new: Layer, fresh: Params, layer: Layer, params: Params) -> Params:
    """Copy a layer's weights into a wider one's, whose new inputs reach old outputs by a tenth."""
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
    """`_grown` for a BiGru, in place: gates and directions lie side by side in its arrays."""
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


def _renamed(fresh: Params, params: Params, old: Sequence[str], new: Sequence[str]) -> Params:
    """Copy the output layer class by class, the blank last; new classes get a bias of -6."""
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
    """Set every batch norm, in place, to the identity on (N, 48, W) strips.

    Mean and variance are those of the strips, scale and shift undo them.
    """
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


def recipe(seconds: float, seed: int, device: str = "auto") -> LineRecipe:
    """The recipe for `seconds` on a CPU."""
    return LineRecipe(
        seconds=seconds,
        device=device,
        columns=12_000,
        lr=1.4e-3,
        decay=0.02,
        averaging=0.9985,
        warmup=0.015,
        report_every=500,
        seed=seed,
    )


def on_gpu(how: LineRecipe) -> LineRecipe:
    """Adapt a recipe to a GPU: batches of some 500 strips, and a learning rate to match."""
    return replace(how, columns=400_000, lr=3e-3, decay=0.03, averaging=0.999, warmup=0.04)


def with_words(rows: Sequence[Patch], model: Model) -> list[Patch]:
    """Cut rows into words by a line model's forced alignment; what it cannot align has none."""
    place = {c: k for k, c in enumerate(model.classes)}
    found: list[Patch] = []
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        strips = [recombination.upright_strip(row) for row in part]
        told = [
            i
            for i, (row, strip) in enumerate(zip(part, strips, strict=True))
            if set(row.text) <= place.keys() and room_needed(row.text) <= strip.shape[1] // STRIDE
        ]
        targets = [np.array([place[c] for c in part[i].text], np.int64) for i in told]
        aligned = ctc.forced_alignment(sorted_scores([strips[i] for i in told], model), targets)
        words = {
            i: recombination.word_spans(part[i], strips[i], STRIDE * spans)
            for i, spans in zip(told, aligned, strict=True)
        }
        found += [replace(row, words=words.get(i, ())) for i, row in enumerate(part)]
    return found


def _cut(one: Pile, model: Model) -> Pile:
    """Cut the words of a pile of transcribed rows; a pile with drawn ones stays as it is."""
    real = [item for item in one.items if item.hand and item.image.shape[0] != HEIGHT]
    return practice.pile(with_words(real, model), one.share) if len(real) == len(one.items) else one


def train_rows(
    piles: Sequence[Pile],
    held: Mapping[str, Sequence[Patch]],
    start: Model,
    how: LineRecipe,
    folder: Path,
    resume: bool = False,
    on_report: Callable[[dict[str, Any]], None] | None = None,
) -> Model:
    """Fine-tune `start` on the piles; see `training_lines.train_run`.

    A model of WESTERN goes on at ONWARD at most; one of fewer classes is `widened`. On a GPU all
    other cores draw strips. held : held-out rows by the names that reports give their CER.
    """
    from ocr_cli.nn.torch.backend import is_gpu

    rng = np.random.default_rng(how.seed)
    processes = 1
    if len(start.classes) == len(WESTERN):
        how = replace(how, lr=min(how.lr, ONWARD))
    if is_gpu(how.device):
        how, processes = on_gpu(how), max(1, parallel.cores() - 1)
    pool = max(1200, how.columns // 100)
    source = GreySource([_cut(one, start) for one in piles], how.columns, pool)
    layers, weights = _beginning(start, source, rng)
    run = training_lines.Run(how, folder, resume, WESTERN, layers, weights)
    measured = {
        name: [Held(batch, ()) for batch in practice.as_found(rows)] for name, rows in held.items()
    }
    batches = background.in_background(
        lambda number: source.batches(np.random.default_rng([how.seed, run.step, 5, number])),
        processes,
    )
    return training_lines.train_run(run, batches, measured, on_report)


def _beginning(
    start: Model, source: GreySource, rng: np.random.Generator
) -> tuple[Layers, Weights]:
    """The layers and the initial weights, batch norms settled on a first batch."""
    layers = grey_layers(len(WESTERN))
    first = next(source.batches(rng)).images
    if len(start.classes) == len(WESTERN):
        weights = _with_norms(layers, start)
    else:
        weights = widened(start, WESTERN, rng)
    settle(layers, weights, first)
    return layers, weights


def _with_norms(layers: Layers, start: Model) -> Weights:
    """Put the weights of a model that was fused for use into layers with batch norms."""
    fresh = list(network.init(layers, np.random.default_rng(0)))
    kept = (p for layer, p in zip(start.layers, start.weights, strict=True) if layer.trainable)
    for i, layer in enumerate(layers):
        if layer.trainable and not isinstance(layer, BatchNorm):
            fresh[i] = {name: value.copy() for name, value in next(kept).items()}
    return tuple(fresh)
