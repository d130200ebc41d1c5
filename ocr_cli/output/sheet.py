"""A picture as a page of a PDF: its bytes as they are where a PDF can hold them."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pikepdf
    from PIL import Image

    from ocr_cli.input.files import Picture
    from ocr_cli.page import Page

AS_IT_IS = {"JPEG", "JPEG2000", "PNG"}  # formats whose bytes go into a PDF
LOSSY = {"WEBP", "AVIF", "HEIF"}  # formats whose pictures become JPEG, others become PNG
QUALITY = 92
SHEET = 11.69  # inches: the long side of a page whose picture does not say how large it is
BELIEVED = 90.0, 2400.0  # pixels to an inch; telephones write 72 whatever they take
LARGEST = 200.0  # inches, that a page of a PDF may have


def drawn(page: Page) -> tuple[pikepdf.Pdf, NDArray[np.float64]]:
    """A PDF of the page's picture, and (3, 3) from the file's pixels to its units.

    The picture lies in it as it is stored; that it is turned upright to be seen is a note.
    """
    import img2pdf
    import pikepdf

    data, to_image, size, resolution = _data(page)
    try:
        made = _converted(data, resolution)
    except (img2pdf.ImageOpenError, img2pdf.AlphaChannelError, ValueError, TypeError, OSError):
        data, to_image, size, resolution = _decoded(page)
        made = _converted(data, resolution)
    pdf = pikepdf.open(io.BytesIO(made))
    while len(pdf.pages) > 1:  # a JPEG may have others behind it
        del pdf.pages[-1]
    left, bottom, right, top = map(float, pdf.pages[0].mediabox)
    x, y = (right - left) / size[0], (top - bottom) / size[1]
    return pdf, np.array([[x, 0, left], [0, -y, top], [0, 0, 1]]) @ to_image


def size_of(page: Page) -> tuple[float, float]:
    """Width and height, in points, of a page's picture as the file says, or as fills a sheet."""
    from ocr_cli.input.files import opened

    picture = _picture(page)
    with opened(picture.source, picture.data, picture.start, picture.end) as file:
        resolution = _resolution(_opened(file, picture)[1])
    height, width = page.file_shape
    return width * 72 / resolution, height * 72 / resolution


def _converted(data: bytes, resolution: float) -> bytes:
    import img2pdf

    layout = img2pdf.get_fixed_dpi_layout_fun((resolution, resolution))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made: bytes = img2pdf.convert(
            data, layout_fun=layout, rotation=img2pdf.Rotation.ifvalid, nodate=True
        )
    return made


_Data = tuple[bytes, NDArray[np.float64], tuple[int, int], float]


def _data(page: Page) -> _Data:
    """Bytes of a picture, from the file's pixels to its, its size, and its pixels to an inch."""
    from ocr_cli.input.files import opened

    picture = _picture(page)
    with opened(picture.source, picture.data, picture.start, picture.end) as file:
        known, image = _opened(file, picture)
        if known not in AS_IT_IS or "transparency" in image.info:
            return _decoded(page)
        size, resolution = image.size, _resolution(image)
        file.seek(0)
        return file.read(), np.eye(3), size, resolution


def _decoded(page: Page) -> _Data:
    """The data as `_data` gives it, of the picture upright and in a format that PDF has."""
    from PIL import ImageOps

    from ocr_cli.input.files import opened
    from ocr_cli.input.pages import orientation_of, turn_to_file

    picture = _picture(page)
    with opened(picture.source, picture.data, picture.start, picture.end) as file:
        known, image = _opened(file, picture)
        resolution, orientation = _resolution(image), orientation_of(image)
        image = ImageOps.exif_transpose(_plain(image))
    out = io.BytesIO()
    if known in LOSSY:
        image.convert("RGB").save(out, "JPEG", quality=QUALITY)
    else:
        image.save(out, "PNG")
    stored = page.file_shape[::-1]
    to_image = np.linalg.inv(turn_to_file(image.size, stored, orientation)).astype(np.float64)
    return out.getvalue(), to_image, image.size, resolution


def _picture(page: Page) -> Picture:
    if page.origin is None:
        raise ValueError("a page that was not loaded from a picture")
    return page.origin


def _opened(file: object, picture: Picture) -> tuple[str, Image.Image]:
    from ocr_cli.input.formats import HEAD, format_of

    known = format_of(file.read(HEAD), picture.source)  # type: ignore[attr-defined]
    file.seek(0)  # type: ignore[attr-defined]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return known.name, known.open(file, picture.index, known.name)  # type: ignore[arg-type]


def _plain(image: Image.Image) -> Image.Image:
    """The picture in a mode that PNG and PDF both have, what is transparent as paper."""
    from PIL import Image

    image.load()
    if image.mode in ("1", "L", "RGB") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, np.float64)
        values = 255 * (values - values.min()) / max(float(np.ptp(values)), 1e-9)
        plain = Image.fromarray(values.astype(np.uint8))
    elif image.mode in ("LA", "PA", "RGBA", "La", "RGBa", "P"):
        over = image.convert("RGBA")
        plain = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
    else:
        plain = image.convert("RGB")
    plain.info["exif"] = image.info.get("exif", b"")
    plain.getexif().update(image.getexif())
    return plain


def _resolution(image: Image.Image) -> float:
    """Pixels to an inch: what the file says, if that makes sense, or what fills a sheet."""
    least, most = BELIEVED
    told = image.info.get("dpi", (0, 0))
    longest = max(image.size)
    try:
        resolution = float(told[0])
    except (TypeError, ValueError, IndexError):
        resolution = 0.0
    if not (least <= resolution <= most):
        resolution = longest / SHEET
    return max(resolution, longest / LARGEST)
