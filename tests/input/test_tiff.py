"""TIFFs that Pillow reads wrongly or not at all come out as the same page as any other."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from ocr_cli.errors import InputError

if TYPE_CHECKING:
    from conftest import Drawn

RGB_OF_INK, RGB_OF_PAPER = (0.1, 0.08, 0.3), (0.95, 0.9, 0.85)


def written(pixels: NDArray, **how: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **how)
    return file.getvalue()


def by_hand(strips: list[bytes], tags: dict[int, int | tuple[int, ...]]) -> bytes:
    """A TIFF of strips as they are given."""
    tags = {**tags, 273: (0,) * len(strips), 279: tuple(map(len, strips))}
    at = 8 + 2 + 12 * len(tags) + 4
    heap, entries = b"", []
    places = []
    for strip in strips:
        places.append(at + len(heap))
        heap += strip
    tags[273] = tuple(places)
    for tag, value in sorted(tags.items()):
        values = value if isinstance(value, tuple) else (value,)
        packed = struct.pack(f"<{len(values)}I", *values)
        if len(values) > 1:
            place = struct.pack("<I", at + len(heap))
            heap += packed
            packed = place
        entries.append(struct.pack("<HHI", tag, 4, len(values)) + packed)
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + b"".join(entries) + bytes(4) + heap


def assert_as_drawn(drawn: Drawn, data: bytes, paper: float = 0.9, ink: float = 0.1) -> None:
    page = drawn.page(data)
    assert page.grey.shape == drawn.shape
    assert drawn.found(page) == drawn.mark
    assert page.grey[0, 0] == pytest.approx(paper, abs=0.02)
    assert page.grey[drawn.mark.y1 + 2, drawn.mark.x1 + 2] == pytest.approx(ink, abs=0.02)


def coloured(drawn: Drawn, full: float, dtype: type) -> NDArray:
    """(H, W, 3) whose channels differ, so that one in the place of another is seen."""
    pairs = zip(RGB_OF_PAPER, RGB_OF_INK, strict=True)
    return np.stack([drawn.array(full * p, full * i, dtype) for p, i in pairs], 2)


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize(
    "how", [{}, {"compression": "zlib", "predictor": True}, {"tile": (32, 48)}]
)
@pytest.mark.parametrize(("full", "dtype"), [(65535, np.uint16), (1, np.float32), (1, np.float16)])
def test_colour_of_more_than_8_bits(
    drawn: Drawn, full: float, dtype: type, how: dict[str, object], byteorder: str, planar: str
) -> None:
    pixels = coloured(drawn, full, dtype)
    if planar == "separate":
        pixels = np.moveaxis(pixels, 2, 0)
    if "compression" in how:
        how = {**how, "predictor": dtype is np.uint16}
    data = written(pixels, photometric="rgb", planarconfig=planar, byteorder=byteorder, **how)
    weights = (0.299, 0.587, 0.114)
    assert_as_drawn(drawn, data, np.dot(weights, RGB_OF_PAPER), np.dot(weights, RGB_OF_INK))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_grey_floats(drawn: Drawn, dtype: type) -> None:
    assert_as_drawn(drawn, written(drawn.array(0.9, 0.1, dtype)))
    assert_as_drawn(drawn, written(drawn.array(0.9, 0.1, dtype), compression="zlib"))


@pytest.mark.parametrize("dtype", [">f2", ">f4", ">f8"])
def test_floats_whose_bytes_are_differenced(drawn: Drawn, dtype: str) -> None:
    """By Adobe's technical note 3 of 2005: bytes of equal weight together, then differences."""
    height, width = drawn.shape
    size = np.dtype(dtype).itemsize
    raw = drawn.array(0.9, 0.1, dtype).view(np.uint8).reshape(height, width, size)
    parted = raw.transpose(0, 2, 1).reshape(height, -1)
    steps = np.diff(parted, axis=1, prepend=np.zeros((height, 1), np.uint8))
    tags = {256: width, 257: height, 258: 8 * size, 259: 8, 262: 1, 277: 1, 278: height}
    data = by_hand([zlib.compress(steps.tobytes())], {**tags, 317: 3, 339: 3})
    assert_as_drawn(drawn, data)


def test_lzw_in_planes(drawn: Drawn) -> None:
    """LZW as Photoshop writes it, a plane a strip; the bytes are packed by libtiff."""

    def packed(plane: NDArray) -> bytes:
        pixels = np.ascontiguousarray(plane, "<u2").view(np.uint8)
        file = drawn.coded(Image.fromarray(pixels), "TIFF", compression="tiff_lzw")
        with tifffile.TiffFile(io.BytesIO(file)) as tiff:
            (page,) = tiff.pages
            starts, lengths = page.dataoffsets, page.databytecounts
        assert len(starts) == 1
        return file[starts[0] : starts[0] + lengths[0]]

    planes = np.moveaxis(coloured(drawn, 65535, np.uint16), 2, 0)
    height, width = drawn.shape
    tags = {256: width, 257: height, 258: (16, 16, 16), 259: 5, 262: 2, 277: 3, 278: height, 284: 2}
    weights = (0.299, 0.587, 0.114)
    data = by_hand([packed(plane) for plane in planes], tags)
    assert_as_drawn(drawn, data, np.dot(weights, RGB_OF_PAPER), np.dot(weights, RGB_OF_INK))


@pytest.mark.parametrize("alpha", ["unassalpha", "assocalpha", "unspecified"])
def test_grey_of_16_bits_with_alpha(drawn: Drawn, alpha: str) -> None:
    grey = drawn.array(60000, 6000, np.uint16)
    both = np.stack([grey, np.full_like(grey, 65535)], 2)
    data = written(both, photometric="minisblack", planarconfig="contig", extrasamples=[alpha])
    assert_as_drawn(drawn, data, 60000 / 65535, 6000 / 65535)


def test_what_is_transparent_is_paper(drawn: Drawn) -> None:
    alpha = drawn.array(0, 65535, np.uint16)
    both = np.stack([np.zeros_like(alpha), alpha], 2)
    data = written(both, photometric="minisblack", planarconfig="contig", extrasamples=[2])
    assert_as_drawn(drawn, data, 1, 0)


@pytest.mark.parametrize(("compression", "form"), [(34712, "JPEG2000"), (50001, "WEBP")])
def test_pictures_inside(
    drawn: Drawn, compression: int, form: str, capfd: pytest.CaptureFixture[str]
) -> None:
    how = {"no_jp2": True} if form == "JPEG2000" else {"lossless": True}
    pixels = coloured(drawn, 255, np.uint8)
    strips = [
        drawn.coded(Image.fromarray(part), form, **how) for part in (pixels[:40], pixels[40:])
    ]
    height, width = drawn.shape
    tags = {256: width, 257: height, 258: (8, 8, 8), 259: compression, 262: 2, 277: 3, 278: 40}
    weights = (0.299, 0.587, 0.114)
    data = by_hand(strips, tags)
    assert_as_drawn(drawn, data, np.dot(weights, RGB_OF_PAPER), np.dot(weights, RGB_OF_INK))
    assert capfd.readouterr() == ("", "")


def test_white_is_zero_and_cmyk(drawn: Drawn) -> None:
    swapped = 65535 - drawn.array(60000, 6000, np.uint16)
    data = written(swapped.astype(np.uint16), photometric="miniswhite", byteorder=">")
    assert_as_drawn(drawn, data, 60000 / 65535, 6000 / 65535)
    black = drawn.array(6553, 60000, np.uint16)
    inks = np.stack([np.zeros_like(black)] * 3 + [black], 2)
    assert_as_drawn(drawn, written(inks, photometric="separated"), 0.9, 1 - 60000 / 65535)


def test_such_a_page_is_turned_upright(drawn: Drawn) -> None:
    stored = np.rot90(coloured(drawn, 65535, np.uint16), 1)
    data = written(
        np.ascontiguousarray(np.moveaxis(stored, 2, 0)),
        photometric="rgb",
        planarconfig="separate",
        extratags=[(274, 3, 1, 6, True)],
    )
    page = drawn.page(data)
    assert drawn.found(page) == drawn.mark
    assert page.file_shape == stored.shape[:2]


def test_every_page_is_counted_whatever_its_kind(drawn: Drawn) -> None:
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as tiff:
        tiff.write(drawn.array(0.9, 0.1, np.float64))
        tiff.write(drawn.array(230, 20))
        tiff.write(drawn.array(0.9, 0.1, np.float16))
    pages = list(drawn.pages(file.getvalue()))
    assert [page.frame for page in pages] == [0, 1, 2]
    assert {drawn.found(page) for page in pages} == {drawn.mark}


@pytest.mark.parametrize("compression", [34677, 50002, 34887])
def test_what_is_not_read_is_told_for_what_it_is(drawn: Drawn, compression: int) -> None:
    tags = {256: 8, 257: 8, 258: 16, 259: compression, 262: 1, 277: 1, 278: 8}
    with pytest.raises(InputError, match="is a TIFF of a kind that ocr does not read") as caught:
        drawn.page(by_hand([bytes(64)], tags))
    assert "damaged" not in str(caught.value)


def test_what_a_small_file_claims_is_not_allocated(drawn: Drawn) -> None:
    tags = {256: 12_000, 257: 12_000, 258: (64, 64, 64), 259: 1, 262: 2, 277: 3, 278: 12_000}
    tracemalloc.start()
    with pytest.raises(InputError):
        drawn.page(by_hand([bytes(64)], {**tags, 339: (3, 3, 3)}))
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()
    with pytest.raises(InputError, match="too large"):
        drawn.page(by_hand([bytes(64)], {**tags, 257: 13_000}))
