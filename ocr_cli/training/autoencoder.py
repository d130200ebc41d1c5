"""Autoencoders: pictures through a few numbers and back, and how much of them is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr_cli.modelfiles import kinds
from ocr_cli.modelfiles.kinds import PIXELS
from ocr_cli.modelfiles.weights import Model, load_network
from ocr_cli.nn.layers import Dense, Invert, Layer, Relu, sigmoid
from ocr_cli.nn.network import Layers, normed

LEAST_ERROR = 1e-10  # mean squared; what is nearer counts as 100 dB

Floats = NDArray[np.float32]


def relu_layers(hidden: tuple[int, ...]) -> Layers:
    """1024 - hidden - 1024 with ReLUs: the homework's at hidden = (32, 32, 32).

    The last layer gives logits: the loss, and `reconstruct`, take their sigmoids.
    """
    layers: list[Layer] = []
    for inputs, outputs in pairwise((PIXELS, *hidden)):
        layers += [Dense(inputs, outputs), Relu()]
    return (*layers, Dense(hidden[-1], PIXELS))


def deep_layers(hidden: tuple[int, ...]) -> Layers:
    """1024 - hidden - 1024 on ink as signal, with batch norm and ReLUs around a linear code.

    The code is the smallest of the hidden layers; without a ReLU there none of its numbers is
    lost for a picture (G. Hinton and R. Salakhutdinov, Science 313, 2006).
    """
    code = hidden.index(min(hidden))
    layers: list[Layer] = [Invert()]
    for i, (inputs, outputs) in enumerate(pairwise((PIXELS, *hidden))):
        layer = Dense(inputs, outputs)
        layers += [layer] if i == code else normed(layer)
    return (*layers, Dense(hidden[-1], PIXELS))


def load_autoencoder(name: str | Path) -> Model:
    """The autoencoder of that name or path; ModelError where it is none, or is damaged."""
    return load_network(name, kinds.with_goal(kinds.RECONSTRUCT))


def code_size(model: Model) -> int:
    """The number of outputs of the narrowest layer: all that comes back is made from these."""
    return min(layer.outputs for layer in model.layers if isinstance(layer, Dense))


def reconstruct(model: Model, pictures: Floats) -> Floats:
    """(N, 32, 32) pictures, 0 ink to 1 paper, as the autoencoder gives them back."""
    columns = sigmoid(model.logits(pictures)).reshape(-1, 32, 32)
    return np.ascontiguousarray(columns.transpose(0, 2, 1))


def picture_error(found: Floats, true: Floats) -> float:
    """Summed over a picture, mean over N pictures (N, 32, 32)."""
    return float(np.square(found - true).sum()) / max(1, len(true))


def psnr(found: Floats, true: Floats) -> Floats:
    """(N,) peak signal-to-noise ratio in dB of N pictures with values from 0 to 1.

    The same as `skimage.metrics.peak_signal_noise_ratio` of each with data_range=1.
    """
    off = (found - true).reshape(len(true), -1)
    error: Floats = np.square(off).mean(1)
    return np.asarray(-10 * np.log10(np.maximum(error, LEAST_ERROR)), np.float32)


@dataclass(frozen=True)
class Components:
    """The mean picture (D,), and the directions (K, D) in which pictures differ most."""

    mean: Floats = field(repr=False)
    directions: Floats = field(repr=False)

    def reconstruct(self, pictures: Floats) -> Floats:
        """The pictures by their K coordinates alone, cut to 0 to 1 as no ink is blacker."""
        flat = pictures.reshape(len(pictures), -1) - self.mean
        again = flat @ self.directions.T @ self.directions + self.mean
        return np.clip(again, 0, 1).astype(np.float32).reshape(pictures.shape)


def principal_components(pictures: Floats, count: int) -> Components:
    """The `count` principal components of (N, 32, 32) pictures (H. Hotelling 1933).

    Of all linear codes of so many numbers the one with the least squared error.
    """
    flat = pictures.reshape(len(pictures), -1)
    mean = flat.mean(0)
    off = flat - mean
    _, directions = np.linalg.eigh(off.T @ off)  # by rising variance
    return Components(mean, np.ascontiguousarray(directions[:, : -count - 1 : -1].T))
