"""Letters cut out of words: what is cut is what is written there, and trainings learn from it."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ocr_cli.cli.main import cli
from ocr_cli.data.choose import CLASSES
from ocr_cli.data.formats import ink
from ocr_cli.data.sources import CutLetters, InkSource, WordSource
from ocr_cli.data.synthesis import render, synthetic
from ocr_cli.data.synthesis.distort import Distortion
from ocr_cli.errors import InputError
from ocr_cli.modelfiles.weights import load_model, read_meta
from ocr_cli.training import experiments, words

ASCII = CLASSES["ascii+"]
TEXTS = ("the quick brown fox", "jumps over", "THE LAZY DOG", "in 1984", "again and again")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archives of some neat synthetic writing, all of one split each, by three hands."""
    made = tmp_path_factory.mktemp("ink")
    rng = np.random.default_rng(4)
    hands = [synthetic.sample_hand(rng, 0.3) for _ in range(3)]
    texts = {
        "chars": [c for c in "".join(TEXTS) if c != " "],
        "words": [word for text in TEXTS for word in text.split()],
        "lines": list(TEXTS),
    }
    for name, labels in texts.items():
        items = [synthetic.draw_text(t, rng, hand) for hand in hands for t in labels]
        drawn = ink.from_strokes(items, labels * len(hands))
        parts = np.tile(np.arange(len(labels)) % 3, len(hands))
        ink.save(made / f"{name}.npz", drawn, ["someone"], np.where(parts == 2, 0, parts))
    return made


@pytest.fixture(scope="module")
def cut(folder: Path) -> CutLetters:
    rng = np.random.default_rng(0)
    most = {"words": 20, "lines": 5}
    return words.cut_letters(folder, "train", most, load_model("letters"), rng)


def test_what_is_cut_is_what_is_written(cut: CutLetters) -> None:
    assert len(cut.images) == len(cut.labels) > 60
    written = "".join(TEXTS)
    assert {ASCII[k] for k in cut.labels} <= set(written)
    model = load_model("letters")
    read = model.probabilities(cut.images.astype(np.float32) / 255)
    assert np.mean(read.argmax(1) == cut.labels) > 0.7


def test_wrong_groupings_come_beside_them_few_for_each_letter(cut: CutLetters) -> None:
    assert 0 < len(cut.others) <= words.OTHERS * len(cut.images) + 2 * 25
    assert cut.others.shape[1:] == (32, 32)


def test_the_same_seed_cuts_the_same(folder: Path, cut: CutLetters) -> None:
    told = []
    again = words.cut_letters(
        folder,
        "train",
        {"words": 20, "lines": 5},
        load_model("letters"),
        np.random.default_rng(0),
        lambda: told.append(1),
    )
    np.testing.assert_array_equal(again.images, cut.images)
    np.testing.assert_array_equal(again.others, cut.others)
    assert len(told) == 25


def test_batches_hold_characters_letters_of_words_and_what_is_none(
    folder: Path, cut: CutLetters
) -> None:
    characters = InkSource(ink.load(folder / "chars.npz", "train"), ASCII, non_letters=0)
    source = WordSource(characters, cut, Distortion())
    batches = list(source.batches(np.random.default_rng(1), 40))
    assert len(batches) == len(source) // 40
    none = ASCII.index("")
    for images, labels in batches:
        assert images.shape == (40, 32, 32)
        assert images.dtype == np.float32
        assert np.count_nonzero(labels == none) == 40 - 20 - 12
        assert set(labels[20:32]) <= set(cut.labels)
    again = list(source.batches(np.random.default_rng(1), 40))
    np.testing.assert_array_equal(again[-1][0], batches[-1][0])


def test_words_without_a_letter_that_fits_are_refused(folder: Path) -> None:
    nothing = {"words": 0, "lines": 0}
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="no letters were found"):
        words.cut_letters(folder, "train", nothing, load_model("letters"), rng)


def test_ink_is_written_as_large_as_asked_and_not_larger_than_allowed() -> None:
    square = [np.array([[0, 0], [100, 0], [100, 50], [0, 50], [0, 0]], np.float32)]
    mask = render.written(square, 2.0, 4.0, margin=10)
    assert mask is not None
    y, x = np.nonzero(mask)
    assert abs(np.ptp(x) - 204) <= 2
    assert abs(np.ptp(y) - 104) <= 2
    assert x.min() >= 7
    assert render.written(square, 2.0, 4.0, margin=10, most=1000) is None


def test_a_folder_of_archives_is_trained_on_with_its_words(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.npz"
    setting = ["--kind", "convnet", "--channels", "4,4,4", "--hidden", "8", "--epochs", "1"]
    options = ["--data", str(folder), "--out", str(out), *setting, "--batch-size", "32"]
    run = CliRunner().invoke(cli, ["train", *options, "--classes", "ascii+"])
    assert run.exit_code == 0, run.output
    assert str(folder) in read_meta(out)["record"]["data"]
    plain = experiments.Experiment("convnet", folder, classes="ascii")
    assert not experiments.can_cut_words(plain)  # such a model cannot tell what is no letter
