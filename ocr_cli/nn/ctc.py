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
    return np.asarray(best[starts(best, scores.shape[-1] - 1)])


def starts(best: Array, blank: int) -> Array:
    """The steps at which the characters of a path of class numbers begin."""
    new = np.flatnonzero(np.diff(best, prepend=-1))
    return new[best[new] != blank]


def forced_alignment(scores: Sequence[Array], targets: Sequence[Array]) -> list[Array]:
    """(L, 2) first step and end of each character on each target's most probable path.

    scores : N times (T, C) log-probabilities; targets : N times (L,) class numbers, L at most T
    less the number of equal neighbours.
    """
    if not scores:
        return []
    states, _, skips = _extended(targets, scores[0].shape[1] - 1)
    lengths = np.array([len(one) for one in scores])
    emitted = np.full((int(lengths.max()), *states.shape), NEVER, np.float32)
    for i, one in enumerate(scores):
        emitted[: len(one), i] = one[:, states[i]]
    best, moves = _best_moves(emitted, skips, lengths)
    rows, last = np.arange(len(scores)), np.array([2 * len(target) for target in targets])
    state = last - (best[rows, last] < best[rows, np.maximum(last - 1, 0)])
    paths = np.empty((len(emitted), len(scores)), np.int64)
    for t in range(len(emitted) - 1, -1, -1):
        paths[t] = state
        state = state - moves[t, rows, state]
    return [
        _spans(path[:length], len(target))
        for path, length, target in zip(paths.T, lengths, targets, strict=True)
    ]


def _best_moves(emitted: Array, skips: Array, lengths: Array) -> tuple[Array, Array]:
    """(N, S) scores of the best path to each state, and (T, N, S) states that each step moves on.

    emitted : (T, N, S). Once a row's steps are over it stays where it is.
    """
    steps, n, size = emitted.shape
    best = np.full((n, size), NEVER, np.float32)
    best[:, :2] = emitted[0, :, :2]
    moves = np.zeros((steps, n, size), np.int8)
    skipped = np.full_like(best, NEVER)
    for t in range(1, steps):
        near = best.copy()
        near[:, 1:] = np.maximum(best[:, 1:], best[:, :-1])
        moves[t] = near > best
        skipped[:, 2:] = np.where(skips[:, 2:], best[:, :-2], NEVER)
        np.copyto(moves[t], 2, where=skipped > near)
        going = (lengths > t)[:, None]
        moves[t] *= going
        best = np.where(going, np.maximum(near, skipped) + emitted[t], best)
    return best, moves


def _spans(path: Array, count: int) -> Array:
    """(count, 2) where each character begins and ends on a path of states, which never fall."""
    characters = 2 * np.arange(count) + 1
    first, end = (np.searchsorted(path, characters, side) for side in ("left", "right"))
    missing = first == end
    return np.stack([np.where(missing, 0, first), np.where(missing, 1, end)], 1)
