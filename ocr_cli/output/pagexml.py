"""PAGE XML of 2019, as Transkribus, eScriptorium and OCR-D exchange pages.

S. Pletschacher and A. Antonacopoulos, The PAGE (Page Analysis and Ground-truth Elements) format
framework, ICPR 2010; https://github.com/PRImA-Research-Lab/PAGE-XML.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np

from ocr_cli import __version__
from ocr_cli.data.charset import LANGUAGES
from ocr_cli.output import geometry
from ocr_cli.output.markup import document, element

if TYPE_CHECKING:
    from ocr_cli.page import Alternative, Page, Row, Word

NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"


def page(page: Page) -> str:
    """A whole file; places are in the file's pixels."""
    root = element(None, "PcGts", xmlns=NAMESPACE)
    root.set("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
    root.set("xsi:schemaLocation", f"{NAMESPACE} {NAMESPACE}/pagecontent.xsd")
    about = element(root, "Metadata")
    element(about, "Creator", f"ocr {__version__}")
    for name in ("Created", "LastChange"):
        element(about, name, _time(page.source))
    height, width = page.file_shape
    size = {"imageWidth": width, "imageHeight": height}
    language = LANGUAGES[page.language].name if page.language in LANGUAGES else None
    name = Path(page.source).name
    sheet = element(root, "Page", imageFilename=name, **size, primaryLanguage=language)
    if page.rows:
        x1, y1, x2, y2 = geometry.box_of(
            np.concatenate([geometry.outline(page, row) for row in page.rows])
        )
        region = element(sheet, "TextRegion", id="region", type="paragraph")
        element(region, "Coords", points=f"{x1},{y1} {x2},{y1} {x2},{y2} {x1},{y2}")
        for number, row in enumerate(page.rows, 1):
            _add_row(region, page, row, f"line_{number}")
    return document(root)


def _time(source: str) -> str:
    """The time when the picture was last changed: the same picture gives the same file."""
    try:
        seconds = Path(source).stat().st_mtime
    except (OSError, ValueError):
        seconds = 0.0
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _add_row(region: ET.Element, page: Page, row: Row, name: str) -> None:
    line = element(region, "TextLine", id=name)
    element(line, "Coords", points=geometry.points_list(geometry.outline(page, row)))
    foot = geometry.to_file(page, geometry.baseline(row))
    element(line, "Baseline", points=geometry.points_list(foot))
    for number, word in enumerate(row.words, 1):
        _add_word(line, page, row, word, f"{name}_word_{number}")
    _add_text(line, row.text, row.confidence)


def _add_word(line: ET.Element, page: Page, row: Row, word: Word, name: str) -> None:
    made = element(line, "Word", id=name)
    element(made, "Coords", points=geometry.points_list(geometry.outline(page, row, word)))
    _add_text(made, word.text, word.confidence, word.alternatives)


def _add_text(
    parent: ET.Element, text: str, confidence: float, others: tuple[Alternative, ...] = ()
) -> None:
    """The text and, counted from it on, what it may be instead."""
    for index, (one, odds) in enumerate(((text, confidence), *others)):
        given = element(parent, "TextEquiv", conf=f"{odds:.4f}", index=index if others else None)
        element(given, "Unicode", one)
