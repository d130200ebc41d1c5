"""How a hand parts words: what is learnt of it, and what that does to language and lattices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_cli import layout, recognition
from ocr_cli.page import Box, Glyph, Page
from ocr_cli.recognition.language import languages, states_along
from ocr_cli.recognition.letters import habit
from ocr_cli.recognition.letters.align import Alignment
from ocr_cli.recognition.letters.habit import Gaps, Habit
from ocr_cli.recognition.letters.lattice import Lattice
from ocr_cli.recognition.letters.search import LatticeDecoding
from ocr_cli.training.adaptation import hand
from ocr_cli.training.adaptation import letters as hand_letters
from ocr_cli.training.adaptation.copies import Copy

LETTER, FIGURE, SIGN = range(3)
SPACED = ("1 5 : 3 0", "2 8 0 7 9", "( 2 1 2 )")
lines = st.lists(st.text("ab AB12.,:\n".replace("\n", ""), min_size=1).map(str.strip), max_size=6)


@pytest.fixture(scope="module")
def english():
    return recognition.load_language("en")


def gaps(text: str, odds: float = 0.0) -> Gaps:
    """A line whose gaps all look alike."""
    return Gaps(tuple(text.split()), np.full(len(text.replace(" ", "")) - 1, odds))


@settings(deadline=None, max_examples=30)
@given(lines, st.text("ab AB12.,:", max_size=8))
def test_a_hands_language_is_a_language(english, texts: list[str], prefix: str) -> None:
    own = Habit(counts=habit.count_spaces(texts)).language(english)
    state = int(states_along(english, english.encode(prefix))[-1])
    rows = own.log_probabilities(np.array([state, own.start()]))
    np.testing.assert_allclose(np.exp(rows).sum(1), 1, atol=1e-3)
    usual = english.log_probabilities(np.array([state]))[0]
    others = [i for i, c in enumerate(english.alphabet) if c != " "]
    shift = (rows[0] - usual)[others]  # alike for all that is no space
    np.testing.assert_allclose(shift, shift[0], atol=1e-3)


def test_spaces_are_expected_where_the_hand_leaves_them(english) -> None:
    own = Habit(counts=habit.count_spaces(SPACED)).language(english)
    assert own.score("4 2 : 7") > english.score("4 2 : 7") + 2
    assert own.score("42:7") < english.score("42:7")
    assert own.score("a word") == pytest.approx(english.score("a word"), abs=0.2)


def test_who_writes_as_most_do_has_no_habit_of_spaces(english) -> None:
    """However much is known of the hand, where words end is for the language to say."""
    prose = ["please feed the dog twice a day", "we went to the market on Sunday"] * 20
    own = habit.learn(prose, [], english, LatticeDecoding())
    spaces = Habit(own.odds, own.counts, own.expected).language(english)
    for text in ("nobody knows what the matter was", "and then the rain began to fall"):
        assert spaces.score(text) == pytest.approx(english.score(text), abs=1.0)


def test_a_hand_that_parts_figures_is_known_by_what_was_expected(english) -> None:
    known = habit.learn(SPACED, [], english, LatticeDecoding())
    own = Habit(known.odds, known.counts, known.expected).language(english)
    assert own.score("4 2 : 7") > english.score("4 2 : 7") + 2
    assert own.score("42:7") < english.score("42:7")


def test_without_a_habit_all_stays_as_it_was(english) -> None:
    none = Habit()
    assert none.language(english) is english
    assert none.language(None) is None
    one = lattice_of([0.0, 0.0, 0.0])
    assert none.lattices([one], LatticeDecoding()) == [one]
    assert Habit(counts=habit.count_spaces(SPACED)).language(None) is None


def test_the_odds_say_between_which_kinds_a_hand_leaves_spaces() -> None:
    written = [*(gaps(text, -2.0) for text in SPACED), gaps("existence", -9.0)]
    known = habit.learn((), written, None, LatticeDecoding())
    assert known.odds[FIGURE, FIGURE] > 2
    assert known.odds[SIGN, FIGURE] > 1
    assert known.odds[LETTER, LETTER] < 0
    usual = habit.learn(
        (), [gaps("existence", -20.0), gaps("15:30", -20.0)], None, LatticeDecoding()
    )
    assert np.abs(usual.odds).max() < 1


def test_what_language_and_gaps_say_already_is_no_habit(english) -> None:
    line = "the cat sat on the mat"
    word = np.repeat(np.arange(6), [len(w) for w in line.split()])
    plain = Gaps(tuple(line.split()), np.where(np.diff(word) > 0, 12.0, -12.0))
    assert np.abs(habit.learn([line], [plain], english, LatticeDecoding()).odds).max() < 0.3


def test_words_alone_do_not_forbid_spaces() -> None:
    words = [gaps("existence", 0.0), gaps("EXPERT", 0.0), gaps("Warsaw", 0.0)]
    known = habit.learn((), words, None, LatticeDecoding())
    assert known.odds.min() == habit.LEAST


@given(st.floats(0, 1))
def test_half_way_to_a_habit(share: float) -> None:
    first = habit.learn(SPACED, map(gaps, SPACED), None, LatticeDecoding())
    other = habit.learn(["a word"], [gaps("a word")], None, LatticeDecoding())
    part = first.towards(other, share)
    np.testing.assert_allclose(part.odds, (1 - share) * first.odds + share * other.odds)
    assert part.counts.sum() == pytest.approx(
        (1 - share) * first.counts.sum() + share * other.counts.sum(), rel=1e-4
    )


def test_what_was_known_before_stays_known() -> None:
    first = habit.learn(SPACED, map(gaps, SPACED), None, LatticeDecoding())
    more = habit.learn(["existence"], [gaps("existence", -20.0)], None, LatticeDecoding(), first)
    np.testing.assert_allclose(more.odds, first.odds, atol=0.05)
    assert more.counts.sum() == first.counts.sum()
    again = habit.learn(SPACED, map(gaps, SPACED), None, LatticeDecoding(), first)
    assert again.odds[FIGURE, FIGURE] > first.odds[FIGURE, FIGURE]


@given(lines)
def test_nothing_that_a_line_says_is_too_odd_to_learn(texts: list[str]) -> None:
    said = [text for text in texts if text.split()]
    known = habit.learn(said, [gaps(text) for text in said], None, LatticeDecoding())
    assert np.isfinite(known.odds).all()
    assert known.counts.sum() == sum(len(text) + 1 for text in said if " " in text)


def test_a_character_that_the_language_does_not_know(english) -> None:
    known = habit.learn(["né 5"], [gaps("né 5")], english, LatticeDecoding())
    assert np.isfinite(known.odds).all()


def lattice_of(space_odds: list[float]) -> Lattice:
    """Two atoms, each surely a figure or surely a letter."""
    atoms = tuple(Glyph(Box(0, x, 9, x + 5), np.ones((9, 5), bool)) for x in (0, 10))
    scores = np.log(np.array([[0.998, 0.001, 0.001], [0.998, 0.001, 0.001]], np.float32))
    starts, ends = np.array([0, 1]), np.array([1, 2])
    return Lattice(atoms, starts, ends, scores, np.array(space_odds, np.float32), ("7", "a", "."))


def test_a_lattices_odds_are_shifted_where_such_kinds_meet() -> None:
    odds = np.zeros((3, 3))
    odds[FIGURE, FIGURE] = 3.0
    weights = LatticeDecoding(space=0.5)
    (shifted,) = Habit(odds).lattices([lattice_of([-np.inf, -4.0, -np.inf])], weights)
    assert shifted.space_odds[1] == pytest.approx(-4.0 + 3.0 / 0.5, abs=0.05)
    assert np.isneginf(shifted.space_odds[[0, 2]]).all()
    assert shifted.space_odds.dtype == np.float32


def test_gaps_between_letters_that_were_found() -> None:
    atoms = tuple(Glyph(Box(0, x, 9, x + 5), np.ones((9, 5), bool)) for x in (0, 10, 20, 30))
    starts = np.arange(4)
    lattice = Lattice(
        atoms,
        starts,
        starts + 1,
        np.zeros((4, 2), np.float32),
        np.array([-np.inf, 1.0, 2.0, 3.0, -np.inf], np.float32),
        ("a", "b"),
    )
    sure = np.array([1.0, 1.0, 0.2, 1.0])
    alignment = Alignment(("ab", "ab"), np.array([0, 0, 1, 1]), starts, sure, sure)
    found = habit.gaps_of(lattice, alignment)
    assert found.text == "ab ab"
    np.testing.assert_array_equal(found.odds, [1.0, np.nan, np.nan])


def test_what_a_hand_wrote_is_kept_and_helps_to_read_it(english) -> None:
    known = habit.learn(["Dear Quirinus,", "1 5"], [], english, LatticeDecoding())
    again = habit.from_arrays(known.arrays())
    assert again.lines == known.lines == ("Dear Quirinus,", "1 5")
    own = again.language(english)
    assert own.score("Quirinus") > english.score("Quirinus") + 3
    assert languages.code_of(own) == "en"
    more = habit.learn(["and more"], [], english, LatticeDecoding(), again)
    assert more.lines == (*known.lines, "and more")
    assert Habit().towards(more, 0.5).lines == more.lines
    arrays = known.arrays()
    del arrays["lines"], arrays["expected"]  # as files were
    older = habit.from_arrays(arrays)
    assert older.lines == ()
    assert not older.expected.any()


@pytest.mark.parametrize("change", ["name", "shape", "nan", "negative", "lines", "expected"])
def test_arrays_that_are_no_habit(change: str) -> None:
    arrays = habit.learn(SPACED, map(gaps, SPACED), None, LatticeDecoding()).arrays()
    again = habit.from_arrays(arrays)
    np.testing.assert_array_equal(again.odds, arrays["odds"])
    match change:
        case "name":
            arrays["more"] = arrays.pop("odds")
        case "shape":
            arrays["odds"] = arrays["odds"][:2]
        case "nan":
            arrays["odds"] = arrays["odds"] * np.nan
        case "negative":
            arrays["counts"] = arrays["counts"] - 1
        case "expected":
            arrays["expected"] = arrays["expected"][:3]
        case "lines":
            arrays["lines"] = arrays["lines"].astype(np.int64)
    with pytest.raises(ValueError, match="habit"):
        habit.from_arrays(arrays)


def test_a_line_shows_what_another_taught(handwriting) -> None:
    """Drawn without spaces, and said to have them: no picture tells, the hand does."""
    drawn = ("93:71", "existence", "28079", "EXPERT", "82:97")  # no times: those are words
    texts = ["9 3 : 7 1", "existence", "2 8 0 7 9", "EXPERT", "8 2 : 9 7"]
    grey = np.asarray(handwriting(*drawn, seed=3).convert("L"), np.float32) / 255
    copy = Copy(layout.analyse(Page(grey, "page.png")), "\n".join(texts))
    reader = recognition.load_reader("letters", "en")
    still = hand_letters.LetterPractice(steps=1, lr=0.0, copies=1, hands=1)
    learnt = hand.learn_hand([copy], reader, np.random.default_rng(0), still)
    assert learnt.share == 1
    read = hand.texts_of_rows(copy.page, range(5), learnt.reader)
    for said, text in zip(texts, read, strict=True):
        assert text.count(" ") == said.count(" ")


@given(st.lists(st.text("aB1.", min_size=1, max_size=9), min_size=2, max_size=12))
def test_every_line_is_in_one_fold(texts: list[str]) -> None:
    dealt = hand.folds(texts)
    assert sorted(k for fold in dealt for k in fold) == list(range(len(texts)))
    sizes = [len(fold) for fold in dealt]
    assert max(sizes) - min(sizes) <= 1


def test_lines_of_one_kind_are_in_different_folds() -> None:
    texts = ["1 5", "word", "other", "2 1 2", "WORD", "third", "last"]
    (a, b) = (next(i for i, fold in enumerate(hand.folds(texts)) if k in fold) for k in (0, 3))
    assert a != b
