"""`ocr read` of many pictures, as real processes: killed, short of disk, watched, sabotaged."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from ocr_cli.cli.main import cli

if TYPE_CHECKING:
    from conftest import Handwriting, RunOcr

OCR = [sys.executable, "-m", "ocr_cli"]
PAGES = 12
# Found by every Python process that has its folder on its path: pages that are bad for a process.
SABOTAGE = """
import os, time
from ocr_cli import batch

def sabotaged(picture, *args, read=batch._read):
    if "slow" in picture.source:
        time.sleep(600)
    if "deadly" in picture.source:
        os._exit(1)
    return read(picture, *args)

batch._read = sabotaged
"""


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, handwriting: Handwriting, untrained: Path
) -> Path:
    folder = tmp_path_factory.mktemp("batches")
    (folder / "m.npz").write_bytes(untrained.read_bytes())
    (folder / "in" / "below").mkdir(parents=True)
    pages = [handwriting(line) for line in ("ONE", "TWO", "A B C", "FOUR")]
    for number in range(PAGES - 4):
        place = folder / "in" / ("below" if number > 5 else "")
        pages[number % 4].save(place / f"{number}.png")
    first, *others = (page.copy() for page in pages)  # without what saving a PNG left in them
    first.save(folder / "in" / "scan.tif", save_all=True, append_images=others)
    return folder


@pytest.fixture(scope="module")
def undisturbed(run_ocr: RunOcr, folder: Path) -> Path:
    """What a run that nobody disturbs writes, with --jobs 1."""
    place = folder / "undisturbed"
    place.mkdir()
    for to in (["-o", place / "all.txt"], ["--out-dir", place / "each"]):
        done = run_ocr("read", *READ, "in", *to, cwd=folder)
        assert done.returncode == 0
    return place


READ = ["-m", "m.npz", "-l", "none", "--recursive"]


def contents(place: Path) -> dict[str, bytes]:
    """Every file at a place, but for records of what is done."""
    files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    names = {os.path.relpath(path, place): path for path in files if ".ocr-" not in path.name}
    return {name: path.read_bytes() for name, path in names.items()}


def recorded(place: Path) -> int:
    """How many pages or outputs a record says are done."""
    record = place / ".ocr-done"
    if not place.is_dir():
        record = place.with_name(f".{place.name}.ocr-journal")
    return (
        record.read_bytes().count(b'{"key"' if place.suffix else b'txt"\n')
        if (record.exists())
        else 0
    )


@pytest.mark.parametrize("name", ["all.txt", "each"])
def test_killed_at_any_moment_it_goes_on_to_the_very_same_bytes(
    folder: Path, undisturbed: Path, tmp_path: Path, name: str
) -> None:
    to = ["-o", tmp_path / name] if "." in name else ["--out-dir", tmp_path / name]
    command = [*OCR, "read", *READ, "in", *map(str, to), "--jobs", "2"]
    chance = random.Random(name)  # noqa: S311
    before = 0
    for most in (3, 6):
        process = subprocess.Popen(
            [*command, *(["--resume"] if before else [])], cwd=folder, start_new_session=True
        )
        end = time.monotonic() + 600
        while recorded(tmp_path / name) < most and process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.1))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert recorded(tmp_path / name) >= before
        before = recorded(tmp_path / name)
    assert before >= 3
    done = subprocess.run([*command, "--resume"], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0
    assert contents(tmp_path / name) == contents(undisturbed / name)
    told = re.fullmatch(rb"ocr: (\d+) pages? read, (\d+) before, 0 failed, [\d.]+ s\n", done.stderr)
    assert told
    assert int(told[1]) + int(told[2]) == PAGES
    assert int(told[2]) >= before


def test_a_full_disk_costs_what_did_not_fit(
    folder: Path, undisturbed: Path, tmp_path: Path
) -> None:
    output = tmp_path / "all.txt"
    command = [*OCR, "read", *READ, "in", "-o", str(output)]
    limited = f"ulimit -f 1; trap '' XFSZ; exec {' '.join(command)}"  # blocks of 1,024 bytes
    done = subprocess.run(["bash", "-c", limited], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"cannot be written" in done.stderr
    assert b"--resume" in done.stderr
    assert not output.exists()
    before = recorded(output)
    assert 0 < before < PAGES
    done = subprocess.run([*command, "--resume"], cwd=folder, capture_output=True, check=False)
    assert f"{PAGES - before} pages read, {before} before".encode() in done.stderr
    assert contents(output) == contents(undisturbed / "all.txt")


def test_a_page_that_kills_its_process_or_takes_too_long_fails_alone_and_is_named(
    run_ocr: RunOcr, folder: Path, undisturbed: Path, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE)
    for name in ("slow", "deadly"):
        (tmp_path / f"{name}.png").write_bytes((folder / "in" / "0.png").read_bytes())
    files = [tmp_path / "slow.png", "in/0.png", tmp_path / "deadly.png", "in/1.png", "in/2.png"]
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = run_ocr(
        *("read", *READ, *files, "--page-timeout", "6", "-j", "2", "--out-dir", tmp_path / "out"),
        cwd=folder,
        env={"PYTHONPATH": path},
    )
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert [line.split(";")[0] for line in lines[:2]] == [
        f"ocr: {tmp_path}/slow.png: it takes longer than 6 seconds",
        f"ocr: {tmp_path}/deadly.png: the process that worked on it was killed",
    ]
    assert lines[2].startswith("ocr: 3 pages read, 2 failed, ")
    assert len(lines) == 3
    made = contents(tmp_path / "out")
    assert made == {
        f"in/{name}.txt": (undisturbed / "each" / f"{name}.txt").read_bytes() for name in "012"
    }


def test_what_arrives_is_read_once_it_is_whole_until_ctrl_c(folder: Path, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    picture = (folder / "in" / "0.png").read_bytes()
    (inbox / "first.png").write_bytes(picture)
    command = [*OCR, "read", "-m", "m.npz", "-l", "none", "-f", "jsonl", "--watch", str(inbox)]
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert b"first.png" in process.stdout.readline()
    with (inbox / "second.png").open("wb") as file:
        for start in range(0, len(picture), len(picture) // 6):
            file.write(picture[start : start + len(picture) // 6])
            file.flush()
            time.sleep(0.4)
    assert b"second.png" in process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    rest, told = process.communicate(timeout=600)
    assert (process.returncode, rest) == (0, b"")
    assert re.fullmatch(rb"ocr: 2 pages read, 0 failed, [\d.]+ s\n", told)


def test_what_arrives_goes_into_a_folder_and_is_known_the_next_time(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)

    def arrivals(folder: str, _recursive: bool) -> object:
        yield [f"{folder}/0.png", f"{folder}/scan.tif"]
        yield [f"{folder}/below/6.png"]
        raise KeyboardInterrupt

    monkeypatch.setattr("ocr_cli.batch.watch.arrivals", arrivals)
    command = ["read", *READ, "--watch", "in", "--out-dir", str(tmp_path / "out"), "--resume"]
    for told in ("6 pages read, 0 failed", "0 pages read, 6 before, 0 failed"):
        done = CliRunner().invoke(cli, command)
        assert (done.exit_code, done.output.rpartition(",")[0]) == (0, f"ocr: {told}")
    assert sorted(contents(tmp_path / "out")) == ["0.txt", "below/6.txt", "scan.txt"]


def test_names_that_end_in_zero_bytes(run_ocr: RunOcr, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a\nb.png").write_bytes((folder / "in" / "0.png").read_bytes())
    names = b"in/1.png\0" + os.fsencode(tmp_path / "a\nb.png") + b"\0"
    done = run_ocr(
        *("read", "-m", "m.npz", "-l", "none", "-f", "jsonl", "--files0-from", "-", "in/2.png"),
        cwd=folder,
        input=names,
    )
    assert done.returncode == 0
    sources = re.findall(rb'"source": "(.*?)"', done.stdout)
    assert [source.rpartition(b"/")[2] for source in sources] == [b"2.png", b"1.png", rb"a\nb.png"]
    assert re.fullmatch(rb"ocr: 3 pages read, 0 failed, [\d.]+ s\n", done.stderr)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Missing argument 'FILES...'"),
        (["a.png", "--resume"], "--resume goes on with files"),
        (["a.png", "--resume", "-o", "/dev/stdout"], "--resume goes on with files"),
        (["a.png", "-o", "x", "--out-dir", "y"], "--output and --out-dir do not go together"),
        (["a.png", "a.tif", "--out-dir", "y"], "a.png and a.tif would both be y/a.txt"),
        (["a.png", "--watch", "."], "--watch takes no FILES"),
        (["--watch", ".", "-o", "x"], "--watch takes no FILES"),
        (["a.png", "-j", "2", "--scheduler", "tcp://x:1"], "--scheduler and --jobs"),
        (["a.png", "--page-timeout", "0"], "--page-timeout"),
        (["below/a.png", "--out-dir", "."], "would replace what is no text"),
    ],
)
def test_what_does_not_go_together_is_told_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.txt").write_bytes(b"\0")
    done = CliRunner().invoke(cli, ["read", *arguments])
    assert done.exit_code == 2
    assert told in done.stderr
    assert not (tmp_path / "y").exists()


def test_a_list_with_a_name_a_line_is_told(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("a.png\nb.png\n")
    done = CliRunner().invoke(cli, ["read", "--files0-from", str(tmp_path / "list")])
    assert done.exit_code == 1
    assert "find -print0" in done.stderr


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc tells of memory")
def test_memory_stays_flat(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(80):
        (tmp_path / "in" / f"{number}.png").hardlink_to(folder / "in" / f"{number % 6}.png")
    command = [*OCR, "read", *READ, str(tmp_path / "in"), "--jobs", "2"]
    command += ["-o", str(tmp_path / "all.txt")]
    process = subprocess.Popen(command, cwd=folder, start_new_session=True)
    used: list[tuple[int, int]] = []
    while process.poll() is None:
        used.append((recorded(tmp_path / "all.txt"), memory_of_group(process.pid)))
        time.sleep(0.05)
    assert process.returncode == 0
    early, late = (
        max(bytes_ for pages, bytes_ in used if first <= pages < last)
        for first, last in ((20, 40), (60, 80))
    )
    assert late < 1.1 * early, used


def memory_of_group(group: int) -> int:
    """Kilobytes of memory that the processes of a group have."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(status.read_text().rpartition(")")[2].split()[2]) == group:
                told = status.with_name("status").read_text()
                total += int(told.partition("VmRSS:")[2].split()[0])
        except (OSError, IndexError, ValueError):  # it has just ended
            continue
    return total
