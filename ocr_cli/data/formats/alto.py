"""ALTO 2 to 4: a page's tree to its rows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from ocr_cli.data.formats.given import GivenRow, GivenWord, TranscribedPage, finished_page
from ocr_cli.data.formats.xmltree import (
    Points,
    child_node,
    child_nodes,
    local_name,
    nodes,
    number_in,
    only_page,
    points_in,
)
from ocr_cli.errors import InputError


def alto_page(path: Path, root: Any) -> TranscribedPage:
    """The page of an ALTO tree."""
    page = only_page(root)
    unread = {t.get("ID") for t in nodes(root, "OtherTag") if t.get("LABEL") == "illegible"}
    lines = [(block, line) for block in page.iter() for line in child_nodes(block, "TextLine")]
    order = {ref.get("REF"): i for i, ref in enumerate(nodes(root, "ElementRef"))}
    if order:
        last = len(order)
        lines.sort(
            key=lambda two: min(
                order.get(two[0].get("ID"), last), order.get(two[1].get("ID"), last)
            )
        )
    rows = [(name_of(line), _alto_row(line, unread)) for _, line in lines]
    unit = next((n.text.strip() for n in nodes(root, "MeasurementUnit") if n.text), "pixel")
    name = next((n.text for n in nodes(root, "fileName") if n.text), "")
    return finished_page(
        path, name, (number_in(page, "HEIGHT"), number_in(page, "WIDTH")), unit, rows
    )


def name_of(line: Any) -> str:
    """The name of a row in messages."""
    return str(line.get("ID") or line.get("id") or "without a name")


def _alto_row(line: Any, unread: set[Any]) -> GivenRow:
    strings = list(child_nodes(line, "String"))
    try:
        words = tuple(GivenWord(s.get("CONTENT") or "", _alto_outline(s)) for s in strings)
        outline, baseline = _alto_outline(line), _alto_baseline(line)
    except InputError as fault:
        raise InputError(f"row {name_of(line)} has {fault.problem}", fault.advice) from fault
    text = _alto_text(line)
    tagged = {tag for s in strings for tag in (s.get("TAGREFS") or "").split()}
    apart = len(words) > 1 or any(child_node(s, "Shape") is not None for s in strings)
    known = apart and all(len(word.outline) > 2 for word in words)
    legible = bool(text) and not unread & tagged
    return GivenRow(text, baseline, outline, words if known else (), legible)


def _alto_text(line: Any) -> str:
    """The line's strings; spaces are where the file has SP, or between all where it has none."""
    between = "" if child_node(line, "SP") is not None else " "
    text = ""
    for part in line:
        kind, content = local_name(part), part.get("CONTENT") or ""
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
        y, x, width = (number_in(line, name) for name in ("BASELINE", "HPOS", "WIDTH"))
        if y is None or x is None or width is None:
            return np.zeros((0, 2))
        return np.array([[x, y], [x + width, y]])
    return points_in(text)


def _alto_outline(node: Any) -> Points:
    """The polygon of a line or a string, else its box; (0, 2) where it has neither."""
    shape = child_node(node, "Shape")
    polygon = child_node(shape, "Polygon") if shape is not None else None
    if polygon is not None and (points := points_in(polygon.get("POINTS"))).size:
        return points
    x, y, w, h = (number_in(node, name) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    if x is None or y is None or not w or not h:
        return np.zeros((0, 2))
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
