"""Before anything is done: whether what is to be written would destroy what is there."""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ocr_cli.errors import UsageError
from ocr_cli.files import check_writable, is_special

_HEAD = 4096  # bytes that tell what a file is
# Of what has no zero bytes at its beginning, and is no text to be replaced.
_NO_TEXT = re.compile(
    rb"\xff\xd8\xff|GIF8|%PDF|P[1-6]\s+(#[^\n]*\n\s*)*\d+\s+\d+\s|[^\0]{0,1000}<svg", re.DOTALL
)


def _members(archive: Path) -> list[str]:
    try:
        with zipfile.ZipFile(archive) as file:
            return file.namelist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return []


# What is written, and whether a file that begins so is of the same kind.
KINDS: dict[str, Callable[[bytes, Path], bool]] = {
    "text": lambda head, _: b"\0" not in head and not _NO_TEXT.match(head),
    "log of ocr train": lambda head, _: head.startswith(b"{"),
    "report of ocr eval": lambda head, _: (
        head.startswith(b"<!DOCTYPE html>") and b"<title>Reading errors<" in head
    ),
    "page of ocr review": lambda head, _: b"<title>ocr review</title>" in head,
    "PNG picture": lambda head, _: head.startswith(b"\x89PNG\r\n\x1a\n"),
    "PDF": lambda head, _: b"%PDF-" in head,
    "model": lambda _, path: "meta.npy" in _members(path),
    "archive of pen strokes": lambda _, path: "points.npy" in _members(path),
    "checkpoint of ocr train": lambda _, path: any(
        name.endswith("/data.pkl") for name in _members(path)
    ),
}
_APPARENT = {  # never what is learnt from
    *("model", "archive of pen strokes", "log of ocr train", "checkpoint of ocr train")
}


@dataclass(frozen=True)
class Output:
    """A file that is going to be written: for which option, and what it will be, one of KINDS."""

    option: str
    path: Path
    kind: str


def check(outputs: Iterable[Output], inputs: Iterable[str | Path]) -> None:
    """UsageError where an output is an input, whatever names and links lead there, or something
    else than what replaces it; OcrError where it cannot be written.

    What lies in a folder among the inputs is an input, unless it is of a kind that is none. What
    the shell made of standard output and standard error is an output, too.
    """
    known = [Path("/dev/stdin" if name == "-" else name) for name in inputs]
    read = {_identity(path) for path in known if os.path.exists(path)}  # noqa: PTH110
    _check_streams(read)
    planned = [output for output in outputs if not is_special(output.path)]
    taken: dict[tuple[int, int] | str, Output] = {}
    for output in planned:
        same = _identity(output.path)
        if same in read or _lies_in(output, read):
            raise UsageError(
                f"{output.path}: {output.option} would overwrite what is read",
                "give it another name",
            )
        if same in taken:
            raise UsageError(
                f"{taken[same].option} and {output.option} are one file, {output.path}"
            )
        taken[same] = output
        _check_kind(output)
        check_writable(output.path)


def _check_streams(read: set[tuple[int, int] | str]) -> None:
    """UsageError where the shell has standard output or error go to a file that is read."""
    for number, name in ((1, "standard output"), (2, "standard error")):
        try:
            found = os.fstat(number)
        except OSError:  # closed
            continue
        if stat.S_ISREG(found.st_mode) and (found.st_dev, found.st_ino) in read:
            raise UsageError(f"{name} goes to a file that is read", "send it to another one")


def _identity(path: Path) -> tuple[int, int] | str:
    """The identity of a file under all its names; where it is not there, its path without links."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return os.path.realpath(path)
    return found.st_dev, found.st_ino


def _lies_in(output: Output, read: set[tuple[int, int] | str]) -> bool:
    if output.kind in _APPARENT or not output.path.exists():
        return False
    return any(_identity(folder) in read for folder in Path(os.path.realpath(output.path)).parents)


def _check_kind(output: Output) -> None:
    try:
        if not stat.S_ISREG(output.path.stat().st_mode):
            return
        with output.path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return  # whether it can be written is found out elsewhere
    if head and not KINDS[output.kind](head, output.path):
        raise UsageError(
            f"{output.path}: {output.option} would replace what is no {output.kind}",
            "give it another name, or remove that file first",
        )
