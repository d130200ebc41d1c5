"""Pages of PDF, one by one, to one file, in little memory."""

from __future__ import annotations

import io
import tempfile
from collections import Counter
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Self

from ocr_cli import __version__
from ocr_cli.output import textlayer
from ocr_cli.output.textlayer import FRAME, SOURCE

if TYPE_CHECKING:
    import pikepdf

VERSION = "1.7"
TOGETHER = 50  # pages that are held in memory


class Book:
    """A PDF in the making; a context, which holds the files that its pages are from.

    Where all pages are those of one PDF, that file is the book, with all that it has beside
    pages: its outline, its links, its attachments.
    """

    def __init__(self) -> None:
        self._closing = ExitStack()
        self._sources: dict[str, pikepdf.Pdf] = {}
        self._pieces: list[pikepdf.Pdf] = []
        self._chunks: list[pikepdf.Pdf] = []
        self._places: list[tuple[str, int] | None] = []  # of each page: of which file which
        self._languages: Counter[str] = Counter()
        self._titles: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._closing.close()

    def add(self, piece: bytes) -> None:
        """A page more, as `pdf.page` made it."""
        pdf = self._opened(io.BytesIO(piece))
        self._pieces.append(pdf)
        sheet = pdf.pages[0].obj
        source = bytes(sheet[SOURCE]).decode("utf-8", "surrogateescape") if SOURCE in sheet else ""
        self._places.append((source, int(sheet[FRAME])) if source else None)
        self._titles.add(str(pdf.docinfo.get("/Title", "")))
        if "/Lang" in pdf.Root:
            self._languages[str(pdf.Root.Lang)] += 1
        if len(self._pieces) >= TOGETHER:
            self._spool()

    def save(self, out: BinaryIO) -> None:
        """Write the book; nothing where it has no pages."""
        if not self._places:
            return
        self._spool()
        pdf = self._whole() or self._bound()
        self._describe(pdf)
        file: IO[bytes] = out if out.seekable() else self._closing.enter_context(_temporary())
        pdf.save(file, deterministic_id=True, min_version=VERSION)
        if file is not out:
            file.seek(0)
            while data := file.read(1 << 20):
                out.write(data)

    def _opened(self, file: Any) -> pikepdf.Pdf:
        import pikepdf

        return self._closing.enter_context(pikepdf.open(file))

    def _spool(self) -> None:
        """The pages in memory go to the disk."""
        import pikepdf

        if not self._pieces:
            return
        with pikepdf.new() as chunk:
            for piece in self._pieces:
                chunk.pages.extend(piece.pages)
            file = self._closing.enter_context(_temporary())
            chunk.save(file, deterministic_id=True)
        for piece in self._pieces:
            piece.close()
        self._pieces.clear()
        self._chunks.append(self._opened(file))

    def _pages(self) -> list[pikepdf.Page]:
        return [sheet for chunk in self._chunks for sheet in chunk.pages]

    def _source(self, name: str) -> pikepdf.Pdf:
        if name not in self._sources:
            self._sources[name] = self._opened(name)
        return self._sources[name]

    def _whole(self) -> pikepdf.Pdf | None:
        """The file of which these are all the pages, text added; None where there is none."""
        if self._places[0] is None:
            return None
        name = self._places[0][0]
        pdf = self._source(name)
        if self._places != [(name, i) for i in range(len(pdf.pages))]:
            return None
        for sheet, layer in zip(pdf.pages, self._pages(), strict=True):
            _add_layer(pdf, sheet, layer)
        return pdf

    def _bound(self) -> pikepdf.Pdf:
        """A new file of all the pages."""
        import pikepdf

        pdf = self._closing.enter_context(pikepdf.new())
        for sheet, place in zip(self._pages(), self._places, strict=True):
            if place is None:
                pdf.pages.append(sheet)
                continue
            name, index = place
            pdf.pages.append(self._source(name).pages[index])
            _add_layer(pdf, pdf.pages[-1], sheet)
        return pdf

    def _describe(self, pdf: pikepdf.Pdf) -> None:
        """Say what wrote it, and in which language most of it is, unless that is said."""
        pdf.docinfo["/Producer"] = f"ocr {__version__}"
        if self._languages and "/Lang" not in pdf.Root:
            pdf.Root.Lang = self._languages.most_common(1)[0][0]
        (title,) = self._titles if len(self._titles) == 1 else ("",)
        if title and "/Title" not in pdf.docinfo:
            pdf.docinfo["/Title"] = title
        with pdf.open_metadata(set_pikepdf_as_editor=False) as about:
            about.load_from_docinfo(pdf.docinfo)
            if self._languages:
                about["dc:language"] = sorted(self._languages)


def _add_layer(pdf: pikepdf.Pdf, sheet: pikepdf.Page, layer: pikepdf.Page) -> None:
    """Add the text of a page that holds nothing else."""
    for form in layer.resources.get("/XObject", {}).values():
        textlayer.attach(pdf, sheet, pdf.copy_foreign(form))


def _temporary() -> Any:
    return tempfile.TemporaryFile(prefix="ocr-")
