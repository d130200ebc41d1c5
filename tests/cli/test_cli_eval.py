"""`ocr eval` as a process: pages with transcripts, and character sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from ocr_cli.batch import read_in_process
from ocr_cli.evaluation.metrics import TextScore, score
from ocr_cli.input import find_pictures

if TYPE_CHECKING:
    from conftest import Handwriting, RunOcr


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, handwriting: Handwriting) -> Path:
    """Two pictures with transcripts, one a scan of two pages, and one picture without."""
    folder = tmp_path_factory.mktemp("pages")
    handwriting("TO DO").save(folder / "a.png")
    (folder / "a.txt").write_text("\ufeffTo do\n", encoding="utf-8")
    handwriting("ONE").save(
        folder / "b.tif", save_all=True, append_images=[handwriting("TWO", "THREE")]
    )
    (folder / "b.txt").write_text("ONE\nTWO\nTHREE\n")
    handwriting("NO").save(folder / "c.png")
    return folder


def test_pages_are_scored_by_summed_edits(run_ocr: RunOcr, pages: Path, untrained: Path) -> None:
    done = run_ocr("eval", "-m", untrained, "-l", "none", "--json", pages)
    assert (done.returncode, done.stderr) == (0, b"")
    found = json.loads(done.stdout)
    assert [Path(f["source"]).name for f in found["files"]] == ["a.png", "b.tif"]
    expected = []
    for name, truth in (("a.png", "To do"), ("b.tif", "ONE\nTWO\nTHREE")):
        files = find_pictures(str(pages / name))
        read = "\n".join(read_in_process(file, str(untrained), "none", "text") for file in files)
        expected.append(score(read, truth))
    for file, one in zip(
        [*found["files"], found["total"]], [*expected, sum(expected, TextScore())], strict=True
    ):
        assert file["cer"] == pytest.approx(one.characters.rate)
        assert file["bare_cer"] == pytest.approx(one.bare.rate)
        assert file["wer"] == pytest.approx(one.words.rate)
        assert file["characters"] == {
            "edits": one.characters.edits,
            "length": one.characters.length,
        }
    assert found["total"]["characters"]["length"] == 5 + 13
    assert (
        run_ocr("eval", "-m", untrained, "-l", "none", "--json", "-j", "2", pages).stdout
        == done.stdout
    )


def test_the_table_has_a_line_a_file_and_a_total(
    run_ocr: RunOcr, pages: Path, untrained: Path
) -> None:
    done = run_ocr(
        "eval", "-m", untrained, "-l", "none", pages / "a.png", pages / "c.png", "nowhere"
    )
    assert done.returncode == 1
    header, file, total = done.stdout.decode().splitlines()
    assert header.split()[0] == "CER"
    assert file.endswith("a.png")
    assert total.endswith("total of 1")
    assert file.split()[:6] == total.split()[:6]
    errors = done.stderr.decode().splitlines()
    assert [error.split(": ")[1].rpartition("/")[2] for error in errors] == ["c.png", "nowhere"]
    assert "c.txt" in errors[0]


PAGE = """<PcGts><Page imageFilename="p.png" imageWidth="{0}" imageHeight="{1}"><TextRegion>
<TextLine id="l"><Coords points="20,40 {2},40 {2},150 20,150"/><Baseline points="20,120 {2},120"/>
<TextEquiv><Unicode>TO DO</Unicode></TextEquiv></TextLine></TextRegion></Page></PcGts>"""


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory, handwriting: Handwriting) -> Path:
    """A page with its row in PAGE XML, and one whose XML is of another picture."""
    folder = tmp_path_factory.mktemp("marked")
    drawn = handwriting("TO DO")
    drawn.save(folder / "p.png")
    width, height = drawn.size
    (folder / "p.xml").write_text(PAGE.format(width, height, width - 10))
    drawn.save(folder / "q.png")
    (folder / "q.xml").write_text(PAGE.format(width + 1, height, 90).replace("p.png", "q.png"))
    return folder


def test_rows_of_several_folders_are_counted_and_a_bad_page_costs_itself(
    run_ocr: RunOcr, pages: Path, marked: Path, untrained: Path
) -> None:
    arguments = ("eval", "-m", untrained, "-l", "none", marked, pages / "a.png", pages)
    done = run_ocr(*arguments, "--json")
    assert done.returncode == 1
    assert b"q.xml: is for a picture of " in done.stderr
    assert done.stderr.count(b"\n") == 1
    found = json.loads(done.stdout)
    assert [Path(one["source"]).name for one in found["files"]] == [
        "p.png", "a.png", "a.png", "b.tif",
    ]  # fmt: skip
    assert found["files"][0]["rows"] == {
        "given": 1, "read": 1, "found": 1, "recall": 1.0, "precision": 1.0,
    }  # fmt: skip
    assert "rows" not in found["files"][1]
    assert found["total"]["rows"]["given"] == 1
    assert [(one["path"], one["files"]) for one in found["paths"]] == [
        (str(marked), 1),
        (str(pages / "a.png"), 1),
        (str(pages), 2),
    ]
    for one in (found["total"], *found["paths"]):
        assert one["cer"] == one["characters"]["edits"] / one["characters"]["length"]
    accuracies = [one["accuracy"] for one in found["files"]]
    assert found["total"]["accuracy"] == pytest.approx(np.mean(accuracies))
    table = run_ocr(*arguments).stdout.decode().splitlines()
    assert table[0].split()[-5:] == ["rows", "found", "precision", "characters", "file"]
    ends = [line.partition("total of ")[2] for line in table[5:]]
    assert ends == [f"1 in {marked}", f"2 in {pages}", "4"]
    assert table[2].split()[7:9] == ["-", "-"]


def test_given_rows_are_read_as_the_file_cuts_them(
    run_ocr: RunOcr, pages: Path, marked: Path, untrained: Path, tmp_path: Path
) -> None:
    done = run_ocr(
        *("eval", "-m", untrained, "-l", "none", "--json", "--rows", "given"),
        *("--errors", tmp_path, marked / "p.png", pages / "a.png", pages / "b.tif"),
    )
    assert done.returncode == 1
    assert b"b.tif: has 3 rows, and none is marked" in done.stderr
    found = json.loads(done.stdout)
    assert found["rows"] == "given"
    assert [one["characters"]["length"] for one in found["files"]] == [5, 5]
    assert "rows" not in found["total"]
    assert "2 files" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_errors_are_written_as_a_page(
    run_ocr: RunOcr, pages: Path, untrained: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "errors"
    plain = run_ocr("eval", "-m", untrained, "-l", "none", "--json", pages)
    done = run_ocr("eval", "-m", untrained, "-l", "none", "--json", "--errors", folder, pages)
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", plain.stdout)
    assert [path.name for path in folder.iterdir()] == ["index.html"]
    page = (folder / "index.html").read_text(encoding="utf-8")
    tally = json.loads(done.stdout)["total"]["characters"]
    assert f"{tally['edits']} in {tally['length']} characters of 2 files" in page
    assert "b.tif, row 3" in page
    again = run_ocr("eval", "-m", untrained, "-l", "none", "-j", "2", "--errors", folder, pages)
    assert again.returncode == 0
    assert (folder / "index.html").read_text(encoding="utf-8") == page


def test_a_place_where_errors_cannot_go(
    run_ocr: RunOcr, pages: Path, untrained: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "errors"
    done = run_ocr("eval", "-m", untrained, "-l", "none", "--errors", place, pages)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"cannot be written" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_folder_without_transcripts_is_told(
    run_ocr: RunOcr, tmp_path: Path, untrained: Path
) -> None:
    Image.new("L", (20, 20)).save(tmp_path / "a.png")
    done = run_ocr("eval", "-m", untrained, "-l", "none", tmp_path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"no pictures with a transcript" in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.fixture(scope="module")
def characters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nist36_test.mat: 3 noisy pictures of each class."""
    from scipy.io import savemat

    rng = np.random.default_rng(0)
    labels = np.eye(36)[np.tile(np.arange(36), 3)]
    folder = tmp_path_factory.mktemp("nist36")
    savemat(
        folder / "nist36_test.mat",
        {"test_data": rng.random((108, 1024)), "test_labels": labels},
    )
    return folder


def test_a_character_set_is_told_from_pages(
    run_ocr: RunOcr, characters: Path, untrained: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    plot = tmp_path / "new" / "plots"
    done = run_ocr("eval", "-m", untrained, "-l", "none", "--json", characters, "--plot", plot)
    assert (done.returncode, done.stderr) == (0, b"")
    found = json.loads(done.stdout)
    confusion = np.array(found["confusion"])
    assert confusion.shape == (36, 36)
    assert (confusion.sum(1) == 3).all()
    assert found["items"] == 108
    assert found["accuracy"] == pytest.approx(np.trace(confusion) / 108)
    assert found["loss"] > 1
    assert [one["character"] for one in found["per_class"]] == list(found["classes"])
    assert 0 <= found["calibration_error"] <= 1
    for name in ("confusion", "pairs", "reliability"):
        with Image.open(plot / f"{name}.png") as picture:
            assert min(picture.size) > 400


def test_words_of_pages_are_drawn_by_confidence(
    run_ocr: RunOcr, pages: Path, untrained: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    plain = run_ocr("eval", "-m", untrained, "-l", "none", pages)
    done = run_ocr("eval", "-m", untrained, "-l", "none", pages, "--plot", tmp_path / "plots")
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", plain.stdout)
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["reliability.png"]


def test_a_character_set_as_a_table(run_ocr: RunOcr, characters: Path, untrained: Path) -> None:
    done = run_ocr("eval", "-m", untrained, "-l", "none", characters / "nist36_test.mat")
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode().splitlines()
    assert lines[0].startswith("108 characters, accuracy ")
    start = next(i for i, line in enumerate(lines) if line.startswith("confusion"))
    rows = [line.split() for line in lines[start + 2 :]]
    assert [row[0] for row in rows] == lines[start + 1].split()
    assert [sum(int(n) for n in row[1:] if n != ".") for row in rows] == [3] * 36


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["SET", "SET"], 2, b"scored alone"),
        (["SET", "--errors", "x"], 2, b"--errors"),
        (["SET", "--rows", "given"], 2, b"--rows"),
        (["SET", "--split", "train"], 1, b"nist36_train.mat"),
    ],
)
def test_what_does_not_go_together(
    run_ocr: RunOcr,
    characters: Path,
    untrained: Path,
    arguments: list[str],
    code: int,
    told: bytes,
) -> None:
    given = [str(characters) if a == "SET" else a for a in arguments]
    done = run_ocr("eval", "-m", untrained, "-l", "none", *given)
    assert (done.returncode, done.stderr.count(b"\n")) == (code, 1)
    assert told in done.stderr
