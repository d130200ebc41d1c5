"""The same batch on a cluster: a real scheduler, two worker processes, one killed half way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from ocr_cli.cli.main import cli

if TYPE_CHECKING:
    from conftest import Handwriting, RunOcr

SABOTAGE = """
import os
from ocr_cli import batch

def sabotaged(picture, *args, read=batch._read):
    if "deadly" in picture.source:
        os._exit(1)
    return read(picture, *args)

batch._read = sabotaged
"""
needs_dask = pytest.mark.skipif(not find_spec("distributed"), reason="dask is not installed")


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, handwriting: Handwriting, untrained: Path
) -> Path:
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "m.npz").write_bytes(untrained.read_bytes())
    (folder / "sitecustomize.py").write_text(SABOTAGE)
    (folder / "in").mkdir()
    pages = [handwriting(line) for line in ("ONE", "TWO", "A B C")]
    for number in range(12):
        pages[number % 3].save(folder / "in" / f"{number:02}.png")
    first, *others = (page.copy() for page in pages)
    first.save(folder / "in" / "scan.tif", save_all=True, append_images=others)
    return folder


class Cluster:
    """A scheduler and workers without nannies, each a process of its own."""

    def __init__(self, folder: Path, place: Path) -> None:
        self._file, self._place = place / "scheduler.json", place
        path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
        self.env = os.environ | {"PYTHONPATH": path}
        self.processes: list[subprocess.Popen[bytes]] = []
        self._start("scheduler", "--port", "0", "--host", "127.0.0.1")
        self.workers = [self._start("worker", "--nthreads", "1", "--no-nanny") for _ in range(2)]

    def _start(self, kind: str, *args: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--no-dashboard"]
        process = subprocess.Popen(
            [*command, "--scheduler-file", str(self._file), *args],
            cwd=self._place,
            env=self.env,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    @property
    def address(self) -> str:
        end = time.monotonic() + 600
        while time.monotonic() < end:
            if self._file.exists():
                return str(json.loads(self._file.read_text())["address"])
            time.sleep(0.1)
        raise TimeoutError

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(folder, tmp_path_factory.mktemp("workers"))
    yield cluster
    cluster.end()


@needs_dask
def test_models_that_workers_do_not_have_are_told(
    run_ocr: RunOcr, folder: Path, cluster: Cluster
) -> None:
    done = run_ocr(
        *("read", "-m", "m.npz", "-l", "none", "in/00.png", "--scheduler", cluster.address),
        cwd=folder,  # the workers are elsewhere
    )
    assert done.returncode == 1
    assert b"this worker has another ocr, or other models; install there" in done.stderr
    assert b"Traceback" not in done.stderr


@needs_dask
def test_a_worker_that_is_killed_costs_nothing_and_a_deadly_page_fails_alone(
    run_ocr: RunOcr, folder: Path, cluster: Cluster, tmp_path: Path
) -> None:
    read = ["read", "-m", str(folder / "m.npz"), "-l", "none", "-r", "in", "-f", "jsonl"]
    alone = run_ocr(*read, "-o", tmp_path / "alone.jsonl", cwd=folder)
    assert alone.returncode == 0
    (tmp_path / "deadly.png").write_bytes((folder / "in" / "00.png").read_bytes())
    command = [*read, str(tmp_path / "deadly.png"), "--scheduler", cluster.address]
    output = tmp_path / "far.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "ocr_cli", *command, "-o", str(output)],
        cwd=folder,
        stderr=subprocess.PIPE,
    )
    journal = tmp_path / ".far.jsonl.ocr-journal"
    end = time.monotonic() + 600
    while not journal.exists() or journal.read_bytes().count(b'"crc"') < 4:
        assert time.monotonic() < end
        time.sleep(0.01)
    cluster.workers[0].send_signal(signal.SIGKILL)
    _, told = process.communicate(timeout=600)
    assert process.returncode == 1
    lines = told.decode().splitlines()
    assert len(lines) == 2
    assert f"{tmp_path}/deadly.png: the process that worked on it was killed" in lines[0]
    assert lines[1].startswith("ocr: 15 pages read, 1 failed, ")
    assert output.read_bytes() == (tmp_path / "alone.jsonl").read_bytes()


@needs_dask
def test_a_scheduler_that_goes_away_ends_it_in_a_line(
    folder: Path, cluster: Cluster, tmp_path: Path
) -> None:
    read = ["read", "-m", str(folder / "m.npz"), "-l", "none", "-r", "in", "-f", "jsonl"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ocr_cli", *read, "--scheduler", cluster.address],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert b"00.png" in process.stdout.readline()
    cluster.processes[0].kill()
    _, told = process.communicate(timeout=600)
    assert process.returncode == 1
    assert told.startswith(b"ocr: the scheduler is gone; ")
    assert told.count(b"\n") == 1


@needs_dask
def test_no_scheduler_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("ocr_cli.parallel.cluster.CONNECT", 0.5)
    done = CliRunner().invoke(cli, ["read", "in/00.png", "--scheduler", "tcp://127.0.0.1:1"])
    assert done.exit_code == 1
    assert done.stderr.startswith("ocr: tcp://127.0.0.1:1: no scheduler answers there")


def test_without_dask_the_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = CliRunner().invoke(cli, ["read", "in/00.png", "--scheduler", "tcp://127.0.0.1:1"])
    assert done.exit_code == 2
    assert "pip install 'ocr-cli[dask]'" in done.stderr
