"""Folders of transcribed pages and rows, and courses on the loaded page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from ocr_cli import input as images
from ocr_cli.data.formats.given import GivenRow, TranscribedPage
from ocr_cli.data.formats.transcribed import (
    file_to_page,
    filling_course,
    given_courses,
    page_files,
    row_picture,
    stem_of,
    xml_beside,
)
from ocr_cli.data.formats.transcripts import transcript, transcript_path
from ocr_cli.errors import InputError

if TYPE_CHECKING:
    from conftest import Handwriting

PAGE = """<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15">
<Page imageFilename="{name}" imageWidth="{width}" imageHeight="{height}"><TextRegion>
<TextLine id="l"><Coords points="{box}"/><TextEquiv><Unicode>{text}</Unicode></TextEquiv></TextLine>
</TextRegion></Page></PcGts>"""


def page_file(path: Path, size: tuple[int, int] = (200, 100), text: str = "text") -> Path:
    width, height = size
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        PAGE.format(
            name=path.with_suffix(".png").name, width=width, height=height, text=text,
            box=f"0,0 {width},0 {width},{height} 0,{height}",
        )
    )  # fmt: skip
    return path


def picture(path: Path, size: tuple[int, int] = (200, 100)) -> Path:
    Image.new("L", size, 255).save(path)
    return path


def test_the_files_of_pages_in_a_folder(tmp_path: Path) -> None:
    page_file(tmp_path / "good.xml")
    (tmp_path / "torn.xml").write_text("<alto")  # which is told when it is opened
    page_file(tmp_path / "page" / "above.xml")
    (tmp_path / "mets.xml").write_text("<mets/>")
    assert [path.name for path in page_files(tmp_path)] == ["good.xml", "above.xml", "torn.xml"]
    assert stem_of(tmp_path / "page" / "above.xml") == stem_of(tmp_path / "above.png")


def test_the_picture_of_a_row_and_its_text(tmp_path: Path) -> None:
    (tmp_path / "row.gt.txt").write_text("\ufeffIm  Weidenblech\n", encoding="utf-8")
    assert row_picture(str(tmp_path / "row.png")).text == "Im Weidenblech"
    (tmp_path / "list.txt").write_text("two\nlines\n")
    (tmp_path / "empty.txt").write_text(" \n")
    for name, told in [
        ("list.png", "has 2 rows, and none is marked"),
        ("empty.png", "has no text"),
        ("bare.png", "no such file"),
    ]:
        with pytest.raises(InputError, match=told):
            row_picture(str(tmp_path / name))


def test_transcripts_of_rows_go_by_their_makers_names(tmp_path: Path) -> None:
    for name in ("a.gt.txt", "b.txt", "0001.gt.txt"):
        (tmp_path / name).write_text(name)
    assert transcript(str(tmp_path / "a.png")) == "a.gt.txt"
    assert transcript(str(tmp_path / "b.png")) == "b.txt"
    assert transcript(str(tmp_path / "0001.bin.png")) == "0001.gt.txt"
    assert transcript_path(str(tmp_path / "c.png")).name == "c.txt"


@pytest.mark.parametrize("folder", [".", "page", "alto"])
def test_the_xml_of_a_picture(tmp_path: Path, folder: str) -> None:
    file = str(picture(tmp_path / "a.png"))
    assert xml_beside(file) is None
    (tmp_path / "a.xml").write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    assert xml_beside(file) is None
    assert xml_beside(file) is None
    assert page_file(tmp_path / folder / "a.xml") == xml_beside(file)


def given_page(path: Path, shape: tuple[int, int], *boxes: tuple[int, int, int, int]):
    """A page with a row in each box (x1, y1, x2, y2)."""
    rows = []
    for x1, y1, x2, y2 in boxes:
        outline = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], float)
        foot = y1 + 0.7 * (y2 - y1)
        rows.append(GivenRow("x", np.array([[x1, foot], [x2, foot]], float), outline))
    return TranscribedPage(path, path, shape, tuple(rows))


def test_given_rows_are_placed_on_their_ink(tmp_path: Path, handwriting: Handwriting) -> None:
    drawn = handwriting("first line", "second")
    drawn.save(tmp_path / "a.png")
    (page,) = images.load_pages(str(tmp_path / "a.png"))
    width, height = drawn.size
    sheet = given_page(
        tmp_path, (height, width), (30, 60, width, 140), (30, 170, width, 260), (5, 5, 6, 6)
    )
    first, second, nothing = given_courses(page, sheet)
    assert nothing is None
    assert first is not None
    assert second is not None
    assert 60 < first.points[:, 1].mean() < 140
    assert second.points[:, 1].mean() - first.points[:, 1].mean() == pytest.approx(120, abs=15)


def test_large_pictures_are_measured_in_their_own_pixels(tmp_path: Path) -> None:
    page = images.load_page(images.Picture(str(picture(tmp_path / "a.png", (4096, 2048)))))
    assert page.grey.shape == (1024, 2048)
    x, y, _ = file_to_page(page, (2048, 4096)) @ [4000, 100, 1]
    assert (x, y) == (pytest.approx(2000), pytest.approx(50))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_pictures_are_measured_as_stored_or_upright(
    tmp_path: Path, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    dots = np.full((60, 100), 255, np.uint8)
    dots[10:14, 80:84] = 0
    Image.fromarray(dots).save(tmp_path / "a.png", exif=exif)
    page = images.load_page(images.Picture(str(tmp_path / "a.png")))
    x, y, _ = file_to_page(page, (60, 100)) @ [82, 12, 1]
    dark_y, dark_x = np.nonzero(page.grey < 0.5)
    assert (x, y) == (pytest.approx(dark_x.mean() + 0.5), pytest.approx(dark_y.mean() + 0.5))
    if page.grey.shape != (60, 100):
        assert (file_to_page(page, page.grey.shape) @ [x, y, 1]).tolist() == [x, y, 1]
    stored = images.upright_to_file(str(tmp_path / "a.png")) @ [x, y, 1]
    assert stored.tolist() == pytest.approx([82, 12, 1])


def test_a_row_fills_its_picture(tmp_path: Path, handwriting: Handwriting) -> None:
    drawn = handwriting("Weidenblech").crop((20, 40, 600, 160))
    drawn.save(tmp_path / "a.png")
    (page,) = images.load_pages(str(tmp_path / "a.png"))
    course = filling_course(page)
    ink = np.nonzero(page.grey < 0.5)[0]
    assert ink.min() < course.points[:, 1].mean() < ink.max()
    assert 4 < course.spread < 30
    assert filling_course(images.load_page(images.Picture(str(picture(tmp_path / "b.png")))))


def test_what_is_missing_and_what_cannot_be_read_are_told_apart(tmp_path: Path) -> None:
    picture(tmp_path / "bare.png")
    picture(tmp_path / "folder.png")
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "odd.txt").write_bytes(b"\xff\xfe\x00")
    for name, told in (
        ("nowhere.png", "nowhere.png: no such file; check the name"),
        ("bare.png", "bare.png: has no transcript; write what the picture says"),
        ("folder.png", r"folder.txt: cannot be read \(Is a directory\)"),
        ("odd.png", "odd.txt: is not readable as UTF-8 text"),
    ):
        with pytest.raises(InputError, match=told):
            transcript(str(tmp_path / name))
