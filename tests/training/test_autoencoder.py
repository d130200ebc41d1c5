"""Autoencoders: what they are measured by, what they must beat, their files and commands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.io import savemat

from ocr_cli.cli.main import cli
from ocr_cli.data.charset import NIST36
from ocr_cli.data.sets import CharacterSet
from ocr_cli.data.sources import SetSource
from ocr_cli.errors import ModelError
from ocr_cli.modelfiles import weights
from ocr_cli.training import autoencoder
from ocr_cli.training import characters as training
from ocr_cli.training.recipes import PRESETS, fresh_model

if TYPE_CHECKING:
    from conftest import RunOcr


def blobs(n: int, seed: int) -> CharacterSet:
    """Round blots of ink, each at its own place and of its own size: three numbers a picture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:32, :32]
    cy, cx, r = rng.uniform((8, 8, 3), (24, 24, 7), (n, 3)).T[:, :, None, None]
    images = np.clip(np.hypot(y - cy, x - cx) - r, 0, 1).astype(np.float32)
    return CharacterSet(images, rng.integers(0, 36, n))


def trained(preset: str, hidden: tuple[int, ...], backend: str, **changes: object):
    chosen = replace(PRESETS[preset], hidden=hidden)
    recipe = replace(chosen.recipe, **changes)
    start = fresh_model(chosen, NIST36, 0)
    return training.train(start, SetSource(blobs(600, 1)), blobs(200, 2), recipe, backend)


def test_psnr_is_scikit_images() -> None:
    metrics = pytest.importorskip("skimage.metrics")
    rng = np.random.default_rng(0)
    true = rng.random((4, 32, 32), np.float32)
    found = np.clip(true + rng.normal(0, 0.2, true.shape), 0, 1).astype(np.float32)
    expected = [
        metrics.peak_signal_noise_ratio(a, b, data_range=1)
        for a, b in zip(true, found, strict=True)
    ]
    np.testing.assert_allclose(autoencoder.psnr(found, true), expected, rtol=1e-4)
    np.testing.assert_allclose(autoencoder.psnr(true, true), 100)


def test_principal_components_are_those_of_a_singular_value_decomposition() -> None:
    data = blobs(300, 0).images
    flat = data.reshape(300, -1) - data.reshape(300, -1).mean(0)
    u, s, vt = np.linalg.svd(flat, full_matrices=False)
    best = (u[:, :5] * s[:5]) @ vt[:5] + data.reshape(300, -1).mean(0)
    found = autoencoder.principal_components(data, 5).reconstruct(data)
    np.testing.assert_allclose(found.reshape(300, -1), np.clip(best, 0, 1), atol=1e-3)


def test_a_code_of_few_numbers_beats_as_many_principal_components() -> None:
    model, history = trained("autoencoder", (128, 3, 128), "numpy", epochs=60, averaging=0.0)
    assert history[-1].valid_score > history[0].valid_score
    valid = blobs(200, 2).images
    ours = autoencoder.psnr(autoencoder.reconstruct(model, valid), valid).mean()
    components = autoencoder.principal_components(blobs(600, 1).images, 3)
    assert ours == pytest.approx(max(epoch.valid_score for epoch in history), abs=0.01)
    assert ours > autoencoder.psnr(components.reconstruct(valid), valid).mean() + 1


@pytest.mark.needs("torch")
@pytest.mark.parametrize("preset", ["autoencoder", "homework-autoencoder"])
def test_torch_learns_and_writes_what_numpy_reads(preset: str, tmp_path: Path) -> None:
    import torch

    from ocr_cli.nn.torch import backend as torch_backend

    model, history = trained(preset, (32, 8, 32), "torch", epochs=3)
    assert history[-1].train_loss < history[0].train_loss
    path = tmp_path / "model.npz"
    weights.save_model(path, weights.for_use(model))
    crops = blobs(20, 3).images
    x = torch.from_numpy(model.prepared(crops))
    tensors = [{k: torch.from_numpy(v) for k, v in p.items()} for p in model.weights]
    with torch.no_grad():
        expected = (
            torch_backend.forward_torch(torch, model.layers, tensors, x, False).sigmoid().numpy()
        )
    found = autoencoder.reconstruct(autoencoder.load_autoencoder(path), crops)
    np.testing.assert_allclose(found, expected.reshape(-1, 32, 32).transpose(0, 2, 1), atol=1e-4)


def test_the_homeworks_is_the_homeworks() -> None:
    model = fresh_model(PRESETS["homework-autoencoder"], NIST36, 0)
    sizes = [layer.inputs for layer in model.layers if hasattr(layer, "inputs")]
    assert [*sizes, model.layers[-1].outputs] == [1024, 32, 32, 32, 1024]
    assert model.classes == ()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of blots in the layout of the NIST36 files, and an autoencoder of them, trained."""
    folder = tmp_path_factory.mktemp("autoencoder")
    (folder / "set").mkdir()
    for seed, split in enumerate(("train", "valid", "test")):
        data = blobs(72, seed)
        columns = data.images.transpose(0, 2, 1).reshape(72, -1)
        content = {f"{split}_data": columns, f"{split}_labels": np.eye(36)[np.arange(72) % 36]}
        savemat(folder / "set" / f"nist36_{split}.mat", content)
    return folder


def test_command_trains_and_scores_one(folder: Path) -> None:
    out = folder / "auto.npz"
    arguments = ["train", "--kind", "autoencoder", "--homework", "--epochs", "2"]
    arguments += ["--data", str(folder / "set"), "--out", str(out)]
    log = folder / "log.jsonl"
    done = CliRunner().invoke(cli, [*arguments, "--log", str(log)])
    assert done.exit_code == 0, done.output
    ours, components = done.stdout.splitlines()
    assert ours.startswith(str(out))
    assert components.startswith("32 principal components")
    assert [line.count(" dB") for line in (ours, components)] == [2, 2]
    assert [json.loads(line)["epoch"] for line in log.read_text().splitlines()] == [1, 2]
    assert "valid_psnr" in json.loads(log.read_text().splitlines()[0])

    scored = CliRunner().invoke(cli, ["eval", "--json", "-m", str(out), str(folder / "set")])
    assert scored.exit_code == 0, scored.output
    found = json.loads(scored.stdout)
    record = autoencoder.load_autoencoder(out).record
    assert found["psnr"] == pytest.approx(record["test_psnr"], abs=1e-3)
    assert [one["count"] for one in found["per_class"]] == [2] * 36
    table = CliRunner().invoke(cli, ["eval", "-m", str(out), str(folder / "set")]).stdout
    assert table.startswith(f"72 characters, PSNR {found['psnr']:.2f} dB")

    better = ["--from", str(out), "--out", str(folder / "better.npz"), "-q"]
    more = CliRunner().invoke(cli, [*arguments, *better])
    assert more.exit_code == 0, more.output


def test_it_draws_what_comes_back(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    arguments = ["train", "--kind", "autoencoder", "--epochs", "1", "--hidden", "16,4,16", "-q"]
    arguments += ["--data", str(folder / "set"), "--out", str(tmp_path / "auto.npz")]
    done = CliRunner().invoke(cli, [*arguments, "--plot", str(tmp_path / "plots")])
    assert done.exit_code == 0, done.output
    assert "4 principal components" in done.stdout
    made = {path.name for path in (tmp_path / "plots").iterdir()}
    assert made == {"curves.png", "weights.png", "reconstructions.png"}


def test_no_reader_takes_it_and_it_is_no_classifier(
    run_ocr: RunOcr, tmp_path: Path, root: Path, untrained: Path
) -> None:
    path = tmp_path / "auto.npz"
    weights.save_model(path, fresh_model(PRESETS["homework-autoencoder"], NIST36, 0))
    done = run_ocr("read", "-m", path, root / "examples" / "todo.jpg")
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (1, b"", 1)
    assert (
        b"a model of kind 'autoencoder'; here one of kind convnet or mlp is needed" in done.stderr
    )
    with pytest.raises(ModelError, match="kind autoencoder is needed"):
        autoencoder.load_autoencoder(untrained)


def test_a_file_whose_parts_do_not_fit_is_told(tmp_path: Path) -> None:
    model = fresh_model(PRESETS["homework-autoencoder"], NIST36, 0)
    path = tmp_path / "auto.npz"
    weights.save_model(path, replace(model, layers=model.layers[:-1], weights=model.weights[:-1]))
    with pytest.raises(ModelError, match="do not fit"):
        autoencoder.load_autoencoder(path)


@pytest.mark.slow
def test_the_homeworks_setting_reaches_the_reports_figure(data: Path) -> None:
    """The report: 15.82 dB after 100 epochs; here a fifth of them are enough."""
    from ocr_cli.training import experiments

    experiment = experiments.Experiment(
        "autoencoder",
        data / "nist36-standin",
        homework=True,
        out=Path("unused.npz"),
        changes={"epochs": 20},
    )
    prepared = experiments.set_up(experiment)
    splits = prepared.splits
    _, history = training.train(prepared.start, splits.train, splits.valid, prepared.preset.recipe)
    assert history[-1].valid_score > 15.82
