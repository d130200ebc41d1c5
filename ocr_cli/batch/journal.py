"""Journals of what is done, in files beside the outputs that survive whatever ends us.

A `Journal` holds the pages of an output in the making. A `DoneList` holds which outputs of a folder
are complete. Both only grow, and are on the disk before anything goes on.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ocr_cli.errors import OcrError
from ocr_cli.files import cannot_write, sync_folder

Part = str | bytes  # of an output: a page as its format has it

_START = b"ocr journal 1\n"
_LONGEST_HEAD = 4096
_NAME = 200  # bytes of an output's name that its journal's keeps
MAKE_ROOM = "make room, and go on with --resume"


def journal_path(output: Path) -> Path:
    """The journal of an output, hidden beside it."""
    real = Path(os.path.realpath(output))
    name = os.fsdecode(os.fsencode(real.name)[:_NAME])
    return real.with_name(f".{name}.ocr-journal")


class Journal:
    """Pages by their keys, one after the other in a file: whole, or not there.

    A record is a line of JSON that says how long the page is and what its checksum is, the page,
    and a line break. What follows the last whole record is dropped: it is what was being written
    when something ended us. One process at a time has a journal.
    """

    def __init__(self, path: Path, resume: bool) -> None:
        """Go on from what is in the file, or start anew unless to `resume`; OcrError."""
        self.path = path
        self._places: dict[str, tuple[int, int, bool]] = {}  # where, how long, whether it is text
        try:
            number = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
            self._file = os.fdopen(number, "r+b", buffering=0)  # what is on the disk, and no more
        except OSError as failure:
            raise cannot_write(path, failure) from failure
        try:
            _lock(self._file, path)
            self._check_start()
            self._end = self._read() if resume else 0
            self._begin()
            self._start = self._end
        except BaseException:
            self._file.close()
            raise

    def _check_start(self) -> None:
        start = self._file.read(len(_START))
        if not _START.startswith(start):
            raise OcrError("is no journal of ocr", "remove it, or rename it", str(self.path))

    def _read(self) -> int:
        """Find the whole records; where the last one ends."""
        end = len(_START)
        with self.path.open("rb") as file:
            for key, place, length, is_text in _records(file):
                self._places[key] = place, length, is_text
                end = place + length + 1
        return end

    def _begin(self) -> None:
        """Drop what follows the last whole record."""
        if self._end <= len(_START):
            self._write(0, _START)
            sync_folder(self.path.parent)
        self._file.truncate(self._end)

    def _write(self, at: int, data: bytes) -> None:
        try:
            self._file.seek(at)
            _write_all(self._file, data)
            os.fsync(self._file.fileno())
        except OSError as failure:
            with suppress(OSError):
                self._file.truncate(at)
            told = cannot_write(self.path, failure)
            raise OcrError(told.problem, MAKE_ROOM, told.source) from failure
        self._end = at + len(data)

    @property
    def has_pages(self) -> bool:
        """Whether there is anything in it."""
        return bool(self._places)

    def __contains__(self, key: str) -> bool:
        """Whether a page was there when the journal was opened."""
        return key in self._places and self._places[key][0] < self._start

    def __getitem__(self, key: str) -> Part:
        place, length, is_text = self._places[key]
        self._file.seek(place)
        data = self._file.read(length)
        return data.decode("utf-8", "surrogateescape") if is_text else data

    def add(self, key: str, part: Part = b"", **notes: Any) -> None:
        """Write a page, and whatever else helps a person who looks into the journal."""
        is_text = isinstance(part, str)
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        told = {"key": key, "length": len(data), "crc": zlib.crc32(data), "text": is_text}
        head = (json.dumps(told | notes) + "\n").encode()
        place = self._end + len(head)
        self._write(self._end, head + data + b"\n")
        self._places[key] = place, len(data), is_text

    def close(self, remove: bool = False) -> None:
        """Close the file, which is removed where nobody needs it any more."""
        with suppress(OSError):
            self._file.close()
        if remove:
            self.path.unlink(missing_ok=True)


def _records(file: IO[bytes]) -> Iterator[tuple[str, int, int, bool]]:
    """(key, where it lies, how long it is, whether it is text) of each whole page in a journal."""
    file.seek(len(_START))
    while (head := file.readline(_LONGEST_HEAD)).endswith(b"\n"):
        try:
            record = json.loads(head)
            key, length, crc, is_text = (record[name] for name in ("key", "length", "crc", "text"))
            place = file.tell()
            data = file.read(length + 1)
        except (ValueError, TypeError, KeyError):
            return
        if data[length:] != b"\n" or zlib.crc32(data[:length]) != crc:
            return
        yield key, place, length, is_text


def _lock(file: IO[bytes], path: Path) -> None:
    """Lock a file for as long as this process lives; OcrError where another one has it."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as failure:
        advice = "wait for it, or give another name"
        raise OcrError("another ocr is at work on this output", advice, str(path)) from failure
    except OSError:  # a file system without locks
        return


class DoneList:
    """The keys of complete outputs, a line each; several processes may write to it.

    Of several keys of one output the last one counts: it says how what lies there was made.
    """

    def __init__(self, path: Path, resume: bool) -> None:
        """Take up what is in the file if to `resume`; OcrError."""
        self.path = path
        try:
            self._file = path.open("a+b", buffering=0)
            self._file.seek(0)
            data = self._file.read()
            if data and not data.endswith(b"\n"):  # it was being written when something ended us
                self._file.write(b"\n")
        except OSError as failure:
            raise cannot_write(path, failure) from failure
        lines = data.decode("ascii", "replace").splitlines() if resume else []
        self._keys = {name: key for key, _, name in (line.partition(" ") for line in lines)}

    def has(self, key: str, name: str) -> bool:
        """Whether an output was completed with this key, and with no other since."""
        return self._keys.get(json.dumps(name)) == key

    def add(self, key: str, name: str) -> None:
        """Write that an output is complete: its key and its name."""
        try:
            _write_all(self._file, f"{key} {json.dumps(name)}\n".encode())
            os.fsync(self._file.fileno())
        except OSError as failure:
            told = cannot_write(self.path, failure)
            raise OcrError(told.problem, MAKE_ROOM, told.source) from failure
        self._keys[json.dumps(name)] = key

    def close(self, remove: bool = False) -> None:
        """Close the file, which is removed where nobody needs it any more."""
        self._file.close()
        if remove:
            self.path.unlink(missing_ok=True)


def _write_all(file: IO[bytes], data: bytes) -> None:
    """Write to a file without a buffer, which may take less than it is given."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
