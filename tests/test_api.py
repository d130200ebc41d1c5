"""`ocr_cli.read`: the same text whatever the source, and every format of a page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ocr_cli

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


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
@pytest.mark.parametrize(("picture", "angle"), [("menu", 0), ("note", 12)])
def test_ocrmypdf_reads_with_it(picture: str, angle: int, tmp_path: Path) -> None:
    pytest.importorskip("ocrmypdf")
    img2pdf = pytest.importorskip("img2pdf")
    with Image.open(EXAMPLES / f"{picture}.jpg") as image:
        tilted = image.convert("L").rotate(angle, Image.Resampling.BICUBIC, True, fillcolor=235)
        tilted.save(tmp_path / "in.jpg")
    (tmp_path / "in.pdf").write_bytes(img2pdf.convert(str(tmp_path / "in.jpg")))
    command = [sys.executable, "-m", "ocrmypdf", "--plugin", "ocr_cli.ocrmypdf"]
    options = ["--output-type", "pdf", "--optimize", "0", "--jobs", "1", "in.pdf", "out.pdf"]
    run = subprocess.run(
        [*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    text = subprocess.run(
        ["pdftotext", "-raw", "out.pdf", "-"], cwd=tmp_path, capture_output=True, check=True
    )
    (page,) = ocr_cli.read(tmp_path / "in.jpg")
    assert text.stdout.decode().split() == page.text.split() != []
