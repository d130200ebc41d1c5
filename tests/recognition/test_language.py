"""The language model adds up, comes back from its file, and knows words from codes."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_cli.errors import InputError, ModelError, UsageError
from ocr_cli.modelfiles.weights import shipped_models
from ocr_cli.recognition import language
from ocr_cli.recognition.language import ALPHABET, LanguageModel
from ocr_cli.recognition.language.columns import LACKING
from ocr_cli.recognition.language.hand_language import HandLanguage
from ocr_cli.recognition.language.ngrams import BREAK, train_language

LINES = [
    "The cat sat on the mat.",
    "That is what the cat thought; the dog did not.",
    "MEET ME AT 10:30 AM IN ROOM B12",
    "mail: a.b@c.de",
    f"{BREAK} thousand {BREAK}",
]
ASCII = "".join(map(chr, range(32, 127))) + "\n"
TEXTS = st.text(st.sampled_from(ALPHABET[:-1]), max_size=20)


def state_after(model: LanguageModel, prefix: str) -> int:
    return int(language.states_along(model, model.encode(prefix))[-1])


@pytest.fixture(scope="module", params=["kneser-ney", "witten-bell"])
def small(request: pytest.FixtureRequest) -> LanguageModel:
    return train_language(LINES, order=5, method=request.param)


@pytest.fixture(scope="module")
def english() -> LanguageModel:
    return language.load(shipped_models()["english"])


def chances(model: LanguageModel, prefix: str) -> dict[str, float]:
    row = model.log_probabilities(np.array([state_after(model, prefix)]))[0]
    return dict(zip(model.alphabet, np.exp(row).tolist(), strict=True))


# What a model says


@given(prefix=TEXTS)
def test_probabilities_sum_to_one(small: LanguageModel, prefix: str) -> None:
    assert sum(chances(small, prefix).values()) == pytest.approx(1, abs=1e-5)


@given(prefix=TEXTS)
def test_probabilities_of_the_shipped_model_sum_to_one(english: LanguageModel, prefix: str) -> None:
    row = chances(english, prefix)
    assert sum(row.values()) == pytest.approx(1, abs=1e-5)
    assert min(row.values()) > 1e-16  # Ÿ after small letters is rare, but not ruled out


@given(prefix=TEXTS, rest=TEXTS)
def test_a_state_stands_for_its_prefix(small: LanguageModel, prefix: str, rest: str) -> None:
    """Scored a character at a time, or as a whole, or after a start in another place."""
    state = np.array([state_after(small, prefix)])
    total = small.score(prefix)
    for char in small.encode(rest):
        total += float(small.log_probabilities(state)[0, char])
        state = small.advance(state, np.array([char]))
    assert total == pytest.approx(small.score(prefix + rest), rel=1e-4, abs=1e-4)
    assert int(state[0]) == state_after(small, prefix + rest)


@given(texts=st.lists(TEXTS, min_size=1, max_size=8))
def test_many_states_at_once_are_as_one_by_one(small: LanguageModel, texts: list[str]) -> None:
    states = np.array([state_after(small, text) for text in texts])
    fresh = replace(small)  # has kept no rows
    alone = [small.log_probabilities(states[i : i + 1])[0] for i in range(len(texts))]
    np.testing.assert_allclose(fresh.log_probabilities(states), alone, rtol=1e-5)


@pytest.mark.parametrize("in_hand", [False, True])
def test_some_characters_of_a_row_are_as_in_the_whole(small: LanguageModel, in_hand: bool) -> None:
    counts = np.random.default_rng(0).random((8, 8, 2)).astype(np.float32)
    model = HandLanguage(replace(small), counts, counts[..., 0]) if in_hand else replace(small)
    states = np.array([state_after(small, text) for text in ("", "The c", "a.b@", "MEET ME")])
    chars = np.array([small.encode(text) for text in ("the", " C1", "b.é", "  A")])
    some = model.log_probabilities_of(states, chars)
    whole = np.take_along_axis(model.log_probabilities(states), chars, 1)
    np.testing.assert_allclose(some, whole, rtol=1e-6)


def test_more_contexts_than_are_kept_at_first(english: LanguageModel) -> None:
    states = english.advance(np.zeros(2000, np.int64), np.arange(2000) % len(ALPHABET))
    longer = english.advance(states, np.arange(2000) // len(ALPHABET))
    rows = replace(english).log_probabilities(longer)
    np.testing.assert_array_equal(rows[-9:], replace(english).log_probabilities(longer[-9:]))


def test_states_forget_what_tells_nothing(small: LanguageModel) -> None:
    assert state_after(small, "qqqqqq the ca") == state_after(small, "xxxxxx the ca")
    assert state_after(small, "the ca") != state_after(small, "THE CA")


def test_by_hand_witten_bell() -> None:
    """One line "ab": after a, one kind of character seen once, so half goes to shorter contexts."""
    row = chances(train_language(["ab"], order=2, method="witten-bell", capitals=0), "a")
    symbols = len(language.fold(ALPHABET).symbols)
    alone = 1 / (3 + symbols) + symbols / (3 + symbols) / symbols  # a, b and the end, once each
    small_b, capital_b = row["b"], row["B"]
    assert small_b + capital_b == pytest.approx(0.5 + 0.5 * alone, rel=0.06)  # rounded to bytes
    assert small_b > 10 * capital_b


def test_case_follows_its_neighbours(english: LanguageModel) -> None:
    assert chances(english, "The hous")["e"] > 100 * chances(english, "The hous")["E"]
    assert chances(english, "THE HOUS")["E"] > 100 * chances(english, "THE HOUS")["e"]
    assert chances(english, "THE ")["H"] > 10 * chances(english, "THE ")["h"]
    assert chances(english, "It is so. ")["T"] > 2 * chances(english, "It is so. ")["t"]
    assert english.score("THE HOUSE") > english.score("tHe hOuSE") + 5


def test_a_character_it_lacks_costs_a_fixed_sum_and_goes_on_as_its_bare_letter() -> None:
    plain = train_language(LINES, order=5, alphabet=ASCII)
    assert plain.score("thé") == pytest.approx(plain.score("th") + LACKING)
    assert state_after(plain, "thé ca") == state_after(plain, "the ca")
    for odd in "½Ω«\u4e2d":
        assert plain.score(f"a{odd}b") < LACKING
    bits = language.bits_per_character(plain, ["thé cat", "Ω"])
    assert bits == pytest.approx(-(plain.score("thé cat") + LACKING) / 8 / np.log(2))


def test_a_file_of_printable_ascii_alone_still_loads(tmp_path: Path) -> None:
    """As all were that ocr wrote before it read accents."""
    plain = train_language(LINES, order=5, alphabet=ASCII)
    language.save(tmp_path / "m.npz", plain)
    assert language.load(tmp_path / "m.npz").score("the cat") == plain.score("the cat")


def test_the_alphabet_fits_the_keys() -> None:
    """Eight characters of context, seven bits each; accents know no case either."""
    folding = language.fold(ALPHABET)
    assert len(folding.symbols) <= language.CODE
    code = dict(zip(ALPHABET, folding.code, strict=True))
    assert code["É"] == code["é"] != code["e"]
    assert code["Œ"] == code["œ"]
    assert code["ß"] != code["s"]


def test_texts_are_brought_to_the_readers_characters() -> None:
    one, same = (train_language([text], order=4) for text in ("l’été — …!", "l'été - ...!"))
    assert one.score("l'été - ...!") == same.score("l'été - ...!")


def test_another_alphabet() -> None:
    model = train_language(["Öl und Äpfel", "öl"], order=4, alphabet="ÄÖäöÜüelpfundE \n")
    assert sum(chances(model, "Ö").values()) == pytest.approx(1, abs=1e-5)
    assert chances(model, "ö")["l"] > 0.2


# Training


def test_the_same_lines_in_any_order_make_the_same_file(tmp_path: Path) -> None:
    for name, lines in (("a", LINES), ("b", LINES[::-1])):
        language.save(tmp_path / name, train_language(lines, order=6, entries=150))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_pruning_keeps_what_matters() -> None:
    full, pruned = (train_language(LINES * 5, order=5, entries=n) for n in (10_000, 200))
    assert len(pruned.codes) <= 200 < len(full.codes)
    unseen_cost, seen_cost = (language.bits_per_character(m, LINES[:3]) for m in (pruned, full))
    assert seen_cost < unseen_cost < 5


def test_pieces_say_nothing_of_the_lines_ends() -> None:
    lines = ["ab ab"] + [f"{BREAK} xy {BREAK}"] * 50
    row = chances(train_language(lines, order=3), "")
    assert row["a"] + row["A"] > 10 * row["x"]


def test_texts_that_teach_nothing() -> None:
    with pytest.raises(InputError, match="no text"):
        train_language(["", "   ", BREAK])
    with pytest.raises(UsageError, match="order"):
        train_language(LINES, order=10)
    with pytest.raises(UsageError, match="method"):
        train_language(LINES, method="guessing")


# Files


def test_a_model_comes_back_as_it_was(small: LanguageModel, tmp_path: Path) -> None:
    language.save(tmp_path / "m.npz", small)
    back = language.load(tmp_path / "m.npz")
    assert back.score(LINES[1], ends=True) == small.score(LINES[1], ends=True)
    assert (back.alphabet, back.order, back.record) == (small.alphabet, small.order, small.record)


def test_damaged_files(small: LanguageModel, tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    language.save(path, small)
    whole = path.read_bytes()
    for damaged in (b"", b"PK", whole[: len(whole) // 2], b"\0" * 100):
        path.write_bytes(damaged)
        with pytest.raises(ModelError):
            language.load(path)
    with pytest.raises(ModelError):
        language.load(tmp_path / "none.npz")


# Any byte is a probability, of odds, shares, and but for 0 of rests.
CHANGES = [
    *((name, change) for name in language.ARRAYS for change in ("shorter", "float", "missing")),
    *((name, "noughts") for name in ("children", "codes", "rests")),
    *((name, "high") for name in ("children", "codes")),
]


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_parts_that_do_not_fit(
    small: LanguageModel, tmp_path: Path, name: str, change: str
) -> None:
    path = tmp_path / "m.npz"
    language.save(path, small)
    with np.load(path) as archive:
        arrays = dict(archive)
    part = arrays.pop(name)
    changed = {
        "shorter": {name: part[:-1]},
        "float": {name: part.astype(float)},
        "noughts": {name: part * 0},
        "high": {name: np.full_like(part, 255)},
        "missing": {},
    }
    np.savez_compressed(path, **arrays, **changed[change])
    with pytest.raises(ModelError):
        language.load(path)


def test_an_order_that_does_not_fit(small: LanguageModel, tmp_path: Path) -> None:
    language.save(tmp_path / "m.npz", replace(small, order=3))
    with pytest.raises(ModelError, match="tree"):
        language.load(tmp_path / "m.npz")


def test_another_kind_of_model() -> None:
    other = next(path for name, path in shipped_models().items() if name != "english")
    with pytest.raises(ModelError, match="kind"):
        language.load(other)


def test_the_shipped_file_is_small_and_quick(english: LanguageModel) -> None:
    path = shipped_models()["english"]
    assert path.stat().st_size < 2.4e6
    spent = []
    for _ in range(3):
        start = time.process_time()
        language.load(path).start()
        spent.append(time.process_time() - start)
    assert min(spent) < 0.2  # 0.04 by itself; the machine may be shared
    states = np.array([state_after(english, text) for text in ("th", "10:", "THE ")] * 333)
    spent = []
    for _ in range(5):
        start = time.process_time()
        english.log_probabilities(states)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.05


# Reading with it: a classifier that cannot tell a character from its look-alikes

LOOK_ALIKE = {char: group for group in ("0O", "1Il", "5S", "2Z", "UV") for char in group}
WORDS = """
THE SOLUTION IS USUALLY OBVIOUS
SIZE ZERO SHOES SOLD OUT
Is it all still on the list?
I will call you later if I can.
VISIT US SOON OR LOSE YOUR SEAT
His Zoo visit is still on, all going well.
LITTLE VOICES IN SILVER VALLEYS
Please fill in the full bill.
SEVEN DOZEN PUZZLES OVER LUNCH
Old Sally sold silk and wool until July.
""".strip().splitlines()
FIGURES = """
10:45 | 7:30 am | 23:59 | 08:15 - 09:00 | $12.99 | $1,250.00 | EUR 49.90 | 19.95 | 45% | 3.14159
1,024 | 0.05 | 2026 | 12/24/98 | 03.11.2025 | 14 July 1789 | Sept. 9, 2001 | (412) 555-0187
+44 20 7946 0958 | 1-800-555-2368 | 06221/548912 | 90210 | 12 kg | 1/2 cup | 5 x 20 = 100 | 2.5%
""".replace("\n", "|").split("|")
# None of these served to choose the model.
CODES = """
KT-2201 | 15X-20 | LM317T | 2N2222A | SN74HC00N | Z80 | 6502 | RTX 2080 | M5x12 | CR2032 | LR1130
EC1V 2NX | K1A 0B1 | OL5 1UZ | 1S5-V0Z | ZU-021 | PO 10552 | SKU 50-112-S | SO2 | U235 | IL-2
Boeing 707 | QF 21 | Gate S12 | Seat 15U | Room 2O5 | Apt. 1S | Suite 250, Tulsa, OK 74105
lou.zuvic@unisol.it | s.ivo12@post.nl | uli20@zoo.org | sales@5ive.com | www.v2s.us/in1
Zilinski | Ostrovsky, V. | I. Zoltan | Usui | S. U. Vidic | Dr. O. Luz | Ulvaeus | Iolanda Zuliani
Sztuka | Lois Isozaki | 2150 Sulzer Ave #5 | 22 Osuna Ln., Vail, UT 81020 | Ludvig Ilves
while (i < 20) l += 5; | u[1] = v[2]; | int z0 = 0; | S = 5 * (l + 1); | 0xB0051
""".replace("\n", "|").split("|")


WEIGHT = 0.5  # of the language model, about as the readers have it


def read(model: LanguageModel, text: str, odds: float, rng: np.random.Generator | None) -> str:
    """`text` as decoded where a classifier gives one of the look-alikes `odds`, the others 1.

    The favoured one is the true one, or with an `rng` any of them.
    """
    states, scores, texts = np.array([model.start()]), np.zeros(1), [""]
    for true in text:
        group = LOOK_ALIKE.get(true, true)
        favoured = true if rng is None else group[int(rng.integers(len(group)))]
        chars = model.encode(group)
        seen = np.log([odds if char == favoured else 1 for char in group])
        ahead = model.log_probabilities(states)[:, chars]
        total = (scores[:, None] + WEIGHT * ahead + seen).ravel()
        best = np.argsort(-total, kind="stable")[:32]
        rows, columns = np.divmod(best, len(group))
        states, scores = model.advance(states[rows], chars[columns]), total[best]
        texts = [texts[row] + group[column] for row, column in zip(rows, columns, strict=True)]
    return texts[0]


def hits(model: LanguageModel, lines: list[str], odds: float, seed: int | None) -> float:
    """The share of characters with look-alikes that come out right."""
    rng = None if seed is None else np.random.default_rng(seed)
    right = [
        got == true
        for line in map(str.strip, lines)
        for got, true in zip(read(model, line, odds, rng), line, strict=True)
        if true in LOOK_ALIKE
    ]
    return float(np.mean(right))


def test_words_come_out_where_the_classifier_cannot_tell(english: LanguageModel) -> None:
    """Alone it gets 42 % right, with the language model 99 %."""
    assert hits(english, WORDS, 55 / 45, seed=1) >= 0.97


def test_figures_come_out_where_the_classifier_cannot_tell(english: LanguageModel) -> None:
    """Alone 45 %, with the language model 100 %."""
    assert hits(english, FIGURES, 55 / 45, seed=2) >= 0.97


def test_codes_and_names_gain_where_the_classifier_cannot_tell(english: LanguageModel) -> None:
    """Alone 46 %, with the language model 79 %: nothing tells an O from a 0 in all of them."""
    assert hits(english, CODES, 55 / 45, seed=3) >= 0.72


def test_codes_and_names_are_not_bent_where_the_classifier_can_tell(english: LanguageModel) -> None:
    """Four to one for the truth, 92 % stay as they are; twenty to one, 96 %."""
    assert hits(english, CODES, 4, seed=None) >= 0.9
    assert hits(english, CODES, 20, seed=None) >= 0.95
    assert hits(english, FIGURES, 4, seed=None) == 1


# Reading what is no word: beside the true character stand others that are frequent in words

TOKENS = """
525 KM | 5.5 H | $ 1,505 | 15:35 | 1. c4 g6 | 2. g3 Bg7 | ivan77@web.de | www.graz-book.at/list
309 | x 17 | 2163 | 5253 | 350 F | 1,250.00 | 1. e4 e5 | 2. Nf3 Nc6 | 14. Bb5 a6 | 512 x 48
kim.lane@postbox.org | 24576 | = 1505 | 20.5 kg | 18 h 15 | 50 % | 2 l | 5 S | 250 V
""".replace("\n", "|").split("|")
RIVALS = "aeinorstl SO015."


def wrong_among_rivals(model: LanguageModel, text: str, odds: float) -> int:
    """Characters that go wrong where each rival is seen with 1 to `odds` of the true one."""
    states, scores, texts = np.array([model.start()]), np.zeros(1), [""]
    for true in text:
        group = "".join(dict.fromkeys(true + RIVALS))
        chars = model.encode(group)
        seen = np.log([odds if char == true else 1 for char in group])
        total = scores[:, None] + 0.75 * model.log_probabilities(states)[:, chars] + seen
        best = np.argsort(-total.ravel(), kind="stable")[:32]
        rows, columns = np.divmod(best, len(group))
        states, scores = model.advance(states[rows], chars[columns]), total.ravel()[best]
        texts = [texts[row] + group[column] for row, column in zip(rows, columns, strict=True)]
    return sum(a != b for a, b in zip(texts[0], text, strict=True))


@pytest.mark.parametrize(("odds", "at_most"), [(20, 0.08), (200, 0.02)])
def test_what_is_no_word_is_not_bent_into_one(
    english: LanguageModel, odds: float, at_most: float
) -> None:
    """Ten characters of 198 go wrong at 20:1, one at 200:1; they were 28 and 14."""
    tokens = [token.strip() for token in TOKENS if token.strip()]
    wrong = sum(wrong_among_rivals(english, token, odds) for token in tokens)
    assert wrong <= at_most * sum(map(len, tokens))
