"""Batches of strips: what is drawn is what the label says, with room for CTC, at even cost."""

import numpy as np
import pytest

from ocr_cli.data.formats import ink
from ocr_cli.data.synthesis import lines, synthetic
from ocr_cli.data.synthesis.pieces import Mix, batches, make_source
from ocr_cli.data.synthesis.stock import Stock, expected_ink, make_stock, room_needed

WORDS = ("hello", "World", "NOISE", "quiet", "SMALL", "CAPS", "pages", "loop")


@pytest.fixture(scope="module")
def stock() -> Stock:
    """Two writers' words, lines and characters, drawn by the built-in alphabet."""
    rng = np.random.default_rng(0)

    def drawn(texts: list[str]) -> ink.Ink:
        made = []
        for writer in (0, 1):
            hand = synthetic.sample_hand(rng)
            items = [synthetic.draw_text(t, rng, hand) for t in texts]
            one = ink.from_strokes(items, texts)
            made.append(
                ink.Ink(
                    one.points,
                    one.stroke_start,
                    one.item_start,
                    one.labels,
                    np.full(len(texts), writer),
                    one.style,
                )
            )
        return ink.joined(made)

    characters = [chr(c) for c in range(33, 127)]
    return make_stock(drawn([*WORDS, "m@u@st"]), drawn(["two words", "AnnM"]), drawn(characters))


def test_odd_labels_are_left_out(stock: Stock) -> None:
    words = set(stock.ink.labels[stock.kind == 0])
    assert words == set(WORDS)
    assert set(stock.ink.labels[stock.kind == 1]) == {"two words"}


def test_words_have_one_x_height_and_stand_on_their_baseline(stock: Stock) -> None:
    plain = np.flatnonzero(np.isin(stock.ink.labels, ["NOISE", "SMALL", "CAPS"]))
    for item in plain:
        y = np.concatenate(stock.ink.strokes(int(item)))[:, 1]
        assert np.ptp(y) == pytest.approx(np.ptp(y), rel=0.2)
        assert y.max() == pytest.approx(stock.base[item], abs=4)


def test_joined_lines_are_of_one_writer_and_of_their_text(stock: Stock) -> None:
    source = make_source(stock)
    pieces = source.draw(60, Mix(0, 0, 0.5, 0.5), np.random.default_rng(1))
    for text in range(60):
        of_text = np.flatnonzero(pieces.out == text)
        items = pieces.item[of_text]
        assert len(set(stock.ink.writer[items])) == 1
        order = np.argsort(pieces.x[of_text], kind="stable")
        written = "".join(stock.ink.labels[items[order]])
        assert written == pieces.labels[text].replace(" ", "")
    assert any(" " in label for label in pieces.labels)
    assert any(label.isupper() for label in pieces.labels)


def test_batches_hold_every_text_once_at_even_cost(stock: Stock) -> None:
    source = make_source(stock)
    rng = np.random.default_rng(2)
    pieces = source.draw(200, Mix(), rng)
    parts = list(batches(pieces, 3000, rng))
    assert sorted(label for part in parts for label in part.labels) == sorted(pieces.labels)
    for part in parts:
        assert len(part.labels) == 1 or (part.width.max() + 20) * len(part.labels) <= 3100
        assert np.ptp(part.width) < 0.6 * part.width.max() + 40


def test_drawn_strips_are_as_wide_as_they_say(stock: Stock) -> None:
    source = make_source(stock)
    pieces = source.draw(40, Mix(), np.random.default_rng(3))
    batch = lines.draw_batch(stock, pieces, np.random.default_rng(4), lines.Variation())
    assert batch.images.shape == (40, 48, batch.widths.max())
    assert batch.images.dtype == np.float32
    assert batch.labels == pieces.labels
    assert (batch.widths % 4 == 0).all()
    for image, width in zip(batch.images, batch.widths, strict=True):
        assert image[:, :width].max() > 0.9
        assert image[16:32, : width - 2].any(0).any()


def test_the_same_numbers_give_the_same_strips(stock: Stock) -> None:
    source = make_source(stock)

    def once(seed: int) -> lines.Batch:
        rng = np.random.default_rng(seed)
        return lines.draw_batch(stock, source.draw(8, Mix(), rng), rng, lines.Variation())

    first, second, other = once(5), once(5), once(6)
    assert first.labels == second.labels
    np.testing.assert_array_equal(first.images, second.images)
    assert first.labels != other.labels or first.images.shape != other.images.shape


def test_room_for_ctc() -> None:
    assert room_needed("") == 0
    assert room_needed("abc") == 3
    assert room_needed("aabb") == 6


def test_expected_ink_knows_what_rises_and_what_sinks() -> None:
    low, high, flat = (expected_ink(t) for t in ("gypq", "bdhk", "nacm"))
    assert low[0] < flat[0] < high[0]
    assert flat[1] < high[1]
