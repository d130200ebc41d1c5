"""Searchable PDF: the picture as it came, and over it the text, invisible; needs ocr-cli[pdf].

A page of a PDF stays that page, with the text added.
"""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ocr_cli.errors import MissingExtraError
from ocr_cli.output import textlayer
from ocr_cli.output.textlayer import FRAME, SOURCE

if TYPE_CHECKING:
    import pikepdf

    from ocr_cli.page import Page

KINDS = {"PDF"}  # formats whose pages are pages already


def check_packages() -> None:
    """MissingExtraError where the packages are not installed; they keep what they notice quiet."""
    try:
        import img2pdf
        import pikepdf
    except ImportError as failure:
        raise MissingExtraError(failure.name or "pikepdf", "pdf", "writing PDF") from failure
    for package in (img2pdf, pikepdf):
        logging.getLogger(package.__name__).setLevel(logging.CRITICAL)


def page(page: Page) -> bytes:
    """A PDF of one page; of a PDF's page only the text, and where that page is."""
    check_packages()
    from ocr_cli.input.files import opened
    from ocr_cli.input.formats import HEAD, sniff

    picture = page.origin
    if picture is None:
        raise ValueError("a page that was not loaded from a picture")
    with opened(picture.source, picture.data, picture.start, picture.end) as file:
        known = sniff(file.read(HEAD))
    return _of_pdf(page) if known is not None and known.name in KINDS else _of_picture(page)


def _of_picture(page: Page) -> bytes:
    from ocr_cli.output.sheet import drawn

    pdf, to_sheet = drawn(page)
    with pdf:
        textlayer.add(pdf, pdf.pages[0], page, to_sheet)
        return _saved(pdf, page)


def _of_pdf(page: Page) -> bytes:
    """The text alone, on a page that says where it belongs; of what came through a pipe, all."""
    import pikepdf

    picture = page.origin
    assert picture is not None  # noqa: S101 -- see `page`
    file = picture.source if picture.data is None else io.BytesIO(picture.data)
    with pikepdf.open(file) as source, pikepdf.new() as pdf:
        sheet = source.pages[picture.index]
        to_sheet = sheet_matrix(sheet, page.file_shape)
        if picture.data is not None:
            pdf.pages.append(sheet)
            textlayer.add(pdf, pdf.pages[0], page, to_sheet)
            return _saved(pdf, page)
        pdf.add_blank_page()
        pdf.pages[0].mediabox = [float(v) for v in sheet.mediabox]
        textlayer.add(pdf, pdf.pages[0], page, to_sheet)
        pdf.pages[0].obj[SOURCE] = pikepdf.String(picture.source.encode("utf-8", "surrogateescape"))
        pdf.pages[0].obj[FRAME] = picture.index
        return _saved(pdf, page)


def text_alone(page: Page) -> bytes:
    """A PDF of a page's text without its picture, as large as that is printed."""
    check_packages()
    import pikepdf

    from ocr_cli.output.sheet import size_of

    width, height = size_of(page)
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(width, height))
        to_sheet = sheet_matrix(pdf.pages[0], page.file_shape)
        textlayer.add(pdf, pdf.pages[0], page, to_sheet)
        return _saved(pdf, page)


def _saved(pdf: pikepdf.Pdf, page: Page) -> bytes:
    if page.language:
        pdf.Root.Lang = page.language
    if page.source != "-":
        pdf.docinfo["/Title"] = os.fsencode(Path(page.source).stem).decode("utf-8", "replace")
    file = io.BytesIO()
    pdf.save(file, deterministic_id=True)
    return file.getvalue()


def sheet_matrix(sheet: pikepdf.Page, shape: tuple[int, int]) -> NDArray[np.float64]:
    """(3, 3) from (x, y, 1) of a PDF page as it is drawn, (height, width) `shape`, to its units."""
    left, bottom, right, top = map(float, _shown(sheet))
    turn = int(sheet.obj.get("/Rotate", _inherited(sheet, "/Rotate", 0))) % 360
    height, width = shape
    wide, high = right - left, top - bottom
    if turn in (90, 270):
        x, y = high / width, wide / height  # units to a pixel along the page as it is seen
    else:
        x, y = wide / width, high / height
    return np.array(
        {
            0: [[x, 0, left], [0, -y, top], [0, 0, 1]],
            90: [[0, y, left], [x, 0, bottom], [0, 0, 1]],
            180: [[-x, 0, right], [0, y, bottom], [0, 0, 1]],
            270: [[0, -y, right], [-x, 0, top], [0, 0, 1]],
        }[turn]
    )


def _shown(sheet: pikepdf.Page) -> list[float]:
    """The part of a page that is seen: left, bottom, right, top."""
    boxes = [[float(v) for v in box] for box in (sheet.mediabox, sheet.cropbox)]
    (a, b, c, d), (e, f, g, h) = (
        (min(x, z), min(y, w), max(x, z), max(y, w)) for x, y, z, w in boxes
    )
    inner = [max(a, e), max(b, f), min(c, g), min(d, h)]
    return inner if inner[0] < inner[2] and inner[1] < inner[3] else [a, b, c, d]


def _inherited(sheet: pikepdf.Page, name: str, default: int) -> int:
    """The attributes that a page has from the nodes above it."""
    node = sheet.obj.get("/Parent")
    for _ in range(50):
        if node is None:
            break
        if name in node:
            return int(node[name])
        node = node.get("/Parent")
    return default


def bind(pieces: Iterable[bytes], out: BinaryIO) -> None:
    """Write all pages as one PDF."""
    check_packages()
    from ocr_cli.output.book import Book

    with Book() as book:
        for piece in pieces:
            book.add(piece)
        book.save(out)
