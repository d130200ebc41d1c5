"""Files, folders and pipes, and the pictures that are in them."""

from __future__ import annotations

import io
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from ocr_cli.errors import InputError
from ocr_cli.input import formats
from ocr_cli.input.limits import MOST_FRAMES

MOST_BYTES = 1 << 30  # in what comes through a pipe, which does not say how long it is

LONGEST = 2048  # pixels on the long side of a page: a letter of an A4 sheet keeps some 30 of them


@dataclass(frozen=True)
class Picture:
    """A picture still to be read: a frame of a file, or of bytes that came through a pipe.

    Attributes
    ----------
    source : the file's name.
    frame : which of the file's pictures it is, from 0.
    data : the file's bytes where it cannot be opened again.
    start, end : the bytes from and up to which it lies: several may follow each other in a file.
    index : which picture it is of those that begin there.
    longest : pixels that the long side of its page is brought down to.
    number : which page of its output it becomes, from 1; 0 where that is its place in its file.
    """

    source: str
    frame: int = 0
    data: bytes | None = field(default=None, repr=False)
    start: int = 0
    end: int | None = None
    index: int = 0
    longest: int = LONGEST
    number: int = 0


def find_files(path: str, recursive: bool = False) -> list[str | InputError]:
    """The picture files that `path` stands for, in an order that never changes.

    A file and '-' stand for themselves; a folder, when `recursive`, for every file in it
    and below whose name ends like a picture's, hidden ones left out; of folders that links lead
    to, each once. In place of a folder that may not be read stands what to tell of it.

    Raises
    ------
    InputError
        For a folder when not `recursive`, or one without pictures.
    """
    if not path:
        raise InputError("the name of a file is empty", "is a variable of the shell not set?")
    if not stat.S_ISDIR(_mode(path)):
        return [path]
    if not recursive:
        raise InputError("is a folder", "--recursive reads the pictures in it", path)
    above = Path(os.path.realpath(path)).parents  # to go there would be to go round in circles
    found = list(_pictures_below(Path(path), set(map(str, above))))
    if not found:
        raise InputError("no pictures in this folder", "pictures end in .jpg, .png, .tif…", path)
    return found


def _pictures_below(folder: Path, known: set[str]) -> Iterator[str | InputError]:
    """The pictures in and below a folder, but not in `known` ones, to which it is added."""
    place = os.path.realpath(folder)
    if place in known:
        return
    known.add(place)
    try:
        entries = sorted(folder.iterdir())
    except OSError as failure:
        yield cannot_open(failure, str(folder))
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if _is_folder(entry):
            yield from _pictures_below(entry, known)
        elif entry.suffix.lower() in formats.SUFFIXES:
            yield str(entry)


def _is_folder(path: Path) -> bool:
    """Whether it is one, or a link to one; where that cannot be told, it is none."""
    return stat.S_ISDIR(_mode(str(path)))


def find_pictures(path: str, stdin: IO[bytes] | None = None) -> list[Picture]:
    """The pictures in the file `path`, one or several; '-' is what `stdin` holds.

    Pipes are read here and now, because no other process could. A file that cannot be
    opened stays one picture: it is `load_page` that says what is wrong with it. InputError
    where a pipe cannot be read, or there are more pictures than make sense.
    """
    data = None
    if path == "-" and stdin is None:
        raise InputError("there is no standard input", "give files, or pipe a picture in", path)
    if path == "-" and stdin is not None:
        data = _read_pipe(stdin, path)
    elif _mode(path) and not stat.S_ISREG(_mode(path)):
        try:
            with Path(path).open("rb") as pipe:
                data = _read_pipe(pipe, path)
        except OSError as failure:
            raise cannot_open(failure, path) from failure
    return pictures_in(path, data)


def pictures_in(path: str, data: bytes | None) -> list[Picture]:
    """The pictures in the file `path`, or in its bytes, where it is a pipe; one at least."""
    found: list[Picture] = []
    with suppress(Exception):  # whatever is wrong is told once, by load_page
        for start, end, frames in _parts(path, data):
            first = Picture(path, len(found), None, start, end)
            if data is not None:
                first = Picture(path, len(found), data[start:end])
            found += [
                replace(first, frame=first.frame + index, index=index)
                for index in range(min(frames, MOST_FRAMES + 1))
            ]
            if len(found) > MOST_FRAMES:
                break
    if len(found) > MOST_FRAMES:
        raise InputError(f"holds more than {MOST_FRAMES:,} pictures", "part it", path)
    return found or [Picture(path, 0, data)]


def note_on(picture: Picture) -> str:
    """A note on a picture's file before it is read; empty for most."""
    place = picture.source, picture.data, picture.start, picture.end
    with suppress(Exception), opened(*place) as file:  # whatever is wrong is told by load_page
        known = formats.sniff(file.read(formats.HEAD))
        return known.note(file) if known and known.note else ""
    return ""


def _parts(path: str, data: bytes | None) -> Iterator[tuple[int, int | None, int]]:
    """(where it begins and ends, its frames) of each file in a stream of them.

    In a file on the disk, pictures after one that has to be read to find its end do not count.
    """
    start: int | None = 0
    while start is not None:
        with opened(path, data, start) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            known = formats.sniff(file.read(formats.HEAD))
            if known is None:
                return
            file.seek(0)
            frames = max(1, known.frames(file))
            length = None if known.scanned and data is None else known.end(file)
        end = start + length if length else None
        yield start, end, frames
        start = end


def opened(path: str, data: bytes | None, start: int = 0, end: int | None = None) -> IO[bytes]:
    """The file, or its bytes, from a byte on and up to another."""
    file: IO[bytes] = io.BytesIO(data) if data is not None else Path(path).open("rb")  # noqa: SIM115
    return _Part(file, start, end) if start or end else file  # type: ignore[return-value]


class _Part(io.RawIOBase):
    """A part of a file, as a file of its own."""

    def __init__(self, file: IO[bytes], start: int, end: int | None) -> None:
        self._file, self._start, self._end = file, start, end
        file.seek(start)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        room = len(buffer)
        if self._end is not None:
            room = max(0, min(room, self._end - self._file.tell()))
        data = self._file.read(room)
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == io.SEEK_END and self._end is not None:
            offset, whence = self._end + offset - self._start, io.SEEK_SET
        if whence == io.SEEK_SET:
            offset += self._start
        return self._file.seek(offset, whence) - self._start

    def tell(self) -> int:
        return self._file.tell() - self._start

    def close(self) -> None:
        self._file.close()
        super().close()


def cannot_open(failure: OSError, source: str) -> InputError:
    """An InputError for a file that does not open."""
    if isinstance(failure, FileNotFoundError):
        return InputError("no such file", "check the name", source)
    if isinstance(failure, IsADirectoryError):
        return InputError("is a folder", "--recursive reads the pictures in it", source)
    if isinstance(failure, PermissionError):
        return InputError("may not be read", "check its permissions", source)
    return InputError(f"cannot be opened ({failure.strerror or failure})", "", source)


def _mode(path: str) -> int:
    """The type of the file `path`, as in os.stat; 0 where it cannot be told."""
    try:
        return Path(path).stat().st_mode
    except (OSError, ValueError):
        return 0


def _read_pipe(pipe: IO[bytes], source: str) -> bytes:
    data = pipe.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise InputError(
            f"more than {MOST_BYTES >> 30} GB came through the pipe", "give files", source
        )
    return data
