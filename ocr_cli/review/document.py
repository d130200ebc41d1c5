"""`scan.ocr.json`: the rows of a picture, what was read in them and what was typed instead.

A change is a pure function: the old document and what is new about it give the next one. Every
row says at which revision it last changed, so that two windows on one page can be told apart.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ocr_cli.errors import InputError

FORMAT, VERSION = "ocr-page", 1
MOST_ROWS, MOST_WORDS, MOST_POINTS = 5000, 2000, 5000
LONGEST = 20_000  # characters of a row's text
_ID = re.compile(r"[A-Za-z0-9-]{1,40}")
_ADVICE = "ocr review writes such files beside a picture; move it away to read the picture anew"

Matrix = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class SavedWord:
    """A word: its box x1, y1, x2, y2 on the page, and what was `read` there.

    typed : what a person says it is, None while nobody has. choices : what else it may be.
    """

    box: tuple[float, float, float, float]
    read: str
    confidence: float = 0.0
    typed: str | None = None
    choices: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.read if self.typed is None else self.typed


@dataclass(frozen=True)
class SavedRow:
    """A row of writing: where it runs, see `page.Course`, and its words.

    accepted : a person has said that its text is right. changed : the revision of the document
    in which it last was another.
    """

    id: str
    points: tuple[tuple[float, float], ...] = field(repr=False)
    spread: float
    slant: float
    words: tuple[SavedWord, ...] = ()
    accepted: bool = False
    changed: int = 0

    @property
    def text(self) -> str:
        """The words that are not empty, a space between them."""
        return " ".join(word.text for word in self.words if word.text)

    @property
    def is_corrected(self) -> bool:
        """Whether a person accepted it or typed a word: it is learnt from, and never read anew."""
        return self.accepted or any(word.typed is not None for word in self.words)


@dataclass(frozen=True)
class Document:
    """A page as it is kept.

    Attributes
    ----------
    picture, frame : the picture's file name, without folders, and which of its pictures.
    size : width and height of the upright page, in whose pixels rows and words are given.
    to_file : (3, 3), from the page's (x, y, 1) to the pixels of the file's picture.
    file_size : width and height of that.
    revision : grows with every change. ordered : the revision at which rows last changed places.
    """

    picture: str
    frame: int
    size: tuple[int, int]
    to_file: Matrix
    file_size: tuple[int, int]
    rows: tuple[SavedRow, ...] = field(default=(), repr=False)
    revision: int = 1
    ordered: int = 1

    @property
    def corrected(self) -> tuple[SavedRow, ...]:
        """The corrected rows that have text."""
        return tuple(row for row in self.rows if row.is_corrected and row.text)


class ConflictError(Exception):
    """Somebody else has changed the same rows meanwhile."""


def patched(document: Document, patch: Any) -> Document:
    """Apply a patch to a document, as its next revision; ValueError where it makes no sense.

    patch : {"base": the revision that was changed, "rows": {id: row, or None to delete it},
    "order": the ids of all rows, or None}. ConflictError where one of these rows, or the order
    of rows, has changed since `base`.
    """
    base, changes = _whole(patch, "base"), _dict(patch.get("rows"))
    fresh = {name: None if row is None else _row(row, name) for name, row in changes.items()}
    order = patch.get("order")
    old = {row.id: row for row in document.rows}
    if any(old[name].changed > base for name in fresh.keys() & old.keys()):
        raise ConflictError
    revision = document.revision + 1
    rows = dict(old)
    for name, row in fresh.items():
        if row is None:
            rows.pop(name, None)
        else:
            rows[name] = replace(row, changed=revision)
    moved = order is not None or rows.keys() != old.keys()
    if moved and document.ordered > base:
        raise ConflictError
    if order is not None:
        if not isinstance(order, list) or sorted(map(str, order)) != sorted(rows):
            raise ValueError("order does not name every row once")
        rows = {name: rows[name] for name in order}
    if len(rows) > MOST_ROWS:
        raise ValueError("too many rows")
    ordered = revision if moved else document.ordered
    return replace(document, rows=tuple(rows.values()), revision=revision, ordered=ordered)


def reread(document: Document, fresh: Mapping[str, SavedRow]) -> Document:
    """Replace rows by fresh ones of their ids, as the next revision; corrected rows stay."""
    revision = document.revision + 1
    rows = tuple(
        replace(fresh[row.id], changed=revision)
        if row.id in fresh and not row.is_corrected
        else row
        for row in document.rows
    )
    return replace(document, rows=rows, revision=revision)


def to_json(document: Document) -> dict[str, Any]:
    """Serialise a document to JSON's values, format and version first."""
    return {"format": FORMAT, "version": VERSION, **asdict(document)}


def document_text(document: Document) -> str:
    """The text of `scan.ocr.json`."""
    return json.dumps(to_json(document), ensure_ascii=False, indent=1) + "\n"


def loads(text: str, source: str = "") -> Document:
    """Parse the text of `scan.ocr.json`; InputError where it is none, which names `source`."""
    try:
        return from_json(json.loads(text))
    except (ValueError, RecursionError) as failure:
        reason = str(failure).splitlines()[0][:100]
        raise InputError(f"not a page that ocr has kept ({reason})", _ADVICE, source) from failure


def from_json(value: Any) -> Document:
    """Check JSON's values and make a document of them; ValueError."""
    page = _dict(value)
    if page.get("format") != FORMAT:
        raise ValueError("of another format")
    if page.get("version") != VERSION:
        raise ValueError(f"version {page.get('version')!r}, and this ocr reads {VERSION}")
    rows = [_row(row, _dict(row).get("id")) for row in _list(page.get("rows"), MOST_ROWS)]
    if len({row.id for row in rows}) != len(rows):
        raise ValueError("two rows of one id")
    matrix = tuple(_numbers(line, 3) for line in _list(page.get("to_file"), 3))
    if len(matrix) != 3:
        raise ValueError("to_file is no 3 by 3 matrix")
    return Document(
        picture=_file_name(page.get("picture")),
        frame=_whole(page, "frame"),
        size=_size(page.get("size")),
        to_file=matrix,
        file_size=_size(page.get("file_size")),
        rows=tuple(rows),
        revision=_whole(page, "revision"),
        ordered=_whole(page, "ordered"),
    )


def _row(value: Any, name: Any) -> SavedRow:
    row = _dict(value)
    name = id_of(name)
    points = tuple(_numbers(point, 2) for point in _list(row.get("points"), MOST_POINTS))
    spread, slant = _numbers([row.get("spread"), row.get("slant")], 2)
    if len(points) < 2 or not 0 < spread < 1e5:
        raise ValueError("a row runs along two points or more, and has a spread")
    words = tuple(_word(word) for word in _list(row.get("words"), MOST_WORDS))
    accepted = str(row.get("accepted"))
    if accepted not in {"True", "False"}:
        raise ValueError("accepted is true or false")
    changed = _whole({"changed": row.get("changed", 0)}, "changed")
    return SavedRow(name, points, spread, slant, words, accepted == "True", changed)


def id_of(value: Any) -> str:
    """A row's id, checked; ValueError."""
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise ValueError("a row's id is letters and digits")


def checked_box(value: Any) -> tuple[float, float, float, float]:
    """A box x1, y1, x2, y2, checked; ValueError."""
    x1, y1, x2, y2 = _numbers(value, 4)
    return x1, y1, x2, y2


def _word(value: Any) -> SavedWord:
    word = _dict(value)
    typed = word.get("typed")
    box = checked_box(word.get("box"))
    (confidence,) = _numbers([word.get("confidence", 0.0)], 1)
    choices = tuple(_text(choice) for choice in _list(word.get("choices", []), 20))
    typed = None if typed is None else _text(typed)
    return SavedWord(box, _text(word.get("read")), confidence, typed, choices)


def _dict(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise ValueError("an object is missing")


def _list(value: Any, most: int) -> Sequence[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(f"a list of at most {most} is missing")
    return value


def _whole(value: Any, name: str) -> int:
    number = _dict(value).get(name)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**53:
        raise ValueError(f"{name} is no whole number")
    return number


def _numbers(value: Any, count: int) -> tuple[Any, ...]:
    """That many finite numbers."""
    values = _list(value, count)
    good = [isinstance(one, int | float) and not isinstance(one, bool) for one in values]
    if len(values) != count or not all(good) or not all(abs(one) < 1e9 for one in values):
        raise ValueError(f"{count} numbers are missing")
    return tuple(float(one) for one in values)


def _size(value: Any) -> tuple[int, int]:
    width, height = _numbers(value, 2)
    if not (1 <= width < 1e6 and 1 <= height < 1e6) or math.modf(width)[0] or math.modf(height)[0]:
        raise ValueError("a size is two whole numbers")
    return int(width), int(height)


def _text(value: Any) -> str:
    """A text without line breaks and control characters; spaces stay."""
    if not isinstance(value, str) or len(value) > LONGEST:
        raise ValueError("a text is missing, or too long")
    if any(ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 or c in "\x7f\u2028\u2029" for c in value):
        raise ValueError("a text with control characters")
    return value


def _file_name(value: Any) -> str:
    """A file's name without folders: no path in a document leads anywhere."""
    if not isinstance(value, str) or not value or value in {".", ".."} or len(value) > 1000:
        raise ValueError("picture is no file's name")
    if "/" in value or "\\" in value or "\0" in value:
        raise ValueError("picture is a name, without folders")
    return value
