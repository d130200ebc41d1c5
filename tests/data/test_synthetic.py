import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_cli.data.synthesis import synthetic
from ocr_cli.errors import InputError

PRINTABLE = [chr(code) for code in range(33, 127)]
characters = st.sampled_from(PRINTABLE)
seeds = st.integers(0, 2**32 - 1)


def rng(seed=0):
    return np.random.default_rng(seed)


def box(strokes):
    points = np.concatenate(strokes)
    return points.min(0), points.max(0)


def test_every_printable_character_has_a_form():
    table = synthetic.allographs()
    assert sorted(table) == PRINTABLE
    for forms, shares in table.values():
        assert len(forms) == len(shares) >= 1
        assert np.all(np.diff(shares, prepend=0) > 0)
        assert shares[-1] == 1


def test_letters_that_hands_write_differently_have_several_forms():
    table = synthetic.allographs()
    assert all(len(table[char][0]) >= 2 for char in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    strokes = {char: {len(form.starts) - 1 for form in table[char][0]} for char in "1I47JZ0"}
    assert strokes == {"1": {1, 2}, "I": {1, 3}, "4": {1, 2}, "7": {1, 2}} | {
        "J": {1, 2},  # with and without a bar
        "Z": {1, 2},
        "0": {1, 2},  # the slashed one
    }


def test_a_notation_of_corners_and_control_points():
    form = synthetic._parse("0,0 12,0 ; 0,12 ~0,0 ~12,0 12,12")
    line, arch = np.split(synthetic._trace(form, form.points, 1.0), form.starts[1:-1])
    assert np.allclose(line[[0, -1]], [[0, 0], [1000, 0]])
    assert np.allclose(line[:, 1], 0)
    assert np.allclose(arch[[0, -1]], [[0, -1000], [1000, -1000]])
    # halfway between its two control points the arch touches the baseline
    assert np.allclose(arch[len(arch) // 2], [500, 0])


@given(characters, seeds)
def test_the_same_seed_writes_the_same_strokes(char, seed):
    first, again = (synthetic.draw_character(char, rng(seed)) for _ in range(2))
    assert len(first) == len(again)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    other = synthetic.draw_character(char, rng(seed + 1))
    assert len(other) != len(first) or not np.allclose(box(other), box(first))


@given(characters, seeds)
def test_strokes_are_sane(char, seed):
    strokes = synthetic.draw_character(char, rng(seed))
    for stroke in strokes:
        assert stroke.dtype == np.float32
        assert stroke.ndim == 2
        assert stroke.shape[1] == 2
        assert len(stroke) >= 2
        assert np.isfinite(stroke).all()
    (left, top), (right, bottom) = box(strokes)
    assert -1000 < left <= right < 2500
    assert -1900 < top <= bottom < 900


@given(seeds)
def test_sizes_keep_their_proportions(seed):
    """A neat hand's capitals stand on the line and reach a capital's height, tails hang below."""
    hand = synthetic.sample_hand(rng(seed), wildness=0.2)
    tops, bottoms = {}, {}
    for char in "HExvgp":
        (_, tops[char]), (_, bottoms[char]) = box(synthetic.draw_character(char, rng(seed), hand))
    for char in "HExv":
        assert abs(bottoms[char]) < 120
    for char in "HE":
        assert 850 < -tops[char] < 1250
    for char in "xv":
        assert 400 < -tops[char] < 800
    for char in "gp":
        assert 150 < bottoms[char] < 500


def test_a_hand_leans_the_way_it_says():
    upright = dataclasses.replace(synthetic.sample_hand(rng(3), 0.1), slant=0.0)
    leaning = dataclasses.replace(upright, slant=0.5)
    shift = []
    for hand in (upright, leaning):
        stroke = synthetic.draw_character(
            "l", rng(5), dataclasses.replace(hand, habits=(0.0,) * 94)
        )[0]
        shift.append(stroke[0, 0] - stroke[-1, 0])  # from the foot to the top, in x
    assert 400 < shift[1] - shift[0] < 600


def test_a_hand_keeps_its_habits():
    hand = dataclasses.replace(synthetic.sample_hand(rng(7)), drag=0.0)
    steady = dataclasses.replace(hand, fickleness=0.0)
    counts = {len(synthetic.draw_character("I", rng(seed), steady)) for seed in range(40)}
    assert len(counts) == 1
    fickle = dataclasses.replace(hand, fickleness=1.0)
    assert {len(synthetic.draw_character("I", rng(seed), fickle)) for seed in range(40)} == {1, 3}


def test_a_dragging_pen_joins_strokes_but_not_dots():
    dragging = dataclasses.replace(synthetic.sample_hand(rng(7)), drag=1.0)
    counts = {char: len(synthetic.draw_character(char, rng(1), dragging)) for char in "EHTi!"}
    assert counts == {"E": 1, "H": 1, "T": 1, "i": 2, "!": 2}


def test_hands_differ_and_can_be_compared():
    assert synthetic.sample_hand(rng(1)) == synthetic.sample_hand(rng(1))
    assert synthetic.sample_hand(rng(1)) != synthetic.sample_hand(rng(2))
    assert isinstance(hash(synthetic.sample_hand(rng(1))), int)


@given(st.text(alphabet=[*PRINTABLE, " "], max_size=30), seeds)
def test_letters_of_a_text_stand_apart_in_their_order(text, seed):
    hand = dataclasses.replace(synthetic.sample_hand(rng(seed)), fickleness=0.0, drag=0.0)
    line = synthetic.draw_text(text, rng(seed), hand)
    at, right = 0, -1.0
    for char in text.replace(" ", ""):
        count = len(synthetic.draw_character(char, rng(), hand))
        (left, _), (end, _) = box(line[at : at + count])
        assert left > right
        at, right = at + count, end
    assert at == len(line)


def test_blanks_part_words():
    hand = synthetic.sample_hand(rng(2))
    joined, parted = (synthetic.draw_text(text, rng(4), hand) for text in ("AB", "A B"))
    assert box(parted)[1][0] > box(joined)[1][0] + 300
    assert synthetic.draw_text("", rng(), hand) == []
    assert synthetic.draw_text("   ", rng(), hand) == []


@pytest.mark.parametrize("char", ["é", "\n", "\t", "", "AB", " "])
def test_an_unknown_character_is_an_input_error(char):
    with pytest.raises(InputError, match="ASCII"):
        synthetic.draw_character(char, rng())


def test_an_unknown_character_in_a_text_is_an_input_error():
    with pytest.raises(InputError, match="'ß'"):
        synthetic.draw_text("STRAßE", rng())
