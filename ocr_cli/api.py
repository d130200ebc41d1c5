"""The interface for other programs: `ocr_cli.read` and what it gives; promised to stay as it is."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ocr_cli import page as pages_
from ocr_cli.errors import InputError, OcrError
from ocr_cli.page import Alternative, Box, Row, Word

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from ocr_cli.input import Picture
    from ocr_cli.recognition import Reader

    Source = str | os.PathLike[str] | bytes | Image | NDArray[np.generic]

__all__ = [
    "Alternative",
    "Box",
    "InputError",
    "OcrError",
    "Page",
    "Row",
    "Word",
    "load_reader",
    "read",
]


@dataclass(frozen=True)
class Page(pages_.Page):
    """A page that was read: `text`, `rows`, `words`, `language`, and what `to` makes of it."""

    def to(self, form: str) -> str | bytes:
        """The page as a whole file of a format of `ocr read --format`, bytes where that is "pdf".

        ValueError where there is no such format; MissingExtraError for one that needs a package.
        """
        from ocr_cli.output import formats

        if form not in formats.READ:
            raise ValueError(f"no such format: {form}; there are {', '.join(formats.READ)}")
        known, file = formats.READ[form], io.BytesIO()
        known.check()
        formats.write([known.page(self)], known, file)
        data = file.getvalue()
        return data if known.is_binary else data.decode("utf-8", "surrogateescape")


def load_reader(model: str | os.PathLike[str] = "default", language: str = "auto") -> Reader:
    """A reader for `read`, loaded once for many calls; ModelError where it cannot be had.

    model : a name that `ocr models` shows, or a file that `ocr train` wrote.
    language : "auto", "en", "fr", "de", "es", "none", or a file.
    """
    from ocr_cli import recognition

    return recognition.load_reader(os.fspath(model), language)


def read(
    source: Source,
    model: str | os.PathLike[str] | Reader = "default",
    language: str = "auto",
    *,
    pages: Iterable[int] | None = None,
    keep_doubtful: bool = False,
    alternatives: bool = False,
) -> list[Page]:
    """Read the handwriting in a picture or a document.

    Parameters
    ----------
    source : a file's path; a file's bytes; a Pillow image; or an array, (H, W) grey or
        (H, W, 3 or 4), uint8 or 0 to 1.
    model, language : as `load_reader` has them; or what it gave, which saves loading it again.
    pages : those to read of a file that has several, from 1; all by default.
    keep_doubtful : whether rows are kept that are hardly legible.
    alternatives : whether doubtful words get those.

    Returns
    -------
    The pages in their order, each with its text. Of a file that is cut short there is what
    could be read, and the page's `fault` tells what is wrong.

    Raises
    ------
    InputError
        Where the source cannot be read.
    ModelError
        Where there is no such model or language.
    """
    from ocr_cli import pipeline, recognition

    reader = model if isinstance(model, recognition.Reader) else load_reader(model, language)
    wanted = None if pages is None else set(pages)
    read_ = (
        pipeline.read_picture(picture, lambda: reader, keep_doubtful, alternatives)
        for picture in _pictures(source)
        if wanted is None or picture.frame + 1 in wanted
    )
    return [
        Page(**{field.name: getattr(one, field.name) for field in fields(one)}) for one in read_
    ]


def _pictures(source: Source) -> list[Picture]:
    from ocr_cli.input import find_pictures
    from ocr_cli.input.files import pictures_in

    if isinstance(source, bytes | bytearray | memoryview):
        return pictures_in("-", bytes(source))
    if isinstance(source, str | os.PathLike):
        return find_pictures(os.fspath(source))
    return pictures_in("-", _png(source))


def _png(source: Any) -> bytes:
    """An image or an array as a file."""
    import numpy as np
    from PIL import Image

    if not isinstance(source, Image.Image):
        values = np.asarray(source)
        if values.dtype != np.uint8:
            values = (np.clip(np.nan_to_num(values.astype(np.float64)), 0, 1) * 255).round()
        shape = values.shape
        if values.ndim not in (2, 3) or 0 in shape or (values.ndim == 3 and shape[2] not in (3, 4)):
            raise InputError(f"an array of shape {shape}", "give (H, W), (H, W, 3) or (H, W, 4)")
        source = Image.fromarray(values.astype(np.uint8))
    if source.mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        source = source.convert("RGB")
    file = io.BytesIO()
    source.save(file, "PNG", compress_level=1, exif=source.getexif())
    return file.getvalue()
