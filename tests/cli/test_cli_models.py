"""`ocr models`: the shipped models in a table, their cards, and the record of one's own model."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from ocr_cli.cli.main import cli
from ocr_cli.errors import ModelError
from ocr_cli.modelfiles import weights
from ocr_cli.training import recipes

if TYPE_CHECKING:
    from conftest import RunOcr

COLUMNS = ["name", "kind", "classes", "size", "scores", "data", "licence"]


def run(*arguments: str | Path):
    return CliRunner().invoke(cli, ["models", *map(str, arguments)])


def test_every_shipped_model_has_a_row_with_every_fact() -> None:
    result = run()
    assert (result.exit_code, result.stderr) == (0, "")
    header, *rows = result.stdout.splitlines()
    assert header.split() == COLUMNS
    starts = [header.index(name) for name in ("name", "kind", "scores", "data", "licence")]
    assert [row.split()[0] for row in rows] == list(weights.shipped_models())
    for row in rows:
        cells = [row[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
        assert all(cells), row
        assert all(row[start - 1] == " " for start in starts[1:])
        assert len(row) <= 120


def test_as_json() -> None:
    result = run("--json")
    assert result.exit_code == 0
    found = {entry["name"]: entry for entry in json.loads(result.stdout)}
    assert list(found) == list(weights.shipped_models())
    assert all(list(entry) == COLUMNS for entry in found.values())
    for name, entry in found.items():
        assert entry["size"] == weights.model_path(name).stat().st_size
        # That there was nothing to score on has to be said.
        assert re.search(r"\d %|\d bits|^none: ", entry["scores"]), name
        assert all((entry["kind"], entry["data"], entry["licence"])), name
    assert (found["capitals"]["classes"], found["letters"]["classes"]) == (36, 94)
    assert [name for name, entry in found.items() if not entry["classes"]] == ["rows"]
    assert [n for n, entry in found.items() if entry["scores"].startswith("none")] == ["spanish"]
    assert found["english"]["licence"] == "CC BY-SA 4.0"
    assert found["english"]["kind"] == "language"


@pytest.mark.parametrize("name", weights.shipped_models())
def test_show_prints_the_card(name: str, root: Path) -> None:
    result = run("show", name)
    assert result.exit_code == 0
    assert result.stdout.strip() == (root / "models" / f"{name}.md").read_text("utf-8").strip()


def test_show_prints_the_record_of_a_file(untrained: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    record = {"command": "ocr train", "recipe": {"lr": 0.5, "sizes": [3, 4]}}
    model = weights.load_model(untrained)
    weights.save_model(
        path, weights.Model("mlp", model.classes, model.layers, model.weights, record)
    )
    result = run("show", path)
    assert result.exit_code == 0
    first, *facts = result.stdout.splitlines()
    assert first == str(path)
    told = {fact.split()[0]: fact.split(maxsplit=1)[1] for fact in facts}
    assert told["kind"] == "mlp"
    assert told["classes"].startswith("36: A B C")
    assert told["command"] == "ocr train"
    assert told["recipe"] == "lr 0.5, sizes 3, 4"


def test_an_autoencoder_has_no_classes_to_show(tmp_path: Path) -> None:
    weights.save_model(
        tmp_path / "a.npz", recipes.fresh_model(recipes.PRESETS["autoencoder"], (), 0)
    )
    result = run("show", tmp_path / "a.npz")
    assert "autoencoder" in result.stdout
    assert "classes" not in result.stdout


def test_what_is_no_model_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "odd.npz").write_bytes(b"PK\x03\x04 nothing")
    odd = tmp_path / "odd.npz"
    for name, status, told in (("nowhere", 2, "no such model"), (odd, 1, "not a model file")):
        result = run("show", name)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (status, "", 1)
        assert told in result.stderr


def test_the_list_is_a_process_that_reads_no_weights(
    run_ocr: RunOcr, untrained: Path, tmp_path: Path
) -> None:
    assert run_ocr("models").stdout.decode() == run().stdout
    # a file whose weights are damaged still says what it is, and does not load
    path = tmp_path / "damaged.npz"
    with zipfile.ZipFile(untrained) as whole, zipfile.ZipFile(path, "w") as archive:
        for name in whole.namelist():
            content = whole.read(name)
            archive.writestr(name, content if name == "meta.npy" else content[:40])
    assert weights.kind_of(path) == "mlp"
    with pytest.raises(ModelError, match="damaged"):
        weights.load_model(path)


def test_flipped_bytes_are_damage_and_no_traceback(untrained: Path, tmp_path: Path) -> None:
    content = bytearray(untrained.read_bytes())
    path = tmp_path / "flipped.npz"
    for seed in range(20):
        spoilt = content.copy()
        at = np.random.default_rng(seed).integers(0, len(spoilt), 200)
        for i in at:
            spoilt[i] ^= 0xFF
        path.write_bytes(spoilt)
        with pytest.raises(ModelError):
            weights.load_model(path)
