"""PDF and HEIC: pages at the resolution of their scan, and what is wrong told in a line."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from ocr_cli import input as images
from ocr_cli.errors import InputError
from ocr_cli.input import formats, limits, pdf
from ocr_cli.input.files import find_pictures, pictures_in

if TYPE_CHECKING:
    from conftest import RunOcr


def drawing() -> Image.Image:
    picture = Image.new("RGB", (500, 400), "white")
    picture.paste("black", (50, 50, 150, 100))
    return picture


def scan(pages: int = 1, resolution: float = 150, **more: Any) -> bytes:
    """A PDF as scanners write it."""
    first, *others = [drawing() for _ in range(pages)]
    file = io.BytesIO()
    first.save(file, "PDF", resolution=resolution, save_all=True, append_images=others, **more)
    return file.getvalue()


def encrypted() -> bytes:
    pikepdf = pytest.importorskip("pikepdf")
    file = io.BytesIO()
    with pikepdf.open(io.BytesIO(scan())) as document:
        document.save(file, encryption=pikepdf.Encryption(owner="b", user="a"))
    return file.getvalue()


@pytest.fixture
def pdfium() -> None:
    pytest.importorskip("pypdfium2")


@pytest.mark.usefixtures("pdfium")
@pytest.mark.parametrize("resolution", [100, 150, 333])
def test_a_page_is_as_large_as_its_scan(resolution: float) -> None:
    (page,) = images.load_pages(scan(resolution=resolution))
    assert page.file_shape == pytest.approx((400, 500), abs=1)
    dark = np.argwhere(page.grey < 0.5)
    assert dark.min(0) == pytest.approx([50, 50], abs=2)
    assert dark.max(0) == pytest.approx([99, 149], abs=2)


@pytest.mark.usefixtures("pdfium")
def test_every_page_is_read_from_a_file_and_from_a_pipe(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(scan(3))
    assert [one.frame for one in find_pictures(str(file))] == [0, 1, 2]
    assert [one.frame for one in find_pictures("-", io.BytesIO(scan(3)))] == [0, 1, 2]
    assert len({page.frame for page in images.load_pages(scan(3))}) == 3


@pytest.mark.usefixtures("pdfium")
def test_the_limits_hold_for_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_PIXELS", 100_000)
    with pytest.raises(InputError, match="too large"):
        next(images.load_pages(scan()))
    monkeypatch.setattr("ocr_cli.input.files.MOST_FRAMES", 2)
    with pytest.raises(InputError, match="more than 2 pictures"):
        pictures_in("-", scan(3))


@pytest.mark.usefixtures("pdfium")
def test_an_encrypted_pdf_is_told() -> None:
    with pytest.raises(InputError, match=r"encrypted; .*qpdf --decrypt"):
        next(images.load_pages(encrypted()))


@pytest.mark.usefixtures("pdfium")
def test_a_damaged_pdf_is_told() -> None:
    with pytest.raises(InputError, match="damaged or cut short"):
        next(images.load_pages(scan()[:60]))


@pytest.mark.usefixtures("pdfium")
def test_a_pdf_that_has_text_is_told() -> None:
    import pypdfium2

    assert pdf.note(io.BytesIO(scan())) == ""
    document = pypdfium2.PdfDocument.new()
    document.new_page(200, 200)
    page = document.new_page(200, 200)
    text = pypdfium2.raw.FPDFPageObj_NewTextObj(document, b"Helvetica", 12)
    codes = "hello\0".encode("utf-16-le")
    _set_text(text, codes)
    pypdfium2.raw.FPDFPage_InsertObject(page, text)
    page.gen_content()
    file = io.BytesIO()
    document.save(file)
    assert pdf.note(file) == "has text already on 1 of its 2 pages, and is read all the same"


def _set_text(text: Any, codes: bytes) -> None:
    import ctypes

    import pypdfium2

    array = (ctypes.c_ushort * (len(codes) // 2)).from_buffer_copy(codes)
    pypdfium2.raw.FPDFText_SetText(text, array)


@pytest.mark.usefixtures("pdfium")
def test_pages_are_chosen(run_ocr: RunOcr, untrained: Path, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(scan(4))
    model = "-m", untrained, "-l", "none", "--keep-doubtful"
    done = run_ocr("read", *model, "-f", "tsv", "--pages", "2-3", "a.pdf", cwd=tmp_path)
    pages = [line for line in done.stdout.decode().splitlines() if line.startswith("1\t")]
    assert (done.returncode, len(pages)) == (0, 2)
    done = run_ocr("read", *model, "--pages", "9", "a.pdf", cwd=tmp_path)
    assert done.returncode == 1
    assert b"a.pdf: has 4 pages, none of them wanted" in done.stderr
    assert run_ocr("read", "--pages", "3-1", "a.pdf", cwd=tmp_path).returncode == 2


def test_a_telephones_photo_is_read() -> None:
    heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    heif.from_pillow(drawing()).save(file)
    (page,) = images.load_pages(file.getvalue())
    assert page.file_shape == (400, 500)
    assert page.grey[75, 100] < 0.2
    assert page.grey[300, 300] > 0.8


@pytest.mark.parametrize(
    ("module", "head", "told"),
    [
        ("pypdfium2", b"%PDF-1.4\n", "is PDF, which needs pypdfium2; pip install 'ocr-cli.pdf.'"),
        ("pillow_heif", b"\0\0\0\x18ftypheic", "needs pillow-heif; pip install 'ocr-cli.heic.'"),
    ],
)
def test_without_the_extra_a_line_says_how_to_get_it(
    module: str, head: bytes, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=told):
        next(images.load_pages(head + bytes(64)))


def test_a_format_from_outside_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(file: Any, index: int, _name: str) -> Image.Image:
        file.seek(4)
        return Image.new("L", (30, 20), file.read(2)[index])

    own = formats.Format(
        *("OWN", "PIL.Image", "our own", rb"OWN1", (".own",)), frames=lambda _file: 2, open=opened
    )
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, own))
    pages = list(images.load_pages(b"OWN1\x00\xff"))
    assert [float(page.grey.mean()) for page in pages] == [0.0, 1.0]
