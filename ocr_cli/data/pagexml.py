"""Transcribed pages: ALTO 4 and PAGE XML (2013, 2019) beside their pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ocr_cli.errors import InputError

Points = NDArray[np.float64]


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


@dataclass(frozen=True)
class TranscribedPage:
    """A page file: its picture, the (height, width) that it claims, and its rows."""

    source: Path
    picture: Path
    shape: tuple[int, int]
    rows: tuple[GivenRow, ...]


def load_page_xml(path: Path) -> TranscribedPage:
    """The rows of an ALTO or PAGE file; InputError where it is neither, or has no rows."""
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314 -- entities are never expanded
    except (ElementTree.ParseError, OSError) as error:
        raise InputError(f"not readable as XML: {error}", "", str(path)) from error
    kind = _local(root)
    if kind == "alto":
        return _alto(path, root)
    if kind == "PcGts":
        return _page(path, root)
    raise InputError(f"an XML file of {kind}", "ALTO 4 or PAGE XML is needed", str(path))


def _local(node: Any) -> str:
    return str(node.tag).rpartition("}")[2]


def _all(node: Any, name: str) -> list[Any]:
    return [child for child in node.iter() if _local(child) == name]


def _child(node: Any, name: str) -> Any:
    return next((child for child in node if _local(child) == name), None)


def _points(text: str | None) -> Points:
    numbers = np.array((text or "").replace(",", " ").split(), np.float64)
    return numbers[: len(numbers) // 2 * 2].reshape(-1, 2)


def _picture(path: Path, name: str) -> Path:
    return path.parent / Path(name).name


def _alto(path: Path, root: Any) -> TranscribedPage:
    page = _all(root, "Page")[0]
    unread = {t.get("ID") for t in _all(root, "OtherTag") if t.get("LABEL") == "illegible"}
    rows = []
    for line in _all(page, "TextLine"):
        words, legible = [], True
        strings = [child for child in line if _local(child) == "String"]
        for part in strings:
            legible &= not unread & set((part.get("TAGREFS") or "").split())
            words.append(GivenWord(part.get("CONTENT") or "", _outline(part)))
        text = " ".join(w.text for w in words if w.text)
        baseline = _points(line.get("BASELINE"))
        rows.append(
            GivenRow(
                text,
                baseline[np.argsort(baseline[:, 0], kind="stable")],
                _outline(line),
                tuple(words) if len(words) > 1 or _child(strings[0], "Shape") is not None else (),
                legible,
            )
        ) if strings else None
    size = int(float(page.get("HEIGHT"))), int(float(page.get("WIDTH")))
    name = next((n.text for n in _all(root, "fileName") if n.text), path.name)
    return TranscribedPage(path, _picture(path, str(name)), size, tuple(rows))


def _outline(node: Any) -> Points:
    shape = _child(node, "Shape")
    if shape is not None:
        return _points(_all(shape, "Polygon")[0].get("POINTS"))
    x, y, w, h = (float(node.get(k)) for k in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])


def _page(path: Path, root: Any) -> TranscribedPage:
    page = _all(root, "Page")[0]
    rows = []
    for line in _all(page, "TextLine"):
        text = next(
            (
                unicode.text
                for equiv in line
                if _local(equiv) == "TextEquiv"
                for unicode in _all(equiv, "Unicode")
            ),
            "",
        )
        coords, base = _child(line, "Coords"), _child(line, "Baseline")
        if coords is None or base is None:
            continue
        baseline = _points(base.get("points"))
        baseline = baseline[np.argsort(baseline[:, 0], kind="stable")]
        rows.append(GivenRow(text or "", baseline, _points(coords.get("points"))))
    size = int(page.get("imageHeight")), int(page.get("imageWidth"))
    name = str(page.get("imageFilename"))
    return TranscribedPage(path, _picture(path, name), size, tuple(rows))
