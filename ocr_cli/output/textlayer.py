"""The invisible text of a PDF page: each word where it is written, however its row leans."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.output import geometry
from ocr_cli.output.geometry import DOWN, UP
from ocr_cli.output.markup import clean

if TYPE_CHECKING:
    import pikepdf

    from ocr_cli.page import Page, Row

Matrix = NDArray[np.float64]

FONT = "/GlyphLessFont"
SOURCE, FRAME = "/OcrSource", "/OcrFrame"  # of a page that is to be taken from a file
DRIFT = 0.4  # of its height that a row may rise or fall and still be written level
WIDE = 0.5  # of a letter's height is its width, in the font that the layer is written with
_CMAP = b"""\
/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
1 beginbfrange
<0000> <FFFF> <0000>
endbfrange
endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


def add(pdf: pikepdf.Pdf, sheet: pikepdf.Page, page: Page, to_sheet: Matrix) -> None:
    """Add the words of a page to a page of a PDF, on top of what is there.

    to_sheet : (3, 3), takes (x, y, 1) in the file's pixels to the PDF page's own units.
    """
    import pikepdf

    layer = pikepdf.Stream(pdf, content(page, to_sheet))
    layer.Type, layer.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
    layer.BBox = sheet.mediabox
    layer.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary({FONT: _font(pdf)}))
    attach(pdf, sheet, layer)


def attach(pdf: pikepdf.Pdf, sheet: pikepdf.Page, layer: pikepdf.Object) -> None:
    """Draw a layer behind all else that the page draws, whatever state that leaves."""
    import pikepdf

    taken: Any = sheet.resources.get("/XObject", {}) if "/Resources" in sheet.obj else {}
    number = next(n for n in itertools.count(1) if f"/OcrText{n}" not in taken)
    own = pikepdf.Name(f"/OcrText{number}")
    name = sheet.add_resource(layer, pikepdf.Name.XObject, own)
    sheet.contents_add(b"q", prepend=True)
    sheet.contents_add(f"Q q {name} Do Q".encode())


def content(page: Page, to_sheet: Matrix) -> bytes:
    """The operators that write a page's words, invisible, in reading order."""
    written = [line for row in page.rows for line in _row(page, row, to_sheet)]
    if not written:
        return b""
    language = f"<< /Lang ({page.language}) >>" if page.language else "<< >>"
    return "\n".join([f"/Span {language} BDC", "BT 3 Tr", *written, "ET EMC"]).encode()


def _row(page: Page, row: Row, to_sheet: Matrix) -> list[str]:
    """The operators for a row's words, and for the spaces between them."""
    moved = to_sheet @ page.to_file
    size = (UP + DOWN) * row.x_height * float(np.sqrt(abs(np.linalg.det(moved[:2, :2]))))
    line = geometry.baseline(row)
    places = [geometry.part(line, word.box)[[0, -1]] for word in row.words]
    if not places:
        return []
    step = places[-1][1] - places[0][0]
    up = moved[:2, :2] @ np.array([step[1], -step[0]])  # as the page has it: it may be mirrored
    ends = _levelled(np.stack(places) @ moved[:2, :2].T + moved[:2, 2], size)
    written, before = [f"{FONT} {size:.2f} Tf"], None
    for word, here in zip(row.words, ends, strict=True):
        if before is not None:
            written.append(_placed(" ", np.stack([before, here[0]]), up, size))
        written.append(_placed(clean(word.text), here, up, size))
        before = here[1]
    return written


def _levelled(ends: Matrix, size: float) -> Matrix:
    """(W, 2, 2) both ends of each word of a row, along whichever axis of the sheet is nearer.

    poppler takes letters for words of their own whose feet are more than half a point apart, and
    words of a row for rows of their own that stand at too different heights.
    """
    run = np.abs(ends[-1, 1] - ends[0, 0])
    across = int(run[0] > run[1])
    level = ends.copy()
    level[:, :, across] = ends[:, :, across].mean(1, keepdims=True)
    if np.ptp(level[:, 0, across]) < DRIFT * size:
        level[:, :, across] = ends[:, :, across].mean()
    return level


def _placed(text: str, ends: Matrix, up: Matrix, size: float) -> str:
    """The operators that write a text from one point to another, upright as `up` is."""
    if not text:
        return ""
    (x, y), there = ends
    along = there - np.array([x, y])
    length = max(float(np.hypot(*along)), 0.01)
    right = along / length
    side = 1 if right[0] * up[1] - right[1] * up[0] >= 0 else -1
    codes = text.encode("utf-16-be")
    stretch = 100 * length / (WIDE * size * len(codes) / 2)
    turned = " ".join(f"{v:.4f}" for v in (*right, -side * right[1], side * right[0]))
    return f"{stretch:.2f} Tz {turned} {x:.2f} {y:.2f} Tm <{codes.hex()}> Tj"


@cache
def _font_file() -> bytes:
    return Path(__file__).with_name("glyphless.ttf").read_bytes()


def _font(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """A font of which every character is there, and none is seen."""
    import pikepdf

    above = round(1000 * UP / (UP + DOWN))
    descriptor = pikepdf.Dictionary(
        Type=pikepdf.Name.FontDescriptor,
        FontName=pikepdf.Name(FONT),
        FontFile2=pdf.make_stream(_font_file(), Length1=len(_font_file())),
        FontBBox=[0, above - 1000, int(1000 * WIDE), above],
        Ascent=above,
        Descent=above - 1000,
        CapHeight=above,
        Flags=5,
        ItalicAngle=0,
        StemV=80,
    )
    inner: dict[str, Any] = {
        "CIDSystemInfo": pikepdf.Dictionary(
            Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0
        ),
        "CIDToGIDMap": pdf.make_stream(b"\x00\x01" * 65536),
        "FontDescriptor": pdf.make_indirect(descriptor),
    }
    descendant = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.CIDFontType2,
        BaseFont=pikepdf.Name(FONT),
        DW=int(1000 * WIDE),
        **inner,
    )
    return pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type0,
            BaseFont=pikepdf.Name(FONT),
            Encoding=pikepdf.Name("/Identity-H"),
            DescendantFonts=[pdf.make_indirect(descendant)],
            ToUnicode=pdf.make_stream(_CMAP),
        )
    )
