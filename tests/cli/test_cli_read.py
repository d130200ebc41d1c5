"""`ocr read` as a process: formats, several files, folders, pages, where the output goes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from PIL import Image

import ocr_cli.output

if TYPE_CHECKING:
    from conftest import Handwriting, RunOcr

SCHEMA = json.loads(
    (Path(ocr_cli.output.__file__).parent / "page.schema.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, handwriting: Handwriting) -> Path:
    """Pictures of two rows, of one row (turned, with EXIF), a scan of three pages, a blank one."""
    folder = tmp_path_factory.mktemp("pictures")
    handwriting("HELLO THERE", "WORLD").save(folder / "two.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = handwriting("ONE ROW ONLY").transpose(Image.Transpose.ROTATE_90)
    turned.save(folder / "turned.jpg", exif=exif, quality=95)
    (folder / "below").mkdir()
    first, *others = [handwriting(line) for line in ("PAGE A", "PAGE B", "PAGE C")]
    first.save(folder / "below" / "scan.tif", save_all=True, append_images=others)
    Image.new("L", (300, 200), 240).save(folder / "blank.png")
    return folder


def test_text_is_a_line_a_row_and_an_empty_line_between_pages(
    run_ocr: RunOcr, folder: Path, untrained: Path
) -> None:
    files = [folder / "two.png", folder / "blank.png", folder / "turned.jpg"]
    done = run_ocr("read", "--model", untrained, "--language", "none", *files)
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode().split("\n")
    assert [len(line.split()) for line in lines] == [2, 1, 0, 3, 0]


def test_json_lines_follow_the_schema_and_lie_within_the_file(
    run_ocr: RunOcr, folder: Path, untrained: Path
) -> None:
    done = run_ocr("read", "-m", untrained, "-l", "none", "-f", "jsonl", "--recursive", folder)
    assert (done.returncode, done.stderr) == (0, b"")
    pages = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(Path(page["source"]).name, page["frame"]) for page in pages] == [
        ("scan.tif", 0),
        ("scan.tif", 1),
        ("scan.tif", 2),
        ("blank.png", 0),
        ("turned.jpg", 0),
        ("two.png", 0),
    ]
    for page in pages:
        jsonschema.validate(page, SCHEMA)
        with Image.open(page["source"]) as picture:
            picture.seek(page["frame"])
            assert (page["width"], page["height"]) == picture.size
        for row in page["rows"]:
            for part in (row, *row["words"]):
                y1, x1, y2, x2 = part["box"]
                assert 0 <= y1 < y2 <= page["height"]
                assert 0 <= x1 < x2 <= page["width"]
    turned = pages[4]
    y1, x1, y2, x2 = turned["rows"][0]["box"]
    assert turned["height"] > turned["width"]  # as it is stored, the row runs upwards
    assert y2 - y1 > 4 * (x2 - x1)
    assert pages[3]["rows"] == []


def test_words_have_one_header_for_all(run_ocr: RunOcr, folder: Path, untrained: Path) -> None:
    scan = folder / "below" / "scan.tif"
    done = run_ocr("read", "-m", untrained, "-l", "none", "-f", "words", scan, folder / "two.png")
    header, *lines = [line.split("\t") for line in done.stdout.decode().splitlines()]
    assert header[0] == "source"
    assert [line[1:4] for line in lines] == [
        ["1", "1", "1"],
        ["1", "1", "2"],
        ["2", "1", "1"],
        ["2", "1", "2"],
        ["3", "1", "1"],
        ["3", "1", "2"],
        ["1", "1", "1"],
        ["1", "1", "2"],
        ["1", "2", "1"],
    ]
    assert {len(line) for line in lines} == {len(header)}


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_the_output_does_not_depend_on_the_number_of_jobs(
    run_ocr: RunOcr, folder: Path, untrained: Path, form: str
) -> None:
    files = [folder, "missing.png", folder / "two.png"]
    runs = [
        run_ocr("read", "-m", untrained, "-l", "none", "-r", "-f", form, "--jobs", jobs, *files)
        for jobs in ("1", "3")
    ]
    assert runs[0].returncode == runs[1].returncode == 1
    assert runs[0].stdout == runs[1].stdout != b""
    assert runs[0].stderr == runs[1].stderr
    assert runs[0].stderr.startswith(b"ocr: missing.png: no such file")


def test_output_goes_to_a_file_that_is_whole(
    run_ocr: RunOcr, folder: Path, untrained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.txt"
    done = run_ocr("read", "-m", untrained, "-l", "none", folder / "two.png", "-o", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (
        out.read_bytes()
        == run_ocr("read", "-m", untrained, "-l", "none", folder / "two.png").stdout
    )
    assert list(tmp_path.iterdir()) == [out]
    done = run_ocr(
        "read", folder / "two.png", "-m", untrained, "-l", "none", "-o", tmp_path / "no" / "out.txt"
    )
    assert done.returncode == 1
    assert b"cannot be written" in done.stderr


def test_names_that_are_no_utf8_go_out_as_they_came_in(
    run_ocr: RunOcr, folder: Path, untrained: Path, tmp_path: Path
) -> None:
    name = tmp_path / os.fsdecode(b"caf\xe9.png")
    try:
        name.write_bytes((folder / "two.png").read_bytes())
    except OSError:
        pytest.skip("this file system only takes UTF-8 names")
    done = run_ocr("read", "-m", untrained, "-l", "none", "-f", "words", name)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"/caf\xe9.png\t1\t" in done.stdout


@pytest.mark.parametrize(("quiet", "seen"), [([], True), (["--quiet"], False)])
def test_the_bar_is_for_terminals(
    folder: Path, untrained: Path, quiet: list[str], seen: bool
) -> None:
    files = [folder / "two.png", folder / "turned.jpg", "missing.png"]
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    done = subprocess.run(
        [sys.executable, "-m", "ocr_cli", "read", "-m", untrained, "-l", "none", *quiet, *files],
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=False,
    )
    os.close(theirs)
    told = b""
    try:
        while block := os.read(ours, 4096):
            told += block
    except OSError:  # Linux's way to say that the other end is closed
        pass
    os.close(ours)
    assert done.returncode == 1
    assert b"ocr: missing.png: no such file" in told
    assert (b"page" in told) == seen
    assert (b"3/3" in told) == seen


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a.png", "--format", "xml"],
        ["a.png", "--jobs", "-1"],
        ["a.png", "--jobs", "many"],
        ["a.png", "--no-such-option"],
    ],
)
def test_wrong_usage_exits_with_2(run_ocr: RunOcr, arguments: list[str]) -> None:
    done = run_ocr("read", *arguments)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Usage: ocr read" in done.stderr
