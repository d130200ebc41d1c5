"""Reliability of confidences, words that are right, and which items are taken for what."""

from dataclasses import replace

import numpy as np
import pytest

from ocr_cli.data.charset import NIST36
from ocr_cli.data.sets import CharacterSet
from ocr_cli.evaluation import characters as evaluation
from ocr_cli.page import Box, Page, Row, Word
from ocr_cli.training.recipes import PRESETS, fresh_model


def test_confidences_that_come_true_have_no_error() -> None:
    rng = np.random.default_rng(0)
    sure = rng.uniform(0, 1, 200_000)
    found = evaluation.reliability(sure, rng.random(200_000) < sure)
    assert found.error < 0.01
    np.testing.assert_allclose(found.confidence, np.arange(0.05, 1, 0.1), atol=0.01)
    np.testing.assert_allclose(found.right, found.confidence, atol=0.02)


def test_overconfidence_is_measured_in_full() -> None:
    found = evaluation.reliability(np.full(10, 1.0), np.arange(10) < 7)
    assert found.error == pytest.approx(0.3)
    assert found.counts.tolist() == [0] * 9 + [10]
    assert found.right[-1] == pytest.approx(0.7)


def test_nothing_has_no_error() -> None:
    assert evaluation.reliability(np.zeros(0), np.zeros(0, bool)).error == 0


def page(*rows: str) -> Page:
    """A page that reads so; the n-th word has the confidence n / 10."""
    box, number, made = Box(0, 0, 1, 1), 0, []
    for text in rows:
        words = []
        for word in text.split():
            number += 1
            words.append(Word(box, (), word, number / 10))
        made.append(Row(box, tuple(words), 0.0, 1.0, text=text))
    return Page(np.ones((1, 1), np.float32), rows=tuple(made))


@pytest.mark.parametrize(
    ("rows", "truth", "right"),
    [
        (("BUY BREAD", "NOW"), "BUY BREAD\nNOW", [1, 1, 1]),
        (("BUY BRE AD", "NOW"), "BUY BREAD\nNOW", [1, 0, 0, 1]),
        (("BUYBREAD", "NOW"), "BUY BREAD\nNOW", [0, 1]),
        (("THE CAT THE",), "THE DOG AND THE CAT", [1, 1, 0]),
        (("A B",), "", [0, 0]),
        ((), "A B", []),
    ],
)
def test_words_are_right_where_they_stand_in_the_truth(
    rows: tuple[str, ...], truth: str, right: list[int]
) -> None:
    found = evaluation.word_outcomes([page(*rows)], truth)
    assert sum(ok for _, ok in found) == sum(right)
    if rows != ("THE CAT THE",):  # several alignments are as good there
        assert [ok for _, ok in found] == [bool(r) for r in right]
    assert [sure for sure, _ in found] == [pytest.approx((i + 1) / 10) for i in range(len(right))]


def test_mistakes_are_the_items_of_the_pair_surest_first() -> None:
    rng = np.random.default_rng(0)
    data = CharacterSet(rng.random((400, 32, 32), np.float32), rng.integers(0, 36, 400))
    model = fresh_model(replace(PRESETS["homework"], hidden=(8,)), NIST36, 0)
    scores = evaluation.evaluate_characters(model, data)
    probabilities = model.probabilities(data.images)
    np.testing.assert_allclose(scores.confidence, probabilities.max(1), rtol=1e-4)
    for pair in scores.worst:
        items = scores.mistakes(data, pair)
        assert len(items) == pair.count
        assert {NIST36[data.labels[i]] for i in items} == {pair.actual}
        assert {NIST36[probabilities[i].argmax()] for i in items} == {pair.read}
        assert (np.diff(scores.confidence[items]) <= 0).all()
