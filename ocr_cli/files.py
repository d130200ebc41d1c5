"""Files that are either whole or not there, and what is written straight through."""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from ocr_cli.errors import OcrError

_LINKS = 40  # that a name may lead through, as Linux has it
_PART = re.compile(r"\.(.+)\.[0-9a-f]{16}\.part", re.DOTALL)
_DESCRIPTORS = re.compile(r"/dev/fd|/proc/(\d+)(/task/\d+)?/fd")


class KeepOldError(Exception):
    """Raised within `replacing`: the old file stays, or none comes to be; goes no further."""


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it lies in, unless it is there; OcrError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise OcrError(f"cannot be made ({failure.strerror})", "", str(folder)) from failure


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system can."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


@contextmanager
def replacing(path: Path, lasting: bool = False) -> Iterator[BinaryIO]:
    """A file to write to, that takes the place of `path` at the end, and is gone on any failure.

    What is to be `lasting` is on the disk when this ends, whatever happens to the power. The new
    file has the old one's mode and owner. A file with several names, or of an owner that
    cannot be kept, is written in place once the new one is complete. What is no regular file (a
    pipe, a device, an open descriptor such as /dev/stdout) is written straight through.

    Raises
    ------
    OcrError
        When the file cannot be written.
    """
    with _telling(path), suppress(KeepOldError):
        straight = _opened_through(path)
        if straight is not None:
            with straight:
                yield straight
            return
        part = _Part(Path(os.path.realpath(path)))  # through a symlink, which stays
        try:
            yield part.file
            part.take_its_place(path, lasting)
        finally:
            part.discard()


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Tell what goes wrong in writing `path` by its name, and not by a temporary one."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as failure:
        at_fault, target = Path(str(failure.filename or path)), Path(os.path.realpath(path))
        if at_fault != path and at_fault.parent != target.parent:
            raise  # another file's
        raise cannot_write(path, failure) from failure


@contextmanager
def replacing_text(path: Path) -> Iterator[TextIO]:
    """Do as `replacing` for text in UTF-8; names that are none go out as they came in."""
    with replacing(path) as file:
        text = io.TextIOWrapper(file, "utf-8", errors="surrogateescape", newline="\n")
        yield text
        text.flush()
        text.detach()


def open_log(path: Path) -> TextIO:
    """A text file that is written line by line, for others to follow; OcrError."""
    with _telling(path):
        file = _opened_through(path) or path.open("wb")
    return io.TextIOWrapper(file, "utf-8", newline="\n", line_buffering=True)


def cannot_write(path: Path, failure: OSError) -> OcrError:
    """An OcrError for a file that cannot be written."""
    return OcrError(f"cannot be written ({failure.strerror or failure})", "", str(path))


def check_writable(path: Path) -> None:
    """OcrError where `path` cannot be written: to be told before the work, not after it.

    Its folder, and those that it lies in, may still be missing.
    """
    if path.exists() and not os.access(path, os.W_OK):
        raise OcrError("may not be written", "check its permissions", str(path))
    if is_special(path):
        return
    folder = Path(os.path.realpath(path)).parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise OcrError(f"cannot be written ({folder} is no folder)", "", str(path))
    if not os.access(folder, os.W_OK | os.X_OK):
        problem = f"cannot be written (nothing may be written in {folder})"
        raise OcrError(problem, "choose another place", str(path))


def is_special(path: Path) -> bool:
    """Whether `path` is there and no regular file, or is one of our open descriptors."""
    return _descriptor(path) is not None or (path.exists() and not path.is_file())


def _opened_through(path: Path) -> BinaryIO | None:
    """Open what is no regular file, to be written straight through; None for all others."""
    number = _descriptor(path)
    if number is not None:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()  # what was said before comes before
        return os.fdopen(os.dup(number), "wb")
    return path.open("wb") if path.exists() and not path.is_file() else None


def _descriptor(path: Path) -> int | None:
    """The open descriptor that a path such as /dev/stdout stands for, whatever is behind it.

    To open such a path anew would empty the file that the shell has opened for us.
    """
    name = os.fspath(path)
    for _ in range(_LINKS):
        folder, last = os.path.split(name)
        try:
            place = _DESCRIPTORS.fullmatch(os.path.realpath(folder))
            if place and last.isdecimal() and place[1] in (None, str(os.getpid())):
                return int(last)
            name = os.path.join(folder, os.readlink(name))  # noqa: PTH115, PTH118
        except OSError:
            return None
    return None


def part_stem(path: Path) -> str:
    """The part of a file's name that one in the making keeps, whose place it is to take."""
    return path.name[:40]


def unfinished(folder: Path) -> dict[str, list[Path]]:
    """The files in the making in a folder, by their `part_stem`: of who writes, or was killed."""
    found: dict[str, list[Path]] = {}
    for path in folder.glob(".*.part"):
        if name := _PART.fullmatch(path.name):
            found.setdefault(name[1], []).append(path)
    return found


class _Part:
    """A new file in the folder of the one whose place it is to take.

    Where the system can, it has no name until it is complete: nobody can foresee it, and nothing
    is left of it however this process dies.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._old = target.stat() if target.exists() else None
        if self._old and not os.access(target, os.W_OK):
            raise PermissionError(13, "Permission denied")
        self._path: Path | None = None
        self.file: BinaryIO = os.fdopen(self._create(), "w+b")

    def _create(self) -> int:
        flags = os.O_RDWR | getattr(os, "O_BINARY", 0)
        if hasattr(os, "O_TMPFILE") and Path("/proc/self/fd").is_dir():
            with suppress(OSError):  # not every file system has such
                return os.open(self._target.parent, os.O_TMPFILE | flags, 0o666)
        self._path = self._new_name()
        return os.open(self._path, os.O_CREAT | os.O_EXCL | flags, 0o666)

    def _new_name(self) -> Path:
        import secrets  # takes its time, and is hardly ever needed

        return self._target.with_name(f".{part_stem(self._target)}.{secrets.token_hex(8)}.part")

    def take_its_place(self, path: Path, lasting: bool) -> None:
        """Put the new file in the old one's place; OcrError, OSError."""
        self.file.flush()
        if lasting:
            os.fsync(self.file.fileno())
        if self._old is None or self._takes_after(self._old):
            name = self._named()
            self.file.close()
            name.replace(self._target)
            if lasting:
                sync_folder(self._target.parent)
            return
        try:
            self.file.seek(0)
            with self._target.open("r+b") as old:
                shutil.copyfileobj(self.file, old)
                old.truncate()
                if lasting:
                    old.flush()
                    os.fsync(old.fileno())
        except OSError as failure:
            kept, self._path = self._named(), None  # the old one may be spoilt
            told = cannot_write(path, failure)
            raise OcrError(
                told.problem, f"what was to be in it is in {kept}", str(path)
            ) from failure

    def _takes_after(self, old: os.stat_result) -> bool:
        """Give the new file the old one's owner and mode; whether it can stand in for it."""
        if old.st_nlink > 1:
            return False
        number = self.file.fileno()
        own = os.fstat(number)
        if (own.st_uid, own.st_gid) != (old.st_uid, old.st_gid):
            try:
                os.fchown(number, old.st_uid, old.st_gid)
            except OSError:
                return False
        if hasattr(os, "fchmod"):
            os.fchmod(number, stat.S_IMODE(old.st_mode))
        return True

    def _named(self) -> Path:
        """The path of the new file, which is given a name if it has none."""
        if self._path is None:
            name = self._new_name()
            folder = os.open(name.parent, os.O_RDONLY)
            try:
                # With a folder's descriptor Python follows the link to the nameless file.
                source = f"/proc/self/fd/{self.file.fileno()}"
                os.link(source, name, src_dir_fd=folder, follow_symlinks=True)
            except OSError as failure:  # the names in it say nothing to anybody
                raise OSError(failure.errno, failure.strerror) from failure
            finally:
                os.close(folder)
            self._path = name
        return self._path

    def discard(self) -> None:
        """Close the file, and remove it unless it has taken its place."""
        with suppress(OSError):  # a full disk has been told
            self.file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
