"""`ocr_cli.read`: the same text whatever the source, and every format of a page."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ocr_cli
from ocr_cli.output import formats

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PICTURES = sorted(p for p in EXAMPLES.iterdir() if p.suffix in {".jpg", ".png"})
SCHEMA = Path(__file__).parent / "output" / "schemas" / "pagecontent.xsd"


@pytest.fixture(scope="module")
def reader():
    return ocr_cli.load_reader()


def test_importing_it_is_instant() -> None:
    code = "import sys, ocr_cli; assert ocr_cli.__version__; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not {"numpy", "PIL", "click", "ocr_cli.api"} & set(loaded.stdout.split())
    with pytest.raises(AttributeError, match="no attribute 'reed'"):
        ocr_cli.reed  # noqa: B018


def test_paths_bytes_pictures_and_arrays_are_sources(untrained: Path) -> None:
    reader = ocr_cli.load_reader(untrained, "none")
    file = EXAMPLES / "meter.png"
    picture = Image.open(file)
    grey = np.asarray(picture.convert("L"))
    sources = str(file), file, file.read_bytes(), picture, grey, grey / 255
    pages = [ocr_cli.read(source, model=reader, keep_doubtful=True) for source in sources]
    assert {len(found) for found in pages} == {1}
    texts = {found[0].text for found in pages}
    assert len(texts) == 1
    assert texts != {""}
    assert pages[0][0].words[0].text
    with pytest.raises(ocr_cli.InputError, match="array of shape"):
        ocr_cli.read(np.zeros((2, 2, 7)), model=reader)
    with pytest.raises(ocr_cli.InputError, match="no such file"):
        ocr_cli.read("missing.png", model=reader)
    with pytest.raises(ValueError, match="no such format"):
        pages[0][0].to("docx")


@pytest.mark.slow
@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_the_text_is_the_same_in_every_format(picture: Path, reader, tmp_path: Path) -> None:
    import json
    from xml.etree import ElementTree as ET

    (page,) = ocr_cli.read(picture, model=reader, alternatives=True)
    words = page.text.split()
    assert str(page.to("text")).split() == words
    assert sorted(str(page.to("layout")).split()) == sorted(words)
    assert json.loads(str(page.to("jsonl")))["text"].split() == words
    tsv = [line.split("\t") for line in str(page.to("tsv")).splitlines()]
    assert [line[11] for line in tsv if line[0] == "5"] == words
    assert [line.split("\t")[-1] for line in str(page.to("words")).splitlines()[1:]] == words
    hocr = ET.fromstring(str(page.to("hocr")))
    assert [e.text for e in hocr.iter() if e.get("class") == "ocrx_word"] == words
    alto = ET.fromstring(str(page.to("alto")))
    assert [e.get("CONTENT") for e in alto.iter() if e.tag.endswith("}String")] == words
    if importlib.util.find_spec("lxml"):
        from lxml import etree

        etree.XMLSchema(etree.parse(SCHEMA)).assertValid(etree.fromstring(page.to("page").encode()))
    if importlib.util.find_spec("pikepdf") and importlib.util.find_spec("pypdfium2"):
        import pypdfium2

        document = pypdfium2.PdfDocument(page.to("pdf"))
        assert document[0].get_textpage().get_text_range().split() == words
    assert {*formats.READ} == {
        *("text", "layout", "jsonl", "tsv", "words", "hocr", "alto", "page", "pdf")
    }


@pytest.mark.slow
def test_ocrmypdf_reads_with_it(tmp_path: Path) -> None:
    pytest.importorskip("ocrmypdf")
    img2pdf = pytest.importorskip("img2pdf")
    (tmp_path / "in.pdf").write_bytes(img2pdf.convert(str(EXAMPLES / "menu.jpg")))
    command = [sys.executable, "-m", "ocrmypdf", "--plugin", "ocr_cli.ocrmypdf"]
    options = ["--output-type", "pdf", "--optimize", "0", "--jobs", "1", "in.pdf", "out.pdf"]
    run = subprocess.run(
        [*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    import pypdfium2

    text = pypdfium2.PdfDocument(tmp_path / "out.pdf")[0].get_textpage().get_text_range()
    assert text.split() == (EXAMPLES / "menu.txt").read_text(encoding="utf-8").split()
