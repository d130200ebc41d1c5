"""Decisions of training that no loss shows: what is held back, what is kept, how fast it goes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from ocr_cli.cli.main import cli
from ocr_cli.data import choose
from ocr_cli.data.formats.ink import from_strokes
from ocr_cli.data.sets import CharacterSet
from ocr_cli.data.sources import InkSource, SetSource
from ocr_cli.evaluation.metrics import Tally
from ocr_cli.page import Page
from ocr_cli.training import characters as training
from ocr_cli.training.adaptation import hand
from ocr_cli.training.adaptation.copies import Copy
from ocr_cli.training.recipes import PRESETS, fresh_model

# A hand's share of what it has learnt: readers here are sets of the lines that they were tuned on.

LINES = ("one line", "another line", "a third one", "the fourth", "and a fifth")
Reads = Callable[[frozenset[int], int], str]


def cross_validated(monkeypatch: pytest.MonkeyPatch, reads: Reads) -> tuple[float, Tally, Tally]:
    """Cross-validate a hand of LINES; `reads(lines tuned on, line)` is what is read there.

    Readers on the way hold what they were tuned on; at half the way only the even lines of it.
    """

    def tune(chosen: Sequence[int], _rng: np.random.Generator) -> frozenset[int]:
        return frozenset(chosen)

    def blend(_old: object, tuned: frozenset[int], share: float) -> frozenset[int]:
        return tuned if share == 1 else frozenset(k for k in tuned if k % 2 == 0)

    def read_rows(_page: Page, rows: Sequence[int], tuned: frozenset[int]) -> list[str]:
        return [reads(tuned, row) for row in rows]

    monkeypatch.setattr(hand, "blend", blend)
    monkeypatch.setattr(hand, "texts_of_rows", read_rows)
    known = [hand.TranscribedRow(0, row, text) for row, text in enumerate(LINES)]
    tuner = SimpleNamespace(known=known, reader=None, tune=tune)
    copy = Copy(Page(np.ones((1, 1), np.float32)), "\n".join(LINES))
    misread = [[line[:-1] for line in LINES]]  # an edit a line, before anything is learnt
    rng = np.random.default_rng(0)
    practised = hand.practise([copy], tuner, rng)  # type: ignore[arg-type]
    edits = hand.cross_validate(misread, known, practised)
    length = sum(map(len, LINES))
    share = hand.best_share(edits, length)
    return share, Tally(sum(edits[0.0]), length), Tally(sum(edits[share]), length)


def test_what_is_learnt_by_heart_is_no_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fold is read by what was tuned on all others, and on none of its own lines."""

    def by_heart(tuned: frozenset[int], line: int) -> str:
        return LINES[line] if line in tuned else LINES[line][:-1]

    share, before, after = cross_validated(monkeypatch, by_heart)
    assert (share, before.edits, after.edits) == (0.0, len(LINES), len(LINES))


def test_all_other_lines_are_learnt_from(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = hand.folds(LINES)
    others = {k: {*range(len(LINES))} - set(part) for part in parts for k in part}

    def needs_all(tuned: frozenset[int], line: int) -> str:
        return LINES[line] if tuned == others[line] else "?" * 20

    share, before, after = cross_validated(monkeypatch, needs_all)
    assert (share, before.edits, after.edits) == (1.0, len(LINES), 0)


def test_of_shares_that_read_alike_the_largest_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    share, _, after = cross_validated(monkeypatch, lambda _tuned, line: LINES[line])
    assert (share, after.edits) == (1.0, 0)


def test_half_the_way_is_kept_where_all_of_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    def overdone(tuned: frozenset[int], line: int) -> str:
        return "?" * 20 if any(k % 2 for k in tuned) else LINES[line]

    assert cross_validated(monkeypatch, overdone)[0] == 0.75


# Who is held back.


def unipen(writer: int) -> str:
    """A UNIPEN file of one writer, who writes T, L and O each at a size of their own."""
    strokes = "".join(
        f'.SEGMENT CHARACTER ? OK "{letter}"\n.PEN_DOWN\n0 0\n{40 + 7 * writer} {90 + k}\n'
        f"{10 + k} {50 + writer}\n.PEN_UP\n"
        for k, letter in enumerate("TLO" * 3)
    )
    head = ".VERSION 1.0\n.COORD X Y\n.HIERARCHY CHARACTER\n"
    return f"{head}.WRITER_ID w{writer}\n{strokes}"


def test_eval_holds_back_the_writers_that_train_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a model would be scored on hands that it has learnt from."""
    folder = tmp_path / "collection"
    folder.mkdir()
    for writer in range(23):
        (folder / f"w{writer}.dat").write_text(unipen(writer))
    trained_on: list[choose.Splits] = []
    real = choose.open_splits

    def spied(*arguments: object) -> choose.Splits:
        trained_on.append(real(*arguments))  # type: ignore[arg-type]
        return trained_on[-1]

    monkeypatch.setattr(choose, "open_splits", spied)
    told = ["train", "--homework", "--epochs", "1", "-q", "--data", str(folder)]
    result = CliRunner().invoke(cli, [*told, "--out", str(tmp_path / "m.npz")])
    assert result.exit_code == 0, result.output
    for split, held in trained_on[0].held.items():
        scored, _ = choose.open_set(folder, split)
        assert len(scored) == 18  # two writers of 23
        found, expected = (np.sort(one.images.reshape(18, -1), 0) for one in (scored, held))
        np.testing.assert_array_equal(found, expected)


# Characters.

FEW = replace(PRESETS["mlp"].recipe, epochs=3, batch_size=16, averaging=0.0)


def corners(count: int, seed: int) -> CharacterSet:
    """Pictures whose ink lies in one of two corners."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    images = rng.uniform(0.8, 1, (count, 32, 32)).astype(np.float32)
    images[labels == 0, :12, :12] = 0
    images[labels == 1, 20:, 20:] = 0
    return CharacterSet(images, labels, ("7", "J"))


def test_the_epoch_best_on_valid_is_kept_not_the_last() -> None:
    scores = iter([0.5, 0.9, 0.7, 0.9])
    start = fresh_model(replace(PRESETS["mlp"], hidden=(4,)), ("7", "J"), 0)
    x = np.zeros((2, 1024), np.float32)
    lessons = training.Lessons(
        lambda: iter([(x, np.eye(2, dtype=np.float32), None)]), 1, training.CLASSIFY
    )
    trainer = SimpleNamespace(step=lambda *_: (1.0, np.eye(2)), weights=lambda: start.weights)
    recipe = replace(FEW, epochs=4)
    kept: list[training.Model] = []
    best, _ = training.run_epochs(
        lessons, trainer, recipe, lambda: start, lambda _: (0.0, next(scores)), None, kept.append
    )
    assert best.record["epoch"] == 2
    assert [model.record["epoch"] for model in kept] == [1, 2]


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_steps_are_as_long_as_the_rate_says(schedule: str) -> None:
    """Of plain descent: so twice the rate is twice the way, and none is none."""
    start = fresh_model(replace(PRESETS["homework"], hidden=(4,)), ("7", "J"), 0)
    recipe = replace(FEW, optimiser="sgd", momentum=0, decay=0, epochs=1, schedule=schedule)

    def moved(rate: float) -> float:
        source, valid = SetSource(corners(16, 1)), corners(4, 2)
        model, _ = training.train(start, source, valid, replace(recipe, lr=rate))
        return float(np.abs(model.weights[-1]["weights"] - start.weights[-1]["weights"]).max())

    assert moved(0.0) == 0
    assert moved(2e-5) == pytest.approx(2 * moved(1e-5), rel=0.02)


def test_a_rare_letter_is_drawn_more_often_than_it_comes_but_not_as_often_as_a_usual_one() -> None:
    """With a balance of a half, 400 to 4 items become 20 to 2 draws (square roots)."""
    strokes = [np.array([[0.0, 0.0], [0.0, 100.0]])]
    labels = ["l"] * 400 + ["I"] * 4
    source = InkSource(from_strokes([strokes] * 404, labels), ("I", "l"))
    rng = np.random.default_rng(0)
    drawn = np.concatenate([numbers for _, numbers in source.batches(rng, 404)])
    assert 20 < (drawn == 0).sum() < 60  # 37 is meant, 4 are there
