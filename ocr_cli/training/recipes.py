"""Named settings for training: the homework's own, and what we found to work better."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ocr_cli.modelfiles.weights import CLASSIFIERS, Model
from ocr_cli.nn import network
from ocr_cli.nn.network import Layers
from ocr_cli.training.autoencoder import deep_layers, relu_layers
from ocr_cli.training.characters import Recipe, convnet, mlp, plain_mlp


@dataclass(frozen=True)
class Preset:
    """A kind of network, its size, and how to train it."""

    kind: str
    hidden: tuple[int, ...]
    recipe: Recipe
    channels: tuple[int, int, int] = (0, 0, 0)  # a convnet's
    dropout: float = 0.0
    augment: bool = True
    plain: bool = False  # the homework's units, without batch norm


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
    "homework": Preset("mlp", (64,), Recipe(), augment=False, plain=True),
    "mlp": Preset("mlp", (640, 256), replace(_MODERN, epochs=100), dropout=0.3),
    "convnet": Preset("convnet", (256,), _CONVNET, channels=(24, 48, 96), dropout=0.15),
    "context": Preset("context", (), _CONTEXT),
    "autoencoder": Preset("autoencoder", (512, 256, 32, 256, 512), _AUTOENCODER),
    "homework-autoencoder": Preset(
        "autoencoder",
        (32, 32, 32),
        Recipe(epochs=100, batch_size=36, lr=3e-5, momentum=0.9),
        augment=False,
        plain=True,
    ),
}
HOMEWORK = {"mlp": "homework", "autoencoder": "homework-autoencoder"}  # by kind


def layers_of(preset: Preset, classes: int) -> Layers:
    """The layers that a preset asks for."""
    if preset.kind == "convnet":
        return convnet(preset.channels, preset.hidden[0], classes, preset.dropout)
    if preset.kind == "autoencoder":
        return relu_layers(preset.hidden) if preset.plain else deep_layers(preset.hidden)
    if preset.plain:
        return mlp(preset.hidden, classes)
    return plain_mlp(preset.hidden, classes, preset.dropout)


def fresh_model(preset: Preset, classes: tuple[str, ...], seed: int) -> Model:
    """An untrained model with weights drawn from `seed`; an autoencoder takes no classes."""
    layers = layers_of(preset, len(classes))
    weights = network.init(layers, np.random.default_rng([seed, 0]))
    return Model(preset.kind, classes if preset.kind in CLASSIFIERS else (), layers, weights)
