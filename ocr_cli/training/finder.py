"""Trains the row finder: crops of pages, drawn anew for every step, for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.rowcrops import CropVariation, PageSizes, Target, draw_crop
from ocr_cli.layout.normalise import evened
from ocr_cli.nn import network
from ocr_cli.nn.layers import Conv2d, Layer
from ocr_cli.nn.network import Layers, Weights, normed
from ocr_cli.nn.torch.finder import FinderTrainer

_DILATIONS = (1, 2, 4, 8, 2)


@dataclass(frozen=True)
class FinderRecipe:
    """The recipe of a row finder; a side is in pixels of the shrunk page."""

    seconds: float
    batch: int = 12
    side: int = 320
    rate: float = 3e-3
    warm_up: int = 200  # steps
    decay: float = 1e-3
    averaging: float = 0.999
    backs: float = 0.25  # share of the crops through which a back page shows
    seed: int = 19


def finder_layers() -> Layers:
    """A page at full size to 4 x 6 numbers for every 8 x 8 pixels, see `layout.finder`."""
    first, second, wide = 12, 24, 64
    layers: list[Layer] = []
    for inputs, outputs, size in ((1, first, 5), (first, second, 3), (second, wide, 3)):
        layers += normed(Conv2d(inputs, outputs, size, stride=2))
    for dilation in _DILATIONS:
        layers += normed(Conv2d(wide, wide, 3, dilation=dilation))
    return (*layers, Conv2d(wide, 24, 1))


def train_finder(
    parts: Sequence[tuple[float, Sequence[PageSizes]]],
    fills: Sequence[PageSizes],
    recipe: FinderRecipe,
    report: Callable[[int, float, float, float], None],
    keep: Callable[[Weights], Any],
) -> Weights:
    """The weights after so many seconds.

    parts : shares of the crops, and the pages that they come from. fills : pages without
    writing, which lie beyond the edges of the others. `report` gets step, both losses and
    seconds every 100 steps; `keep` the weights every 1,000.
    """
    rng = np.random.default_rng(recipe.seed)
    layers = finder_layers()
    trainer = FinderTrainer(layers, network.init(layers, rng), recipe.decay, recipe.averaging)
    began, step = time.monotonic(), 0
    losses = np.zeros(2)
    while (spent := time.monotonic() - began) < recipe.seconds:
        batch = draw_crops(parts, fills, recipe, rng)
        rate = recipe.rate * min(1, (step + 1) / recipe.warm_up)
        rate *= 0.5 + 0.5 * np.cos(np.pi * spent / recipe.seconds)
        losses += trainer.step(*batch, rate=rate)
        step += 1
        if step % 100 == 0:
            report(step, losses[0] / 100, losses[1] / 100, time.monotonic() - began)
            losses[:] = 0
        if step % 1000 == 0:
            keep(trainer.weights())
    return trainer.weights()


def draw_crops(
    parts: Sequence[tuple[float, Sequence[PageSizes]]],
    fills: Sequence[PageSizes],
    recipe: FinderRecipe,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Pictures (B, s, s, 1), and the kinds, log spreads and weights of their cells."""
    shares = np.array([share for share, _ in parts])
    pictures: list[NDArray[np.float32]] = []
    targets: list[Target] = []
    for _ in range(recipe.batch):
        sheets = parts[int(rng.choice(len(parts), p=shares / shares.sum()))][1]
        sheet = sheets[int(rng.integers(len(sheets)))]
        back = sheets[int(rng.integers(len(sheets)))] if rng.random() < recipe.backs else None
        if back is not None and not (back.page.courses and sheet.page.courses):
            back = None
        grey, target = draw_crop(sheet, fills, recipe.side, rng, CropVariation(), back)
        pictures.append(evened(grey))
        targets.append(target)
    kind = np.stack([t.kind for t in targets])
    none = 1 - kind.sum(-1, keepdims=True)
    kind = np.concatenate([none, kind], -1)
    spreads = np.stack([t.log_spread for t in targets])
    return np.stack(pictures)[..., None], kind, spreads, np.stack([t.weight for t in targets])
