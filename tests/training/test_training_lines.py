"""Training of a line model: it learns, keeps what it has learnt, and takes it up again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from ocr_cli.data.formats import ink
from ocr_cli.data.synthesis import lines, synthetic
from ocr_cli.data.synthesis.lines import NO_VARIATION
from ocr_cli.data.synthesis.pieces import Mix, make_source
from ocr_cli.data.synthesis.stock import ItemKind, Stock, make_stock
from ocr_cli.errors import OcrError, UsageError
from ocr_cli.nn import network
from ocr_cli.recognition.lines import load_line_model, row_scores
from ocr_cli.training import lines as training_lines

pytestmark = pytest.mark.needs("torch")

WORDS = ("on", "no", "il", "lo", "oil")


@pytest.fixture(scope="module")
def stock() -> Stock:
    rng = np.random.default_rng(0)
    hand = synthetic.sample_hand(rng)
    words = ink.from_strokes([synthetic.draw_text(t, rng, hand) for t in WORDS], list(WORDS))
    characters = ink.from_strokes(
        [synthetic.draw_text(c, rng, hand) for c in "nolix"], list("nolix")
    )
    return make_stock(words, words, characters)


def test_it_learns_stops_and_goes_on(stock: Stock, tmp_path: Path) -> None:
    recipe = training_lines.LineRecipe(
        steps=30,
        columns=300,
        report_every=5,
        averaging=0.8,
        mix=Mix(1, 0, 0, 0),
        variation=NO_VARIATION,
    )
    source = make_source(stock)
    reports: list[dict] = []
    first = training_lines.train_lines(source, stock, recipe, tmp_path, False, reports.append)
    longer = replace(recipe, steps=45)
    second = training_lines.train_lines(source, stock, longer, tmp_path, True, reports.append)
    assert (first.record["steps"], second.record["steps"]) == (30, 45)
    losses = [json.loads(line)["loss"] for line in (tmp_path / "log.jsonl").open()]
    assert losses == [report["loss"] for report in reports]
    assert min(losses[-3:]) < 0.6 * losses[0]
    kept = load_line_model(tmp_path / "latest.npz")
    strip = np.random.default_rng(0).random((48, 40), np.float32)
    found, expected = (row_scores([strip], model)[0] for model in (kept, second))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_short_training_is_told_too_and_a_new_one_starts_a_new_log(
    stock: Stock, tmp_path: Path
) -> None:
    recipe = training_lines.LineRecipe(
        steps=3, columns=300, report_every=1000, mix=Mix(1, 0, 0, 0), variation=NO_VARIATION
    )
    for _ in range(2):
        model = training_lines.train_lines(make_source(stock), stock, recipe, tmp_path)
        (line,) = (tmp_path / "log.jsonl").read_text().splitlines()
        assert json.loads(line)["step"] == 3
        assert json.loads(line)["words"] == model.record["words"]
    again = training_lines.train_lines(make_source(stock), stock, recipe, tmp_path, True)
    assert again.record["words"] == model.record["words"]  # nothing was left to do


def test_errors_are_counted_by_style(stock: Stock) -> None:
    held = training_lines.held_out(stock, ItemKind.WORD, 5)
    truth = training_lines.character_errors(lambda batch: batch.labels, held)
    nothing = training_lines.character_errors(lambda batch: ["" for _ in batch.labels], held)
    assert set(truth) == {"all", "unknown"}
    assert truth["all"] == 0
    assert nothing["all"] == 1


SHORT = training_lines.LineRecipe(
    steps=3, columns=300, report_every=1000, mix=Mix(1, 0, 0, 0), variation=NO_VARIATION
)


def test_what_cannot_be_gone_on_from_is_told_and_left_alone(stock: Stock, tmp_path: Path) -> None:
    source = make_source(stock)
    with pytest.raises(UsageError, match="there is no"):
        training_lines.train_lines(source, stock, SHORT, tmp_path, resume=True)
    training_lines.train_lines(source, stock, SHORT, tmp_path)
    checkpoint = tmp_path / "checkpoint.pt"
    whole = checkpoint.read_bytes()
    layers = training_lines.line_layers(7)
    weights = network.init(layers, np.random.default_rng(0))
    with pytest.raises(OcrError, match="no checkpoint of such a training, or a damaged one"):
        training_lines.Run(SHORT, tmp_path, True, tuple("abcdefg"), layers, weights)
    for damaged in (whole[:-1000], b"", b"text"):
        checkpoint.write_bytes(damaged)
        with pytest.raises(OcrError, match="no checkpoint of such a training") as told:
            training_lines.train_lines(source, stock, SHORT, tmp_path, resume=True)
        assert told.value.source == str(checkpoint)
        assert checkpoint.read_bytes() == damaged


def test_ctrl_c_keeps_what_was_learnt(
    stock: Stock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = training_lines.Run.learn

    def stopped(run: training_lines.Run, batch: lines.Batch) -> float:
        if run.step == 2:
            raise KeyboardInterrupt
        return learn(run, batch)

    monkeypatch.setattr(training_lines.Run, "learn", stopped)
    source = make_source(stock)
    with pytest.raises(KeyboardInterrupt):
        training_lines.train_lines(source, stock, SHORT, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pt", "latest.npz"]
    monkeypatch.undo()
    model = training_lines.train_lines(source, stock, SHORT, tmp_path, resume=True)
    assert model.record["steps"] == 3


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(
    stock: Stock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_source(stock)
    training_lines.train_lines(source, stock, SHORT, tmp_path)
    before = (tmp_path / "checkpoint.pt").read_bytes()

    def full(_state: object, file: IO[bytes]) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save", full)
    with pytest.raises(OcrError, match=r"checkpoint\.pt: cannot be written \(No space left"):
        training_lines.train_lines(source, stock, SHORT, tmp_path)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert not list(tmp_path.glob(".*"))
