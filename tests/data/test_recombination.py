"""Rows put together anew: words are cut at their gaps, and their ink goes with their text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_cli.data import practice
from ocr_cli.data.patches import FINE, ROOM, TALL, Patch, WordSpan
from ocr_cli.data.recombination import recombined, upright_strip, word_spans

INK, PAPER = 30, 220


def row_of_bars(words: list[str], slant: float = 0.0, paper: int = PAPER) -> Patch:
    """A row whose words are bars, ten pixels wide for each character, some 30 apart."""
    image = np.full((TALL, int(2 * ROOM * FINE) + sum(10 * len(w) + 30 for w in words)), paper)
    x, spans = ROOM * FINE, []
    y = np.arange(TALL // 2 - 12, TALL // 2 + 12)
    for word in words:
        spans.append(WordSpan(x, x + 10 * len(word), word))
        for row in y:
            left = round(x - slant * (row - TALL / 2))
            image[row, left : left + 10 * len(word)] = INK
        x += 10 * len(word) + 30
    return Patch(image.astype(np.uint8), slant, " ".join(words), "a hand", tuple(spans))


@pytest.mark.parametrize("slant", [0.0, 0.5, -0.3])
def test_words_are_cut_where_the_paper_shows(slant: float) -> None:
    row = row_of_bars(["to", "be", "cut"], slant)
    middles = [(span.start + span.end) / 2 / FINE - ROOM + 6 for span in row.words]
    places = []
    for word, at in zip(("to", "be", "cut"), middles, strict=True):
        places += [(at - 3, at + 3)] * len(word) + [(at + 3, at + 3)]
    found = word_spans(row, upright_strip(row), np.array(places[:-1]))
    assert [word.text for word in found] == ["to", "be", "cut"]
    for one, true in zip(found, row.words, strict=True):
        assert abs(one.start - true.start) < 4
        assert abs(one.end - true.end) < 4


def test_words_without_a_gap_stay_together() -> None:
    row = row_of_bars(["abcd"])
    strip = upright_strip(row)
    told = Patch(row.image, 0.0, "ab cd", "a hand")
    columns = np.array([(12, 16), (18, 22), (24, 26), (28, 32), (34, 38)])
    assert [word.text for word in word_spans(told, strip, columns)] == ["ab cd"]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), slant=st.floats(-0.6, 0.6))
def test_the_ink_goes_with_the_text(seed: int, slant: float) -> None:
    rows = [row_of_bars(["one", "two"], slant), row_of_bars(["three", "x", "seven"], slant, 200)]
    new = recombined(rows, np.random.default_rng(seed))
    assert set(new.text.split()) <= {"one", "two", "three", "x", "seven"}
    assert new.slant == 0
    middle = new.image[TALL // 2] < 100
    letters = len(new.text.replace(" ", ""))
    assert abs(int(middle.sum()) - 10 * letters) <= 2 * len(new.text.split())
    bars = int((np.diff(middle.astype(int)) == 1).sum())
    assert bars == len(new.text.split())
    margin = new.image[:, : int(ROOM * FINE)]
    assert margin.min() > 150
    assert not middle[: int(ROOM * FINE)].any()


def test_parts_are_of_one_paper() -> None:
    rows = [row_of_bars(["one"]), row_of_bars(["two"], paper=160)]
    for seed in range(20):
        new = recombined(rows, np.random.default_rng(seed))
        assert np.ptp(new.image[4]) <= 2


def test_a_pile_mixes_rows_as_written_and_rows_put_together() -> None:
    rows = [row_of_bars(["one", "two"]), row_of_bars(["three", "four", "five"])]
    alone = Patch(rows[0].image, 0.0, "alone", "")
    pile = practice.pile([*rows, alone], 1.0)
    drawn = pile.draw(400, np.random.default_rng(0))
    written = sum(any(one is row for row in rows) for one in drawn)
    other = sum(one is alone for one in drawn)
    assert 110 < other < 160
    assert 0.5 < written / (400 - other) < 0.7
