"""hOCR 1.2: pages, rows and words in HTML; http://kba.github.io/hocr-spec/1.2/."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np

from ocr_cli import __version__
from ocr_cli.output import geometry
from ocr_cli.output.geometry import DOWN, UP
from ocr_cli.output.markup import clean, element, fragment

if TYPE_CHECKING:
    from ocr_cli.page import Page, Row

HEADER = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" \
"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
 <title>ocr</title>
 <meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>
 <meta name="ocr-system" content="ocr {__version__}"/>
 <meta name="ocr-capabilities" content="ocr_page ocr_carea ocr_par ocr_line ocrx_word \
ocrp_wconf ocrp_poly ocrp_lang"/>
</head>
<body>
"""
FOOTER = "</body>\n</html>\n"


def page(page: Page) -> str:
    """The page's element, its rows one paragraph; boxes x1 y1 x2 y2 in the file's pixels."""
    height, width = page.file_shape
    name = clean(page.source).replace("\\", r"\\").replace('"', r"\"")
    title = f'image "{name}"; bbox 0 0 {width} {height}; ppageno {page.frame}'
    root = element(None, "div", id=f"page_{page.number}", title=title, lang=page.language or None)
    root.set("class", "ocr_page")
    if page.rows:
        places = np.concatenate([geometry.outline(page, row) for row in page.rows])
        around = f"bbox {_numbers(geometry.box_of(places))}"
        area = _part(root, "div", "ocr_carea", f"block_{page.number}_1", around)
        paragraph = _part(area, "p", "ocr_par", f"par_{page.number}_1", around)
        for number, row in enumerate(page.rows, 1):
            _add_row(paragraph, page, row, f"{page.number}_{number}")
    return fragment(root)


def _add_row(parent: ET.Element, page: Page, row: Row, number: str) -> None:
    line = _part(parent, "span", "ocr_line", f"line_{number}", _row_title(page, row))
    for place, word in enumerate(row.words, 1):
        points = geometry.outline(page, row, word)
        title = f"bbox {_numbers(geometry.box_of(points))}; x_wconf {round(100 * word.confidence)}"
        if geometry.is_bent(page, row):
            title += f"; poly {geometry.points_list(points, ' ')}"
        made = _part(line, "span", "ocrx_word", f"word_{number}_{place}", title)
        made.text = clean(word.text)


def _row_title(page: Page, row: Row) -> str:
    points = geometry.outline(page, row)
    x1, y1, x2, y2 = geometry.box_of(points)
    title = f"bbox {x1} {y1} {x2} {y2}"
    turned = geometry.angle(page, row)
    if abs(turned) < 45:
        x, y = geometry.to_file(page, geometry.baseline(row)).T
        slope = (y[-1] - y[0]) / max(1.0, x[-1] - x[0])
        offset = float(np.mean(y - slope * (x - x1))) - y2
        title += f"; baseline {slope:.4f} {offset:.1f}"
    else:
        title += f"; textangle {turned:.1f}"
    size = row.x_height * geometry.scale(page)
    title += f"; x_size {(UP + DOWN) * size:.1f}; x_descenders {DOWN * size:.1f}"
    title += f"; x_ascenders {(UP - 1) * size:.1f}"
    return title + (
        f"; poly {geometry.points_list(points, ' ')}" if geometry.is_bent(page, row) else ""
    )


def _part(parent: ET.Element, tag: str, kind: str, name: str, title: str) -> ET.Element:
    made = element(parent, tag, id=name, title=title)
    made.set("class", kind)
    return made


def _numbers(box: tuple[int, int, int, int]) -> str:
    return " ".join(map(str, box))
