"""Letters in the company of their hand: what is learnt, kept, checked and told."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ocr_cli.cli.main import cli
from ocr_cli.data import sources
from ocr_cli.data.charset import NIST36
from ocr_cli.data.formats import ink
from ocr_cli.data.synthesis import synthetic
from ocr_cli.errors import ModelError
from ocr_cli.modelfiles import weights
from ocr_cli.nn import context, network
from ocr_cli.training.context import another_hand


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hands of which one half wrote capitals alone and the other figures alone."""
    path = tmp_path_factory.mktemp("context") / "chars.npz"
    rng = np.random.default_rng(0)
    items, labels, writer = [], [], []
    for w in range(24):
        hand = synthetic.sample_hand(rng)
        for c in (NIST36[:26], NIST36[26:] * 2)[w % 2]:
            items.append(synthetic.draw_character(c, rng, hand))
            labels.append(c)
            writer.append(w)
    strokes = replace(ink.from_strokes(items, labels), writer=np.array(writer))
    splits = np.repeat([0, 1, 2], [16, 4, 4])[strokes.writer]
    ink.save(path, strokes, [f"w{w}" for w in range(24)], splits)
    return path


@pytest.fixture(scope="module")
def learnt(archive: Path) -> Path:
    out = archive.parent / "learnt.npz"
    arguments = ["train", "--kind", "context", "--from", "capitals", "--data", str(archive)]
    result = CliRunner().invoke(cli, [*arguments, "--epochs", "6", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "epoch   6  loss" in result.stderr
    assert result.stdout.startswith(f"{out}  valid ")
    return out


def confused(archive: Path, model: str) -> int:
    """How many times O and 0 are taken for each other."""
    result = CliRunner().invoke(cli, ["eval", str(archive), "-m", model, "--json"])
    assert result.exit_code == 0, result.output
    scores = json.loads(result.stdout)
    o, zero = (scores["classes"].index(c) for c in "O0")
    return int(scores["confusion"][o][zero] + scores["confusion"][zero][o])


def test_company_tells_what_a_letter_alone_does_not(archive: Path, learnt: Path) -> None:
    assert confused(archive, "capitals") > 0
    assert confused(archive, str(learnt)) == 0


def test_the_classifier_itself_stays_as_it_is(archive: Path, learnt: Path) -> None:
    data = sources.rendered(ink.load(archive, "test"), NIST36)
    before, after = weights.load_model("capitals"), weights.load_model(learnt)
    np.testing.assert_array_equal(after.logits(data.images), before.logits(data.images))
    together = after.logits(data.images, data.sizes, data.writers)
    assert np.abs(together - before.logits(data.images)).max() > 1
    first = data.take(np.flatnonzero(data.writers == data.writers[0]))
    alone = after.logits(first.images, first.sizes, first.writers)
    np.testing.assert_allclose(alone, together[: len(first)], atol=1e-3)  # other hands say nothing
    assert after.record["classifier"] == before.record


def test_the_same_seed_gives_the_same_context(archive: Path, tmp_path: Path) -> None:
    runs = []
    for name in ("a.npz", "b.npz"):
        arguments = ["train", "--kind", "context", "--from", "capitals", "--data", str(archive)]
        arguments += ["--epochs", "1", "-q", "--seed", "3", "--out", str(tmp_path / name)]
        assert CliRunner().invoke(cli, arguments).exit_code == 0
        runs.append(weights.load_model(tmp_path / name).context)
    for a, b in zip(runs[0].weights, runs[1].weights, strict=True):
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (["--teacher", "capitals"], "--teacher teaches classifiers"),
        (["--hidden", "9"], "--hidden makes no difference here"),
        (["--no-augment"], "--augment makes no difference here"),
        (["--from", "lines"], "a model of kind 'line'"),
        (["--homework"], "--homework goes with"),
    ],
)
def test_what_does_not_go_with_it_is_told(
    archive: Path, tmp_path: Path, changed: list[str], told: str
) -> None:
    arguments = ["train", "--kind", "context", "--data", str(archive)]
    arguments += ["--out", str(tmp_path / "m.npz"), *changed]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code in (1, 2)
    assert told in result.stderr
    assert not any(tmp_path.iterdir())


def test_strokes_of_several_hands_are_needed(archive: Path, tmp_path: Path) -> None:
    arguments = ["train", "--kind", "context", "--from", "capitals"]
    arguments += ["--out", str(tmp_path / "m.npz")]
    one = replace(ink.load(archive, "train"), writer=np.zeros(16 * 23, np.int64))
    ink.save(tmp_path / "one.npz", one, ["w"], np.arange(len(one)) % 3)
    result = CliRunner().invoke(cli, [*arguments, "--data", str(tmp_path / "one.npz")])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "letters of one hand alone" in result.stderr


def test_pictures_are_no_strokes_of_hands(tmp_path: Path) -> None:
    for label in "AB":
        (tmp_path / "set" / label).mkdir(parents=True)
        for i in range(3):
            picture = Image.new("L", (40, 40), 255)
            ImageDraw.Draw(picture).line((8, 8, 30, 20 + i), 0, 4)
            picture.save(tmp_path / "set" / label / f"{i}.png")
    arguments = ["train", "--kind", "context", "--data", str(tmp_path / "set")]
    result = CliRunner().invoke(cli, [*arguments, "--out", str(tmp_path / "m.npz")])
    assert result.exit_code == 2
    assert "a context is learnt from pen strokes" in result.stderr


def test_a_context_that_does_not_fit_is_refused(learnt: Path, tmp_path: Path) -> None:
    model = weights.load_model(learnt)
    assert model.context is not None
    layers = context.context_layers(40, 16, 36, 0)  # of a classifier with other layers
    other = context.Context(layers, network.init(layers, np.random.default_rng(0)))
    weights.save_model(tmp_path / "m.npz", replace(model, context=other))
    with pytest.raises(ModelError, match="do not fit"):
        weights.load_model(tmp_path / "m.npz")


def test_reading_does_without_it(learnt: Path) -> None:
    bare, whole = weights.load_model(learnt, in_context=False), weights.load_model(learnt)
    assert bare.context is None
    for ours, theirs in zip(bare.weights, whole.weights, strict=True):
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name])


def test_another_hand_keeps_what_letters_have_in_common(archive: Path) -> None:
    strokes, model = ink.load(archive, "train"), weights.load_model("capitals")
    hand = another_hand(strokes, model, np.random.default_rng(1))
    taller = hand.sizes / (strokes.sizes() / sources.USUAL)
    for w in np.unique(strokes.writer):
        of_hand = taller[strokes.writer == w]
        assert np.median(of_hand[:, 0]) == pytest.approx(1, abs=0.01)
    aspects = [np.median(taller[strokes.writer == w, 1]) for w in np.unique(strokes.writer)]
    assert np.std(aspects) > 0.03  # hands differ


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 9))
def test_companies_part_the_items(writers: list[int], most: int) -> None:
    numbers = np.array(writers, np.int64)
    parts = list(context.companies(numbers, most))
    assert sorted(i for part in parts for i in part.tolist()) == list(range(len(writers)))
    for part in parts:
        assert 0 < len(part) <= most
        assert len(set(numbers[part].tolist())) == 1
