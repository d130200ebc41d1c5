"""`ocr` among other programs, as real processes: pipes, xargs, readers that leave, Ctrl-C."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Handwriting

OCR = f"{shlex.quote(sys.executable)} -m ocr_cli"


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, handwriting: Handwriting, untrained: Path
) -> Path:
    folder = tmp_path_factory.mktemp("pipelines")
    (folder / "model.npz").write_bytes(untrained.read_bytes())
    for number, line in enumerate(["FIRST PAGE", "SECOND PAGE HERE", "THIRD"]):
        handwriting(line).save(folder / f"{number}.jpg", quality=95)
    return folder


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What bash makes of `command` in `folder`, `ocr` being this checkout's."""
    script = f'set -o pipefail; ocr() {{ {OCR} "$@"; }}; export -f ocr; {command}'
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )


def test_a_picture_through_a_pipe_reads_like_the_file(folder: Path) -> None:
    done = shell(
        "cat 0.jpg | ocr read -l none -m model.npz -; ocr read -l none -m model.npz 0.jpg", folder
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert lines[0] == lines[1] != ""


def test_a_pipe_among_files_and_a_process_substitution(folder: Path) -> None:
    command = "cat 0.jpg | ocr read -l none -m model.npz -f jsonl -j 2 1.jpg - <(cat 2.jpg)"
    done = shell(command, folder)
    assert (done.returncode, done.stderr) == (0, "")
    sources = [json.loads(line)["source"] for line in done.stdout.splitlines()]
    assert sources[:2] == ["1.jpg", "-"]
    assert sources[2].startswith("/dev/fd/")


def test_one_line_is_enough_for_head(folder: Path) -> None:
    done = shell("ocr read *.jpg -l none -m model.npz --jobs 2 -f jsonl | head -1", folder)
    assert done.stderr == ""
    assert json.loads(done.stdout)["source"] == "0.jpg"


def test_xargs(folder: Path) -> None:
    done = shell(f"ls *.jpg | xargs {OCR} read -l none -m model.npz", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert [len(line.split()) for line in done.stdout.splitlines()] == [2, 0, 3, 0, 1]


def test_a_full_disk_is_told(folder: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    done = shell("ocr read -l none -m model.npz 0.jpg > /dev/full", folder)
    assert done.returncode == 1
    assert done.stderr == "ocr: No space left on device\n"


@pytest.fixture
def reading(folder: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """`ocr read` of 2,000 pages, alone in its process group, its first page already read."""
    command = [
        sys.executable,
        "-m",
        "ocr_cli",
        "read",
        "-l",
        "none",
        "-m",
        "model.npz",
        "-f",
        "jsonl",
    ]
    files = ["0.jpg", "1.jpg"] * 1000
    process = subprocess.Popen(
        [*command, "--jobs", request.param, *files],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["source"] == "0.jpg"
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("reading", ["1", "2"], indirect=True)
def test_a_reader_that_leaves_ends_the_reading_quietly(reading: subprocess.Popen[bytes]) -> None:
    assert reading.stdout is not None
    assert reading.stderr is not None
    reading.stdout.close()
    assert reading.wait(600) == 141
    assert reading.stderr.read() == b""
    assert_nobody_is_left(reading.pid)


@pytest.mark.parametrize("reading", ["1", "2"], indirect=True)
def test_ctrl_c_ends_it_without_a_traceback(reading: subprocess.Popen[bytes]) -> None:
    os.killpg(reading.pid, signal.SIGINT)  # what a terminal does: to everyone
    _, told = reading.communicate(timeout=600)
    assert reading.returncode == 130
    assert told == b""
    assert_nobody_is_left(reading.pid)


@pytest.mark.parametrize("reading", ["1", "2"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_as_ctrl_c_does(
    reading: subprocess.Popen[bytes], number: signal.Signals
) -> None:
    os.kill(reading.pid, number)  # to it alone, and not to its workers
    _, told = reading.communicate(timeout=600)
    assert reading.returncode == 128 + number
    assert told == b""
    assert_nobody_is_left(reading.pid)


@pytest.mark.parametrize("reading", ["2"], indirect=True)
def test_workers_end_with_ocr_however_it_dies(reading: subprocess.Popen[bytes]) -> None:
    os.kill(reading.pid, signal.SIGKILL)
    reading.communicate(timeout=600)  # ends when nobody holds the pipe any more
    assert_nobody_is_left(reading.pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_stays_behind_of_an_output_that_was_not_completed(
    folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "notes.txt").write_text("yesterday")
    files = [str(folder / "0.jpg")] * 1000
    command = [sys.executable, "-m", "ocr_cli", "read", "-l", "none", "-m", "model.npz", "-q"]
    process = subprocess.Popen(
        [*command, *files, "missing.jpg", "-o", str(tmp_path / "notes.txt")], cwd=folder
    )
    time.sleep(3)
    process.send_signal(number)
    process.wait(600)
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {"notes.txt", ".notes.txt.ocr-journal"}  # the record is for --resume
    assert (tmp_path / "notes.txt").read_text() == "yesterday"


def assert_nobody_is_left(group: int) -> None:
    """No process of the group outlives its leader by more than a moment."""
    end = time.monotonic() + 600
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("worker processes outlive ocr")
