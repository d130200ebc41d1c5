"""TIFF: its pages, and those kinds of pixels that Pillow does not read, or not in full.

Those are more than 8 bits in several samples (colour in planes, grey with alpha), floats of
16 and 64 bits, and pictures of JPEG 2000 or WebP in strips or tiles. Everything else is
Pillow's. The tags are those of TIFF 6.0 (Adobe, 1992).
"""

from __future__ import annotations

import importlib
import io
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ocr_cli.errors import InputError
from ocr_cli.input.bits import full_scale
from ocr_cli.input.limits import MOST_FRAMES, MOST_PIXELS, check_size, too_large

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, ORIENTATION = 256, 257, 258, 259, 262, 274
STRIPS, SAMPLES, ROWS, STRIP_BYTES, PLANAR, PREDICTOR = 273, 277, 278, 279, 284, 317
TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES, EXTRA, SAMPLE_FORMAT = 322, 323, 324, 325, 338, 339

PACKED = {1, 5, 8, 32773, 32946, 34925, 50000}  # LZW, Deflate and the like: bytes in, bytes out
PICTURES = {33003: "JPEG2000", 33005: "JPEG2000", 34712: "JPEG2000", 50001: "WEBP"}
NAMES = {34676: "LogLuv", 34677: "LogLuv", 34887: "LERC", 50002: "JPEG XL", 52546: "JPEG XL"}
KINDS = {1: "u", 2: "i", 3: "f"}  # of samples, as numpy calls them
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK, YCBCR, LAB = 0, 1, 2, 5, 6, 8
COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, CMYK: 4, YCBCR: 1, LAB: 1}  # samples used

MOST_UNPACKED = 2_000_000_000  # bytes of a page
Pixels = NDArray[Any]


def count_frames(file: IO[bytes]) -> int:
    """The number of pages: directories, each of which names the next."""
    return sum(1 for _ in _directories(file))


def open_frame(file: IO[bytes], index: int, name: str) -> Image.Image:
    """The page of that index: opened by Pillow, or read here."""
    tags = next((tags for i, tags in enumerate(_directories(file)) if i == index), {})
    _check_kind(tags)
    layout = _Layout.of(tags)
    ours = layout.compression in PICTURES or (layout.samples > 1 and max(layout.bits) > 8)
    if not ours:
        try:
            file.seek(0)
            image: Image.Image = Image.open(file, formats=[name])
            image.seek(index)
        except (UnidentifiedImageError, SyntaxError):
            if layout.width == 0:
                raise
        else:
            return image
    check_size((layout.width, layout.height))
    image = _as_picture(*_colours(layout, _read(file, layout)))
    image.getexif()[ORIENTATION] = int(_first(tags, ORIENTATION, 1))
    return image


def _directories(file: IO[bytes]) -> Iterator[dict[int, Any]]:
    """The tags of each page, by number."""
    plugin = importlib.import_module("PIL.TiffImagePlugin")
    file.seek(0)
    head = file.read(8)
    if head[2:3] == b"+" or head[3:4] == b"+":  # more than 4 GB
        head += file.read(8)
    directory = plugin.ImageFileDirectory_v2(head)
    seen: set[int] = set()
    while directory.next and directory.next not in seen and len(seen) <= MOST_FRAMES:
        seen.add(directory.next)
        file.seek(directory.next)
        directory.reset()
        directory.load(file)
        yield dict(directory)


def _first(tags: dict[int, Any], tag: int, usual: Any) -> Any:
    value = tags.get(tag, usual)
    return value[0] if isinstance(value, tuple) and value else value


def _check_kind(tags: dict[int, Any]) -> None:
    compression = _first(tags, COMPRESSION, 1)
    if compression in NAMES:
        raise _unread(f"{NAMES[compression]} inside")


def _unread(what: str) -> InputError:
    return InputError(
        f"is a TIFF of a kind that ocr does not read ({what})", "save it as PNG or as 8-bit TIFF"
    )


@dataclass(frozen=True)
class _Layout:
    """How the pixels of a page lie in the file.

    Strips are tiles as wide as the page. `planes` is 1 where samples lie side by side, or else
    there is a picture for each; `offsets`, `lengths` have all tiles of the first, then others.
    """

    width: int
    height: int
    bits: tuple[int, ...]
    samples: int
    kind: str
    compression: int
    photometric: int
    predictor: int
    planes: int
    tiled: bool
    tile: tuple[int, int]
    offsets: tuple[int, ...]
    lengths: tuple[int, ...]
    extra: tuple[int, ...]

    @classmethod
    def of(cls, tags: dict[int, Any]) -> _Layout:
        width, height = int(_first(tags, WIDTH, 0)), int(_first(tags, HEIGHT, 0))
        samples = int(_first(tags, SAMPLES, 1))
        tiled = TILES in tags
        tall = min(int(_first(tags, ROWS, height)), height)
        tile = int(_first(tags, TILE_HEIGHT, 0)), int(_first(tags, TILE_WIDTH, 0))
        return cls(
            width,
            height,
            bits=_all(tags, BITS, 1),
            samples=samples,
            kind=KINDS.get(_first(tags, SAMPLE_FORMAT, 1), "u"),
            compression=int(_first(tags, COMPRESSION, 1)),
            photometric=int(_first(tags, PHOTOMETRIC, 1)),
            predictor=int(_first(tags, PREDICTOR, 1)),
            planes=samples if _first(tags, PLANAR, 1) == 2 else 1,
            tiled=tiled,
            tile=tile if tiled else (tall, width),
            offsets=_all(tags, TILES if tiled else STRIPS),
            lengths=_all(tags, TILE_BYTES if tiled else STRIP_BYTES),
            extra=_all(tags, EXTRA),
        )

    def places(self) -> Iterator[tuple[int, int, int, int, int]]:
        """(plane, row, column, offset, length) of each tile."""
        corners = [
            (plane, y, x)
            for plane in range(self.planes)
            for y in range(0, self.height, self.tile[0])
            for x in range(0, self.width, self.tile[1])
        ]
        if not len(corners) == len(self.offsets) == len(self.lengths):
            raise OSError("strips are missing")
        for corner, offset, length in zip(corners, self.offsets, self.lengths, strict=True):
            yield (*corner, offset, length)


def _all(tags: dict[int, Any], tag: int, *usual: int) -> tuple[int, ...]:
    value = tags.get(tag, usual)
    return tuple(map(int, value)) if isinstance(value, tuple) else (int(value),)


def _read(file: IO[bytes], layout: _Layout) -> Pixels:
    """(H, W, samples) as stored."""
    if layout.compression not in PACKED | set(PICTURES):
        raise _unread(f"compression {layout.compression}, {max(layout.bits)} bits")
    tall, wide = layout.tile
    if min(tall, wide, layout.samples) < 1 or tall * wide > MOST_PIXELS or layout.samples > 8:
        raise OSError("its tiles make no sense")
    file.seek(0)
    order = "<" if file.read(2) == b"II" else ">"
    dtype = _dtype(layout, order)
    shape = layout.height, layout.width, layout.samples
    if math.prod(shape) * dtype.itemsize > MOST_UNPACKED:
        raise too_large(f"{dtype.itemsize * layout.samples} bytes a pixel", "")
    pixels = np.zeros(0)
    inside = layout.samples // layout.planes
    for plane, y, x, offset, length in layout.places():
        file.seek(offset)
        data = file.read(length)
        rows = tall if layout.tiled else min(tall, layout.height - y)
        tile = _tile(data, layout, dtype, (rows, wide, inside))
        if not len(pixels):  # not before there is something to put there
            pixels = np.zeros(shape, dtype.newbyteorder("="))
        part = tile[: layout.height - y, : layout.width - x]
        first = plane if layout.planes > 1 else 0
        pixels[y : y + len(part), x : x + part.shape[1], first : first + inside] = part
    return pixels


def _dtype(layout: _Layout, order: str) -> np.dtype[Any]:
    """The type of a sample in the file."""
    bits = set(layout.bits)
    if layout.compression in PICTURES:
        return np.dtype(np.uint16 if max(bits) > 8 else np.uint8)
    if len(bits) != 1 or max(bits) not in ((16, 32, 64) if layout.kind == "f" else (8, 16, 32)):
        raise _unread(f"{' and '.join(map(str, sorted(bits)))} bits a sample")
    return np.dtype(f"{order}{layout.kind}{max(bits) // 8}")


def _tile(data: bytes, layout: _Layout, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Pixels:
    """(h, w, samples) of one strip or tile."""
    name = PICTURES.get(layout.compression)
    if name is not None:
        importlib.import_module(f"PIL.{'Jpeg2K' if name == 'JPEG2000' else 'WebP'}ImagePlugin")
        with Image.open(io.BytesIO(data), formats=[name]) as image:
            check_size(image.size)
            picture = np.asarray(image)
        return picture.reshape(*picture.shape[:2], -1)[..., : shape[2]]
    rows, wide, inside = shape
    unpacked = _unpacked(data, layout.compression, rows, wide * inside * dtype.itemsize)
    if layout.predictor == 3:
        return _undo_floats(unpacked, dtype, shape)
    tile = np.frombuffer(unpacked, dtype).reshape(shape)
    if layout.predictor != 2:
        return tile
    return np.cumsum(tile.astype(dtype.newbyteorder("=")), 1, dtype.newbyteorder("="))


def _unpacked(data: bytes, compression: int, rows: int, row_bytes: int) -> bytes:
    """`rows` times `row_bytes` bytes: libtiff is told that they are pixels of 8 bits."""
    if compression != 1:
        entries = {
            WIDTH: row_bytes,
            HEIGHT: rows,
            BITS: 8,
            COMPRESSION: compression,
            PHOTOMETRIC: 1,
            STRIPS: 10 + 12 * 9 + 4,
            SAMPLES: 1,
            ROWS: rows,
            STRIP_BYTES: len(data),
        }
        head = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
        head += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries.items())
        with Image.open(io.BytesIO(head + bytes(4) + data), formats=["TIFF"]) as image:
            data = image.tobytes()
    if len(data) < rows * row_bytes:
        raise OSError("image file is truncated")
    return data[: rows * row_bytes]


def _undo_floats(data: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Pixels:
    """Floats whose bytes were parted, highest first, and differenced along a row."""
    rows, wide, inside = shape
    steps = np.frombuffer(data, np.uint8).reshape(rows, -1, inside)
    whole = np.cumsum(steps, 1, np.uint8).reshape(rows, dtype.itemsize, wide * inside)
    parted = np.ascontiguousarray(whole.transpose(0, 2, 1))
    return parted.view(dtype.newbyteorder(">")).reshape(shape)


def _colours(layout: _Layout, pixels: Pixels) -> tuple[NDArray[np.float32], Pixels | None]:
    """(H, W, 1 or 3) 0 to 1, and an alpha channel, if there is one, (H, W) 0 to 1."""
    used = COLOURS.get(layout.photometric, 1)
    if layout.compression in PICTURES and pixels.shape[2] >= 3:
        used = 3 if layout.compression != 33003 else 1
    stored = np.nan_to_num(pixels.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    stored = np.maximum(stored, 0)
    colours = stored[..., :used] / np.float32(full_scale(float(stored[..., :used].max(initial=0))))
    if layout.photometric == WHITE_IS_ZERO:
        colours = 1 - colours
    elif layout.photometric == CMYK and used == 4:
        colours = (1 - colours[..., :3]) * (1 - colours[..., 3:])
    kinds = layout.extra[-(pixels.shape[2] - used) :] if pixels.shape[2] > used else ()
    alphas = [used + i for i, kind in enumerate(kinds) if kind in (1, 2)]
    if not alphas:
        return colours, None
    alpha = stored[..., alphas[0]]
    alpha = alpha / np.float32(full_scale(float(alpha.max(initial=0))))
    if kinds[alphas[0] - used] == 1:  # the colours have been multiplied by it
        colours = np.minimum(colours / np.maximum(alpha, 1e-6)[..., None], 1)
    return colours, alpha


def _as_picture(colours: NDArray[np.float32], alpha: Pixels | None) -> Image.Image:
    """Grey alone keeps all its bits; colours and alpha are brought to 8."""
    if alpha is None and colours.shape[2] == 1:
        return Image.fromarray(np.ascontiguousarray(colours[..., 0]))
    parts = [*np.moveaxis(colours, 2, 0), *([] if alpha is None else [alpha])]
    bands = [Image.fromarray((part * 255 + 0.5).astype(np.uint8)) for part in parts]
    return Image.merge({2: "LA", 3: "RGB", 4: "RGBA"}[len(bands)], bands)
