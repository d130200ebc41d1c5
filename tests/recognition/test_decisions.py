"""Decisions of reading, each by a case that goes the other way where it is changed.

Weights are shown by the odds that they outweigh: what is clearer wins, what is less clear loses.
"""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from ocr_cli import recognition
from ocr_cli.modelfiles.weights import Model
from ocr_cli.nn.ctc import greedy
from ocr_cli.page import Box, Glyph, Page, Row, Word, union
from ocr_cli.recognition import Reader, calibration, fusion, letters, lines
from ocr_cli.recognition.language import languages
from ocr_cli.recognition.language.columns import columns
from ocr_cli.recognition.letters import lattice as lattices
from ocr_cli.recognition.letters.choice import best_text
from ocr_cli.recognition.letters.lattice import Lattice
from ocr_cli.recognition.letters.search import NoLanguage
from ocr_cli.recognition.lines import RowEmissions
from ocr_cli.recognition.lines.beam import LineDecoding, beam_search

# The lattice of letters.


def block(y: int, x: int, height: int, width: int = 10) -> Glyph:
    return Glyph(Box(y, x, y + height, x + width), np.ones((height, width), bool))


def row_of(*glyphs: Glyph) -> Row:
    box = union([glyph.box for glyph in glyphs])
    return Row(box, (Word(box, glyphs),), baseline=120.0, x_height=20.0)


def scored(row: Row, classes: tuple[str, ...], odds: Sequence[float]) -> Lattice:
    """The row's lattice by a model to which every picture is of these classes with these odds."""
    logits = np.log(np.asarray(odds, np.float32))
    model = SimpleNamespace(classes=classes, logits=lambda crops: np.tile(logits, (len(crops), 1)))
    pieces = lattices.take_apart(row, stroke_width=4.0)
    return lattices.score_arcs([pieces], model, 4.0)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(("odds", "read"), [(1.8, "C"), (2.7, "c")])
def test_size_and_place_count_for_half_of_what_they_say(odds: float, read: str) -> None:
    """As high as a capital: five times likelier a C. Of which the root counts, 2.2."""
    (scores,) = scored(row_of(block(90, 0, 30)), ("c", "C"), (odds, 1)).scores
    assert "cC"[scores.argmax()] == read


@pytest.mark.parametrize("gap", [5, 10])
def test_a_gap_inside_a_letter_costs_what_it_measures(gap: int) -> None:
    """Odds of 13 for an x-height: 1.9 for a quarter of it, 3.7 for half."""
    near, apart = (
        scored(row_of(block(100, 0, 20), block(100, 10 + space, 20, 12 - space)), ("n",), (1,))
        for space in (0, gap)
    )
    costs = [one.scores[(one.starts == 0) & (one.ends == 2)].item() for one in (near, apart)]
    assert np.exp((costs[0] - costs[1]) * 20 / gap) == pytest.approx(13.5, rel=0.15)


# Which rows are read by letters as well.


def read_row(text: str, sure: float) -> Row:
    box = Box(0, 0, 10, 100)
    return Row(box, (Word(box, (), text, sure),), 8.0, 5.0, text=text, confidence=sure)


@pytest.mark.parametrize(
    ("sure", "mixed", "doubted"),
    [
        *[(0.2, False, True), (0.97, False, True), (0.9999, False, False)],
        *[(0.2, True, True), (0.8, True, True), (0.97, True, False)],
    ],
)
def test_rows_that_the_line_models_are_not_sure_of_are_in_doubt(
    sure: float, mixed: bool, doubted: bool
) -> None:
    """Their own confidence, before that is calibrated; two together are as sure sooner."""
    assert recognition.in_doubt(read_row("maybe", sure), mixed, None) == doubted


@pytest.mark.parametrize(("text", "doubted"), [("THE HOUSE", False), ("THE HOVSE", True)])
def test_of_listed_words_less_makes_sure(text: str, doubted: bool) -> None:
    language = recognition.load_language("en")
    assert recognition.in_doubt(read_row(text, 0.97), False, language) == doubted
    assert recognition.in_doubt(read_row(text, 0.2), False, language)


@pytest.mark.parametrize(
    ("text", "capital"),
    [
        ("BUY 3 EGGS", True),
        ("ABCDEFGd", True),  # one misread letter
        ("McDONALD", True),
        ("Mrs A B", False),  # three of five
        ("Flat 4 B", False),
        ("-- !", False),
        ("", False),
    ],
)
def test_a_row_in_block_capitals(text: str, capital: bool) -> None:
    assert recognition.mostly_capitals(read_row(text, 0.5)) == capital


def test_pieces_of_ink_to_a_letter() -> None:
    found = row_of(*(block(100, 20 * k, 20) for k in range(6)))
    assert recognition.pieces_a_letter(found, read_row("two one", 0.5)) == 1
    assert recognition.pieces_a_letter(found, read_row("", 0.5)) == 6


@pytest.mark.parametrize(
    ("text", "sure", "pieces", "by_letters"),
    [
        ("HELLO", 0.5, 5, True),  # block capitals in doubt, whose letters stand apart
        ("HELLO", 0.5, 3, False),  # joined up
        ("HELLO", 0.99999, 5, False),  # the line model is sure
        ("hello", 0.5, 5, False),
    ],
)
def test_which_rows_are_read_by_letters_too(
    monkeypatch: pytest.MonkeyPatch, text: str, sure: float, pieces: int, by_letters: bool
) -> None:
    page = Page(np.ones((200, 200), np.float32), ink=np.zeros((200, 200), bool))
    page = replace(page, rows=(row_of(*(block(100, 20 * k, 20) for k in range(pieces))),))
    asked: list[str] = []

    def read_rows(rows: Sequence[Row], *_: object) -> list[Row]:
        asked.extend(text for _ in rows)
        return [read_row(text, 0.9) for _ in rows]

    monkeypatch.setattr(lines, "emissions_of", lambda *_: [emissions(0.9)])
    monkeypatch.setattr(lines, "decoded", lambda seen, *_: [read_row(text, sure)] * len(seen))
    monkeypatch.setattr(letters, "lattices_of", lambda page, _: [None] * len(page.rows))
    monkeypatch.setattr(letters, "read_rows", read_rows)
    model = Model("line", ("a", "b"), (), (), {})
    recognition.read_page(page, Reader(model, model))
    assert bool(asked) == by_letters


@pytest.mark.parametrize(
    ("legible", "kept"),
    [
        ((0.9, 0.9, 0.66), 3),  # of a clear page 0.6 is asked for, and no more
        ((0.9, 0.9, 0.58), 2),
        ((0.7, 0.7, 0.52), 3),  # of one that is half clear 0.72 of what is usual
        ((0.7, 0.7, 0.48), 2),
        ((0.5, 0.5, 0.43), 3),  # of a poor one what is legible at all
        ((0.5, 0.5, 0.40), 2),
    ],
)
def test_how_legible_a_row_has_to_be(legible: tuple[float, ...], kept: int) -> None:
    rows = tuple(replace(read_row("x", 0.5), legibility=value) for value in legible)
    page = Page(np.ones((10, 100), np.float32), rows=rows)
    assert len(recognition.without_doubtful(page).rows) == kept


# Two networks on one page.


def emissions(sure: float, width: int = 500) -> RowEmissions:
    """A row of ten steps at which the first network says "b", and is that sure."""
    rest = (1 - sure) / 2
    strip = SimpleNamespace(image=np.zeros((48, width), np.float32))
    scores = np.log(np.tile(np.float32([rest, sure, rest]), (10, 1)))
    ink = np.zeros((1, 1), bool)
    return RowEmissions(read_row("b", sure), ink, strip, scores)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second", "width", "has_a_say"),
    [
        (0.90, 0.95, 500, True),
        (0.90, 0.88, 500, True),  # about as sure
        (0.90, 0.85, 500, False),  # an old hand, of which pen strokes know nothing
        (0.90, 0.95, 300, False),  # four words: too little to tell
    ],
)
def test_when_the_second_network_has_a_say(
    monkeypatch: pytest.MonkeyPatch, first: float, second: float, width: int, has_a_say: bool
) -> None:
    """Of four rows. It says "a" where the first says "b"."""
    rest = (1 - second) / 2
    says = np.log(np.tile(np.float32([second, rest, rest]), (10, 1)))
    monkeypatch.setattr(fusion, "sorted_scores", lambda strips, _: [says] * len(strips))
    model = Model("line", ("a", "b"), (), (), {})
    seen = [emissions(first, width)] * 4
    mixed = fusion.fused(seen, model, model)
    assert {one.mixed for one in mixed} == {has_a_say}
    texts = {"".join("ab"[k] for k in greedy(one.scores)) for one in mixed}
    assert texts == ({"a"} if has_a_say else {"b"})


@pytest.mark.parametrize(("sure", "read"), [(0.45, "b"), (0.65, "a")])
def test_the_second_network_has_two_thirds_of_the_say(sure: float, read: str) -> None:
    """The first is sure of b; the second takes it from there once it's sure enough of a."""
    first = np.log(np.float32([[0.005, 0.99, 0.005]]))
    second = np.log(np.float32([[sure, (1 - sure) / 4, 0.75 * (1 - sure)]]))
    (found,) = fusion.mixed(first, second, [0, 1, 2])
    assert "ab"[found[:2].argmax()] == read
    assert np.exp(found).sum() == pytest.approx(1)


def test_what_the_second_network_does_not_know_it_cannot_forbid() -> None:
    first = np.log(np.float32([[0.01, 0.98, 0.01]]))
    (found,) = fusion.mixed(first, np.log(np.float32([[0.02, 0.98]])), [0, 2])
    assert np.exp(found[1]) == pytest.approx(0.35 * 0.98, rel=0.01)


# What decides between readings.


def evidence(letter_a: float, line_a: float) -> tuple[Lattice, np.ndarray]:
    """One piece of ink that is A to the letter model and to the line model with these odds."""
    scores = np.log([[letter_a, 1 - letter_a]])
    space_odds = np.array([-np.inf, -np.inf])
    lattice = Lattice(
        (block(0, 0, 10),), np.array([0]), np.array([1]), scores, space_odds, ("A", "B")
    )
    return lattice, np.log([[line_a, 1 - line_a - 1e-6, 1e-6]]).astype(np.float32)


def odds(ratio: float) -> float:
    return ratio / (1 + ratio)


@pytest.mark.parametrize(("line_a", "chosen"), [(5, "B"), (8, "A")])
def test_what_letters_and_lines_weigh(line_a: float, chosen: str) -> None:
    """Letters in full, the line 0.6: against a third, 5 count as 2.6 and 8 as 3.5."""
    found = best_text(("A", "B"), *evidence(odds(1 / 3), odds(line_a)), ("A", "B"), None)
    assert "AB"[found] == chosen


class Prefers(NoLanguage):
    """A language in which "b" is so many times as likely as any other character."""

    def __init__(self, times: float) -> None:
        super().__init__()
        self.gain = np.float32(np.log(times))

    def log_probabilities(self, states: np.ndarray) -> np.ndarray:
        rows = super().log_probabilities(states) - self.gain
        rows[:, self.alphabet.index("b")] = 0
        return rows

    def log_probabilities_of(self, states: np.ndarray, chars: np.ndarray) -> np.ndarray:
        return np.take_along_axis(self.log_probabilities(states), chars, 1)


@pytest.mark.parametrize(("times", "read"), [(6, "a"), (14, "b")])
def test_of_what_the_language_says_the_root_counts(times: float, read: str) -> None:
    """The network is three times as sure of a: nine times as likely a b is even."""
    scores = np.log(np.float32([[0.74, 0.25, 0.01]]))
    (found,) = beam_search([scores], ("a", "b"), Prefers(times), LineDecoding())
    assert "".join("ab"[k] for k in found) == read


def test_a_character_costs_what_keeps_texts_from_being_short() -> None:
    """In doubt whether something is there, it is: e to 1.1 is 3 to 1."""
    for there, read in ((0.35, "a"), (0.2, "")):
        scores = np.log(np.float32([[there, 1e-6, 1 - there]]))
        (found,) = beam_search([scores], ("a", "b"), None, LineDecoding())
        assert "".join("ab"[k] for k in found) == read


def test_a_character_that_the_language_does_not_know_is_rare_but_can_be() -> None:
    """As rare as one of a thousand, whatever the language would have said."""
    known = columns("abc", "aé").of(np.log(np.float32([[0.2, 0.5, 0.3]])))
    np.testing.assert_allclose(np.exp(known), [[0.2, 0.001]], rtol=0.1)


@pytest.mark.parametrize(
    ("bits", "name"),
    [
        ({"en": 104.0, "fr": 100.0}, "en"),  # English, unless another is clearly better
        ({"en": 108.0, "fr": 100.0}, "fr"),
        ({"fr": 104.0, "de": 100.0}, "de"),
    ],
)
def test_which_language_a_page_is_in(bits: dict[str, float], name: str) -> None:
    assert languages.near(bits)[0] == name


def test_legibility_is_of_what_is_written_not_of_the_paper() -> None:
    scores = np.log(np.float32([[0.01, 0.01, 0.98]] * 30 + [[0.6, 0.3, 0.1]] * 2))
    assert lines.legibility(scores) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("odds", "right"),
    [
        (calibration.LINES, 0.71),
        (calibration.MIXED, 0.92),
        (calibration.SETTLED, 0.95),
        (calibration.LETTERS, 0.92),
    ],
)
def test_how_many_are_right_of_the_words_that_are_given_nine_tenths(
    odds: tuple[float, float], right: float
) -> None:
    """As counted on gnhk/valid, copiste/valid and pages/dev, to some hundredths."""
    assert calibration.calibrated(read_row("word", 0.9), odds).confidence == pytest.approx(
        right, abs=0.03
    )
