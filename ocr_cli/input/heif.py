"""HEIC and HEIF, as telephones take them; needs the extra ocr-cli[heic]."""

from __future__ import annotations

from typing import IO

from PIL import Image


def open_picture(file: IO[bytes], _index: int, name: str) -> Image.Image:
    """The file's main picture, which comes upright, its pixels not yet decoded."""
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)
    return Image.open(file, formats=[name])
