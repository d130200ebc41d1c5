"""Pictures of trainings: they show what they are given, each in its place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from ocr_cli.cli.main import cli
from ocr_cli.data import choose
from ocr_cli.data.charset import NIST36
from ocr_cli.training import plots as training_plots
from ocr_cli.training.characters import Epoch
from ocr_cli.training.recipes import PRESETS, fresh_model

pytest.importorskip("matplotlib")


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), float)


def course(*accuracies: float) -> list[Epoch]:
    return [Epoch(i + 1, 1 - a, a, 1 - a, a, 1.0) for i, a in enumerate(accuracies)]


def test_each_training_has_a_colour_of_its_own(tmp_path: Path) -> None:
    courses = {f"lr={i}": course(0.1 * i, 0.5, 0.6) for i in range(1, 4)}
    training_plots.save_curves(courses, "accuracy", tmp_path / "new" / "c.png")
    shown = pixels(tmp_path / "new" / "c.png").reshape(-1, 3)
    for colour in training_plots.COLOURS[:3]:
        rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert (np.abs(shown - rgb).max(1) == 0).any(), colour
    unused = [int(training_plots.COLOURS[3][i : i + 2], 16) for i in (1, 3, 5)]
    assert not (np.abs(shown - unused).max(1) == 0).any()


@pytest.mark.parametrize("accuracies", [(0.5,), (0.1, float("nan"), 0.3), ()])
def test_short_and_broken_trainings_are_drawn(tmp_path: Path, accuracies: tuple[float]) -> None:
    training_plots.save_curves({"": course(*accuracies)}, "accuracy", tmp_path / "c.png")
    assert min(pixels(tmp_path / "c.png").shape[:2]) > 300


def test_a_units_weights_are_shown_upright() -> None:
    model = fresh_model(PRESETS["homework"], NIST36, 0)
    picture = np.zeros((32, 32), np.float32)
    picture[3, 20] = 1
    model.weights[0]["weights"][:, 5] = picture.T.ravel()  # inputs are in column order
    np.testing.assert_array_equal(training_plots.first_weights(model)[5], picture)
    assert training_plots.first_weights(fresh_model(PRESETS["convnet"], NIST36, 0)).shape == (
        *(24, 5, 5),
    )


def test_after_training_stands_to_the_right(tmp_path: Path) -> None:
    models = [fresh_model(PRESETS["homework"], NIST36, 0) for _ in range(2)]
    training_plots.save_weights(*models, tmp_path / "same.png")
    models[1].weights[0]["weights"][:, 5] *= -1
    training_plots.save_weights(*models, tmp_path / "turned.png")
    same, turned = (pixels(tmp_path / f"{name}.png") for name in ("same", "turned"))
    _, xs = np.nonzero(np.abs(same - turned).max(2) > 60)
    assert xs.min() > same.shape[1] / 2


def test_a_line_training_is_drawn_from_its_log(tmp_path: Path) -> None:
    reports = [
        {"seconds": 60 * i, "loss": 3.0 / i, "words": {"all": 0.9 / i}, "lines": {"all": 0.8 / i}}
        for i in range(1, 4)
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, reports)), encoding="utf-8")
    training_plots.save_line_curves(tmp_path / "log.jsonl", tmp_path / "new" / "curves.png")
    first = pixels(tmp_path / "new" / "curves.png")
    reports[2]["lines"]["all"] = 0.7
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, reports)), encoding="utf-8")
    training_plots.save_line_curves(tmp_path / "log.jsonl", tmp_path / "new" / "curves.png")
    _, xs = np.nonzero(np.abs(first - pixels(tmp_path / "new" / "curves.png")).max(2) > 60)
    assert xs.min() > first.shape[1] / 2  # the errors are on the right


def test_command_draws_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "HANDS", (20, 5))
    arguments = ["train", "--homework", "--epochs", "1", "-q", "--out", str(tmp_path / "m.npz")]
    done = CliRunner().invoke(
        cli, [*arguments, "--plot", str(tmp_path / "plots")], env={"OCR_DATA": ""}
    )
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"curves.png", "weights.png"}


def test_a_place_where_plots_cannot_go_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    arguments = ["train", "--homework", "--epochs", "1", "-q", "--out", str(tmp_path / "m.npz")]
    done = CliRunner().invoke(
        cli, [*arguments, "--plot", str(tmp_path / "file" / "plots")], env={"OCR_DATA": ""}
    )
    assert (done.exit_code, done.stdout) == (1, "")
    assert not (tmp_path / "m.npz").exists()
    assert done.stderr.count("\n") == 1
    assert "cannot be written" in done.stderr
    assert "is no folder" in done.stderr
