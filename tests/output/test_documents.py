"""hOCR, ALTO, PAGE, PDF, layout and Tesseract's TSV, by other people's programs and our own."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ocr_cli.data.formats.pagexml import load_page_xml
from ocr_cli.input.files import Picture
from ocr_cli.output import formats, layout
from ocr_cli.page import Alternative, Box, Course, Glyph, Page, Row, Word

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMAS = Path(__file__).parent / "schemas"
HERE = {"a": "http://www.loc.gov/standards/alto/ns-v4#"}
WIDTH, HEIGHT = 600, 400


def word(text: str, x: int, y: int, **more: object) -> Word:
    box = Box(y, x, y + 30, x + 20 * len(text))
    glyph = Glyph(box, np.ones((30, 20 * len(text)), bool), text, 0.5)
    return Word(box, (glyph,), text, 0.75, **more)  # type: ignore[arg-type]


def row(*words: Word, rise: float = 0.0) -> Row:
    """A row, whose course rises by `rise` pixels to a pixel."""
    left, right = words[0].box.x1, words[-1].box.x2
    box = Box(min(w.box.y1 for w in words), left, max(w.box.y2 for w in words), right)
    x = np.linspace(left, right, 5)
    middle = box.y1 + box.height / 2 - rise * (x - (left + right) / 2)
    course = Course(np.stack([x, middle], 1), 20 / 3.2)
    text = " ".join(w.text for w in words)
    return Row(box, words, box.y2 - 5, 20, text=text, confidence=0.8, course=course)


def page(*rows: Row, source: Path | str = "a.png", turn: int = 0) -> Page:
    """A page of which the file is turned by so many quarters against it."""
    shape = (WIDTH, HEIGHT) if turn % 2 else (HEIGHT, WIDTH)
    to_file = [
        np.eye(3),
        np.array([[0, 1, 0], [-1, 0, WIDTH], [0, 0, 1.0]]),
        np.array([[-1, 0, WIDTH], [0, -1, HEIGHT], [0, 0, 1.0]]),
    ][turn]
    grey = np.ones((HEIGHT, WIDTH), np.float32)
    return Page(
        grey,
        str(source),
        to_file=to_file,
        file_shape=shape,
        rows=rows,
        language="fr",
        origin=Picture(str(source)),
    )


ROWS = (
    row(word("Chère", 40, 40), word("Anna,", 180, 40, alternatives=(Alternative("Anne,", 0.2),))),
    row(word("le", 40, 120), word("chat", 120, 110), rise=0.2),
    row(word("<&>\"'", 40, 300)),
)
TEXT = "Chère Anna,\nle chat\n<&>\"'"


def written(form: str, *pages: Page) -> str:
    file = io.BytesIO()
    known = formats.READ[form]
    assert formats.write([known.page(one) for one in pages], known, file) == len(pages)
    return file.getvalue().decode()


def test_page_xml_follows_its_schema() -> None:
    etree = pytest.importorskip("lxml.etree")
    schema = etree.XMLSchema(etree.parse(SCHEMAS / "pagecontent.xsd"))
    for one in (page(*ROWS), page(*ROWS, turn=1), page()):
        schema.assertValid(etree.fromstring(written("page", one).encode()))


def test_alto_follows_its_schema() -> None:
    etree = pytest.importorskip("lxml.etree")
    schema = etree.XMLSchema(etree.parse(SCHEMAS / "alto-4-4.xsd"))
    for one in (page(*ROWS), page(*ROWS, turn=1), page()):
        schema.assertValid(etree.fromstring(written("alto", one).encode()))


@pytest.mark.parametrize("form", ["alto", "page"])
def test_ocr_eval_reads_what_was_written(form: str, tmp_path: Path) -> None:
    Image.new("L", (WIDTH, HEIGHT), 255).save(tmp_path / "a.png")
    file = tmp_path / "a.xml"
    file.write_text(written(form, page(*ROWS, source=tmp_path / "a.png")), encoding="utf-8")
    read = load_page_xml(file)
    assert [given.text for given in read.rows] == TEXT.split("\n")
    assert [[w.text for w in given.words] for given in read.rows[:2]] == [
        ["Chère", "Anna,"],
        ["le", "chat"],
    ]
    leaning = read.rows[1]
    slope = np.polyfit(*leaning.baseline.T, 1)[0]
    assert slope == pytest.approx(-0.2, abs=0.03)
    assert len(leaning.outline) > 4  # a polygon, since a box says too little
    assert len(read.rows[0].outline) == 4


def test_doubtful_words_have_alternatives_in_page_xml() -> None:
    root = ET.fromstring(written("page", page(*ROWS)))
    found = [e.text for e in root.iter() if e.tag.endswith("Unicode")]
    assert "Anne," in found
    assert found.index("Anne,") == found.index("Anna,") + 1


def test_hocr_is_found_sound_by_its_specification(tmp_path: Path) -> None:
    validate = pytest.importorskip("hocr_spec")
    # what begins with x_ is anybody's own, and it knows but few of these
    text = re.sub(r"; x_(?:size|(?:a|de)scenders) [\d.]+", "", written("hocr", page(*ROWS), page()))
    file = tmp_path / "a.hocr"
    file.write_text(text.replace('id="page_1"', "", 1), encoding="utf-8")
    report = validate.HocrValidator("standard").validate(str(file), parse_strict=True)
    assert report.is_valid(), report.format("text")


def test_hocr_has_pages_rows_and_words_with_their_places() -> None:
    root = ET.fromstring(written("hocr", page(*ROWS), page(*ROWS[:1], turn=1)))
    by_class: dict[str, list[ET.Element]] = {}
    for e in root.iter():
        by_class.setdefault(e.get("class", ""), []).append(e)
    assert len(by_class["ocr_page"]) == 2
    assert [e.text for e in by_class["ocrx_word"]][:5] == ["Chère", "Anna,", "le", "chat", "<&>\"'"]
    title = by_class["ocr_line"][0].get("title", "")
    assert re.match(r"bbox 40 40 280 70; baseline -?0\.0000 -?\d+\.\d; x_size \d+", title)
    assert "poly" not in title
    assert "poly" in by_class["ocr_line"][1].get("title", "")
    assert "textangle 90" in by_class["ocr_line"][3].get("title", "")
    assert "x_wconf 75" in by_class["ocrx_word"][0].get("title", "")


def test_tesseracts_columns_level_by_level() -> None:
    lines = [line.split("\t") for line in written("tsv", page(*ROWS)).splitlines()]
    assert lines[0][:6] == ["level", "page_num", "block_num", "par_num", "line_num", "word_num"]
    assert {len(line) for line in lines} == {12}
    assert [line[0] for line in lines[1:]] == [*"1234554554", "5"]
    assert lines[5][1:] == ["1", "1", "1", "1", "1", "40", "40", "100", "30", "75.000000", "Chère"]
    assert lines[1][6:] == ["0", "0", str(WIDTH), str(HEIGHT), "-1", ""]
    assert len(written("tsv", page()).splitlines()) == 2


def test_pages_are_numbered_in_their_common_output() -> None:
    second = replace(page(*ROWS), origin=Picture("a.png", number=7))
    assert written("tsv", second).splitlines()[1].split("\t")[1] == "7"
    assert 'id="page_7"' in written("hocr", second)


def test_layout_keeps_indents_columns_and_empty_lines() -> None:
    one = page(
        row(word("Name", 40, 20)),
        row(word("a", 40, 60)),
        row(word("12", 300, 62)),  # beside it
        row(word("in", 100, 100)),
        row(word("end", 40, 220)),
    )
    assert layout.page(one) == "Name\na            12\n   in\n\n\nend\n"
    assert layout.page(page()) == ""


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_and_no_name_break_a_document(text: str, name: str) -> None:
    one = page(row(word("x", 40, 40)), source=name)
    bad = replace(word("x", 40, 40), text=text)
    one = replace(one, rows=(replace(one.rows[0], words=(bad,), text=text),))
    for form in ("hocr", "alto", "page"):
        data = written(form, one)
        ET.fromstring(data)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", data)


def test_a_format_from_outside_has_header_footer_bytes_and_endings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shout.py").write_text(
        "HEADER, BETWEEN, FOOTER = '<', '|', '>'\n"
        "def page(page):\n    return page.text.upper().encode()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(formats.READ, "shout", formats.OutputFormat("shout", (".shout",)))
    one = page(row(word("hey", 40, 40)))
    assert written("shout", one, one) == "<HEY|HEY>"
    assert formats.of_name(Path("a.SHOUT")) == "shout"


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.txt", "text"),
        ("a.json", "jsonl"),
        ("a.HOCR", "hocr"),
        ("a.alto.xml", "alto"),
        ("a.xml", "page"),
        ("a.pdf", "pdf"),
        ("a", None),
        ("a.notes", None),
    ],
)
def test_an_ending_asks_for_a_format(name: str, form: str | None) -> None:
    assert formats.of_name(Path(name)) == form


# PDF


def picture_of(path: Path, quality: int = 90, exif: int = 1) -> Path:
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    ImageDraw.Draw(image).rectangle((40, 40, 140, 70), "black")
    tag = Image.Exif()
    tag[0x0112] = exif
    more = {"quality": quality} if path.suffix == ".jpg" else {}
    image.save(path, exif=tag, **more)
    return path


def tool(*command: str | Path) -> str:
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"no {command[0]}: apt install poppler-utils qpdf")
    run = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def boxes(pdf: Path) -> dict[str, tuple[float, ...]]:
    """The words that poppler finds on the first page, and where, in shares of its size."""
    html = tool("pdftotext", "-bbox", "-l", "1", pdf, "-")
    width, height = map(float, re.findall(r'page width="(\S+)" height="(\S+)"', html)[0])
    found = re.findall(r'xMin="(\S+)" yMin="(\S+)" xMax="(\S+)" yMax="(\S+)">(\S+)</word>', html)
    size = width, height, width, height
    return {w: tuple(float(v) / s for v, s in zip(p, size, strict=True)) for *p, w in found}


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """How much of b lies in a."""
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    return max(0, w) * max(0, h) / ((b[2] - b[0]) * (b[3] - b[1]))


def made(path: Path, *pages: Page) -> Path:
    pytest.importorskip("pikepdf")
    pytest.importorskip("img2pdf")
    known = formats.READ["pdf"]
    with path.open("wb") as file:
        formats.write([known.page(one) for one in pages], known, file)
    return path


SHOWN: list[tuple[str, Callable[[Path], Path]]] = [
    ("jpg", lambda p: picture_of(p / "a.jpg")),
    ("png", lambda p: picture_of(p / "a.png")),
    ("webp", lambda p: picture_of(p / "a.webp")),
    ("tif", lambda p: picture_of(p / "a.tif")),
]


@pytest.mark.parametrize("picture", [case for _, case in SHOWN], ids=[name for name, _ in SHOWN])
def test_a_pdfs_words_lie_on_their_ink(picture: Callable[[Path], Path], tmp_path: Path) -> None:
    pdf = made(tmp_path / "o.pdf", page(*ROWS, source=picture(tmp_path)))
    tool("qpdf", "--check", pdf)
    found = boxes(pdf)
    for one in (w for r in ROWS[:2] for w in r.words):
        y1, x1, y2, x2 = one.box
        ink = (x1 / WIDTH, y1 / HEIGHT, x2 / WIDTH, y2 / HEIGHT)
        assert overlap(found[one.text], ink) > 0.7, one.text
    assert tool("pdftotext", "-raw", pdf, "-").split() == TEXT.replace("<&>\"'", "<&>\"'").split()


def test_a_jpegs_bytes_are_untouched_and_its_turn_is_kept(tmp_path: Path) -> None:
    source = picture_of(tmp_path / "a.jpg", exif=6)
    turned = page(*ROWS, source=source)  # of a file that is to be turned to be seen
    pdf = made(tmp_path / "o.pdf", turned)
    tool("pdfimages", "-all", pdf, tmp_path / "out")
    assert (tmp_path / "out-000.jpg").read_bytes() == source.read_bytes()
    assert "Page rot:        90" in tool("pdfinfo", pdf)


def test_a_page_on_its_side_has_its_words_there(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    source = tmp_path / "a.png"
    Image.new("L", (HEIGHT, WIDTH), 255).save(source)
    pdf = made(tmp_path / "o.pdf", page(ROWS[0], source=source, turn=1))
    y1, x1, y2, x2 = page(ROWS[0], source=source, turn=1).box_in_file(ROWS[0].words[0].box)
    found = boxes(pdf)
    ink = (x1 / HEIGHT, y1 / WIDTH, x2 / HEIGHT, y2 / WIDTH)
    assert overlap(found["Chère"], ink) > 0.7


def test_a_pdf_says_what_it_is(tmp_path: Path) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    first = page(*ROWS, source=picture_of(tmp_path / "letter.jpg"))
    pdf = made(tmp_path / "o.pdf", first, first)
    with pikepdf.open(pdf) as opened:
        assert len(opened.pages) == 2
        assert str(opened.Root.Lang) == "fr"
        assert str(opened.docinfo["/Title"]) == "letter"
        assert str(opened.docinfo["/Producer"]).startswith("ocr ")
    assert pdf.read_bytes() == made(tmp_path / "again.pdf", first, first).read_bytes()


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_pdfs_pages_stay_and_get_their_text(tmp_path: Path, turn: int) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    pytest.importorskip("pypdfium2")
    source = tmp_path / "in.pdf"
    with pikepdf.new() as document:
        for _ in range(2):
            document.add_blank_page(page_size=(350, 250))
        sheet = document.pages[0]
        sheet.cropbox = [25, 25, 325, 225]
        sheet.rotate(turn, relative=False)
        with document.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("Kept", 1))
        document.save(source)
    seen = {0: (HEIGHT, WIDTH), 1: (WIDTH, HEIGHT)}[turn // 90 % 2]
    pages = [
        replace(
            page(ROWS[0], source=source),
            file_shape=shape,
            origin=Picture(str(source), i, index=i),
        )
        for i, shape in enumerate([seen, (500, 700)])
    ]
    pdf = made(tmp_path / "o.pdf", *pages)
    tool("qpdf", "--check", pdf)
    with pikepdf.open(pdf) as opened:
        assert [item.title for item in opened.open_outline().root] == ["Kept"]
        assert [float(v) for v in opened.pages[0].mediabox] == [0, 0, 350, 250]
    html = tool("pdftotext", "-bbox", "-cropbox", "-l", "1", pdf, "-")
    assert "Chère" in html
    import pypdfium2

    drawn = pypdfium2.PdfDocument(pdf)[0].get_textpage()
    assert drawn.get_text_range().split()[:2] == ["Chère", "Anna,"]
    alone = made(tmp_path / "alone.pdf", pages[0])  # not all of its pages
    with pikepdf.open(alone) as opened:
        assert len(opened.pages) == 1
    tool("qpdf", "--check", alone)
