"""Letters in the company of the others that the same hand wrote.

One shape has several names, o, O and 0 or l, I and 1; which one it is in a hand shows in that
hand's other letters: how tall they are, which shapes there are beside it, whether there are
figures at all. All letters of a writer therefore pass through a small network together, whose
items look at each other (P. Sarkar and G. Nagy, Style consistent classification of isogenous
patterns, TPAMI 27 (2005); J. Lee et al., Set transformer, ICML 2019).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ocr_cli.nn import network
from ocr_cli.nn.attention import FeedForward, LayerNorm, SelfAttention
from ocr_cli.nn.layers import Dense, Dropout, Layer
from ocr_cli.nn.losses import log_softmax
from ocr_cli.nn.network import Layers, Weights

Floats = NDArray[np.float32]
_MOST = 1500  # items that look at each other at a time: cost grows with the square
_LEAST_LOG = np.float32(-8)


@dataclass(frozen=True)
class Context:
    """The network that a hand's letters pass through together: (N, features) to (N, C).

    What it gives is added to the logits of each letter alone.
    """

    layers: Layers
    weights: Weights = field(repr=False, compare=False)


def context_layers(features: int, width: int, classes: int, dropout: float) -> Layers:
    """Two rounds in which the items look at each other; features as `features` gives them."""
    blocks: list[Layer] = [Dense(features, width), Dropout(dropout)]
    for _ in range(2):
        blocks += [SelfAttention(width, 4, dropout), FeedForward(width, 2 * width, dropout)]
    return (*blocks, LayerNorm(width), Dense(width, classes))


def features(hidden: Floats, logits: Floats, sizes: Floats) -> Floats:
    """(N, H + C + 6) what is known of each letter alone.

    hidden : (N, H) what the classifier's last layer saw; logits : (N, C) what it made of that;
    sizes : (N, 6), see `weights.size_features`. All are brought to like scales.
    """
    logs = np.maximum(log_softmax(logits), _LEAST_LOG) / np.float32(4)
    return np.concatenate([hidden * np.float32(0.3), logs, sizes], 1)


def in_context(context: Context, known: Floats, writers: NDArray[np.int64]) -> Floats:
    """(N, C) what to add to the logits of N letters, by their (N, F) features and writers (N,)."""
    added = [
        (some, network.forward(context.layers, context.weights, known[some]))
        for some in companies(writers)
    ]
    out = np.empty((len(known), added[0][1].shape[1] if added else 0), np.float32)
    for some, logits in added:
        out[some] = logits
    return out


def companies(writers: NDArray[np.int64], most: int = _MOST) -> Iterator[NDArray[np.int64]]:
    """The items of each of (N,) writers, dealt out evenly where there are more than `most`."""
    order = np.argsort(writers, kind="stable")
    _, starts = np.unique(writers[order], return_index=True)
    for items in np.split(order, starts[1:]):
        parts = -(-len(items) // most)
        yield from (items[k::parts] for k in range(parts))
