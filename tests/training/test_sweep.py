"""`ocr train --sweep`: what is read from it, one training for each setting, and one table."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result

from ocr_cli.cli import train_sweep
from ocr_cli.cli.main import cli
from ocr_cli.cli.train import train
from ocr_cli.errors import OcrError
from ocr_cli.modelfiles import weights

if TYPE_CHECKING:
    from conftest import RunOcr

COLUMNS = ["setting", "epochs", "best", "train", "valid", "test", "seconds", "model"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set in the layout of the NIST36 files: noise, with a dark bar where the class says."""
    from scipy.io import savemat

    folder = tmp_path_factory.mktemp("sweep") / "set"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for split, n in (("train", 144), ("valid", 72), ("test", 72)):
        labels = np.arange(n) % 36
        columns = rng.uniform(0.5, 1, (n, 1024))
        for row, label in zip(columns, labels, strict=True):
            row[28 * label : 28 * label + 28] = 0
        content = {f"{split}_data": columns, f"{split}_labels": np.eye(36)[labels]}
        savemat(folder / f"nist36_{split}.mat", content)
    return folder


def sweep(data: Path, out: Path, *arguments: str) -> Result:
    given = ["train", "--data", str(data), "--out", str(out), "--epochs", "2", *arguments]
    return CliRunner().invoke(cli, given)


def rows(table: str) -> list[list[str]]:
    header, *lines = table.splitlines()
    assert header.split() == COLUMNS
    return [line.rsplit(maxsplit=7) for line in lines]


def settings(*sweeps: str) -> dict[str, dict[str, object]]:
    return train_sweep.settings(context(), sweeps)


def context() -> click.Context:
    """That of `ocr train`; click keeps a command's --help as it is made first, see test_docs."""
    return train.make_context("train", [], help_option_names=["-h", "--help"])


def test_values_are_read_as_the_options_are() -> None:
    found = settings("lr=0.1,1e-3")
    assert found == {"lr=0.1": {"lr": 0.1}, "lr=1e-3": {"lr": 1e-3}}
    found = settings("hidden=64 512,256")
    assert list(found.values()) == [{"hidden": (64,)}, {"hidden": (512, 256)}]
    assert list(settings("augment=no,yes").values()) == [{"augment": False}, {"augment": True}]
    assert list(settings("from=a.npz,b.npz").values()) == [{"start": "a.npz"}, {"start": "b.npz"}]


def test_two_sweeps_make_a_grid() -> None:
    found = settings("batch-size=8,16", "seed=0,1,2")
    assert len(found) == 6
    assert found["batch-size=16 seed=2"] == {"batch_size": 16, "seed": 2}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("lr=0.1,fast", "Invalid value for '--lr': 'fast' is not a number of more than 0"),
        ("lr=0", "Invalid value for '--lr': 0.0 is not in the range"),
        ("optimizer=sgd,lbfgs", "Invalid value for '--optimizer': 'lbfgs' is not one of"),
        ("hidden=64 0", "Invalid value for '--hidden': sizes go from 1 to 65536"),
        ("rate=1,2", "'rate' is not one of augment, backend"),
        ("out=a,b", "'out' is not one of"),
        ("lr", "lacks a value"),
        ("lr=0.1,", "lacks a value"),
        ("lr=0.1,0.1", "something twice"),
    ],
)
def test_a_wrong_sweep_is_told_as_click_would(given: str, told: str) -> None:
    done = CliRunner().invoke(cli, ["train", "--sweep", given])
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--sweep", "lr=1,2", "--lr", "1"], "--lr is given as well"),
        (["--sweep", "kind=mlp,language"], "a language model cannot be swept"),
        (["--sweep", "kind=mlp,autoencoder"], "no score in common"),
        (["--sweep", "homework=yes,no", "--kind", "convnet"], "--homework goes with"),
        (["--sweep", "channels=1,2"], "--channels takes three numbers"),
        (["--sweep", "lr=1,2", "--sweep", "lr=3"], "something twice"),
        (["--sweep", "lr=1,2", "--page", "a.png"], "--page and --sweep do not go together"),
        (["--sweep", "momentum=0,0.9"], "--momentum makes no difference here"),
        (["--momentum", "0.9"], "it goes with --optimizer sgd"),
        (["--sweep", "channels=1,2,3 4,5,6"], "--channels makes no difference here"),
        (["--channels", "1,2,3"], "--channels makes no difference here"),
        (["--hidden", "8", "--from", "mlp"], "--hidden makes no difference here"),
        (["--seed", "-1"], "-1 is not in the range x>=0"),
        (["--from", "capitals"], "give --kind convnet"),
    ],
)
def test_what_does_not_go_together_is_told_before_anything_is_trained(
    arguments: list[str], told: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(cli, ["train", "--out", str(tmp_path / "m.npz"), *arguments])
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("what", [("--backend", "torch"), ("--sweep", "backend=numpy,torch")])
def test_a_missing_back_end_is_told_before_anything_is_trained(
    what: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    done = CliRunner().invoke(cli, ["train", "--out", str(tmp_path / "m.npz"), *what])
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "ocr-cli[torch]" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_an_outcome(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    asked = {"data": data, "kind": "mlp", "homework": True, "epochs": 1}
    planned = {"lr=0.1": {"lr": 0.1}}
    made = train_sweep.experiments_of(planned, {**asked, "out": tmp_path / "file" / "m.npz"})
    failure = train_sweep._attempt(made[0], log=None, quiet=True)
    assert isinstance(failure, OcrError)
    assert str(tmp_path / "file") in str(failure)


def test_what_makes_a_difference_to_one_setting_is_no_mistake(tmp_path: Path) -> None:
    asked = {"data": tmp_path, "kind": "mlp", "out": tmp_path / "m.npz", "momentum": 0.9}
    planned = train_sweep.settings(context(), ["optimizer=sgd,adam"])
    assert len(train_sweep.experiments_of(planned, asked)) == 2


def test_each_setting_is_the_training_that_it_names(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    done = sweep(
        data, tmp_path / "m.npz", "--homework", "--sweep", "lr=0.001,0.05", "-j1", "--log", str(log)
    )
    assert done.exit_code == 0, done.output
    assert "lr=0.05  epoch   2" in done.stderr
    found = rows(done.stdout)
    assert [row[0] for row in found] == ["lr=0.001", "lr=0.05"]
    for row, lr in zip(found, ("0.001", "0.05"), strict=True):
        kept = weights.load_model(row[-1])
        assert Path(row[-1]).name == f"m-lr-{lr}.npz"
        assert kept.record["recipe"]["lr"] == float(lr)
        assert row[5] == f"{kept.record['test_accuracy']:.2%}"
        alone = tmp_path / "alone.npz"
        assert sweep(data, alone, "--homework", "--lr", lr).exit_code == 0
        same = weights.load_model(alone)
        for ours, theirs in zip(kept.weights, same.weights, strict=True):
            for name, value in ours.items():
                np.testing.assert_array_equal(value, theirs[name])
        lines = (tmp_path / f"log-lr-{lr}.jsonl").read_text().splitlines()
        assert [json.loads(line)["epoch"] for line in lines] == [1, 2]


def test_processes_give_the_same_table(run_ocr: RunOcr, data: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    tables = []
    for jobs in ("1", "2"):
        done = run_ocr(
            *("train", "--data", data, "--homework", "--epochs", "2", "-q", "-j", jobs),
            *("--sweep", "momentum=0,0.5", "--sweep", "seed=0,1", "--plot", tmp_path / jobs),
            *("--out", tmp_path / "m.npz"),
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert [path.name for path in (tmp_path / jobs).iterdir()] == ["curves.png"]
        tables.append([row[:6] for row in rows(done.stdout.decode())])
    assert tables[0] == tables[1]
    assert len({tuple(row[3:6]) for row in tables[0]}) > 1


@pytest.mark.needs("torch")
def test_kinds_and_back_ends_are_compared_on_one_set(data: Path, tmp_path: Path) -> None:
    given = ["--sweep", "kind=mlp,convnet", "--sweep", "backend=numpy,torch", "-j1"]
    done = sweep(data, tmp_path / "m.npz", *given)
    assert done.exit_code == 0, done.output
    kept = [
        weights.load_model(row[-1]) for row in rows(done.stdout.replace(" backend", "-backend"))
    ]
    told = [(one.kind, one.record["backend"]) for one in kept]
    expected = [(kind, backend) for kind in ("mlp", "convnet") for backend in ("numpy", "torch")]
    assert told == expected


def test_without_data_all_kinds_get_the_same(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "ink").mkdir(parents=True)
    (home / "ink" / "chars.npz").write_bytes(b"")  # what a convnet alone would take
    (home / "nist36-standin").symlink_to(data)
    monkeypatch.setenv("OCR_DATA", str(home))
    given = ["train", "--epochs", "1", "-j1", "-q", "--out", str(tmp_path / "m.npz")]
    done = CliRunner().invoke(cli, [*given, "--sweep", "kind=mlp,convnet"])
    assert done.exit_code == 0, done.output
    assert len(rows(done.stdout)) == 2


def test_where_only_the_convnets_own_data_is_there_none_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ink").mkdir()
    (tmp_path / "ink" / "chars.npz").write_bytes(b"")
    monkeypatch.setenv("OCR_DATA", str(tmp_path))
    asked = {"data": None, "out": tmp_path / "m.npz", "kind": "mlp"}
    planned = train_sweep.experiments_of(settings("kind=mlp,convnet"), asked)
    assert [(one.kind, one.data) for one in planned] == [("mlp", None), ("convnet", None)]


def test_one_that_fails_does_not_cost_the_others(data: Path, tmp_path: Path) -> None:
    with np.errstate(all="ignore"):
        done = sweep(data, tmp_path / "m.npz", "--homework", "-q", "-j1", "--sweep", "lr=0.01,1e38")
    assert done.exit_code == 1
    assert done.stderr == "ocr: lr=1e38: the loss is no longer a number; try a smaller --lr\n"
    assert [row[0] for row in rows(done.stdout)] == ["lr=0.01"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_all_and_keeps_what_there_is(
    data: Path, tmp_path: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "-m", "ocr_cli", "train", "--data", str(data), "--homework"]
    command += ["--epochs", "100000", "--out", str(tmp_path / "m.npz"), "--sweep", "seed=0,1"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ, cwd=tmp_path
    )
    kept = [tmp_path / f"m-seed-{seed}.npz" for seed in (0, 1)]
    deadline = time.monotonic() + 600
    while not all(path.exists() for path in kept) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=600)  # ends when no worker holds the pipe any more
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert out == b""
    assert (b"the best models so far are kept" in err) == (number != signal.SIGKILL)
    assert b"Traceback" not in err
    assert [weights.load_model(path).kind for path in kept] == ["mlp", "mlp"]


def test_ctrl_c_shows_the_settings_that_had_ended(data: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ocr_cli", "train", "--data", str(data), "--homework"]
    command += ["--jobs", "1", "--out", str(tmp_path / "m.npz"), "--sweep", "epochs=1,100000"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ, cwd=tmp_path
    )
    under_way = tmp_path / "m-epochs-100000.npz"
    deadline = time.monotonic() + 600
    while not under_way.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    header, *rows = out.decode().splitlines()
    assert process.returncode == 130
    assert header.startswith("setting")
    assert [row.split()[0] for row in rows] == ["epochs=1"]
    assert b"Traceback" not in err


def test_every_option_that_is_swept_is_an_option() -> None:
    names = {param.name for param in train.params if isinstance(param, click.Option)}
    assert names >= train_sweep.SWEPT
