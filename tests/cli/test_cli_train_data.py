"""`ocr train --data` given several times, with weights, and --from of line models."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from ocr_cli.cli import train_rows
from ocr_cli.cli.main import cli
from ocr_cli.data.weighted import LineData
from ocr_cli.errors import UsageError


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--kind", "line", "--data", "a=0"), "0 is no weight; it is to be above 0"),
        (("--data", "a", "--data", "b"), "--kind mlp learns from one --data"),
        (("--data", "a=0.5"), "--kind mlp learns from one --data"),
        (("--sweep", "data=a=0.5,b"), "a setting of a sweep learns from one --data"),
    ],
)
def test_mixes_of_data_are_for_line_models(arguments: tuple[str, ...], told: str) -> None:
    done = CliRunner().invoke(cli, ["train", *arguments])
    assert done.exit_code == 2 or isinstance(done.exception, UsageError)
    assert told in f"{done.output} {done.exception}"


def test_line_models_get_all_data_by_weight_and_where_to_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    got: list[object] = []
    monkeypatch.setattr(train_rows, "run_line", lambda *given: got.extend(given))
    (tmp_path / "x=3").mkdir()
    arguments = ["--data", "pages=0.5", "--data", f"{tmp_path}/x=3", "--from", "lines"]
    done = CliRunner().invoke(cli, ["train", "--kind", "line", *arguments])
    assert done.exit_code == 0, done.output
    assert got[0] == (LineData(Path("pages"), 0.5), LineData(tmp_path / "x=3"))
    assert got[1] == "lines"
