"""Streams of pictures: where each ends, as another may follow it.

Each `end_of_…` is given an open file that begins with such a picture and tells the offset of
the first byte after it; None where that cannot be told.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import IO

MOST_FILLED = 1 << 29  # bytes of a file that is cut short
PNG_START = b"\x89PNG\r\n\x1a\n"
# Of the chunks that a PNG may lack, those that change what is seen.
_PNG_SEEN = {b"tRNS", b"eXIf"}
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")  # in a JPEG's pixels; RST0 to RST7 go on
_SEVERAL_IN_ONE = re.compile(rb"MPF\0|hdrgm:|Container:Directory|GContainer")
_PNM_NUMBER = re.compile(rb"(?:\s|#[^\n]*\n)*(\d+)")

_PLAIN_PNM = re.compile(rb"#[^\n]*|(P[1-6]\s)")


def end_of_png(file: IO[bytes]) -> int | None:
    """A PNG ends with its chunk IEND."""
    file.seek(len(PNG_START))
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        file.seek(length + 4, 1)
        if kind == b"IEND":
            return file.tell()
    return None


def png_without_comments(data: bytes) -> bytes:
    """A PNG without the chunks that do not matter for its pixels, or are damaged and may be."""
    kept = [
        chunk
        for kind, chunk in _chunks(data)
        if kind[:1].isupper() or (kind in _PNG_SEEN and _is_sound(chunk))
    ]
    return b"".join([PNG_START, *kept])


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG_START)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at : at + length + 12]
        at += length + 12


def _is_sound(chunk: bytes) -> bool:
    return chunk[-4:] == struct.pack(">I", zlib.crc32(chunk[4:-4]))


def end_of_jpeg(file: IO[bytes]) -> int | None:
    """A JPEG ends with the marker EOI; None where what follows belongs to it, as to a MPO."""
    file.seek(0)
    data = file.read()
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if 0xE0 <= marker <= 0xEF and _SEVERAL_IN_ONE.search(data, at, at + 2 + length):
            return None
        at += 2 + length
        if marker != 0xDA:
            continue
        found = _MARKER.search(data, at)  # the scan's pixels follow it
        if found is None:
            return None
        if found[1] == b"\xd9":
            return found.end()
        at = found.end() - 2
    return None


def end_of_bmp(file: IO[bytes]) -> int | None:
    """A BMP says how long it is."""
    file.seek(2)
    length = file.read(4)
    return struct.unpack("<I", length)[0] or None if len(length) == 4 else None


def end_of_riff(file: IO[bytes]) -> int | None:
    """So does a WebP."""
    file.seek(4)
    length = file.read(4)
    return 8 + struct.unpack("<I", length)[0] if len(length) == 4 else None


def end_of_pnm(file: IO[bytes]) -> int | None:
    """A PNM's length follows from its header; one of plain text ends where another begins."""
    file.seek(0)
    head = file.read(4096)
    plain, bits = head[1:2] in b"123", head[1:2] in b"14"
    at, numbers = 2, []
    for _ in range(2 if bits else 3):
        found = _PNM_NUMBER.match(head, at)
        if found is None:
            return None
        numbers.append(int(found[1]))
        at = found.end()
    if plain:
        file.seek(at)
        starts = (m.start() for m in _PLAIN_PNM.finditer(file.read()) if m[1])
        return next((at + start for start in starts), None)
    width, height = numbers[:2]
    row = (width + 7) // 8 if bits else width * (2 if numbers[2] > 255 else 1)
    return at + 1 + height * row * (3 if head[1:2] == b"6" else 1)


def riff_filled(data: bytes) -> bytes:
    """A RIFF file as long as it says it is, zeros where it ends too soon."""
    return data.ljust(min(8 + int.from_bytes(data[4:8], "little"), MOST_FILLED), b"\0")


def jpeg2000_filled(data: bytes) -> bytes:
    """A JPEG 2000 file as long as its last box and tile say it is, zeros where it ends too soon."""
    box, tile = data.find(b"jp2c"), data.rfind(b"\xff\x90\x00\x0a")
    ends = [len(data)]
    if box >= 4:
        ends.append(box - 4 + int.from_bytes(data[box - 4 : box], "big"))
    if tile >= 0:
        ends.append(tile + int.from_bytes(data[tile + 6 : tile + 10], "big") + 2)
    return data.ljust(min(max(ends), MOST_FILLED), b"\0")
