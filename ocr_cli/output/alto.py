"""ALTO 4.4: a page's rows and words as libraries keep them; https://www.loc.gov/standards/alto/."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np

from ocr_cli import __version__
from ocr_cli.output import geometry
from ocr_cli.output.markup import document, element

if TYPE_CHECKING:
    from ocr_cli.page import Page, Row, Word

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
SCHEMA = "http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"


def page(page: Page) -> str:
    """A whole file; places are in the file's pixels."""
    root = element(None, "alto", xmlns=NAMESPACE, SCHEMAVERSION="4.4")
    root.set("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
    root.set("xsi:schemaLocation", f"{NAMESPACE} {SCHEMA}")
    _describe(root, page)
    height, width = page.file_shape
    whole: dict[str, Any] = {"HEIGHT": height, "WIDTH": width}
    number, language = {"PHYSICAL_IMG_NR": page.frame + 1}, page.language or None
    sheet = element(element(root, "Layout"), "Page", ID="page", **whole, **number, LANG=language)
    space = element(sheet, "PrintSpace", HPOS=0, VPOS=0, **whole)
    if any(row.words for row in page.rows):
        places = np.concatenate([geometry.outline(page, row) for row in page.rows])
        block = element(space, "TextBlock", ID="block", **_box(places))
        for row_number, row in enumerate((row for row in page.rows if row.words), 1):
            _add_row(block, page, row, f"line_{row_number}")
    return document(root)


def _describe(root: ET.Element, page: Page) -> None:
    about = element(root, "Description")
    element(about, "MeasurementUnit", "pixel")
    element(element(about, "sourceImageInformation"), "fileName", page.source)
    software = element(element(about, "Processing", ID="reading"), "processingSoftware")
    element(software, "softwareName", "ocr")
    element(software, "softwareVersion", __version__)


def _add_row(block: ET.Element, page: Page, row: Row, name: str) -> None:
    points = geometry.outline(page, row)
    foot = geometry.to_file(page, geometry.baseline(row))
    line = element(block, "TextLine", ID=name, **_box(points), BASELINE=geometry.points_list(foot))
    _add_shape(line, page, row, points)
    for number, word in enumerate(row.words, 1):
        if number > 1:
            _add_space(line, page, row, row.words[number - 2 : number])
        _add_word(line, page, row, word, f"{name}_word_{number}")


def _add_word(line: ET.Element, page: Page, row: Row, word: Word, name: str) -> None:
    points = geometry.outline(page, row, word)
    rated = f"{word.confidence:.4f}"
    made = element(line, "String", ID=name, CONTENT=word.text, **_box(points), WC=rated)
    _add_shape(made, page, row, points)


def _add_space(line: ET.Element, page: Page, row: Row, words: tuple[Word, ...]) -> None:
    """What lies between two words, as wide as the gap where there is one."""
    (a, b), *_ = pairwise(_box(geometry.outline(page, row, word)) for word in words)
    left = a["HPOS"] + a["WIDTH"]
    element(line, "SP", HPOS=left, VPOS=a["VPOS"], WIDTH=max(0, b["HPOS"] - left))


def _add_shape(parent: ET.Element, page: Page, row: Row, points: geometry.Points) -> None:
    if geometry.is_bent(page, row):
        element(element(parent, "Shape"), "Polygon", POINTS=geometry.points_list(points))


def _box(points: geometry.Points) -> dict[str, int]:
    x1, y1, x2, y2 = geometry.box_of(points)
    return {"HPOS": x1, "VPOS": y1, "WIDTH": x2 - x1, "HEIGHT": y2 - y1}
