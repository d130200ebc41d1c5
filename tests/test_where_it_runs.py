"""Where `ocr` runs: closed streams, no processes, little memory, odd names, folders that go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from ocr_cli import batch, parallel
from ocr_cli.cli import options
from ocr_cli.cli.main import COMMANDS, cli
from ocr_cli.errors import InputError, ModelError, OcrError, is_memory_short, shown

if TYPE_CHECKING:
    from conftest import Handwriting, RunOcr

OCR = f"{sys.executable} -m ocr_cli"


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, handwriting: Handwriting, untrained: Path
) -> Path:
    folder = tmp_path_factory.mktemp("where")
    (folder / "m.npz").write_bytes(untrained.read_bytes())
    handwriting("ONE").save(folder / "a.png")
    return folder


def shell(command: str, folder: Path, **given: object) -> subprocess.CompletedProcess[str]:
    script = command.replace("READ", f"{OCR} read -q -l none -m m.npz").replace("OCR", OCR)
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False, **given
    )


def test_without_standard_input_files_are_read(folder: Path) -> None:
    plain = shell("READ a.png", folder).stdout
    done = shell("READ a.png <&-", folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, plain, "")
    done = shell("READ - <&-", folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ocr: -: there is no standard input")


@pytest.mark.parametrize(
    "command",
    [
        "READ a.png",
        "OCR extract a.png",
        "OCR train --out new.npz",
        "OCR eval a.png",
        "OCR models",
        "OCR models show mlp",
        "OCR schema",
        "OCR review a.png",
        "OCR review a.png --html page.html",
        "OCR --help",
        "OCR read --help",
    ],
)
def test_without_standard_output_one_line_tells_it(folder: Path, command: str) -> None:
    done = shell(f"{command} >&-", folder)
    assert done.returncode == 1
    assert done.stderr.startswith("ocr: standard output is closed")
    assert done.stderr.count("\n") == 1
    assert not (folder / "new.npz").exists()
    assert not (folder / "page.html").exists()


def test_without_standard_output_a_file_is_still_written(folder: Path) -> None:
    assert shell("READ a.png -o notes.txt >&-", folder).returncode == 0
    assert (folder / "notes.txt").read_text() == shell("READ a.png", folder).stdout


@pytest.mark.parametrize("nowhere", ["2>&-", "2>/dev/full"])
def test_messages_that_get_lost_cost_no_results(folder: Path, nowhere: str) -> None:
    done = shell(f"READ missing.png a.png {nowhere}", folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == shell("READ a.png", folder).stdout


@pytest.mark.parametrize("flag", ["--help", "--version", "read --help"])
def test_help_for_a_full_disk_is_no_traceback(folder: Path, flag: str) -> None:
    done = shell(f"OCR {flag} > /dev/full", folder)
    assert (done.returncode, done.stderr) == (1, "ocr: No space left on device\n")


def test_without_processes_one_reads_and_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked() -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("multiprocessing.forkserver.ensure_running", locked)
    told: list[str] = []
    with parallel.processes(2, told.append) as executor:
        assert executor is None
    assert len(told) == 1
    assert "Read-only file system" in told[0]


def test_processes_need_no_shared_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("multiprocessing.context.BaseContext.Lock", locked)
    monkeypatch.setattr("multiprocessing.context.BaseContext.BoundedSemaphore", locked)
    with parallel.processes(2) as executor:
        assert executor is not None
        assert executor.submit(int, "1").result() == 1


def test_a_container_without_shared_memory_reads_side_by_side(folder: Path) -> None:
    lock = "mount -t tmpfs -o size=4k,ro none /dev/shm"
    if shell(f"unshare -m bash -c '{lock}'", folder).returncode:
        pytest.skip("nothing may be mounted here")
    plain = shell("READ a.png a.png", folder).stdout
    done = shell(f"unshare -m bash -c '{lock}; READ -j2 a.png a.png'", folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, plain, "")


def test_a_working_folder_that_is_gone_costs_nothing(folder: Path) -> None:
    plain = shell("READ a.png a.png", folder).stdout
    go = "P=$PWD; mkdir d; cd d; rmdir ../d"
    done = shell(f"{go}; OCR read -q -l none -m $P/m.npz -j2 $P/a.png $P/a.png", folder)
    assert (done.returncode, done.stdout) == (0, plain)
    assert "Traceback" not in done.stderr
    done = shell(f"{go}; OCR read -q -l none -m $P/m.npz $P/a.png -o notes.txt", folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("ocr: the working folder is gone; cd to one")


def test_little_memory_is_told_as_that() -> None:
    assert is_memory_short(MemoryError())
    assert is_memory_short(OSError(12, "Cannot allocate memory"))
    assert is_memory_short(ImportError("libx.so: failed to map segment from shared object"))
    damaged = ModelError("damaged")
    damaged.__cause__ = MemoryError()
    assert is_memory_short(damaged)
    assert not is_memory_short(ModelError("damaged"))

    def work(_: batch.Extraction) -> None:
        raise damaged

    item = batch.Extraction(picture=type("Picture", (), {"source": "a.png"})())
    (result,) = parallel.in_order(work, [item])
    assert str(result).startswith("a.png: memory is short")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="limits of a Linux shell")
@pytest.mark.parametrize("command", ["READ a.png", "READ -j2 a.png a.png", "OCR extract a.png"])
@pytest.mark.parametrize("kilobytes", [90_000, 180_000, 225_000])
def test_a_limit_on_memory_is_told_and_no_library_has_the_word(
    folder: Path, command: str, kilobytes: int
) -> None:
    done = shell(f"ulimit -v {kilobytes}; {command}", folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "ocr: memory is short; close other programs, or use fewer --jobs\n"


def test_a_command_that_runs_out_of_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("ocr_cli.batch.find_all_pictures", fail)
    done = CliRunner().invoke(cli, ["extract", "a.png"])
    assert (done.exit_code, done.stderr.split(";")[0]) == (1, "ocr: memory is short")


def test_what_nobody_foresaw_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr("ocr_cli.batch.find_all_pictures", fail)
    done = CliRunner().invoke(cli, ["extract", "a.png"])
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "ZeroDivisionError: by zero" in done.stderr


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_there_without_docstrings(run_ocr: RunOcr, command: str) -> None:
    arguments = [command, "--help"] if command else ["--help"]
    plain = run_ocr(*arguments).stdout
    assert run_ocr(*arguments, env={"PYTHONOPTIMIZE": "2"}).stdout == plain
    assert len(plain.splitlines()[2].strip()) > 20


def test_names_that_are_no_utf8_make_valid_json(run_ocr: RunOcr, folder: Path) -> None:
    name = folder / os.fsdecode(b"na\xefve.png")
    try:
        name.write_bytes((folder / "a.png").read_bytes())
    except OSError:
        pytest.skip("this file system only takes UTF-8 names")
    name.with_suffix(".txt").write_text("ONE")
    model = ["-m", folder / "m.npz", "-l", "none"]
    for arguments in (["read", *model, "-f", "jsonl", name], ["extract", "-f", "json", name]):
        page = json.loads(run_ocr(*arguments).stdout.decode("utf-8"))
        assert page["source"] == str(name)
    scores = json.loads(run_ocr("eval", *model, "--json", name).stdout.decode("utf-8"))
    assert scores["files"][0]["source"] == str(name)


def test_control_characters_in_names_are_escaped(run_ocr: RunOcr, folder: Path) -> None:
    odd = "a\nb\x1b[31m\x9b\u202e.png"
    done = run_ocr("read", f"missing{odd}")
    assert done.stderr.count(b"\n") == 1
    assert rb"missinga\nb\x1b[31m\x9b\u202e.png: no such file" in done.stderr
    (folder / odd).write_bytes((folder / "a.png").read_bytes())
    (folder / odd).with_suffix(".txt").write_text("ONE")
    model = ["-m", folder / "m.npz", "-l", "none"]
    for arguments in (
        ["read", *model, "-f", "words"],
        ["read", *model, "-f", "jsonl"],
        ["extract"],
        ["eval", *model],
    ):
        out = run_ocr(*arguments, folder / odd).stdout.decode()
        assert not set(out) & set("\x1b\x9b\u202e\r")
        assert "b\\x1b[31m" in out or "b\\u001b[31m" in out


def test_what_is_shown_is_one_line_without_control_characters() -> None:
    assert shown("caf\xe9 a\tb\n\x7f\u2028") == "caf\xe9 a\\tb\\n\\x7f\\u2028"
    assert str(InputError("is\nodd", "", "a\x1b.png")) == "a\\x1b.png: is\\nodd"


def test_text_that_was_read_cannot_steer_a_terminal() -> None:
    import numpy as np

    from ocr_cli.output import text
    from ocr_cli.page import Page

    class Read(Page):
        text = "A\x1b]0;B\nC"

    page = Read(np.ones((1, 1), np.float32), "a.png")
    assert text.page(page) == "A\\x1b]0;B\nC\n"


def test_linked_folders_are_read_once(folder: Path, tmp_path: Path) -> None:
    real, tree = tmp_path / "real", tmp_path / "tree"
    real.mkdir()
    (real / "a.png").write_bytes((folder / "a.png").read_bytes())
    (tree / "below").mkdir(parents=True)
    for name in ("one", "two", "below/three"):
        (tree / name).symlink_to(real)
    (tree / "below" / "up").symlink_to(tree)
    (tree / "top").symlink_to(tmp_path)
    (found,) = batch.find_all_pictures([str(tree)], recursive=True, stdin=None)
    assert Path(found.source).samefile(real / "a.png")


def test_a_file_that_may_not_be_read_costs_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As another user than root finds it."""
    (folder / "locked.png").touch()
    monkeypatch.setattr(os, "access", lambda path, _mode: "locked" not in str(path))
    opened = Path.open

    def refused(path: Path, *given: object, **named: object) -> object:
        if path.name == "locked.png":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *given, **named)

    (folder / "locked.txt").write_text("ONE")
    monkeypatch.setattr(Path, "open", refused)
    locked, good = str(folder / "locked.png"), str(folder / "a.png")
    model = ["-m", str(folder / "m.npz"), "-l", "none"]
    (folder / "a.txt").write_text("ONE")
    for command in (["read", *model], ["extract"], ["eval", *model]):
        done = CliRunner().invoke(cli, [*command, locked, good])
        assert done.exit_code == 1
        assert done.stderr.startswith(f"ocr: {locked}: ")
        assert done.stderr.count("\n") == 1
        assert done.stdout != ""


def test_a_folder_that_may_not_be_read_costs_no_other(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "locked", "more"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").touch()
    listed = Path.iterdir

    def refused(path: Path) -> object:
        if path.name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", refused)
    found = batch.find_all_pictures([str(tmp_path)], recursive=True, stdin=None)
    names = [
        Path(one.source).parent.name if not isinstance(one, OcrError) else one for one in found
    ]
    assert (names[0], names[2]) == ("first", "more")
    assert "locked: may not be read" in str(names[1])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["read", "a.png", "-j", "many"], "'many' is not a whole number of at least 0."),
        (["read", "a.png", "-j", "-1"], "-1 is not in the range x>=0"),
        (["train", "--epochs", "0"], "0 is not in the range 1<=x"),
        (["train", "--lr", "fast"], "'fast' is not a number of more than 0."),
        (["train", "--lr", "inf"], "'inf' is not finite."),
        (["train", "--lr", "nan"], "'nan' is not finite."),
        (["train", "--minutes", "inf"], "'inf' is not finite."),
        (["train", "--momentum", "1"], "1.0 is not in the range 0<=x<1"),
        (["train", "--hidden", "99999999999999999999"], "sizes go from 1 to 65536"),
        (["train", "--hidden", "0"], "sizes go from 1 to 65536"),
        (["train", "--channels", "8,8,99999999999999999999"], "sizes go from 1 to 65536"),
        (
            ["train", "--threads", "few"],
            "'few' is not a whole number of at least 1 and at most 1024.",
        ),
        (["train", "--momentum", "x"], "'x' is not a number of at least 0 and less than 1."),
    ],
)
def test_a_value_that_is_none_is_told_what_would_be(arguments: list[str], told: str) -> None:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert told in done.stderr


def test_the_version_has_a_short_option(run_ocr: RunOcr) -> None:
    assert run_ocr("-V").stdout == run_ocr("--version").stdout


@pytest.mark.parametrize("command", ["read", "review"])
@pytest.mark.parametrize("arguments", [["-l", "nosuch"], ["-m", "nosuch"], ["-l", "."]])
def test_a_model_that_is_not_there_is_not_called_damaged(
    folder: Path, arguments: list[str], command: str
) -> None:
    done = CliRunner().invoke(cli, [command, *arguments, str(folder / "a.png")])
    assert done.exit_code == 2  # the option is wrong, and no file
    assert done.stderr.startswith(f"ocr: {arguments[1]}: no such ")
    assert "damaged" not in done.stderr
    assert "anew" not in done.stderr


def test_no_picture_is_to_blame_for_a_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise IndexError("odd")

    monkeypatch.setattr("ocr_cli.recognition.load_reader", fail)
    batch._reader_coming.cache_clear()
    done = CliRunner().invoke(cli, ["read", "-m", "odd.npz", str(folder / "a.png")])
    batch._reader_coming.cache_clear()
    assert done.exit_code == 1
    assert done.stderr == "ocr: odd.npz: the model cannot be used (IndexError); train it anew\n"


@pytest.mark.parametrize("command", ["train", "train --sweep seed=0,1", "read", "extract", "eval"])
def test_one_thread_calculates_unless_more_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    asked: list[int] = []

    def cap(count: int) -> None:
        asked.append(count)
        raise OcrError("enough")

    monkeypatch.setattr("ocr_cli.parallel.cap_threads", cap)
    name, *more = command.split()
    files = [] if name == "train" else ["a.png"]
    assert CliRunner().invoke(cli, [name, *more, *files]).stderr == "ocr: enough\n"
    assert asked == [1]
    if command == "train":
        CliRunner().invoke(cli, ["train", "--threads", "3"])
        assert asked == [1, 3]


def test_every_command_refuses_empty_values() -> None:
    for name in cli.list_commands(click.Context(cli)):
        command = cli.get_command(click.Context(cli), name)
        assert isinstance(command, options.Command | click.Group)
