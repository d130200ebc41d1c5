"""Transcribed pages: ALTO 2 to 4 and PAGE XML (2010 to 2019) beside their pictures.

As eScriptorium, Transkribus and kraken write them; elements are known by their local names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from ocr_cli import input as images
from ocr_cli.errors import InputError

Points = NDArray[np.float64]

MOST_BYTES = 64 << 20  # of a file: a full page of single letters has some 2 MB
BEYOND = 0.03  # of a picture's size, by which an outline may leave it: what is beyond is cut off
FOLDERS = ("page", "alto")  # where Transkribus puts the files, below their pictures
NO_BASELINE = 0.2  # of an outline's height, from its middle down to where letters stand

# >so<, ⟦so⟧: crossed out; >< something illegible crossed out; ^ before a superscript.
_CROSSED_OUT = re.compile(r">(?:[^\s<>](?:[^<>]*[^\s<>])?)?<|⟦[^⟦⟧]*⟧")
_READING_ORDER = re.compile(r"readingOrder\s*\{\s*index\s*:\s*(\d+)")


@dataclass(frozen=True)
class GivenWord:
    """A word of a transcribed page; outline (n, 2) x, y in the picture's pixels."""

    text: str
    outline: Points = field(repr=False)


@dataclass(frozen=True)
class GivenRow:
    """A row of a transcribed page.

    text : what is written, marks of the transcriber as they are. baseline, outline : (n, 2)
    x, y in the picture's pixels, from left to right. words : where the file has them.
    legible : whether all of it was read.
    """

    text: str
    baseline: Points = field(repr=False)
    outline: Points = field(repr=False)
    words: tuple[GivenWord, ...] = ()
    legible: bool = True

    @property
    def written(self) -> str:
        """What is to be read there, see `as_written`."""
        return as_written(self.text)


@dataclass(frozen=True)
class TranscribedPage:
    """A page file: its picture, the (height, width) of that, and its rows in reading order."""

    source: Path
    picture: Path
    shape: tuple[int, int]
    rows: tuple[GivenRow, ...]


def as_written(text: str) -> str:
    """A transcriber's text without what is crossed out, superscripts as plain letters.

    >>> as_written("le >19< 20^e ⟦mars⟧ avril")
    'le 20e avril'
    """
    return " ".join(_CROSSED_OUT.sub("", text).replace("^", "").split())


def load_page_xml(path: Path) -> TranscribedPage:
    """The rows of an ALTO or PAGE file, in the pixels of its picture.

    What reaches a little over the picture's edge is cut off there. A row without a baseline
    gets one from its outline, and one without an outline gets that of its neighbours' height.

    Raises
    ------
    InputError
        Where the file is neither ALTO nor PAGE, is damaged, declares entities, or has no text;
        where its picture is missing or of another size; where a row lies outside of that.
    """
    try:
        data = _bytes(path)
        read = _format_of(data)
        return read(path, ET.fromstring(data))  # noqa: S314 -- it declares no entities
    except InputError as fault:
        raise InputError(fault.problem, fault.advice, fault.source or str(path)) from fault
    except (ET.ParseError, ValueError, LookupError) as fault:
        raise _damaged(fault, str(path)) from fault


def is_foreign(path: Path) -> bool:
    """Whether a file is sound XML of a kind that says nothing of rows, as METS and XMP are."""
    try:
        return root_name(_bytes(path)) not in _FORMATS
    except InputError:
        return False  # it may have been meant as a page: `load_page_xml` says what is wrong


def _format_of(data: bytes) -> Callable[[Path, Any], TranscribedPage]:
    name = root_name(data)
    if name not in _FORMATS:
        raise InputError(f"an XML file of <{name}>", "ALTO or PAGE XML is needed")
    return _FORMATS[name]


class _RootSeen(Exception):  # noqa: N818 -- it is no error
    pass


def root_name(data: bytes) -> str:
    """The local name of an XML file's root element.

    Nothing beyond it is parsed. InputError where it is no XML, or declares a document type,
    by which a few bytes could grow to gigabytes.
    """
    found: list[str] = []

    def start(name: str, _attributes: dict[str, str]) -> None:
        found.append(name.rpartition(" ")[2])
        raise _RootSeen

    def doctype(*_declared: Any) -> None:
        raise InputError("declares a document type", "take <!DOCTYPE …> out: no page needs it")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except _RootSeen:
        return found[0]
    except (expat.ExpatError, ValueError, LookupError) as fault:
        raise _damaged(fault) from fault
    raise InputError("is empty", "export the page anew")


def _damaged(fault: Exception, source: str = "") -> InputError:
    return InputError(f"not readable as XML: {fault}", "export the page anew", source)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"has more than {MOST_BYTES >> 20} MB", "give one page a file")
        return path.read_bytes()
    except OSError as fault:
        raise InputError(f"cannot be opened ({fault.strerror or fault})") from fault


def _local(node: Any) -> str:
    return str(node.tag).rpartition("}")[2]


def _all(node: Any, name: str) -> list[Any]:
    return [child for child in node.iter() if _local(child) == name]


def _children(node: Any, name: str) -> Iterator[Any]:
    return (child for child in node if _local(child) == name)


def _child(node: Any, name: str) -> Any:
    return next(_children(node, name), None)


def _only_page(root: Any) -> Any:
    pages = _all(root, "Page")
    if len(pages) != 1:
        raise InputError(f"has {len(pages)} pages", "give each page a file of its own")
    return pages[0]


def _points(text: str | None) -> Points:
    """(n, 2) of "x,y x,y" or "x y x y"; InputError where these are no pairs of numbers."""
    parts = (text or "").replace(",", " ").split()
    try:
        numbers = np.array(parts, np.float64)
    except ValueError:
        numbers = np.full(1, np.nan)
    if len(numbers) % 2 or not np.isfinite(numbers).all():
        raise InputError(f"points that are no pairs of numbers: {' '.join(parts)[:40]}")
    return numbers.reshape(-1, 2)


def _number(node: Any, name: str) -> float | None:
    """An attribute that is a number; None where it is missing."""
    text = node.get(name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise InputError(
            f"{_local(node)} {node.get('ID') or node.get('id') or ''}: "
            f"{name} is no number: {text[:40]}"
        )
    return number


def _finished(
    path: Path,
    name: str,
    claimed: tuple[float | None, float | None],
    unit: str,
    rows: Iterable[tuple[str, GivenRow]],
) -> TranscribedPage:
    """The page of rows, each with its name, whose file claims (height, width) in a unit."""
    picture = _picture(path, name)
    shape, scale = _fitting(picture, claimed, unit)
    placed = [(called, _scaled(row, scale)) for called, row in rows if _has_place(row, called)]
    if not any(row.text.strip() for _, row in placed):
        raise InputError("has no text", "transcribe the page first")
    whole = _with_outlines([row for _, row in placed])
    kept = [_inside(row, shape, called) for row, (called, _) in zip(whole, placed, strict=True)]
    return TranscribedPage(path, picture, shape, tuple(kept))


def _picture(path: Path, name: str) -> Path:
    """The picture that a page file names, or that is named as the file is, beside or above it."""
    named = re.split(r"[/\\]", name.strip())[-1]
    folders = [path.parent]
    if path.parent.name.lower() in FOLDERS:
        folders.append(path.parent.parent)
    for folder in folders:
        if named and named != path.name and _is_file(folder / named):
            return folder / named
    for folder in folders:
        for suffix in sorted(images.SUFFIXES):
            for file in (path.stem + suffix, path.stem + suffix.upper()):
                if (folder / file).is_file():
                    return folder / file
    raise InputError(f"its picture is missing: {named or path.stem + '.jpg'}", "put it beside")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False


def _fitting(
    picture: Path, claimed: tuple[float | None, float | None], unit: str
) -> tuple[tuple[int, int], tuple[float, float]]:
    """The (height, width) of a picture in pixels, and what the file's x and y are times."""
    stored, upright = images.shapes(str(picture))
    height, width = claimed
    if height is None or width is None:
        if unit != "pixel":
            raise InputError(f"measures in {unit} and does not say how large its page is")
        return upright, (1.0, 1.0)
    if unit == "pixel":
        for shape in (stored, upright):
            if (round(height), round(width)) == shape:
                return shape, (1.0, 1.0)
    elif min(height, width) > 0:
        scale = upright[1] / width, upright[0] / height
        if abs(scale[0] / scale[1] - 1) < BEYOND:
            return upright, scale
    raise InputError(
        f"is for a picture of {width:g} × {height:g} {unit}s, and {picture.name} has "
        f"{upright[1]} × {upright[0]} pixels",
        "export picture and page together",
    )


def _has_place(row: GivenRow, name: str) -> bool:
    """Whether it is told where a row lies; InputError where it is not and there is text."""
    placed = len(row.baseline) > 1 or len(row.outline) > 2
    if not placed and row.text.strip():
        raise InputError(f"row {name} has neither a baseline nor an outline", "draw one")
    return placed


def _scaled(row: GivenRow, scale: tuple[float, float]) -> GivenRow:
    if scale == (1.0, 1.0):
        return row
    words = tuple(replace(word, outline=word.outline * scale) for word in row.words)
    return replace(row, baseline=row.baseline * scale, outline=row.outline * scale, words=words)


def _with_outlines(rows: list[GivenRow]) -> list[GivenRow]:
    """The rows, each with a baseline, from left to right, and an outline."""
    lined = [
        replace(
            row,
            baseline=_directed(row.baseline) if len(row.baseline) > 1 else baseline_in(row.outline),
        )
        for row in rows
    ]
    if all(len(row.outline) > 2 for row in lined):
        return lined
    heights = [_area(row.outline) / _length(row.baseline) for row in lined if len(row.outline) > 2]
    feet = np.sort([row.baseline[:, 1].mean() for row in lined])
    gaps = np.diff(feet)[np.diff(feet) > 1]
    usual = float(np.median(heights or (0.8 * gaps if len(gaps) else [0.0])))
    return [
        row if len(row.outline) > 2 else replace(row, outline=_band(row.baseline, usual))
        for row in lined
    ]


def _directed(baseline: Points) -> Points:
    """A baseline from left to right; one that is steep goes as the file has it."""
    width, height = np.abs(baseline[-1] - baseline[0])
    return baseline if height > width else baseline[np.argsort(baseline[:, 0], kind="stable")]


def _length(line: Points) -> float:
    return max(1.0, float(np.hypot(*np.diff(line, axis=0).T).sum()))


def _area(outline: Points) -> float:
    x, y = outline.T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


def _band(baseline: Points, height: float) -> Points:
    """An outline of that height about a baseline, a fifteenth of its length where it is 0."""
    height = height or _length(baseline) / 15
    above, below = (0.5 + NO_BASELINE) * height, (0.5 - NO_BASELINE) * height
    lower = baseline[::-1] + np.array([0, below])
    return np.concatenate([baseline - [0, above], lower])


def baseline_in(outline: Points, count: int = 9) -> Points:
    """(count, 2) where letters may stand in a row of which there is only the (n, 2) outline."""
    x1, x2 = outline[:, 0].min(), outline[:, 0].max()
    x = x1 + (x2 - x1) * (np.arange(count) + 0.5) / count
    (ax, ay), (bx, by) = outline.T[:, :, None], np.roll(outline, -1, 0).T[:, :, None]
    meets = (np.minimum(ax, bx) <= x) & (x <= np.maximum(ax, bx))
    share = np.where(bx == ax, 0.5, (x - ax) / np.where(bx == ax, 1, bx - ax))
    y = ay + share * (by - ay)
    top = np.where(meets, y, np.inf).min(0)
    bottom = np.where(meets, y, -np.inf).max(0)
    foot = (top + bottom) / 2 + NO_BASELINE * (bottom - top)
    return np.stack([np.linspace(x1, x2, count), foot], 1)


def _inside(row: GivenRow, shape: tuple[int, int], name: str) -> GivenRow:
    """The row cut off at the picture's edge; InputError where much of it lies outside."""
    size = np.array(shape[::-1], float)
    for points in (row.baseline, row.outline):
        if (points < -BEYOND * size).any() or (points > (1 + BEYOND) * size).any():
            (x1, y1), (x2, y2) = points.min(0), points.max(0)
            raise InputError(
                f"row {name} lies outside of the picture of {size[0]:g} × {size[1]:g} pixels: "
                f"x {x1:g} to {x2:g}, y {y1:g} to {y2:g}",
                "mend its points",
            )
    words = tuple(replace(word, outline=np.clip(word.outline, 0, size)) for word in row.words)
    baseline, outline = np.clip(row.baseline, 0, size), np.clip(row.outline, 0, size)
    return replace(row, baseline=baseline, outline=outline, words=words)


def _alto(path: Path, root: Any) -> TranscribedPage:
    page = _only_page(root)
    unread = {t.get("ID") for t in _all(root, "OtherTag") if t.get("LABEL") == "illegible"}
    lines = [(block, line) for block in page.iter() for line in _children(block, "TextLine")]
    order = {ref.get("REF"): i for i, ref in enumerate(_all(root, "ElementRef"))}
    if order:
        last = len(order)
        lines.sort(
            key=lambda two: min(
                order.get(two[0].get("ID"), last), order.get(two[1].get("ID"), last)
            )
        )
    rows = [(_called(line), _alto_row(line, unread)) for _, line in lines]
    unit = next((n.text.strip() for n in _all(root, "MeasurementUnit") if n.text), "pixel")
    name = next((n.text for n in _all(root, "fileName") if n.text), "")
    return _finished(path, name, (_number(page, "HEIGHT"), _number(page, "WIDTH")), unit, rows)


def _called(line: Any) -> str:
    return str(line.get("ID") or line.get("id") or "without a name")


def _alto_row(line: Any, unread: set[Any]) -> GivenRow:
    strings = list(_children(line, "String"))
    try:
        words = tuple(GivenWord(s.get("CONTENT") or "", _alto_outline(s)) for s in strings)
        outline, baseline = _alto_outline(line), _alto_baseline(line)
    except InputError as fault:
        raise InputError(f"row {_called(line)} has {fault.problem}", fault.advice) from fault
    text = _alto_text(line)
    tagged = {tag for s in strings for tag in (s.get("TAGREFS") or "").split()}
    apart = len(words) > 1 or any(_child(s, "Shape") is not None for s in strings)
    known = apart and all(len(word.outline) > 2 for word in words)
    legible = bool(text) and not unread & tagged
    return GivenRow(text, baseline, outline, words if known else (), legible)


def _alto_text(line: Any) -> str:
    """The line's strings; blanks are where the file has SP, or between all where it has none."""
    between = "" if _child(line, "SP") is not None else " "
    text = ""
    for part in line:
        kind, content = _local(part), part.get("CONTENT") or ""
        if kind == "SP":
            text += " "
        elif kind == "HYP":
            text += content or "-"
        elif kind == "String" and content:
            text += (between if text else "") + content
    return " ".join(text.split())


def _alto_baseline(line: Any) -> Points:
    """Points, or (ALTO before 4.1) a height of the whole line; (0, 2) where it is missing."""
    text = (line.get("BASELINE") or "").strip()
    if text and not re.search(r"[\s,]", text):
        y, x, width = (_number(line, name) for name in ("BASELINE", "HPOS", "WIDTH"))
        if y is None or x is None or width is None:
            return np.zeros((0, 2))
        return np.array([[x, y], [x + width, y]])
    return _points(text)


def _alto_outline(node: Any) -> Points:
    """The polygon of a line or a string, else its box; (0, 2) where it has neither."""
    shape = _child(node, "Shape")
    polygon = _child(shape, "Polygon") if shape is not None else None
    if polygon is not None and (points := _points(polygon.get("POINTS"))).size:
        return points
    x, y, w, h = (_number(node, name) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    if x is None or y is None or not w or not h:
        return np.zeros((0, 2))
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])


def _page(path: Path, root: Any) -> TranscribedPage:
    page = _only_page(root)
    rows = [(_called(line), _page_row(line)) for line in _page_lines(page)]
    claimed = _number(page, "imageHeight"), _number(page, "imageWidth")
    return _finished(path, page.get("imageFilename") or "", claimed, "pixel", rows)


def _page_lines(page: Any) -> list[Any]:
    """The lines of all regions, in reading order as far as the file tells it."""
    order = {}
    for reading in _children(page, "ReadingOrder"):
        order = {ref: i for i, ref in enumerate(_region_refs(reading))}
    found: list[Any] = []
    # (region, place in the reading order): those below a region that has one share it
    waiting = [(page, len(order))]
    while waiting:
        node, place = waiting.pop()
        place = order.get(node.get("id"), place)
        lines = list(_children(node, "TextLine"))
        found += [(place, line) for line in _in_own_order(lines)]
        inner = [child for child in node if _local(child).endswith(("Region", "TableCell"))]
        waiting += [(child, place) for child in reversed(_in_own_order(inner))]
    return [line for _, line in sorted(found, key=lambda one: one[0])]


def _region_refs(reading: Any) -> Iterator[str]:
    """The regions of a reading order, groups in groups one after another, by their index."""
    waiting = [reading]
    while waiting:
        node = waiting.pop()
        if node.get("regionRef"):
            yield node.get("regionRef")
        waiting += sorted(node, key=lambda child: _index(child.get("index")), reverse=True)


def _index(text: str | None) -> float:
    return int(text) if text and text.strip().isdecimal() else np.inf


def _in_own_order(nodes: list[Any]) -> list[Any]:
    """Lines or regions by the index that each has, in `custom` or of its own; else as they are."""
    told = [_READING_ORDER.search(node.get("custom") or "") for node in nodes]
    places = [_index(m[1] if m else node.get("index")) for m, node in zip(told, nodes, strict=True)]
    if not np.isfinite(places).all():
        return nodes
    return [node for _, node in sorted(zip(places, nodes, strict=True), key=lambda one: one[0])]


def _page_row(line: Any) -> GivenRow:
    try:
        outline, baseline = _page_points(line, "Coords"), _page_points(line, "Baseline")
        words = [(_page_text(w), _page_points(w, "Coords")) for w in _children(line, "Word")]
    except InputError as fault:
        raise InputError(f"row {_called(line)} has {fault.problem}", fault.advice) from fault
    text = _page_text(line) or " ".join(text for text, _ in words if text)
    placed = all(len(points) > 2 for _, points in words)
    given = tuple(GivenWord(*word) for word in words) if placed else ()
    return GivenRow(text, baseline, outline, given, bool(text))


def _page_points(node: Any, name: str) -> Points:
    """The points of Coords or Baseline; (0, 2) where it is missing."""
    child = _child(node, name)
    if child is None:
        return np.zeros((0, 2))
    if child.get("points") is not None:
        return _points(child.get("points"))
    single = [(p.get("x") or "?", p.get("y") or "?") for p in _children(child, "Point")]  # of 2010
    return _points(" ".join(f"{x},{y}" for x, y in single))


def _page_text(node: Any) -> str:
    """The text of a line or a word: of several that with the lowest index."""
    given = sorted(
        _children(node, "TextEquiv"),
        key=lambda equiv: -1.0 if equiv.get("index") is None else _index(equiv.get("index")),
    )
    for equiv in given:
        for name in ("Unicode", "PlainText"):
            child = _child(equiv, name)
            if child is not None and (child.text or "").strip():
                return " ".join(child.text.split())
    return ""


_FORMATS: dict[str, Callable[[Path, Any], TranscribedPage]] = {"alto": _alto, "PcGts": _page}
