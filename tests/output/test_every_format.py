"""Pictures that are read, in every format: found sound by other programs, and of one text."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

import ocr_cli
from ocr_cli.output import jsonl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent.parent
SCHEMAS = Path(__file__).parent / "schemas"
EXAMPLES = sorted(p for p in (ROOT / "examples").iterdir() if p.suffix in {".jpg", ".png"})
PHOTOS = [f"0{n}" for n in (1, 2, 3, 4)]
pytestmark = pytest.mark.slow


@cache
def read(picture: Path) -> ocr_cli.Page:
    (page,) = ocr_cli.read(picture, model=reader(), alternatives=True)
    return page


@cache
def reader() -> Any:
    return ocr_cli.load_reader()


@pytest.fixture(params=[*EXAMPLES, *PHOTOS], ids=lambda p: p.stem if isinstance(p, Path) else p)
def page(request: pytest.FixtureRequest) -> ocr_cli.Page:
    """A picture of examples/, or one of the photos that are not part of the project."""
    if isinstance(request.param, Path):
        return read(request.param)
    photos = request.getfixturevalue("data") / "photos"
    return read(next(photos.glob(f"{request.param}*.jpg")))


def test_text_and_tables(page: ocr_cli.Page) -> None:
    words = page.text.split()
    assert str(page.to("text")).split() == words
    assert sorted(str(page.to("layout")).split()) == sorted(words)
    tsv = [line.split("\t") for line in str(page.to("tsv")).splitlines()]
    assert [line[11] for line in tsv if line[0] == "5"] == words
    assert [line.split("\t")[-1] for line in str(page.to("words")).splitlines()[1:]] == words


def test_json(page: ocr_cli.Page) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    value = json.loads(str(page.to("jsonl")))
    jsonschema.validate(value, json.loads(jsonl.SCHEMA.read_text(encoding="utf-8")))
    assert value["text"] == page.text


def test_hocr(page: ocr_cli.Page, tmp_path: Path) -> None:
    validate = pytest.importorskip("hocr_spec")
    text = str(page.to("hocr"))
    root = ET.fromstring(text)
    assert [e.text for e in root.iter() if e.get("class") == "ocrx_word"] == page.text.split()
    file = (
        tmp_path / "a.hocr"
    )  # what begins with x_ is anybody's own, and it knows but few of these
    file.write_text(re.sub(r"; x_(?:size|(?:a|de)scenders) [\d.]+", "", text), encoding="utf-8")
    report = validate.HocrValidator("standard").validate(str(file), parse_strict=True)
    assert report.is_valid(), report.format("text")


@pytest.mark.parametrize("form", ["alto", "page"])
def test_xml(page: ocr_cli.Page, form: str) -> None:
    etree = pytest.importorskip("lxml.etree")
    schema = {"alto": "alto-4-4.xsd", "page": "pagecontent.xsd"}[form]
    root = etree.fromstring(str(page.to(form)).encode())
    etree.XMLSchema(etree.parse(SCHEMAS / schema)).assertValid(root)
    if form == "alto":
        words = [e.get("CONTENT") for e in root.iter("{*}String")]
    else:
        likeliest = "{*}TextEquiv/{*}Unicode"  # which comes first
        words = [word.find(likeliest).text for word in root.iter("{*}Word")]
    assert words == page.text.split()


def test_pdf(page: ocr_cli.Page, tmp_path: Path) -> None:
    assert_lies_on_its_ink(page, tmp_path / "o.pdf")


@pytest.mark.parametrize("angle", [3, 12, 30])
def test_pdf_of_a_tilted_page(angle: int, tmp_path: Path) -> None:
    with Image.open(ROOT / "examples" / "note.jpg") as image:
        tilted = image.convert("L").rotate(angle, Image.Resampling.BICUBIC, True, fillcolor=235)
        tilted.save(tmp_path / "a.png")
    assert_lies_on_its_ink(read(tmp_path / "a.png"), tmp_path / "o.pdf")


def test_pdf_of_a_pdf_page_of_another_size(tmp_path: Path) -> None:
    img2pdf = pytest.importorskip("img2pdf")
    pytest.importorskip("pypdfium2")
    small = img2pdf.get_layout_fun((img2pdf.mm_to_pt(148), img2pdf.mm_to_pt(105)))
    picture = str(ROOT / "examples" / "note.jpg")
    (tmp_path / "a.pdf").write_bytes(img2pdf.convert(picture, layout_fun=small))
    assert_lies_on_its_ink(read(tmp_path / "a.pdf"), tmp_path / "o.pdf")


def assert_lies_on_its_ink(page: ocr_cli.Page, pdf: Path) -> None:
    """poppler finds the page's words, each over most of the ink that is drawn where it was read."""
    for tool in ("pdftotext", "qpdf"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool}: apt install poppler-utils qpdf")
    pytest.importorskip("pikepdf")
    pdfium = pytest.importorskip("pypdfium2")
    data = page.to("pdf")
    assert isinstance(data, bytes)
    pdf.write_bytes(data)
    subprocess.run(["qpdf", "--check", pdf], check=True, capture_output=True)
    width, height, found = boxes(pdf)
    assert Counter(word for word, _ in found) == Counter(page.text.split())
    with pdfium.PdfDocument(pdf) as document:
        picture = document[0].render(scale=1400 / max(width, height)).to_pil()
    drawn = np.asarray(picture.convert("L"))
    for word in page.words:
        here = part_of(page.box_in_file(word.box), drawn, page.file_shape)
        ink = drawn[here] < (float(drawn[here].min()) + np.median(drawn[here])) / 2
        shares = []
        for x1, y1, x2, y2 in (box for text, box in found if text == word.text):
            inside = np.zeros(drawn.shape, bool)
            inside[part_of((y1, x1, y2, x2), drawn, (height, width))] = True
            shares.append((ink & inside[here]).sum() / ink.sum())
        assert max(shares) > 0.5, word.text


def part_of(
    box: Sequence[float], drawn: NDArray[np.uint8], shape: tuple[float, float]
) -> tuple[slice, slice]:
    """The part of a picture in a box (y1, x1, y2, x2) of a sheet of that (height, width)."""
    y1, x1, y2, x2 = np.clip(box, 0, None)
    down, right = drawn.shape[0] / shape[0], drawn.shape[1] / shape[1]
    return (
        slice(int(y1 * down), int(y2 * down) + 1),
        slice(int(x1 * right), int(x2 * right) + 1),
    )


def boxes(pdf: Path) -> tuple[float, float, list[tuple[str, tuple[float, ...]]]]:
    """The first page's size, and the words that poppler finds on it, each with its box."""
    run = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, check=True)
    html = run.stdout.decode()
    width, height = map(float, re.findall(r'page width="(\S+)" height="(\S+)"', html)[0])
    box = r'xMin="(\S+)" yMin="(\S+)" xMax="(\S+)" yMax="(\S+)">(.+)</word>'
    plain = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}
    found = []
    for *place, word in re.findall(box, html):
        for code, char in plain.items():
            word = word.replace(code, char)  # noqa: PLW2901
        found.append((word, tuple(map(float, place))))
    return width, height, found
