"""Limits on the size of a picture, told from its header, before anything is unpacked."""

from __future__ import annotations

from ocr_cli.errors import InputError

MOST_PIXELS = 150_000_000  # in one picture: beyond any camera, and still within a laptop's memory
MOST_FRAMES = 10_000  # pictures in one file


def check_size(size: tuple[int, int], source: str = "") -> None:
    """InputError where (width, height) is more than is read."""
    width, height = size
    if width * height > MOST_PIXELS:
        raise too_large(f"{width} × {height} pixels", source)


def too_large(how_large: str, source: str) -> InputError:
    """An InputError for a picture that is `how_large`."""
    return InputError(
        f"the picture is too large ({how_large})",
        f"at most {MOST_PIXELS // 1_000_000} megapixels are read: cut it or make it smaller",
        source,
    )
