"""CTC: loss and gradient against every path, alignment, greedy reading."""

import itertools

import numpy as np
import pytest

from ocr_cli.nn import ctc
from ocr_cli.nn.gradient_check import central_differences
from ocr_cli.nn.losses import log_softmax


def collapse(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    """What a path says: repeats as one, blanks left out."""
    return tuple(k for k, _ in itertools.groupby(path) if k != blank)


def by_all_paths(scores: np.ndarray) -> dict[tuple[int, ...], float]:
    """Log-probability of every text, summed over every path of (T, C) scores."""
    steps, classes = scores.shape
    totals: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(classes), repeat=steps):
        text = collapse(path, classes - 1)
        found = float(scores[np.arange(steps), path].sum())
        totals[text] = float(np.logaddexp(totals.get(text, -np.inf), found))
    return totals


@pytest.mark.parametrize("target", [[], [0], [0, 0], [2, 1], [0, 1, 0], [1, 1, 1]])
def test_loss_sums_over_every_path(target: list[int]) -> None:
    logits = 2 * np.random.default_rng(0).standard_normal((1, 5, 4))
    loss, _ = ctc.ctc_loss(logits, np.array([5]), [np.array(target, int)])
    assert loss == pytest.approx(-by_all_paths(log_softmax(logits[0]))[tuple(target)], abs=1e-9)


def test_gradient_of_a_padded_batch_matches_central_differences() -> None:
    logits = np.random.default_rng(1).standard_normal((3, 6, 4))
    lengths, targets = np.array([6, 4, 3]), [np.array([0, 0, 2]), np.array([1]), np.array([], int)]
    _, slope = ctc.ctc_loss(logits, lengths, targets)
    numeric = central_differences(lambda: ctc.ctc_loss(logits, lengths, targets)[0], logits)
    np.testing.assert_allclose(slope, numeric, atol=1e-7)
    assert not slope[1, 4:].any()


def test_a_text_without_room_has_no_loss_and_no_slope() -> None:
    logits = np.random.default_rng(2).standard_normal((2, 3, 4))
    loss, slope = ctc.ctc_loss(logits, np.array([3, 3]), [np.array([0, 0, 0]), np.array([1])])
    alone, _ = ctc.ctc_loss(logits[1:], np.array([3]), [np.array([1])])
    assert loss == pytest.approx(alone)
    assert np.isfinite(slope).all()
    assert not slope[0].any()


def test_alignment_is_the_best_of_all_paths_of_its_text() -> None:
    rng = np.random.default_rng(3)
    targets = ([0], [1, 1], [], [0, 2, 1], [0, 1])
    scores = [log_softmax(2 * rng.standard_normal((n, 4))) for n in (6, 6, 4, 6, 3)]
    found = ctc.forced_alignment(scores, [np.array(target, int) for target in targets])
    for target, one, spans in zip(targets, scores, found, strict=True):
        steps = len(one)
        every = itertools.product(range(4), repeat=steps)
        paths = [p for p in every if collapse(p, 3) == (*target,)]
        best = max(paths, key=lambda p: one[np.arange(steps), p].sum())
        runs = [(k, len(list(run))) for k, run in itertools.groupby(best)]
        ends = np.cumsum([n for _, n in runs])
        right = [[int(end - n), int(end)] for (k, n), end in zip(runs, ends, strict=True) if k != 3]
        assert spans.tolist() == right


def test_greedy_drops_repeats_and_blanks() -> None:
    path = [2, 0, 0, 2, 0, 1, 1, 2]
    assert ctc.greedy(np.eye(3)[path]).tolist() == [0, 0, 1]
    assert ctc.greedy(np.eye(3)[[2, 2]]).tolist() == []


def test_long_lines_are_aligned() -> None:
    """More states than a small integer counts: a line of 100 characters has 201."""
    target = np.arange(100) % 3
    scores = np.full((300, 4), -5.0)
    scores[np.arange(300), np.repeat(target, 3)] = 0.0
    (spans,) = ctc.forced_alignment([scores], [target])
    np.testing.assert_array_equal(spans, np.stack([np.arange(100), np.arange(1, 101)], 1) * 3)
