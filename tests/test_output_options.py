"""Options that name what is written: empty ones, folders for files, and those without effect."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import READ, contents, ocr


@pytest.mark.parametrize(
    "arguments",
    [
        ["read", "a.png", "-o", ""],
        ["read", "a.png", "-m", ""],
        ["read", "a.png", "--language="],
        ["extract", "a.png", "--crops", ""],
        ["extract", "a.png", "--overlay", ""],
        ["extract", "a.png", "--rows", ""],
        ["eval", "a.png", "--errors", ""],
        ["eval", "a.png", "--plot", ""],
        ["train", "--out", ""],
        ["train", "--log", ""],
        ["train", "--data", ""],
        ["train", "--from", ""],
        ["train", "--convert", ""],
        ["train", "--page", ""],
    ],
    ids=" ".join,
)
def test_an_empty_option_is_wrong_usage(folder: Path, arguments: list[str]) -> None:
    before = contents(folder)
    done = ocr(*arguments)
    assert done.exit_code == 2
    assert "is empty" in done.stderr
    assert contents(folder) == before


def test_an_empty_name_is_not_the_current_folder(folder: Path) -> None:
    done = ocr(*READ, "-r", "", "a.png")
    assert done.exit_code == 1
    assert done.stderr.startswith("ocr: the name of a file is empty")
    assert done.stdout == ocr(*READ, "a.png").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["read", "a.png", "-o", "new/"],
        ["train", "--out", "new/"],
        ["train", "--out", "-"],
        ["train", "--log", "-"],
        ["train", "--plot", "-"],
        ["train", "--convert", "-"],
        ["extract", "a.png", "--overlay", "-"],
        ["extract", "a.png", "--crops", "-"],
        ["extract", "a.png", "--rows", "-"],
        ["eval", "a.png", "--errors", "-"],
        ["eval", "a.png", "--plot", "-"],
    ],
    ids=" ".join,
)
def test_a_file_is_no_folder_and_no_stream(folder: Path, arguments: list[str]) -> None:
    before = contents(folder)
    assert ocr(*arguments).exit_code == 2
    assert contents(folder) == before


def test_an_overlay_whose_name_ends_like_a_folders_goes_into_one(folder: Path) -> None:
    assert ocr("extract", "a.png", "b.png", "--overlay", "new/below/").exit_code == 0
    made = sorted(path.name for path in (folder / "new" / "below").iterdir())
    assert made == ["a-001.png", "b-001.png"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--kind", "mlp", "--resume"], "--resume goes with --kind line"),
        (["--kind", "convnet", "--resume"], "--resume goes with --kind line"),
        (["--kind", "context", "--resume"], "--resume goes with --kind line"),
        (["--kind", "autoencoder", "--resume"], "--resume goes with --kind line"),
        (["--kind", "language", "--resume"], "--resume goes with --kind line"),
        (["--sweep", "lr=1,2", "--resume"], "--resume goes with --kind line"),
        (["--page", "a.png", "--resume"], "--resume goes with --kind line"),
        (["-l", "abc"], "--language goes with --page"),
        (["--minutes", "3"], "--minutes goes with --kind line"),
        (["--page", "a.png", "--kind", "convnet"], "--page and --kind do not go together"),
        (["--page", "a.png", "--lr", "0.003"], "--page and --lr do not go together"),
        (["--page", "a.png", "--log", "l"], "--page and --log do not go together"),
        (["--kind", "line", "--log", "l"], "--kind line and --log do not go together"),
        (["--jobs", "2"], "--kind mlp and --jobs do not go together"),
        (["--check-gradients", "--out", "x"], "--check-gradients and --out do not go together"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_without_effect_is_refused_before_anything_is_written(
    folder: Path, given: list[str], told: str
) -> None:
    data = [] if "--page" in given or "--check-gradients" in given else ["--data", "good"]
    out = [] if "--check-gradients" in given else ["--out", "m.npz"]
    before = contents(folder)
    done = ocr("train", *data, *out, *given)
    assert done.exit_code == 2
    assert told in done.stderr
    assert contents(folder) == before
