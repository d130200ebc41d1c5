"""Named settings for training: the homework's own, and what we found to work better."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ocr_cli.errors import UsageError
from ocr_cli.modelfiles import kinds
from ocr_cli.modelfiles.weights import Model, shapes_of
from ocr_cli.nn import network
from ocr_cli.nn.network import Layers
from ocr_cli.training.autoencoder import deep_layers, relu_layers
from ocr_cli.training.characters import Recipe, convnet, mlp, plain_mlp

MOST_WEIGHTS = 100_000_000  # of a network: training takes some five times their 0.4 GB


@dataclass(frozen=True)
class Preset:
    """A kind of network, its size, and how to train it.

    layers : makes the network, of this preset and the number of classes.
    """

    kind: str
    layers: Callable[[Preset, int], Layers]
    hidden: tuple[int, ...]
    recipe: Recipe
    channels: tuple[int, int, int] = (0, 0, 0)  # a convnet's
    dropout: float = 0.0
    augment: bool = True


_MODERN = Recipe(
    epochs=60,
    batch_size=64,
    lr=0.002,
    optimiser="adam",
    decay=0.01,
    schedule="cosine",
    smoothing=0.1,
    averaging=0.998,
)

_CONVNET = replace(_MODERN, epochs=40, batch_size=128, lr=0.003, smoothing=0.05)
_CONTEXT = replace(
    _MODERN, epochs=120, batch_size=250, lr=0.001, decay=0.05, smoothing=0.02, averaging=0.999
)
_AUTOENCODER = replace(_MODERN, smoothing=0.0, averaging=0.0)


PRESETS = {
    "homework": Preset(
        "mlp", lambda own, classes: mlp(own.hidden, classes), (64,), Recipe(), augment=False
    ),
    "mlp": Preset(
        "mlp",
        lambda own, classes: plain_mlp(own.hidden, classes, own.dropout),
        (640, 256),
        replace(_MODERN, epochs=100),
        dropout=0.3,
    ),
    "convnet": Preset(
        "convnet",
        lambda own, classes: convnet(own.channels, own.hidden[0], classes, own.dropout),
        (256,),
        _CONVNET,
        channels=(24, 48, 96),
        dropout=0.15,
    ),
    "context": Preset("context", lambda *_: (), (), _CONTEXT),  # its layers are the data's to say
    "autoencoder": Preset(
        "autoencoder",
        lambda own, _: deep_layers(own.hidden),
        (512, 256, 32, 256, 512),
        _AUTOENCODER,
    ),
    "homework-autoencoder": Preset(
        "autoencoder",
        lambda own, _: relu_layers(own.hidden),
        (32, 32, 32),
        Recipe(epochs=100, batch_size=36, lr=3e-5, momentum=0.9),
        augment=False,
    ),
}
HOMEWORK = {"mlp": "homework", "autoencoder": "homework-autoencoder"}  # by kind


def preset(name: str) -> Preset:
    """The preset of that name: one of PRESETS, or one that a kind has brought along."""
    brought = (kind.presets[name] for kind in kinds.KINDS.values() if name in kind.presets)
    found = PRESETS.get(name) or next(brought)
    if not isinstance(found, Preset):
        raise TypeError(f"{name} is no preset")
    return found


def fresh_model(preset: Preset, classes: tuple[str, ...], seed: int) -> Model:
    """An untrained model with weights drawn from `seed`; an autoencoder takes no classes.

    UsageError where it would be larger than memory well is.
    """
    layers = preset.layers(preset, len(classes))
    count = sum(math.prod(shape) for params in shapes_of(layers) for shape in params.values())
    if count > MOST_WEIGHTS:
        problem = f"a network of {count:,} weights; {MOST_WEIGHTS:,} are the most"
        raise UsageError(problem, "choose smaller layers with --hidden or --channels")
    weights = network.init(layers, np.random.default_rng([seed, 0]))
    own = classes if kinds.KINDS[preset.kind].classifies else ()
    return Model(preset.kind, own, layers, weights)
