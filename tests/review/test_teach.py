"""Teaching: from corrected rows alone, in a process, stopped at will, told in plain words."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from ocr_cli.cli.main import cli
from ocr_cli.errors import InputError
from ocr_cli.evaluation.metrics import Tally
from ocr_cli.recognition import load_reader
from ocr_cli.review import store as stores
from ocr_cli.review import teach
from ocr_cli.training.adaptation.hand import Learnt

TEXTS = ("the quick brown fox", "jumps over", "a lazy dog again", "and sleeps")


def corrected(path: Path, rows: slice) -> None:
    """Accept some rows of a kept page."""
    document = stores.load(path)
    accepted = {row.id for row in document.rows[rows]}
    marked = tuple(replace(row, accepted=row.id in accepted) for row in document.rows)
    stores.save(path, replace(document, rows=marked))


def test_only_corrected_rows_are_learnt_from(make: Any, tmp_path: Path) -> None:
    make.kept(tmp_path)
    path = tmp_path / "scan.ocr.json"
    with pytest.raises(InputError, match="no row of it has been corrected"):
        teach.kept_copy(path)
    corrected(path, slice(0, 2))
    copy = teach.kept_copy(path)
    assert copy.aligned
    assert copy.lines == ["the quick brown fox", "jumps over <script>alert(1)</script>"]
    assert len(copy.page.rows) == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"{}", "not a page that ocr has kept"), (b"\xff", "no UTF-8"), (None, "cannot be opened")],
)
def test_what_is_no_kept_page_is_told(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "scan.ocr.json"
    if content is not None:
        path.write_bytes(content)
    result = CliRunner().invoke(cli, ["train", "--page", str(path), "--out", "me.npz"])
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def learnt(before: int, after: int, share: float) -> Learnt:
    reader = load_reader("letters", "none")
    return Learnt(reader, share, Tally(before, 1000), Tally(after, 1000), (0.01, 0.03), 20, 900, ())


def test_the_gain_is_told_in_plain_words() -> None:
    assert teach.in_words(learnt(60, 40, 1.0), Path("me.npz")) == (
        "On rows it had not learnt from, 6.0 of 100 characters were wrong before and 4.0 are now: "
        "33 % fewer mistakes; on others of this hand most likely 1.0 to 3.0 of 100 fewer. "
        "Kept in me.npz."
    )
    assert "not sure that learning helps" in teach.in_words(learnt(60, 60, 0.0), Path("me.npz"))


@pytest.mark.slow
def test_teaching_can_be_stopped(make: Any, tmp_path: Path) -> None:
    make.kept(tmp_path)
    corrected(tmp_path / "scan.ocr.json", slice(0, 3))
    teaching = teach.Teaching(tmp_path / "hand.npz", "default", "none")
    teaching.start([tmp_path / "scan.ocr.json"], lambda: 0)
    with pytest.raises(InputError, match="under way"):
        teaching.start([tmp_path / "scan.ocr.json"], lambda: 0)
    teaching.stop()
    assert teaching.progress.state == "stopped"
    time.sleep(0.5)
    assert teaching.progress.state == "stopped"
    assert not (tmp_path / "hand.npz").exists()


@pytest.mark.slow
def test_a_hand_is_learnt_from_the_shell(handwriting: Callable[..., Any], tmp_path: Path) -> None:
    handwriting(*TEXTS).save(tmp_path / "page.png")
    reader = load_reader("lines", "en")
    store = stores.Store([stores.Picture(str(tmp_path / "page.png"))], lambda: reader)
    store.open_all()
    corrected(tmp_path / "page.ocr.json", slice(0, 4))
    out = tmp_path / "me.npz"
    options = ["--from", "lines", "-l", "en", "-j", "1", "--out", str(out)]
    result = CliRunner().invoke(cli, ["train", "--page", str(tmp_path / "page.ocr.json"), *options])
    assert result.exit_code == 0, result.stderr
    assert "CER" in result.stdout
    again = load_reader(str(out), "none")
    assert again.lines is not None
    assert np.isfinite(again.lines.weights[-1]["bias"]).all()


def is_there(number: int) -> bool:
    """Whether there is such a process; whoever waits for it first is told how it ended."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals are POSIX's")
@pytest.mark.parametrize("wait", [0.0, 2.0])  # while it begins, and while it learns
def test_ctrl_c_is_the_servers_to_answer(
    handwriting: Callable[..., Any], make: Any, tmp_path: Path, wait: float
) -> None:
    """A terminal sends it to all processes; what learns would end with a traceback."""
    make.kept(tmp_path)
    handwriting(*TEXTS, *TEXTS).resize((400, 200)).save(tmp_path / "scan.png")
    path = tmp_path / "scan.ocr.json"
    rows = tuple(make.row(f"r{k}", text, 20.0 + 20 * k) for k, text in enumerate(2 * TEXTS))
    stores.save(path, replace(stores.load(path), rows=rows))
    corrected(path, slice(0, 8))
    teaching = teach.Teaching(tmp_path / "hand.npz", "default", "none")
    teaching.start([path], lambda: 0)
    (process,) = active_children()
    time.sleep(wait)
    os.kill(process.pid, signal.SIGINT)
    time.sleep(1)
    assert process.is_alive()
    assert teaching.progress.state == "learning"
    teaching.stop()
    assert teaching.progress.state == "stopped"
    deadline = time.monotonic() + 60
    while is_there(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.1)
