"""Transcribed pages: ALTO 2 to 4 and PAGE XML (2010 to 2019) beside their pictures.

As eScriptorium, Transkribus and kraken write them; elements are known by their local names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

import numpy as np

from ocr_cli.data.formats.alto import alto_page, name_of
from ocr_cli.data.formats.given import GivenRow, GivenWord, TranscribedPage, finished_page
from ocr_cli.data.formats.xmltree import (
    Points,
    child_node,
    child_nodes,
    damaged_xml,
    local_name,
    number_in,
    only_page,
    points_in,
)
from ocr_cli.errors import InputError

MOST_BYTES = 64 << 20  # of a file: a full page of single letters has some 2 MB
_READING_ORDER = re.compile(r"readingOrder\s*\{\s*index\s*:\s*(\d+)")


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
        raise damaged_xml(fault, str(path)) from fault


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
        raise damaged_xml(fault) from fault
    raise InputError("is empty", "export the page anew")


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"has more than {MOST_BYTES >> 20} MB", "give one page a file")
        return path.read_bytes()
    except OSError as fault:
        raise InputError(f"cannot be opened ({fault.strerror or fault})") from fault


def _page(path: Path, root: Any) -> TranscribedPage:
    page = only_page(root)
    rows = [(name_of(line), _page_row(line)) for line in _page_lines(page)]
    claimed = number_in(page, "imageHeight"), number_in(page, "imageWidth")
    return finished_page(path, page.get("imageFilename") or "", claimed, "pixel", rows)


def _page_lines(page: Any) -> list[Any]:
    """The lines of all regions, in reading order as far as the file tells it."""
    order = {}
    for reading in child_nodes(page, "ReadingOrder"):
        order = {ref: i for i, ref in enumerate(_region_refs(reading))}
    found: list[Any] = []
    # (region, place in the reading order): those below a region that has one share it
    waiting = [(page, len(order))]
    while waiting:
        node, place = waiting.pop()
        place = order.get(node.get("id"), place)
        lines = list(child_nodes(node, "TextLine"))
        found += [(place, line) for line in _in_own_order(lines)]
        inner = [child for child in node if local_name(child).endswith(("Region", "TableCell"))]
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
        words = [(_page_text(w), _page_points(w, "Coords")) for w in child_nodes(line, "Word")]
    except InputError as fault:
        raise InputError(f"row {name_of(line)} has {fault.problem}", fault.advice) from fault
    text = _page_text(line) or " ".join(text for text, _ in words if text)
    placed = all(len(points) > 2 for _, points in words)
    given = tuple(GivenWord(*word) for word in words) if placed else ()
    return GivenRow(text, baseline, outline, given, bool(text))


def _page_points(node: Any, name: str) -> Points:
    """The points of Coords or Baseline; (0, 2) where it is missing."""
    child = child_node(node, name)
    if child is None:
        return np.zeros((0, 2))
    if child.get("points") is not None:
        return points_in(child.get("points"))
    single = [
        (p.get("x") or "?", p.get("y") or "?") for p in child_nodes(child, "Point")
    ]  # of 2010
    return points_in(" ".join(f"{x},{y}" for x, y in single))


def _page_text(node: Any) -> str:
    """The text of a line or a word: of several that with the lowest index."""
    given = sorted(
        child_nodes(node, "TextEquiv"),
        key=lambda equiv: -1.0 if equiv.get("index") is None else _index(equiv.get("index")),
    )
    for equiv in given:
        for name in ("Unicode", "PlainText"):
            child = child_node(equiv, name)
            if child is not None and (child.text or "").strip():
                return " ".join(child.text.split())
    return ""


_FORMATS: dict[str, Callable[[Path, Any], TranscribedPage]] = {"alto": alto_page, "PcGts": _page}
