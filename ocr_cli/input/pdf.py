"""Pages of PDF files, each drawn at the resolution of its scan; needs the extra ocr-cli[pdf]."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from ocr_cli.errors import InputError
from ocr_cli.input.limits import check_size

if TYPE_CHECKING:
    from PIL import Image

POINTS = 72  # to an inch
USUAL = 300.0  # pixels to an inch of a page that is no scan
LEAST, MOST = 72.0, 600.0
COVERS = 0.3  # of a page's area an image has to cover for the page to be its scan
DEEP = 4  # forms within forms in which images are looked for


@contextmanager
def _opened(file: IO[bytes]) -> Iterator[Any]:
    """The document; InputError where it is encrypted, or no PDF that can be read."""
    import pypdfium2

    file.seek(0)
    try:
        document = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as failure:
        if "password" in str(failure).lower():
            raise InputError(
                "the PDF is encrypted", "take the password off first, as qpdf --decrypt does"
            ) from failure
        raise InputError("the PDF is damaged or cut short", "get a fresh copy of it") from failure
    try:
        yield document
    finally:
        document.close()


def count_pages(file: IO[bytes]) -> int:
    """The number of pages."""
    with _opened(file) as document:
        return len(document)


def open_page(file: IO[bytes], index: int, _name: str) -> Image.Image:
    """The page as a picture; InputError where it is too large, or cannot be drawn."""
    with _opened(file) as document:
        page = document[index]
        resolution = _resolution(page)
        scale = resolution / POINTS
        width, height = page.get_size()
        check_size((round(width * scale), round(height * scale)))
        image: Image.Image = page.render(scale=scale).to_pil()
        image.info["dpi"] = resolution, resolution
        return image


def _resolution(page: Any) -> float:
    """Pixels to an inch of the largest image on the page, the usual where it has no large one."""
    import pypdfium2
    from pypdfium2 import raw

    width, height = page.get_size()
    largest, found = COVERS * width * height, USUAL
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=DEEP):
        try:
            left, bottom, right, top = item.get_bounds()
            pixels = item.get_px_size()
        except pypdfium2.PdfiumError:
            continue
        area = abs((right - left) * (top - bottom))
        if area >= largest and min(pixels) > 0:
            largest = area
            found = POINTS * (pixels[0] * pixels[1] / area) ** 0.5
    return min(MOST, max(LEAST, found))


def note(file: IO[bytes]) -> str:
    """A note on a PDF that has text already; empty for one without."""
    with _opened(file) as document:
        texts = sum(document[i].get_textpage().count_chars() > 0 for i in range(len(document)))
        pages = len(document)
    if not texts:
        return ""
    on = "" if texts == pages else f" on {texts} of its {pages} pages"
    return f"has text already{on}, and is read all the same"
