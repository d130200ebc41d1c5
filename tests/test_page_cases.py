"""Pages that went wrong for people, drawn anew and read; and how long pages take."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ocr_cli.input import find_pictures
from ocr_cli.pipeline import read_picture
from ocr_cli.recognition import Reader, load_reader

if TYPE_CHECKING:
    from conftest import Handwriting

Read = Callable[[Image.Image], str]
Draw = Callable[[ImageDraw.ImageDraw, int], None]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return load_reader()


@pytest.fixture
def read(reader: Reader, tmp_path: Path) -> Read:
    """Read a picture, saved as it says how."""

    def text(picture: Image.Image, **how: object) -> str:
        picture.save(tmp_path / "page.png", **how)
        (one,) = find_pictures(str(tmp_path / "page.png"))
        return read_picture(one, lambda: reader).text

    return text


def arrows(pen: ImageDraw.ImageDraw, y: int) -> None:
    pen.line([6, y, 58, y], 0, 4)
    pen.line([44, y - 13, 58, y, 44, y + 13], 0, 4)


def ticks(pen: ImageDraw.ImageDraw, y: int) -> None:
    pen.line([8, y + 4, 22, y + 24, 54, y - 28], 0, 5)


def boxes(pen: ImageDraw.ImageDraw, y: int) -> None:
    pen.rectangle([8, y - 23, 54, y + 23], outline=0, width=4)


def holes(pen: ImageDraw.ImageDraw, y: int) -> None:
    pen.ellipse([6, y - 25, 56, y + 25], 20)


def squares(pen: ImageDraw.ImageDraw, y: int) -> None:
    for at in range(3, 2000, 30):
        pen.line([at, y - 60, at, y + 60], 150)
        pen.line([0, at % 480, 2000, at % 480], 150)


@pytest.mark.parametrize("marks", [arrows, ticks, boxes, holes, squares])
def test_of_what_is_no_writing_nothing_is_read(
    read: Read, handwriting: Handwriting, marks: Draw
) -> None:
    rows = "WALK THE DOG", "PAINT THE FENCE"
    page = handwriting(*rows, seed=1)
    sheet = Image.new("L", (page.width + 90, page.height), 255)
    for k in range(2):
        marks(ImageDraw.Draw(sheet), 92 + 120 * k)
    sheet.paste(0, (70, 0), page.point(lambda v: 255 - v))
    assert read(sheet).splitlines() == list(rows)


def test_a_fax_of_unequal_resolutions_is_undone(read: Read, handwriting: Handwriting) -> None:
    page = handwriting("WALK THE DOG", "PAINT THE FENCE", seed=1)
    fax = page.resize((page.width, page.height // 2), Image.Resampling.BOX)
    assert read(fax, dpi=(204, 98)).splitlines() == ["WALK THE DOG", "PAINT THE FENCE"]


@pytest.mark.parametrize("word", ["WALK", "BREAD", "PAINT", "GARDEN"])
def test_a_word_that_fills_the_picture_is_read(
    read: Read, handwriting: Handwriting, word: str
) -> None:
    page = handwriting(word, seed=1)
    ink = page.point(lambda v: 255 - v).getbbox()
    assert read(page.crop(ink)) == word


def seconds(read: Read, page: Image.Image, times: int = 1) -> float:
    """The processor's time of a page, the best of several."""
    spent = []
    for _ in range(times):
        start = time.process_time()
        assert read(page)
        spent.append(time.process_time() - start)
    return min(spent)


def test_the_time_of_a_page_grows_with_its_rows(read: Read, handwriting: Handwriting) -> None:
    row = handwriting("WALK THE DOG", seed=1).crop((0, 40, 700, 160))
    few, many = (Image.new("L", (row.width, 120 * n + 80), 255) for n in (4, 12))
    for page, n in ((few, 4), (many, 12)):
        for k in range(n):
            page.paste(row, (0, 40 + 120 * k))
    assert seconds(read, many) < 6 * seconds(read, few, 2)  # three times the rows


def test_the_time_of_a_strip_grows_with_its_length(read: Read, handwriting: Handwriting) -> None:
    word = handwriting("WALK", seed=1)
    short, long = (Image.new("L", (word.width * n, word.height), 255) for n in (2, 16))
    for strip, n in ((short, 2), (long, 16)):
        for k in range(n):
            strip.paste(word, (word.width * k, 0))
    assert seconds(read, long) < 16 * seconds(read, short, 3)  # eight times the length


def test_a_note_on_a_checked_cloth_takes_no_ten_seconds(
    read: Read, handwriting: Handwriting
) -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:1600, 0:2000]
    cloth = 130 + 40 * ((x // 45 + y // 45) % 2) + rng.normal(0, 12, x.shape)
    page = Image.fromarray(cloth.clip(0, 255).astype(np.uint8))
    page.paste(handwriting("WALK THE DOG", "PAINT THE FENCE", seed=1), (500, 600))
    start = time.process_time()
    text = read(page)
    assert time.process_time() - start < 10
    assert "WALK" in text
    assert len(text) < 40
