"""All that a reader reads with learns a hand: it is tried together, and kept in one file."""

import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ocr_cli import layout, parallel, recognition
from ocr_cli.errors import InputError, ModelError
from ocr_cli.modelfiles import weights
from ocr_cli.page import Page
from ocr_cli.recognition import lines
from ocr_cli.recognition.letters import habit
from ocr_cli.recognition.letters.habit import Gaps, Habit
from ocr_cli.recognition.letters.search import LatticeDecoding
from ocr_cli.training.adaptation import hand
from ocr_cli.training.adaptation import letters as hand_letters
from ocr_cli.training.adaptation import lines as hand_lines
from ocr_cli.training.adaptation.copies import Copy

TEXTS = ("the quick brown fox", "jumps over", "a lazy dog again", "and sleeps")
LETTERS = hand_letters.LetterPractice(steps=5, copies=1, hands=1)
LINES = hand_lines.LinePractice(passes=2, least=2, replay=4)


@pytest.fixture(scope="module")
def copy(handwriting) -> Copy:
    grey = np.asarray(handwriting(*TEXTS).convert("L"), np.float32) / 255
    return Copy(layout.analyse(Page(grey, "page.png")), "\n".join(TEXTS))


def test_both_are_learnt_as_far_as_it_helps(copy: Copy) -> None:
    shipped, plans = recognition.load_reader("default", "none"), []
    learnt = hand.learn_hand(
        [copy], shipped, np.random.default_rng(0), LETTERS, LINES, on_plan=plans.append
    )
    assert learnt.before is not None
    assert learnt.after is not None
    assert learnt.before.length == learnt.after.length == sum(map(len, TEXTS))
    assert (learnt.share > 0) == (learnt.gain[0] > 0)
    assert learnt.lines == len(TEXTS)
    assert len(plans) == 1
    assert 0 < plans[0] < 3600
    for ours, theirs in zip(learnt.reader.models, shipped.models, strict=True):
        changed = any((ours.weights[-1][k] != theirs.weights[-1][k]).any() for k in ("bias",))
        assert changed == (learnt.share > 0)


@pytest.mark.parametrize(
    ("edits", "kept"),
    [
        (((2, 2, 2, 2, 2), (1, 1, 1, 1, 1), (0, 0, 0, 0, 0)), 1.0),
        (((2, 2, 2, 2, 2), (0, 0, 0, 0, 0), (1, 1, 1, 1, 1)), 0.5),
        (((2, 2, 2, 2, 2), (1, 1, 1, 1, 1), (1, 1, 1, 1, 1)), 1.0),  # of equals, most learning
        (((1, 1, 1, 1, 1), (1, 1, 1, 1, 1), (2, 2, 2, 2, 2)), 0.0),
        (((5, 0, 0, 0, 0), (1, 0, 0, 0, 0), (1, 0, 0, 0, 0)), 0.0),  # one line's luck
        (((5, 0, 5, 0, 5), (1, 2, 4, 2, 2), (1, 2, 4, 3, 2)), 0.0),  # better here, worse there
    ],
)
def test_a_change_is_kept_where_its_gain_is_sure(
    edits: tuple[tuple[int, ...], ...], kept: float
) -> None:
    assert hand.best_share(dict(zip((0.0, 0.5, 1.0), edits, strict=True)), 100) == kept


def test_the_range_of_a_gain_holds_it() -> None:
    low, high = hand.gain_range((4, 2, 3, 1), (1, 2, 1, 0), 100)
    assert low < 0.06 < high
    assert hand.gain_range((2, 2), (1, 1), 20) == (0.1, 0.1)
    assert hand.gain_range((), (), 0) == (0, 0)


def test_a_few_lines_are_not_learnt_as_no_gain_is_sure(copy: Copy) -> None:
    shipped = recognition.load_reader("default", "none")
    few = Copy(copy.page, "\n".join(TEXTS[: hand.FEWEST - 1]))
    learnt = hand.learn_hand([few], shipped, np.random.default_rng(0), LETTERS, LINES)
    assert (learnt.share, learnt.before, learnt.after) == (0, None, None)
    for ours, theirs in zip(learnt.reader.models, shipped.models, strict=True):
        np.testing.assert_array_equal(ours.weights[-1]["bias"], theirs.weights[-1]["bias"])


def test_a_fold_whose_worker_is_killed_is_done_again(
    copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand, "_read_fold", partial(_killed_at_first, tmp_path / "killed"))
    shipped = recognition.load_reader("default", "none")
    with parallel.processes(2) as executor:
        learnt = hand.learn_hand(
            [copy], shipped, np.random.default_rng(0), LETTERS, LINES, executor=executor
        )
    assert (tmp_path / "killed").exists()
    assert learnt.before == learnt.after != None  # noqa: E711


def _killed_at_first(
    mark: Path, _tuner: object, _copies: object, fold: hand.Fold
) -> hand.Practised:
    if 0 in fold.lines and not mark.exists():
        mark.touch()
        os._exit(1)
    return hand.Practised()


def test_folds_are_the_same_side_by_side(copy: Copy) -> None:
    shipped, steps = recognition.load_reader("default", "none"), []
    with parallel.processes(2) as executor:
        first, second = (
            hand.learn_hand(
                [copy],
                shipped,
                np.random.default_rng(7),
                LETTERS,
                LINES,
                pool,
                lambda: steps.append(1),
            )
            for pool in (None, executor)
        )
    assert len(steps) == 2 * hand.FOLDS
    assert (first.share, first.gain, first.after) == (second.share, second.gain, second.after)
    for ours, theirs in zip(first.reader.models, second.reader.models, strict=True):
        np.testing.assert_array_equal(ours.weights[-1]["bias"], theirs.weights[-1]["bias"])


def test_the_mean_of_the_folds_is_kept_with_the_habit_of_all_lines(copy: Copy) -> None:
    shipped, rng = recognition.load_reader("default", "en"), np.random.default_rng(0)
    texts = [hand.texts_of_rows(copy.page, range(len(copy.page.rows)), shipped)]
    tuner = hand.HandTuner([copy], texts, shipped, rng, LETTERS, LINES)
    parts = tuner.tune([0, 1], rng), tuner.tune([1, 2], rng)
    mean = tuner.mean(parts)
    for one, other, middle in zip(*(part.models for part in parts), mean.models, strict=True):
        for a, b, c in zip(one.weights, other.weights, middle.weights, strict=True):
            for name in a:
                np.testing.assert_allclose(c[name], (a[name] + b[name]) / 2, atol=1e-6)
    assert mean.habit.lines == tuple(line.text for line in tuner.known)


def test_half_way_is_half_way_for_both(copy: Copy) -> None:
    shipped, rng = recognition.load_reader("default", "none"), np.random.default_rng(0)
    texts = [hand.texts_of_rows(copy.page, range(len(copy.page.rows)), shipped)]
    tuned = hand.HandTuner([copy], texts, shipped, rng, LETTERS, LINES).tune([0, 1], rng)
    half = hand.blend(shipped, tuned, 0.5)
    for old, new, middle in zip(shipped.models, tuned.models, half.models, strict=True):
        a, b, m = (model.weights[-1]["weights"] for model in (old, new, middle))
        assert (a != b).any() == (old.kind == "line")  # no row is read letter by letter
        np.testing.assert_allclose(m, (a + b) / 2, atol=1e-6)


def test_a_wrong_text_is_an_error(copy: Copy) -> None:
    shipped = recognition.load_reader("default", "none")
    with pytest.raises(InputError, match="none of the text"):
        hand.learn_hand([Copy(copy.page, "0123 +=%")], shipped, np.random.default_rng(0))


def test_one_file_serves_as_either_model(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    models = recognition.load_reader("default", "none").models
    weights.save_hand(path, models, {"odds": np.eye(3)}, {"letters": 7})
    assert weights.kind_of(path) == "hand"
    assert weights.read_meta(path)["record"] == {"letters": 7}
    assert weights.kinds_in(path) == {"convnet", "line"}
    np.testing.assert_array_equal(weights.read_extras(path)["odds"], np.eye(3))
    kept = weights.load_model(path), lines.load_line_model(path)
    for again, model in zip(kept, models, strict=True):
        assert again.classes == model.classes
        assert again.record == model.record
        for ours, theirs in zip(again.weights, model.weights, strict=True):
            for name in ours:
                np.testing.assert_array_equal(ours[name], theirs[name])
    with pytest.raises(ModelError, match="of kind 'hand'; here one of kind autoencoder"):
        weights.read_archive(path, {"autoencoder"})


@pytest.mark.parametrize("kept", [0, 1])
def test_a_hand_reads_with_what_has_learnt_it(tmp_path: Path, copy: Copy, kept: int) -> None:
    path = tmp_path / "mine.npz"
    model = recognition.load_reader("default", "none").models[kept]
    known = habit.learn(["1 5"], [Gaps(("1", "5"), np.zeros(1))], None, LatticeDecoding())
    weights.save_hand(path, [model], known.arrays(), {})
    reader = recognition.load_reader(str(path), "none")
    assert [one.kind for one in reader.models] == [model.kind]
    np.testing.assert_array_equal(reader.habit.odds, known.odds)
    assert len(hand.texts_of_rows(copy.page, [0, 1], reader)) == 2
    weights.save_hand(path, [model], {}, {})  # as it was before there were habits
    assert not recognition.load_reader(str(path), "none").habit.odds.any()


def test_a_hand_of_wrong_parts_is_an_error(tmp_path: Path) -> None:
    models = recognition.load_reader("default", "none").models
    odd, none = tmp_path / "odd.npz", tmp_path / "none.npz"
    weights.save_hand(odd, models, {**Habit().arrays(), "odds": np.eye(2)}, {})
    weights.save_hand(none, [], Habit().arrays(), {})
    with pytest.raises(ModelError, match="parts do not fit"):
        recognition.load_reader(str(odd))
    with pytest.raises(ModelError, match="without a model"):
        recognition.load_reader(str(none))


@pytest.mark.slow
def test_command(tmp_path: Path, handwriting, run_ocr) -> None:
    said = TEXTS[:2]
    handwriting(*said).save(tmp_path / "page.png")
    (tmp_path / "page.txt").write_text("\n".join(said), encoding="utf-8")
    result = run_ocr("train", "--page", "page.png", "--out", "mine.npz", cwd=tmp_path)
    assert result.returncode == 0, result.stderr.decode()
    assert b"2 lines found on the page, too few to be sure of a gain" in result.stdout
    read = run_ocr("read", "-m", "mine.npz", "page.png", cwd=tmp_path)
    assert read.stdout.decode().splitlines() == list(said)
    told = run_ocr("models", "show", "mine.npz", cwd=tmp_path).stdout.decode()
    assert "kind                 hand\n" in told
    (tmp_path / "line.txt").write_text(said[0], encoding="utf-8")
    again = run_ocr("train", "--page", "page.png=line.txt", "--from", "mine.npz", cwd=tmp_path)
    assert again.returncode == 0, again.stderr.decode()
    (tmp_path / "bad.npz").write_bytes((tmp_path / "mine.npz").read_bytes()[:90_000])
    bad = run_ocr("read", "-m", "bad.npz", "page.png", cwd=tmp_path)
    assert bad.returncode in (1, 2)
    assert b"not a model file, or a damaged one" in bad.stderr
