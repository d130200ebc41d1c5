"""Connectionist temporal classification: the loss, greedy paths, alignment, beam search.

A. Graves, S. Fernández, F. Gomez, J. Schmidhuber, ICML 2006. The blank is the last class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.nn.losses import log_softmax

Array = NDArray[Any]
NEVER = -1e30  # the logarithm of no probability, still safe to add to


def ctc_loss(logits: Array, lengths: Array, targets: Sequence[Array]) -> tuple[float, Array]:
    """CTC loss in nats, summed over a batch, and its gradient for the logits.

    logits : (N, T, C) of which item n counts `lengths[n]` steps; targets : N arrays of
    class numbers. An item whose target does not fit into its steps has no loss and no slope.
    """
    n, steps, classes = logits.shape
    lengths = np.asarray(lengths)
    scores = log_softmax(logits)
    states, valid, skips = _extended(targets, classes - 1)
    emitted = np.take_along_axis(scores, np.repeat(states[:, None], steps, 1), 2)
    emitted = np.where(valid[:, None], emitted, NEVER)
    last = np.array([2 * len(target) for target in targets])
    ahead = _forward(emitted, skips)
    ends = np.stack([last, np.maximum(last - 1, 0)], 1)
    final = np.take_along_axis(ahead[np.arange(n), lengths - 1], ends, 1)
    final[last == 0, 1] = NEVER
    total = np.logaddexp(final[:, 0], final[:, 1])
    fits = total > NEVER / 2
    behind = _backward(emitted, skips, lengths, ends)
    joint = ahead + behind - emitted - total[:, None, None]
    alive = (np.arange(steps) < lengths[:, None]) & fits[:, None]
    posterior = np.exp(np.minimum(joint, 0.0)) * (alive[:, :, None] & valid[:, None])
    slope = np.exp(scores) * alive[:, :, None]
    for s in range(states.shape[1]):
        np.subtract.at(
            slope,
            (np.arange(n)[:, None], np.arange(steps)[None], states[:, s : s + 1]),
            posterior[:, :, s],
        )
    return -float(total[fits].sum()), slope


def _extended(targets: Sequence[Array], blank: int) -> tuple[Array, Array, Array]:
    """(N, S) states blank, c1, blank, c2, …, blank; which are meant; which may follow by a skip."""
    size = 2 * max((len(target) for target in targets), default=0) + 1
    states = np.full((len(targets), size), blank)
    for row, target in zip(states, targets, strict=True):
        row[1 : 2 * len(target) : 2] = target
    valid = np.arange(size) <= np.array([2 * len(target) for target in targets])[:, None]
    skips = np.zeros(states.shape, bool)
    skips[:, 2:] = (states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])
    return states, valid, skips


def _forward(emitted: Array, skips: Array) -> Array:
    """(N, T, S) log-probabilities of all beginnings of paths that are in a state at a step."""
    ahead = np.full_like(emitted, NEVER)
    ahead[:, 0, :2] = emitted[:, 0, :2]
    for t in range(1, emitted.shape[1]):
        before = ahead[:, t - 1]
        reach = before.copy()
        reach[:, 1:] = np.logaddexp(reach[:, 1:], before[:, :-1])
        reach[:, 2:] = np.logaddexp(reach[:, 2:], np.where(skips[:, 2:], before[:, :-2], NEVER))
        ahead[:, t] = np.maximum(reach + emitted[:, t], NEVER)
    return ahead


def _backward(emitted: Array, skips: Array, lengths: Array, ends: Array) -> Array:
    """(N, T, S) log-probabilities of all ends of paths from a state at a step on."""
    n, steps, size = emitted.shape
    behind = np.full_like(emitted, NEVER)
    rows = np.arange(n)[:, None]
    after = np.full((n, size), NEVER, emitted.dtype)
    for t in range(steps - 1, -1, -1):
        reach = after.copy()
        reach[:, :-1] = np.logaddexp(reach[:, :-1], after[:, 1:])
        reach[:, :-2] = np.logaddexp(reach[:, :-2], np.where(skips[:, 2:], after[:, 2:], NEVER))
        starts = (lengths - 1 == t)[:, None]
        fresh = np.full_like(reach, NEVER)
        fresh[rows, ends] = 0.0
        reach = np.where(starts, fresh, reach)
        after = np.maximum(reach + emitted[:, t], NEVER)
        after[lengths - 1 < t] = NEVER
        behind[:, t] = after
    return behind


def greedy(scores: Array) -> Array:
    """(T, C) scores to class numbers: the best of each step, repeats and blanks dropped.

    Two of a kind in a row need a blank between them:

    >>> a, b, blank = np.eye(3)
    >>> greedy(np.stack([a, a, blank, a, b, b])).tolist()
    [0, 0, 1]
    """
    best = scores.argmax(-1)
    kept = best[np.flatnonzero(np.diff(best, prepend=-1))]
    return np.asarray(kept[kept != scores.shape[-1] - 1])


def align(scores: Array, target: Array) -> Array:
    """(L, 2) first step and end of each character on the target's most probable path.

    scores : (T, C) log-probabilities; target : (L,) class numbers, L at most T less the
    number of equal neighbours.
    """
    states, _, skips = _extended([target], scores.shape[1] - 1)
    emitted = scores[:, states[0]].astype(np.float64)
    steps, size = emitted.shape
    best = np.full(size, NEVER)
    best[:2] = emitted[0, :2]
    move = np.zeros((steps, size), np.int8)
    at = np.arange(size)
    for t in range(1, steps):
        options = np.full((3, size), NEVER)
        options[0] = best
        options[1, 1:] = best[:-1]
        options[2, 2:] = np.where(skips[0, 2:], best[:-2], NEVER)
        move[t] = options.argmax(0)
        best = options[move[t], at] + emitted[t]
    state = size - 1 if size == 1 or best[-1] >= best[-2] else size - 2
    path = np.empty(steps, np.int64)
    for t in range(steps - 1, -1, -1):
        path[t] = state
        state -= int(move[t, state])
    spans = np.zeros((len(target), 2), np.int64)
    for i in range(len(target)):
        inside = np.flatnonzero(path == 2 * i + 1)
        spans[i] = (inside[0], inside[-1] + 1) if len(inside) else (0, 1)
    return spans
