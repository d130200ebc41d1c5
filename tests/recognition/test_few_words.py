"""A page of few words gets the language in whose words it is read likeliest."""

import numpy as np
import pytest

from ocr_cli import recognition
from ocr_cli.data.charset import WESTERN
from ocr_cli.layout.strips import HEIGHT, Strip
from ocr_cli.page import Box, Row
from ocr_cli.recognition import few_words
from ocr_cli.recognition.few_words import likeliest
from ocr_cli.recognition.language import languages
from ocr_cli.recognition.language.languages import Languages
from ocr_cli.recognition.lines import RowEmissions, greedy_texts


def seen(first: str, second: str) -> list[RowEmissions]:
    """A row that the network reads as `first`, and at nearly the same odds as `second`."""
    scores = np.full((2 * len(first), len(WESTERN) + 1), 1e-6)
    scores[::2, -1] = 1
    for i, (a, b) in enumerate(zip(first, second, strict=True)):
        scores[2 * i + 1, WESTERN.index(a)] += 0.52
        scores[2 * i + 1, WESTERN.index(b)] += 0.46
    image = np.zeros((HEIGHT, 8 * len(first)), np.float32)
    return [
        RowEmissions(
            Row(Box(0, 0, HEIGHT, image.shape[1]), 30.0, 0.0, ()),
            np.zeros(image.shape, bool),
            Strip(image, np.eye(2, 3)),
            np.log(scores / scores.sum(1, keepdims=True)).astype(np.float32),
        )
    ]


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ("Wohlsclorf", "Wöhlsndorf", "de"),
        ("Mullerweg", "Müllerweg", "de"),
        ("recu hier", "reçu hier", "fr"),
        ("mañana", "manana", "es"),
        ("harbour", "barbour", "en"),
        ("hand", "kand", "en"),
        ("x", "y", "en"),
    ],
)
def test_the_likeliest_language_is_taken(first: str, second: str, code: str) -> None:
    page = seen(first, second)
    assert greedy_texts(page, WESTERN) == [first]
    assert likeliest(page, WESTERN, Languages()) == code


@pytest.mark.parametrize(("length", "code"), [(40, "de"), (41, "en")])
def test_up_to_how_many_characters_words_are_few(
    monkeypatch: pytest.MonkeyPatch, length: int, code: str
) -> None:
    monkeypatch.setattr(few_words, "likeliest", lambda *_: "de")
    text = "the old house by the water is what they want"[:length]
    reader = recognition.Reader(None, None, Languages())
    language = recognition._language(seen(text, text), WESTERN, reader)
    assert languages.code_of(language) == code
