"""Keys by which is known what was done: a page read by these models, with these options.

A key says all that a page's text depends on. Whatever is changed has another key, and is read anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_cli import __version__

if TYPE_CHECKING:
    from ocr_cli.input import Picture

_BYTES = 16


def reading_key(model: str, language: str, **options: Any) -> str:
    """The key of all pages of a run: this program, its models and languages, and the options."""
    from ocr_cli.modelfiles import weights

    shipped = sorted(weights.shipped_models().values())
    own = [Path(name) for name in (model, language) if Path(name).is_file()]
    files = [_file_digest(path) for path in (*shipped, *own)]
    asked = {**options, "model": model, "language": language}
    return _digest([__version__, *files, json.dumps(asked, sort_keys=True, default=str)])


def page_key(reading: str, picture: Picture) -> str:
    """The key of a page under the key of its reading; empty where its file cannot be read."""
    try:
        content = _content(picture)
    except (OSError, ValueError):
        return ""
    place = [picture.frame, picture.start, picture.end, picture.index, picture.number]
    name = os.fsencode(picture.source).hex()
    return _digest([reading, name, content, *map(str, place)])


def output_key(name: str, pages: Iterable[str]) -> str:
    """The key of an output made of these pages; empty where one of them has none."""
    pages = list(pages)
    return _digest([os.fsencode(name).hex(), *pages]) if all(pages) else ""


def _content(picture: Picture) -> str:
    if picture.data is not None:
        return hashlib.blake2b(picture.data, digest_size=_BYTES).hexdigest()
    found = Path(picture.source).stat()
    return _file_content(picture.source, found.st_size, found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=64)
def _file_content(path: str, _size: int, _modified: int, _number: int) -> str:
    """A file's digest, taken once for all its pages unless it is changed."""
    return _file_digest(Path(path))


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_BYTES)).hexdigest()


def _digest(parts: Iterable[str]) -> str:
    joined = "\n".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(joined, digest_size=_BYTES).hexdigest()
