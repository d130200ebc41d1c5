"""Limits on the size of a picture, told from its header, before anything is unpacked."""

from __future__ import annotations

from ocr_cli.errors import InputError

MOST_PIXELS = 150_000_000  # in one picture: beyond any camera, and still within a laptop's memory
MOST_FRAMES = 10_000  # pictures in one file
# A large picture of so many pixels a byte of its file is hollow: nothing but a few bytes' claim.
LARGE = 20_000_000
MOST_A_BYTE = 3_000  # no deflate or LZW packs a sheet of one shade better


def check_size(size: tuple[int, int], source: str = "") -> None:
    """InputError where (width, height) is more than is read."""
    width, height = size
    if width * height > MOST_PIXELS:
        raise too_large(f"{width} × {height} pixels", source)


def check_content(size: tuple[int, int], stored: int, source: str = "") -> None:
    """InputError where a file's `stored` bytes can't hold a large picture of (width, height)."""
    pixels = size[0] * size[1]
    if pixels > LARGE and pixels > MOST_A_BYTE * stored:
        claim = f"{stored:,} bytes that claim {pixels // 1_000_000} megapixels"
        raise InputError(f"the picture is damaged ({claim})", "get a fresh copy of it", source)


def too_large(how_large: str, source: str) -> InputError:
    """An InputError for a picture that is `how_large`."""
    return InputError(
        f"the picture is too large ({how_large})",
        f"at most {MOST_PIXELS // 1_000_000} megapixels are read: cut it or make it smaller",
        source,
    )
