"""Training: what it promises of seeds, stopping, checkpoints, back ends and its command line."""

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ocr_cli.cli.main import cli
from ocr_cli.data import choose
from ocr_cli.data.sets import CharacterSet
from ocr_cli.data.sources import SetSource
from ocr_cli.errors import InputError, ModelError, UsageError
from ocr_cli.modelfiles import weights
from ocr_cli.training import characters as training
from ocr_cli.training.recipes import PRESETS, fresh_model

CLASSES = ("|", "-", "/")
FEW = replace(PRESETS["mlp"].recipe, epochs=3, batch_size=16)


def bars(n: int, seed: int) -> CharacterSet:
    """Upright, level and slanting bars on noisy paper."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    images = rng.uniform(0.7, 1, (n, 32, 32)).astype(np.float32)
    for image, label in zip(images, labels, strict=True):
        at = rng.integers(8, 22)
        span = np.arange(6, 26)
        rows, columns = ((span, 0 * span + at), (0 * span + at, span), (31 - span, span))[label]
        image[rows, columns] = image[rows, columns + 1] = 0
    return CharacterSet(images, labels, CLASSES)


def trained(backend: str = "numpy", recipe: training.Recipe = FEW, preset: str = "mlp"):
    start = fresh_model(replace(PRESETS[preset], hidden=(32,), channels=(4, 8, 8)), CLASSES, 0)
    return training.train(start, SetSource(bars(300, 1)), bars(100, 2), recipe, backend)


def test_learns_and_keeps_the_best_epoch() -> None:
    model, history = trained(recipe=replace(FEW, epochs=6, averaging=0.0))
    assert max(epoch.valid_score for epoch in history) > 0.9
    best = max(history, key=lambda epoch: (epoch.valid_score, -epoch.epoch))
    assert model.record["epoch"] == best.epoch
    loss, accuracy = training.evaluate(model, bars(100, 2))
    assert accuracy == pytest.approx(best.valid_score)
    assert loss == pytest.approx(best.valid_loss, rel=1e-5)


@pytest.mark.parametrize(
    "backend", ["numpy", pytest.param("torch", marks=pytest.mark.needs("torch"))]
)
def test_the_average_of_a_short_training_is_not_its_random_start(backend: str) -> None:
    _, history = trained(backend, replace(FEW, epochs=2))
    assert history[-1].valid_score > 0.6


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_the_same_seed_gives_the_same_weights(optimiser: str) -> None:
    recipe = replace(FEW, epochs=1, optimiser=optimiser, momentum=0.9)
    first, second = (trained(recipe=recipe)[0] for _ in range(2))
    other, _ = trained(recipe=replace(recipe, seed=1))
    for a, b, c in zip(first.weights, second.weights, other.weights, strict=True):
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])
        if "weights" in a:
            assert not np.array_equal(a["weights"], c["weights"])


def test_training_leaves_the_start_as_it_was() -> None:
    start = fresh_model(replace(PRESETS["mlp"], hidden=(8,)), CLASSES, 0)
    before = [{k: v.copy() for k, v in p.items()} for p in start.weights]
    training.train(start, SetSource(bars(64, 1)), bars(32, 2), replace(FEW, epochs=1))
    for kept, now in zip(before, start.weights, strict=True):
        for name, value in kept.items():
            np.testing.assert_array_equal(value, now[name])


def test_patience_ends_a_training_that_no_longer_gains() -> None:
    recipe = replace(FEW, epochs=50, lr=1e-12, averaging=0.0, patience=3)
    _, history = trained(recipe=recipe)
    assert len(history) < 15


def test_a_rate_that_is_too_large_is_said_so() -> None:
    recipe = replace(FEW, optimiser="sgd", lr=1e12, schedule="constant", averaging=0.0)
    with np.errstate(all="ignore"), pytest.raises(InputError, match="smaller --lr"):
        trained(recipe=recipe)


def test_a_rate_beyond_all_numbers_is_one_line_and_no_warning(tmp_path: Path) -> None:
    given = ["--homework", "--epochs", "1", "-q", "--out", str(tmp_path / "m.npz")]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = CliRunner().invoke(cli, ["train", *given, "--lr", "1e308"])
    told = "ocr: the loss is no longer a number; try a smaller --lr\n"
    assert (result.exit_code, result.stderr) == (1, told)


def test_weights_that_16_bits_do_not_hold_are_not_written(tmp_path: Path) -> None:
    model = fresh_model(replace(PRESETS["homework"], hidden=(4,)), CLASSES, 0)
    weights.save_model(tmp_path / "m.npz", model)
    before = (tmp_path / "m.npz").read_bytes()
    model.weights[0]["weights"][0, 0] = 1e6
    with pytest.raises(ModelError, match="smaller --lr"):
        weights.save_model(tmp_path / "m.npz", model, half=True)
    assert (tmp_path / "m.npz").read_bytes() == before


@pytest.mark.needs("torch")
@pytest.mark.parametrize("preset", ["mlp", "homework", "convnet"])
def test_torch_writes_what_numpy_reads(preset: str, tmp_path: Path) -> None:
    import torch

    from ocr_cli.nn.torch import backend as torch_backend

    model, history = trained("torch", preset=preset)
    assert history[-1].train_loss < history[0].train_loss
    path = tmp_path / "model.npz"
    weights.save_model(path, weights.for_use(model))
    crops = bars(50, 3).images
    x = torch.from_numpy(model.prepared(crops))
    tensors = [{k: torch.from_numpy(v) for k, v in p.items()} for p in model.weights]
    with torch.no_grad():
        expected = torch_backend.forward_torch(torch, model.layers, tensors, x, False).numpy()
    np.testing.assert_allclose(weights.load_model(path).logits(crops), expected, atol=1e-4)


def test_a_pupil_of_worthless_labels_learns_from_its_teacher() -> None:
    """Labels drawn by chance teach nothing; what is learnt, the teacher knew."""
    recipe, valid = replace(FEW, epochs=8, averaging=0.0), bars(100, 2)
    teacher, _ = trained(recipe=recipe)
    blind = replace(bars(300, 3), labels=np.random.default_rng(0).integers(0, 3, 300))
    start = fresh_model(replace(PRESETS["mlp"], hidden=(32,)), CLASSES, 1)
    alone, _ = training.train(start, SetSource(blind), valid, recipe)
    taught, _ = training.train(start, SetSource(blind), valid, recipe, teacher=teacher)
    assert training.evaluate(alone, valid)[1] < 0.5
    assert training.evaluate(taught, valid)[1] > 0.85


@pytest.mark.parametrize("kind", ["line", "language"])
def test_options_that_a_kind_has_no_use_for_are_refused(kind: str, tmp_path: Path) -> None:
    usual = ["train", "--kind", kind, "--out", str(tmp_path / "m.npz"), "--data", str(tmp_path)]
    result = CliRunner().invoke(cli, [*usual, "--hidden", "64"])
    assert result.exit_code == 2
    assert f"--kind {kind} and --hidden do not go together" in result.stderr
    assert not any(tmp_path.iterdir())


def test_teacher_must_have_the_classes(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        cli, ["train", "--teacher", "letters", "--out", str(tmp_path / "m.npz")]
    )
    assert result.exit_code != 0
    assert "--teacher: its classes" in result.stderr


def test_sizes_tell_letters_of_one_shape_apart(tmp_path: Path) -> None:
    """Two classes of the same pictures, one twice as tall: only the size can know."""
    rng = np.random.default_rng(0)
    base = bars(400, 4)
    large = rng.random(400) < 0.5
    sizes = np.exp(rng.normal(0, 0.1, (400, 2))) * np.where(large, 1.2, 0.6)[:, None]
    data = replace(base, labels=large.astype(np.int64), sizes=sizes.astype(np.float32))
    start = fresh_model(replace(PRESETS["mlp"], hidden=(32,)), CLASSES, 1)
    model = training.learn_sizes(start, data)
    before, after = training.evaluate(start, data)[1], training.evaluate(model, data)[1]
    assert before < 0.6
    assert after > 0.95
    weights.save_model(tmp_path / "m.npz", model)
    again = weights.load_model(tmp_path / "m.npz")
    assert np.array_equal(
        again.logits(data.images, data.sizes), model.logits(data.images, data.sizes)
    )
    assert np.array_equal(again.logits(data.images), start.logits(data.images))


def test_size_terms_of_a_wrong_shape_are_refused(tmp_path: Path) -> None:
    start = fresh_model(replace(PRESETS["mlp"], hidden=(32,)), CLASSES, 1)
    weights.save_model(tmp_path / "m.npz", replace(start, size_terms=np.zeros((5, 3), np.float32)))
    with pytest.raises(ModelError, match="do not fit"):
        weights.load_model(tmp_path / "m.npz")


def test_command_trains_on_nist36_files(tmp_path: Path) -> None:
    write_nist36(tmp_path / "set")
    out, log = tmp_path / "model.npz", tmp_path / "log.jsonl"
    arguments = ["train", "--data", str(tmp_path / "set"), "--homework", "--epochs", "2"]
    result = CliRunner().invoke(cli, [*arguments, "--out", str(out), "--log", str(log)])
    assert result.exit_code == 0, result.output
    assert "valid" in result.stdout
    assert "test" in result.stdout
    assert "NIST36" in result.stderr
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    model = weights.load_model(out)
    assert model.record["recipe"]["lr"] == 0.003
    assert model.record["test_accuracy"] >= 0
    again = CliRunner().invoke(
        cli, [*arguments[:-1], "1", "--from", str(out), "--out", str(tmp_path / "more.npz"), "-q"]
    )
    assert again.exit_code == 0, again.output
    assert again.stderr == ""


def write_nist36(folder: Path) -> None:
    """A set in the layout of the NIST36 files, of noise: for the reading of files, not to learn."""
    from scipy.io import savemat

    folder.mkdir()
    rng = np.random.default_rng(0)
    for split, n in (("train", 72), ("valid", 36), ("test", 36)):
        labels = np.eye(36)[np.arange(n) % 36]
        content = {f"{split}_data": rng.random((n, 1024)), f"{split}_labels": labels}
        savemat(folder / f"nist36_{split}.mat", content)


def test_nist36_pictures_are_turned_upright(tmp_path: Path) -> None:
    from scipy.io import savemat

    from ocr_cli.data.formats import nist36

    picture = np.ones((32, 32))
    picture[3, 20] = 0
    content = {"test_data": picture.T.reshape(1, -1), "test_labels": np.eye(36)[[35]]}
    savemat(tmp_path / "nist36_test.mat", content)
    data = nist36.load(tmp_path, "test")
    np.testing.assert_array_equal(data.images[0], picture.astype(np.float32))
    assert data.classes[data.labels[0]] == "9"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a readable MATLAB file"),
        (b"not a set", "not a readable MATLAB file"),
        (None, "no such file"),
    ],
)
def test_bad_data_is_one_clear_line(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "set.mat"
    if content is not None:
        path.write_bytes(content)
    result = CliRunner().invoke(cli, ["train", "--data", str(path)])
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


def test_without_data_it_trains_on_synthetic_writing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "HANDS", (20, 5))
    out = tmp_path / "model.npz"
    result = CliRunner().invoke(
        cli,
        ["train", "--lr", "0.003", "--epochs", "1", "--hidden", "32", "--out", str(out)],
        env={"OCR_DATA": ""},
    )
    assert result.exit_code == 0, result.output
    assert "synthetic handwriting" in result.stderr
    assert weights.load_model(out).classes[0] == "A"


def test_gradient_check_prints_a_table() -> None:
    result = CliRunner().invoke(cli, ["train", "--check-gradients"])
    assert result.exit_code == 0
    assert "Conv2d" in result.stdout
    assert "cross-entropy" in result.stdout


def test_ctrl_c_keeps_the_best_model(tmp_path: Path) -> None:
    write_nist36(tmp_path / "set")
    out, log = tmp_path / "model.npz", tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "ocr_cli", "train", "--data", str(tmp_path / "set")]
    options = ["--homework", "--epochs", "100000", "--out", str(out), "--log", str(log)]
    process = subprocess.Popen(
        [*command, *options], stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    )
    deadline = time.monotonic() + 600
    while not (log.exists() and log.read_text().count("\n") > 2) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 130
    assert b"best model so far" in err
    assert b"Traceback" not in err
    assert weights.load_model(out).kind == "mlp"


def test_hidden_sizes_are_checked() -> None:
    result = CliRunner().invoke(cli, ["train", "--hidden", "12,x"])
    assert result.exit_code == 2
    assert "512,256" in result.stderr


def test_parameter_count_is_the_homeworks() -> None:
    model = fresh_model(PRESETS["homework"], tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), 0)
    numbers = sum(array.size for params in model.weights for array in params.values())
    assert numbers == 1024 * 64 + 64 + 64 * 36 + 36


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        ("mlp", {"hidden": (65536, 65536)}),
        ("autoencoder", {"hidden": (65536, 4096, 65536)}),
        ("convnet", {"channels": (8000, 8000, 8000)}),
    ],
)
def test_a_network_larger_than_memory_is_refused_before_room_is_made(
    kind: str, sizes: dict[str, tuple[int, ...]]
) -> None:
    with pytest.raises(UsageError, match="weights; 100,000,000 are the most; choose smaller"):
        fresh_model(replace(PRESETS[kind], **sizes), ("a", "b"), 0)
