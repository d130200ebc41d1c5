"""Archives of arrays (.npz), with sizes and shapes checked before anything is unpacked."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

FREE = 100_000_000  # bytes that any file may unpack to
RATIO = 50  # and larger ones so many times what they take on the disk: real data never does
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # what numpy writes


class OversizeError(Exception):
    """A file says that it unpacks to more than makes sense; the message tells to how much."""


def check_unpacked(claimed: int, stored: int, free: int = FREE) -> None:
    """OversizeError where `claimed` bytes cannot well be what `stored` bytes hold."""
    if claimed > max(free, RATIO * stored):
        raise OversizeError(f"{stored / 1e6:.1f} MB that unpack to {claimed / 1e6:,.0f} MB")


class Archive:
    """The arrays of an .npz by name, each unpacked when it is asked for."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {info.filename: info for info in archive.infolist()}
        self.files = [name.removesuffix(".npy") for name in self._members]

    def __getitem__(self, name: str) -> NDArray[Any]:
        """KeyError where it is not there; ValueError where it is damaged or holds objects."""
        member = self._members[f"{name}.npy"]
        if member.compress_type not in _METHODS:
            raise ValueError("compressed in another way than numpy does it")
        content = bytearray(self._archive.read(member))  # which checks it; how much is known
        shape, in_columns, dtype, start = self._header(io.BytesIO(content), member.file_size)
        values = np.frombuffer(content, dtype, math.prod(shape), start)
        return values.reshape(shape, order="F" if in_columns else "C")

    @staticmethod
    def _header(file: IO[bytes], size: int) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
        """Shape, whether it lies in columns, type, and where the numbers begin, checked."""
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"of version {version}")
        one = version == (1, 0)
        form = np.lib.format
        read = form.read_array_header_1_0 if one else form.read_array_header_2_0
        shape, in_columns, dtype = read(file)
        if dtype.hasobject:
            raise ValueError("holds objects")
        if file.tell() + math.prod(shape) * dtype.itemsize != size:
            raise ValueError("its shape is not its size")
        return shape, in_columns, dtype, file.tell()


@contextmanager
def opened_archive(path: Path, free: int = FREE) -> Iterator[Archive]:
    """The archive; OversizeError as `check_unpacked` says, others where it is none."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        claimed = sum(member.file_size for member in members)
        check_unpacked(claimed, path.stat().st_size, free)
        yield Archive(archive)
