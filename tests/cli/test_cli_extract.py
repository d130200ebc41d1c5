"""`ocr extract` as a process: boxes, the overlay, crops ready for labelling."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from conftest import Handwriting, RunOcr

LETTERS = "LOTUNCLE"


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory, handwriting: Handwriting) -> Path:
    path = tmp_path_factory.mktemp("extract") / "note.png"
    handwriting("LOT", "UNCLE").save(path)
    return path


def table(output: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(output.decode()), delimiter="\t"))


def box(entry: dict[str, str]) -> tuple[int, int, int, int]:
    y1, x1, y2, x2 = (int(entry[name]) for name in ("y1", "x1", "y2", "x2"))
    return y1, x1, y2, x2


def test_every_letter_has_its_box_in_reading_order(run_ocr: RunOcr, picture: Path) -> None:
    done = run_ocr("extract", picture)
    assert (done.returncode, done.stderr) == (0, b"")
    found = table(done.stdout)
    assert [(f["source"], f["row"], f["letter"]) for f in found] == [
        (str(picture), row, letter)
        for row, letters in (("1", "123"), ("2", "12345"))
        for letter in letters
    ]
    ink = np.asarray(Image.open(picture)) < 128
    assert sum(ink[y1:y2, x1:x2].sum() for y1, x1, y2, x2 in map(box, found)) >= 0.98 * ink.sum()
    first_row = [box(f)[1] for f in found if f["row"] == "1"]
    assert first_row == sorted(first_row)


def test_json_holds_the_same_boxes(run_ocr: RunOcr, picture: Path) -> None:
    page = json.loads(run_ocr("extract", "--format", "json", picture).stdout)
    boxes = [
        tuple(glyph["box"])
        for row in page["rows"]
        for word in row["words"]
        for glyph in word["glyphs"]
    ]
    assert boxes == [box(f) for f in table(run_ocr("extract", picture).stdout)]
    assert (page["height"], page["width"]) == np.asarray(Image.open(picture)).shape


def test_the_overlay_has_the_picture_s_size_and_its_letters_framed(
    run_ocr: RunOcr, picture: Path, tmp_path: Path
) -> None:
    overlay = tmp_path / "overlay.png"
    found = table(run_ocr("extract", picture, "--overlay", overlay).stdout)
    drawn = np.asarray(Image.open(overlay).convert("RGB")).astype(int)
    assert drawn.shape[:2] == np.asarray(Image.open(picture)).shape
    y1, x1, _, x2 = box(found[0])
    frame = drawn[y1, x1:x2]
    assert (np.ptp(frame, axis=1) > 50).all()  # in colour, on a grey picture
    assert list(tmp_path.iterdir()) == [overlay]


def test_crops_sort_in_reading_order_and_look_like_letters(
    run_ocr: RunOcr, picture: Path, tmp_path: Path
) -> None:
    assert run_ocr("extract", picture, "--crops", tmp_path / "new" / "crops").returncode == 0
    crops = sorted((tmp_path / "new" / "crops").iterdir())
    assert [crop.name for crop in crops] == [
        f"note-001-{row:03}-001-{letter:03}.png"
        for row, count in ((1, 3), (2, 5))
        for letter in range(1, count + 1)
    ]
    for crop in crops:
        with Image.open(crop) as image:
            assert (image.mode, image.size) == ("L", (32, 32))
            pixels = np.asarray(image)
        assert pixels[0].min() > 200  # paper around
        assert pixels.min() < 60
        assert 0.03 < (pixels < 128).mean() < 0.5


def test_several_pages_do_not_overwrite_each_other(
    run_ocr: RunOcr, picture: Path, tmp_path: Path
) -> None:
    (tmp_path / "b").mkdir()
    namesake = tmp_path / "b" / "note.png"
    namesake.write_bytes(picture.read_bytes())
    out, crops = tmp_path / "overlays", tmp_path / "crops"
    out.mkdir()
    arguments = ["extract", picture, namesake, "--crops", crops, "--overlay", out]
    one, two = (run_ocr(*arguments, "--jobs", jobs) for jobs in ("1", "2"))
    assert one.stdout == two.stdout
    assert sorted(path.name for path in out.iterdir()) == ["note.1-001.png", "note.2-001.png"]
    assert len(list(crops.iterdir())) == 2 * len(LETTERS)
    done = run_ocr("extract", picture, namesake, "--overlay", tmp_path / "one.png")
    assert done.returncode == 2
    assert b"existing folder" in done.stderr


def test_a_blank_page_has_no_letters(run_ocr: RunOcr, tmp_path: Path) -> None:
    Image.new("L", (200, 100), 255).save(tmp_path / "blank.png")
    done = run_ocr("extract", tmp_path / "blank.png", "--crops", tmp_path / "crops")
    assert (done.returncode, done.stdout.count(b"\n"), done.stderr) == (0, 1, b"")
    assert list((tmp_path / "crops").iterdir()) == []
