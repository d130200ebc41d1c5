"""What is written destroys nothing: no input, no file of another kind, no mode, no link."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from helpers import READ, contents, ocr
from PIL import Image

from ocr_cli import files
from ocr_cli.errors import OcrError
from ocr_cli.files import KeepOldError, check_writable, replacing, replacing_text

if TYPE_CHECKING:
    from conftest import RunOcr


@pytest.mark.parametrize(
    "arguments",
    [
        [*READ, "-o", "a.png", "b.png"],
        [*READ, "b.png", "-o", "b.png"],
        [*READ, "b.png", "-o", "./good/../b.png"],
        [*READ, "b.png", "-o", "link"],
        [*READ, "b.png", "-o", "hard"],
        [*READ, "link", "-o", "b.png"],
        [*READ, "b.png", "-o", "m.npz"],
        [*READ, "b.png", "-o", "good/nist36_test.mat"],
        ["extract", "b.png", "--overlay", "b.png"],
        ["extract", "b.png", "--overlay", "link"],
        ["extract", "a.png", "b.png", "a-001.png", "--overlay", "."],
        ["extract", "a.png", "a-001-001-001-001.png", "--crops", "."],
        ["extract", "a.png", "a-001-001.png", "--rows", "."],
        ["extract", "b.png", "--overlay", "photo.jpg"],
        ["eval", "good/nist36_test.mat", "-m", "m.npz", "--plot", "plots"],
        ["eval", "reliability.png", "-m", "m.npz", "--plot", "."],
        ["eval", "a.png", "-m", "m.npz", "--errors", "site"],
        ["train", "--data", "good", "--homework", "--epochs", "1", "--out", "good/nist36_test.mat"],
        ["train", "--data", "good", "--out", "b.png"],
        ["train", "--data", "good", "--log", "notes.txt"],
        ["train", "--data", "good", "--log", "same.npz", "--out", "same.npz"],
        ["train", "--data", "good", "--log", "good/nist36_test.mat"],
        ["train", "--data", "good", "--from", "m.npz", "--out", "m.npz"],
        ["train", "--data", "good", "--teacher", "m.npz", "--out", "m.npz"],
        ["train", "--data", "good", "--sweep", "lr=1,2", "--out", "x.npz"],
        ["train", "--data", "good", "--plot", "plots"],
        ["train", "--kind", "language", "--data", "notes.txt", "--out", "notes.txt"],
        ["train", "--page", "a.png=notes.txt", "--out", "notes.txt"],
        ["train", "--page", "a.png=notes.txt", "--out", "a.png"],
        ["train", "--page", "a.png=notes.txt", "-l", "en.npz", "--out", "en.npz"],
        ["train", "--convert", "strokes", "--data", "unipen"],
        ["review", "b.png", "--html", "b.png"],
        ["review", "b.png", "--html", "site/index.html"],
    ],
    ids=" ".join,
)
def test_an_output_that_would_destroy_something_is_refused(
    folder: Path, arguments: list[str]
) -> None:
    (folder / "link").symlink_to("b.png")
    os.link("b.png", "hard")
    Image.open("a.png").save("photo.jpg")
    for name in ("a-001.png", "a-001-001-001-001.png", "a-001-001.png", "reliability.png"):
        Image.open("a.png").save(name)
    for name in ("plots", "site", "strokes", "unipen"):
        (folder / name).mkdir()
    (folder / "reliability.txt").write_text("ONE")
    (folder / "unipen" / "a.dat").write_text('.VERSION 1.0\n.SEGMENT CHARACTER 0 OK "a"\n')
    for name in ("plots/confusion.png", "plots/curves.png", "strokes/chars.npz", "x-lr-1.npz"):
        (folder / name).write_text("something else")
    (folder / "site" / "index.html").write_text("<!DOCTYPE html><title>My site</title>")
    (folder / "notes.txt").write_text("some notes\n")
    (folder / "en.npz").write_bytes((folder / "m.npz").read_bytes())
    before = contents(folder)
    done = ocr(*arguments)
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith("ocr: ")
    assert done.stderr.count("\n") == 1
    assert contents(folder) == before


@pytest.mark.parametrize(
    "arguments",
    [
        [*READ, "b.png", "-o", "yesterday.txt"],
        [*READ, "b.png", "-o", "empty"],
        ["extract", "b.png", "--overlay", "a.png"],
        ["train", "--data", "good", "--homework", "--epochs", "1", "--out", "m.npz"],
        ["train", "--data", "good", "--homework", "--epochs", "1", "--log", "log.jsonl"],
        ["review", "b.png", "-m", "m.npz", "-l", "none", "--html", "page.html"],
    ],
    ids=" ".join,
)
def test_a_file_of_the_same_kind_is_replaced(folder: Path, arguments: list[str]) -> None:
    (folder / "yesterday.txt").write_text("caf\xe9 P2 is a text\n", encoding="latin-1")
    (folder / "empty").touch()
    (folder / "log.jsonl").write_text('{"epoch": 1}\n')
    (folder / "page.html").write_text("<!doctype html><title>ocr review</title>")
    before = contents(folder)
    assert ocr(*arguments).exit_code == 0
    after = contents(folder)
    assert [name for name in before if before[name] != after[name]] == [str(folder / arguments[-1])]


def test_what_is_read_through_a_pipe_from_a_file_is_an_input(run_ocr: RunOcr, folder: Path) -> None:
    before = contents(folder)
    with (folder / "b.png").open("rb") as stdin:
        done = subprocess.run(
            [sys.executable, "-m", "ocr_cli", *READ, "-", "-o", "b.png"],
            stdin=stdin,
            capture_output=True,
            check=False,
        )
    assert (done.returncode, contents(folder)) == (2, before)


@pytest.mark.parametrize(
    ("stream", "read", "arguments"),
    [
        ("stdout", "a.png", [*READ, "b.png", "a.png"]),
        ("stdout", "a.png", [*READ, "hard"]),
        ("stdout", "m.npz", [*READ, "a.png"]),
        ("stdout", "a.png", [*READ, "a.png", "-o", "/dev/stdout"]),
        ("stderr", "a.png", [*READ, "a.png", "-o", "out.txt"]),
        ("stdout", "a.png", ["extract", "a.png"]),
        ("stdout", "a.txt", ["eval", "a.png"]),
        ("stdout", "good/nist36_test.mat", ["eval", "good/nist36_test.mat", "-m", "m.npz"]),
        ("stdout", "m.npz", ["models", "show", "m.npz"]),
        ("stdout", "a.txt", ["train", "--kind", "language", "--data", "a.txt", "--out", "l.npz"]),
        ("stdout", "m.npz", ["train", "--data", "good", "--from", "m.npz"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_what_the_shell_appends_to_an_input_is_refused(
    folder: Path, stream: str, read: str, arguments: list[str]
) -> None:
    (folder / "a.txt").write_text("ONE")
    os.link("a.png", "hard")
    before = contents(folder)
    command = [sys.executable, "-m", "ocr_cli", *arguments]
    with (folder / read).open("ab") as appended:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: appended}
        done = subprocess.run(command, check=False, **streams)
    assert done.returncode == 2
    if stream == "stdout":
        told = "standard output goes to a file that is read; send it to another one"
        assert done.stderr.decode() == f"ocr: {told}\n"
        assert contents(folder) == before


def test_nothing_that_can_be_read_leaves_yesterdays_file(folder: Path) -> None:
    (folder / "notes.txt").write_text("yesterday")
    for form in ("text", "words"):
        done = ocr(*READ, "missing.png", "-o", "notes.txt", "-f", form)
        assert done.exit_code == 1
        assert (folder / "notes.txt").read_text() == "yesterday"
    assert ocr(*READ, "missing.png", "-o", "new.txt").exit_code == 1
    assert not (folder / "new.txt").exists()
    assert ocr(*READ, "missing.png", "b.png", "-o", "notes.txt").exit_code == 1
    assert (folder / "notes.txt").read_text() != "yesterday"


@pytest.mark.parametrize("out", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link", "-"])
@pytest.mark.parametrize("mode", [">", ">>"])
def test_standard_output_is_written_through(folder: Path, out: str, mode: str) -> None:
    if not Path("/proc/self/fd").exists() and "/" in out:
        pytest.skip("no /proc here")
    (folder / "link").symlink_to("/dev/stdout")
    (folder / "log").write_text("old\n" if mode == ">>" else "")
    command = f"{sys.executable} -m ocr_cli {' '.join(READ)} a.png -o {out}"
    script = f"{{ echo HEADER; {command}; echo FOOTER; }} {mode} log"
    subprocess.run(["bash", "-c", script], check=True)
    plain = ocr(*READ, "a.png").stdout
    old = "old\n" if mode == ">>" else ""
    assert (folder / "log").read_text() == f"{old}HEADER\n{plain}FOOTER\n"
    assert not (folder / "-").exists()


def test_a_named_pipe_is_written_through(folder: Path) -> None:
    os.mkfifo("pipe")
    reader = subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE)
    assert ocr(*READ, "a.png", "-o", "pipe").exit_code == 0
    assert reader.communicate(timeout=600)[0].decode() == ocr(*READ, "a.png").stdout
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)  # noqa: PTH116


def test_a_log_goes_through_an_open_descriptor(folder: Path) -> None:
    train = "train --data good --homework -q --epochs 1 --log /dev/stdout"
    script = f"{{ echo HEADER; {sys.executable} -m ocr_cli {train}; }} > log"
    subprocess.run(["bash", "-c", script], check=True)
    lines = (folder / "log").read_text().splitlines()
    assert lines[0] == "HEADER"
    assert lines[1].startswith('{"epoch": 1')


def test_the_files_mode_stays(folder: Path) -> None:
    for name, arguments in (
        ("private.txt", [*READ, "a.png", "-o", "private.txt"]),
        ("m.npz", ["train", "--data", "good", "--homework", "--epochs", "1", "--out", "m.npz"]),
    ):
        (folder / name).touch()
        (folder / name).chmod(0o640)
        assert ocr(*arguments).exit_code == 0
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o640


def test_a_new_file_has_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with replacing(tmp_path / "new"):
            pass
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root alone can tell")
def test_the_files_owner_stays(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("old")
    os.chown(tmp_path / "theirs", 1234, 1235)
    with replacing(tmp_path / "theirs") as file:
        file.write(b"new")
    found = (tmp_path / "theirs").stat()
    assert (found.st_uid, found.st_gid) == (1234, 1235)


def test_where_the_owner_cannot_be_kept_the_file_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "theirs"
    path.write_text("a longer text")
    node = path.stat().st_ino
    monkeypatch.setattr(files._Part, "_takes_after", lambda *_: False)
    with replacing(path) as file:
        file.write(b"new")
    assert (path.read_text(), path.stat().st_ino) == ("new", node)
    assert os.listdir(tmp_path) == ["theirs"]  # noqa: PTH208


def test_all_names_of_a_file_see_the_new_one(folder: Path) -> None:
    (folder / "one.txt").write_text("a text that is longer than what is read\n" * 3)
    os.link("one.txt", "two.txt")
    assert ocr(*READ, "a.png", "-o", "one.txt").exit_code == 0
    assert (folder / "two.txt").read_text() == ocr(*READ, "a.png").stdout
    assert (folder / "one.txt").samefile(folder / "two.txt")
    assert not list(folder.glob(".*"))


def test_a_write_in_place_that_fails_leaves_the_new_text_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.txt"
    path.write_text("old")
    os.link(path, tmp_path / "two.txt")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(OcrError, match="No space left") as told, replacing(path) as file:
        file.write(b"new")
    (kept,) = tmp_path.glob(".*")
    assert kept.read_text() == "new"
    assert str(kept) in str(told.value)


@pytest.mark.parametrize("nameless", [True, False])
def test_a_planted_link_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nameless: bool
) -> None:
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    (tmp_path / "treasure").write_text("precious")
    for end in ("part", "tmp"):
        (tmp_path / f".o.txt.{os.getpid()}.{end}").symlink_to("treasure")
    names = iter(["planted", "fresh"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(names))
    (tmp_path / ".o.txt.planted.part").symlink_to("treasure")
    with pytest.raises(OcrError, match="cannot be written"), replacing(tmp_path / "o.txt") as file:
        file.write(b"new")
    with replacing(tmp_path / "o.txt") as file:
        file.write(b"new")
    assert (tmp_path / "treasure").read_text() == "precious"
    assert (tmp_path / "o.txt").read_text() == "new"


def test_without_nameless_files_names_are_random_and_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    seen = set()
    for _ in range(2):
        with replacing(tmp_path / "o.txt") as file:
            file.write(b"new")
            seen |= {path.name for path in tmp_path.glob(".*")}
    assert len(seen) == 2
    assert os.listdir(tmp_path) == ["o.txt"]  # noqa: PTH208


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="Linux alone has nameless files")
def test_until_it_is_complete_a_file_has_no_name_that_could_stay_behind(tmp_path: Path) -> None:
    with replacing(tmp_path / "o.txt") as file:
        file.write(b"half")
        file.flush()
        assert not list(tmp_path.iterdir())


def test_keeping_the_old_file_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    with replacing_text(tmp_path / "old") as text:
        text.write("new")
        raise KeepOldError
    assert (tmp_path / "old").read_text() == "old"


def test_a_full_disk_is_told_with_the_files_name(run_ocr: RunOcr, folder: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    (folder / "full.txt").symlink_to("/dev/full")
    for arguments in (
        [*READ, "a.png", "-o", "full.txt"],
        ["train", "--data", "good", "--homework", "-q", "--epochs", "1", "--log", "full.txt"],
        ["train", "--data", "good", "--homework", "-q", "--epochs", "1", "--out", "full.txt"],
    ):
        done = run_ocr(*arguments, timeout=600)
        assert done.returncode == 1
        assert done.stderr == b"ocr: full.txt: cannot be written (No space left on device)\n"


def test_a_folder_that_may_not_be_written_is_told_before_the_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "locked").mkdir()
    access = os.access
    locked = folder / "locked"  # root may write anywhere
    monkeypatch.setattr(os, "access", lambda p, mode: Path(p) != locked and access(p, mode))
    for arguments in (
        ["--out", "locked/m.npz"],
        ["--out", "locked/new/m.npz"],
        ["--log", "locked/log"],
        ["--plot", "locked"],
        ["--sweep", "lr=1,2", "--out", "locked/m.npz"],
    ):
        done = ocr("train", "--data", "good", *arguments)
        assert done.exit_code == 1
        assert "nothing may be written in" in done.stderr
        assert "epoch" not in done.stderr
        assert ".part" not in done.stderr
    assert ocr("eval", "a.png", "--errors", "locked").exit_code == 1


def test_what_may_not_be_written_itself_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.npz").write_text("")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OcrError, match="may not be written"):
        check_writable(tmp_path / "m.npz")
    with pytest.raises(OcrError, match="Permission denied"), replacing(tmp_path / "m.npz"):
        pass
