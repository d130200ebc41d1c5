"""Strokes to pictures: what a picture holds, and that all variation comes from the seed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_cli.data import choose, sources
from ocr_cli.data.charset import ASCII94, NON_LETTER
from ocr_cli.data.formats import ink
from ocr_cli.data.synthesis import distort, nonletters, render
from ocr_cli.errors import InputError

STROKE = st.lists(
    st.tuples(st.floats(-500, 1500), st.floats(-1500, 500)), min_size=1, max_size=30
).map(lambda points: np.array(points, np.float32))
ITEMS = st.lists(st.lists(STROKE, min_size=1, max_size=4), min_size=1, max_size=5)

CROSS = [np.array([[0, 0], [1e3, 1e3]], np.float32), np.array([[0, 1e3], [1e3, 0]], np.float32)]
BAR = [np.array([[0, 0], [0, 1000]], np.float32)]


def drawn(items, rng: np.random.Generator, augment: bool = True):
    variation = render.LetterVariation() if augment else render.NO_VARIATION
    return render.render(ink.from_strokes(items), rng, variation)


@given(ITEMS, st.integers(0, 2**32 - 1), st.booleans())
def test_any_strokes_become_pictures(items, seed, augment) -> None:
    crops = drawn(items, np.random.default_rng(seed), augment)
    assert crops.shape == (len(items), 32, 32)
    assert crops.dtype == np.float32
    assert np.isfinite(crops).all()
    assert crops.min() >= -1e-5
    assert crops.max() <= 1 + 1e-5


def test_a_letter_fills_its_picture_and_keeps_its_shape() -> None:
    cross, bar = drawn([CROSS, BAR], np.random.default_rng(0), augment=False)
    for picture in (cross, bar):
        rows = np.flatnonzero((picture < 0.5).any(1))
        assert 24 <= rows[-1] - rows[0] + 1 <= 28
    columns = np.flatnonzero((bar < 0.5).any(0))
    assert len(columns) == 3
    assert cross[15:17, 15:17].max() < 0.1  # where the strokes cross
    assert cross[2:5, 15:17].min() > 0.9


def test_the_seed_decides_everything() -> None:
    first, second, other = (drawn([CROSS, BAR], np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_nothing_to_draw() -> None:
    assert drawn([], np.random.default_rng(0)).shape == (0, 32, 32)


def test_distortion_keeps_the_letter_in_place() -> None:
    images = drawn([CROSS] * 64, np.random.default_rng(0), augment=False)
    out = distort.Distortion()(images, np.random.default_rng(0))
    assert out.shape == images.shape
    assert out.min() >= -1e-5
    assert out.max() <= 1 + 1e-5
    change = abs(out - images).mean((1, 2))
    assert (change > 0.01).all()
    assert (change < 0.4).all()
    still = distort.Distortion(0, 0, 0, 0, 0, 0)(images, np.random.default_rng(0))
    np.testing.assert_allclose(still, images, atol=1e-4)


def test_non_letters_are_drawn_from_letters() -> None:
    letters = ink.from_strokes([CROSS, BAR], ["X", "l"])
    drawn = nonletters.draw(letters, 20, np.random.default_rng(0))
    assert len(drawn) == 20
    assert set(drawn.labels) == {NON_LETTER}
    classes = ("X", "l", NON_LETTER)
    source = sources.InkSource(sources.of_classes(joined(letters, 50), classes), classes)
    images, labels = next(source.batches(np.random.default_rng(0), 64))
    assert images.shape == (64, 32, 32)
    assert 0 < (labels == 2).sum() < 32


def joined(letters: ink.Ink, times: int) -> ink.Ink:
    return letters.take(np.tile(np.arange(len(letters)), times))


@given(st.lists(st.integers(0, 1), max_size=6), st.lists(st.integers(0, 1), max_size=6))
def test_archives_join_as_lists_do(first, second) -> None:
    letters = ink.from_strokes([CROSS, BAR], ["X", "l"])
    one, two = letters.take(np.array(first, int)), letters.take(np.array(second, int))
    both = ink.joined([one, two])
    assert list(both.labels) == list(one.labels) + list(two.labels)
    for i, kind in enumerate(first + second):
        for drawn, expected in zip(both.strokes(i), (CROSS, BAR)[kind], strict=True):
            np.testing.assert_array_equal(drawn, expected)


def test_rare_classes_are_drawn_more_often() -> None:
    letters = ink.from_strokes([CROSS] * 900 + [BAR] * 100, ["X"] * 900 + ["l"] * 100)

    def share(balance: float) -> float:
        source = sources.InkSource(letters, ("X", "l"), render.NO_VARIATION, balance)
        labels = np.concatenate([b[1] for b in source.batches(np.random.default_rng(0), 50)])
        return float(labels.mean())

    assert share(1.0) == pytest.approx(0.1, abs=0.04)
    assert share(0.0) == pytest.approx(0.5, abs=0.06)
    few = sources.InkSource(letters.take(np.arange(3)), ("X", "l"), render.NO_VARIATION)
    assert [len(b[1]) for b in few.batches(np.random.default_rng(0), 8)] == [8]


def test_real_strokes_load_by_split(data: Path) -> None:
    parts = {s: ink.load(data / "ink" / "chars.npz", s) for s in ("train", "valid", "test")}
    assert [len(part) for part in parts.values()] == [61215, 11797, 14845]
    writers = [set(part.writer) for part in parts.values()]
    assert not writers[0] & writers[1]
    assert not writers[0] & writers[2]
    assert set(parts["train"].labels) == set(ASCII94)


def test_a_broken_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "strokes.npz"
    for content in (b"", b"PK\x03\x04 nothing"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="not an archive of pen strokes"):
            ink.load(path, "train")
    np.savez(path, points=np.zeros((3, 2)))
    with pytest.raises(InputError, match="not an archive of pen strokes"):
        choose.open_splits(path, "ascii", False, np.random.default_rng(0))
    letter = ink.from_strokes([[np.zeros((2, 2), np.float32)]], ["a"])
    for changed in ({"item_start": np.array([0, 2])}, {"stroke_start": np.array([0, 3])}):
        ink.save(path, replace(letter, **changed), ["ann"], np.zeros(1, int))
        with pytest.raises(InputError, match="do not fit"):
            ink.load(path, "train")


def test_a_full_stop_is_a_spot_and_a_comma_a_small_stroke() -> None:
    stop = [np.array([[0, 0], [5, 5]], np.float32)]
    comma = [np.array([[0, 0], [-40, 250]], np.float32)]
    spot, stroke = drawn([stop, comma], np.random.default_rng(0), False) < 0.5
    assert spot.sum() > 250
    assert 25 <= np.flatnonzero(stroke.any(1)).size <= 29
    assert stroke.sum() < spot.sum() / 2
