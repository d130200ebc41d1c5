"""The confusion matrix as a picture."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from ocr_cli.cli.main import cli
from ocr_cli.errors import MissingExtraError
from ocr_cli.evaluation.plots import save_confusion


def test_a_confusion_shows_as_a_dark_cell(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pictures = []
    for read_as in (0, 2):
        confusion = np.diag([9, 0, 9])
        confusion[1, read_as] = 9
        save_confusion(confusion, ("A", "$", "$"), tmp_path / "c.png")
        with Image.open(tmp_path / "c.png") as picture:
            pictures.append(np.asarray(picture.convert("L"), float))
    ys, xs = np.nonzero(np.abs(pictures[0] - pictures[1]) > 100)
    assert np.ptp(ys) < pictures[0].shape[0] / 2
    assert np.ptp(xs) > np.ptp(ys)  # the two cells lie in one row


def test_long_names_of_classes_leave_room_for_the_matrix(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib's, that nothing is left of the axes
        save_confusion(np.diag([0, 9]), ("an aeroplane " * 5, "$x$"), tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as picture:
        dark = np.asarray(picture.convert("L"), float) < 10
    assert np.sort(dark.sum(1))[-100] > 100  # the cell on the diagonal is 100 pixels each way


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--homework"],
        ["train", "--homework", "--sweep", "lr=0.01,0.02"],
        ["eval", "examples"],
    ],
)
def test_without_matplotlib_no_work_is_begun(
    arguments: list[str], tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    monkeypatch.chdir(root)
    out = [] if arguments[0] == "eval" else ["--out", str(tmp_path / "m.npz")]
    done = CliRunner().invoke(cli, [*arguments, *out, "--plot", str(tmp_path / "plots")])
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "ocr-cli[plot]" in done.stderr
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(MissingExtraError, match=r"ocr-cli\[plot\]"):
        save_confusion(np.eye(2, dtype=np.int64), "AB", tmp_path / "c.png")
