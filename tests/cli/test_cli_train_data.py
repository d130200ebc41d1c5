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
    monkeypatch.setattr(train_rows, "check_line", lambda *_: None)
    (tmp_path / "x=3").mkdir()
    arguments = ["--data", "pages=0.5", "--data", f"{tmp_path}/x=3", "--from", "lines"]
    done = CliRunner().invoke(cli, ["train", "--kind", "line", *arguments])
    assert done.exit_code == 0, done.output
    assert got[0] == (LineData(Path("pages"), 0.5), LineData(tmp_path / "x=3"))
    assert got[1] == "lines"


LINE = ("train", "--kind", "line")


@pytest.mark.needs("torch")
@pytest.mark.parametrize(
    ("arguments", "exit_code", "told"),
    [
        ((*LINE, "--from", "lines", "--data", "nowhere"), 1, "nowhere: no such file or folder"),
        ((*LINE, "--from", "lines", "--data", "a", "--data", "no=2"), 1, "no: no such file"),
        ((*LINE, "--from", "nosuch", "--data", "a"), 2, "nosuch: no such model"),
        ((*LINE, "--from", "letters", "--data", "a"), 1, "here one of kind line is needed"),
        ((*LINE, "--from", "lines"), 2, "--from needs something to learn from"),
        ((*LINE, "--from", "lines", "--data", "a"), 1, "a: no rows to learn from"),
        ((*LINE, "--data", "a"), 1, "a: no pen strokes to train a line model on"),
        ((*LINE, "--data", "a", "--resume"), 2, "--resume: there is no m.training/checkpoint.pt"),
        ((*LINE, "--data", "a", "--device", "mps"), 2, "--device mps: PyTorch finds no such"),
        (("train", "--homework", "--device", "cpu"), 2, "--device makes no difference here"),
        (("train", "--sweep", "lr=1,2", "--device", "cpu"), 2, "--device makes no difference"),
        (("train", "--page", "a", "--device", "cpu"), 2, "--page and --device do not go"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_a_training_lacks_is_told_before_it_begins(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    exit_code: int,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OCR_DATA", raising=False)
    (tmp_path / "a").mkdir()
    (tmp_path / "m.npz").write_bytes(b"")
    done = CliRunner().invoke(cli, [*arguments, "--out", "m.npz"])
    assert (done.exit_code, done.stderr.count("\n")) == (exit_code, 1), done.output
    assert told in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "m.npz"]


@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        ((*LINE, "--data", "nowhere"), "--kind line"),
        (("train", "--backend", "torch", "--data", "nowhere"), "--backend torch"),
        (("train", "--sweep", "backend=numpy,torch", "--data", "nowhere"), "--backend torch"),
    ],
)
def test_without_pytorch_the_option_that_needs_it_is_named_before_data_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], needs: str
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    done = CliRunner().invoke(cli, list(arguments))
    assert done.exit_code == 2
    assert done.stderr.startswith(f"ocr: {needs} needs PyTorch, which is not installed; install")


@pytest.mark.needs("torch")
@pytest.mark.parametrize("made", ["checkpoint.pt", "log.jsonl", "latest.npz"])
def test_the_folder_of_a_line_training_holds_nothing_of_anybody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.training").mkdir()
    (tmp_path / "m.training" / made).write_text("mine")
    (tmp_path / "a").mkdir()
    done = CliRunner().invoke(cli, [*LINE, "--from", "lines", "--data", "a", "--out", "m.npz"])
    assert done.exit_code == 2, done.output
    assert f"m.training/{made}: --out would replace what is no" in done.stderr
    assert (tmp_path / "m.training" / made).read_text() == "mine"
