"""A kind of models is one file and one entry: it is trained, kept, scored and read with."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ocr_cli import recognition
from ocr_cli.cli.main import cli
from ocr_cli.errors import ModelError
from ocr_cli.modelfiles import kinds, weights
from ocr_cli.modelfiles.kinds import KINDS, Kind
from ocr_cli.nn.layers import Dense, Flatten
from ocr_cli.nn.network import Layers
from ocr_cli.training.characters import Recipe
from ocr_cli.training.recipes import Preset


def layers(_preset: Preset, classes: int) -> Layers:
    return (Flatten(), Dense(256, classes))


# All that another project would have to write.
COARSE = Kind(
    "coarse",
    "letters",
    prepare=lambda crops: crops[:, ::2, ::2, None],
    goal=kinds.CLASSIFY,
    presets={"coarse": Preset("coarse", layers, (), Recipe(epochs=2), augment=False)},
)


@pytest.fixture
def coarse() -> Iterator[None]:
    kinds.register(COARSE)
    yield
    del KINDS["coarse"]


def test_a_kind_from_outside_is_trained_scored_and_read_with(
    coarse: None, tmp_path: Path, handwriting
) -> None:
    out, page = tmp_path / "coarse.npz", tmp_path / "page.png"
    handwriting("ONE").save(page)
    done = CliRunner().invoke(cli, ["train", "--kind", "coarse", "-q", "--out", str(out)])
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    assert weights.kind_of(out) == "coarse"
    scored = CliRunner().invoke(cli, ["models", "show", str(out)])
    assert float(scored.stdout.split("valid_accuracy")[1].split()[0]) > 0.2  # chance is 0.03
    read = CliRunner().invoke(cli, ["read", "-m", str(out), "-l", "none", "-f", "jsonl", str(page)])
    assert read.exit_code == 0, read.output
    assert len(json.loads(read.stdout)["rows"]) == 1
    (model,) = recognition.load_reader(str(out), "none").models
    assert model.kind == "coarse"
    again = ["train", "--kind", "coarse", "-q", "--from", str(out), "--epochs", "1"]
    assert CliRunner().invoke(cli, [*again, "--out", str(tmp_path / "b.npz")]).exit_code == 0


def test_without_its_file_a_kind_is_not_known(tmp_path: Path, untrained: Path) -> None:
    done = CliRunner().invoke(cli, ["train", "--kind", "coarse"])
    assert done.exit_code == 2
    assert "'coarse' is not one of" in done.stderr
    with np.load(untrained) as file:
        arrays = dict(file)
    arrays["meta"] = np.array(json.dumps({**json.loads(str(arrays["meta"])), "kind": "coarse"}))
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(ModelError, match="a model of kind 'coarse'; here one of kind"):
        recognition.load_reader(str(tmp_path / "m.npz"), "none")


def test_a_name_is_taken_once(coarse: None) -> None:
    kinds.register(COARSE)
    with pytest.raises(ValueError, match="there is a kind 'mlp' already"):
        kinds.register(Kind("mlp", "rows"))


@pytest.mark.parametrize(("name", "kind"), [("lines", "line"), ("rows", "rows"), ("mlp", "mlp")])
def test_a_model_loads_whatever_was_imported_before(name: str, kind: str) -> None:
    script = (
        "from ocr_cli.modelfiles import weights\n"
        f"print(weights.load_network({name!r}, {kind!r}).kind)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.stdout.decode().strip() == kind, done.stderr.decode()


def test_every_shipped_model_is_of_a_kind_that_is_known() -> None:
    for path in weights.shipped_models().values():
        assert weights.kind_of(path) in KINDS


def test_what_does_not_look_at_crops_says_so() -> None:
    model = weights.load_network("rows", "rows")
    with pytest.raises(TypeError, match="kind rows does not look at crops"):
        model.logits(np.ones((1, 32, 32), np.float32))
