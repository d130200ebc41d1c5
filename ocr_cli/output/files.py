"""Files that are either whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ocr_cli.errors import OcrError


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it lies in, unless it is there; OcrError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise OcrError(f"cannot be made ({failure.strerror})", "", str(folder)) from failure


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; renamed to `path` at the end, removed on any failure.

    What is no regular file (a pipe, a device) is written to directly.

    Raises
    ------
    OcrError
        When the file cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            yield path
            return
        target = path.resolve()  # through a symlink, which stays
        beside = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            yield beside
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except BrokenPipeError:
        raise
    except OSError as failure:
        reason = failure.strerror or str(failure)
        raise OcrError(f"cannot be written ({reason})", "", str(path)) from failure
