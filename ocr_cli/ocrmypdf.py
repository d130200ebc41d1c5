"""A plugin of OCRmyPDF: `ocrmypdf --plugin ocr_cli.ocrmypdf in.pdf out.pdf` reads handwriting."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocrmypdf import OcrEngine, hookimpl
from ocrmypdf.pluginspec import OrientationConfidence

from ocr_cli import __version__, api
from ocr_cli.data.charset import LANGUAGES
from ocr_cli.output import geometry

if TYPE_CHECKING:
    from ocr_cli.page import Row, Word
    from ocr_cli.recognition import Reader

# OCRmyPDF's names of languages and ours; its default, eng, leaves the choice to each page.
ASKED = {known.code3: code for code, known in LANGUAGES.items()} | {"eng": "auto"}
LEVEL = 6.0  # degrees that a row may lean for its words to be written at one height
_BASELINE = re.compile(
    r"(?P<box>bbox (?P<x1>\d+) \d+ (?P<x2>\d+) \d+); baseline (?P<slope>\S+) (?P<offset>[-.\d]+)"
)


class HandwritingEngine(OcrEngine):  # type: ignore[misc]
    """What OCRmyPDF asks of an engine."""

    @staticmethod
    def version() -> str:
        return __version__

    @staticmethod
    def creator_tag(options: Any) -> str:
        return f"ocr {__version__}"

    def __str__(self) -> str:
        return f"ocr {__version__}"

    @staticmethod
    def languages(options: Any) -> set[str]:
        return set(ASKED)

    @staticmethod
    def get_orientation(input_file: Path, options: Any) -> OrientationConfidence:
        """Unknown: pages that lie on their side are read as they are."""
        return OrientationConfidence(angle=0, confidence=0.0)

    @staticmethod
    def get_deskew(input_file: Path, options: Any) -> float:
        return 0.0

    @staticmethod
    def generate_hocr(input_file: Path, output_hocr: Path, output_text: Path, options: Any) -> None:
        page = _page(input_file, options)
        hocr = str(_apart(page).to("hocr"))
        Path(output_hocr).write_text(_levelled(hocr), encoding="utf-8")
        Path(output_text).write_text(str(page.to("text")), encoding="utf-8")

    @staticmethod
    def generate_pdf(input_file: Path, output_pdf: Path, output_text: Path, options: Any) -> None:
        from ocr_cli.output import pdf

        page = _page(input_file, options)
        Path(output_pdf).write_bytes(pdf.text_alone(page))
        Path(output_text).write_text(str(page.to("text")), encoding="utf-8")


def _apart(page: api.Page) -> api.Page:
    """The page with the words of rows that lean much as rows of their own."""
    rows: list[Row] = []
    for row in page.rows:
        leans = row.course is not None and LEVEL < abs(geometry.angle(page, row)) < 45
        rows += [_alone(row, word) for word in row.words] if leans else [row]
    return replace(page, rows=tuple(rows))


def _alone(row: Row, word: Word) -> Row:
    """A row of one word."""
    assert row.course is not None  # noqa: S101 -- it leans
    course = replace(row.course, points=geometry.part(row.course.points, word.box))
    return replace(row, box=word.box, words=(word,), text=word.text, course=course)


def _levelled(hocr: str) -> str:
    """hOCR with level rows.

    Of turned text, poppler takes each letter for a word.
    """

    def level(found: re.Match[str]) -> str:
        x1, x2, slope, offset = (float(found[name]) for name in ("x1", "x2", "slope", "offset"))
        return f"{found['box']}; baseline 0 {offset + slope * (x2 - x1) / 2:.1f}"

    return _BASELINE.sub(level, hocr)


def _page(file: Path, options: Any) -> api.Page:
    asked = list(getattr(options, "languages", None) or ["eng"])
    language = ASKED.get(asked[0], "auto") if len(asked) == 1 else "auto"
    return api.read(file, model=_reader(language))[0]


@lru_cache(maxsize=2)
def _reader(language: str) -> Reader:
    return api.load_reader(language=language)


@hookimpl  # type: ignore[untyped-decorator]
def get_ocr_engine() -> OcrEngine:
    """The engine, for OCRmyPDF to use."""
    return HandwritingEngine()
