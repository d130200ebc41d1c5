"""Corrected pages as a file to keep, in any format of `ocr read`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from ocr_cli.input import Picture
from ocr_cli.output import formats
from ocr_cli.output.formats import OutputFormat
from ocr_cli.page import Page
from ocr_cli.review.document import Document
from ocr_cli.review.pages import page_of


def export(kept: Sequence[tuple[Document, Picture]], form: OutputFormat) -> tuple[str, bytes]:
    """A name and what the file holds; a ZIP of files where several pages need one each."""
    numbered = (
        page_of(document, replace(picture, number=number))
        for number, (document, picture) in enumerate(kept, 1)
    )
    name, written = f"corrected{form.suffixes[0]}", BytesIO()
    if form.one_page and len(kept) > 1:
        _pack(numbered, form, written)
        return f"{name}.zip", written.getvalue()
    formats.write(map(form.page, numbered), form, written)
    return name, written.getvalue()


def _pack(found: Iterable[Page], form: OutputFormat, out: BytesIO) -> None:
    """A file for each page, named as `ocr read -o` names them."""
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for page in found:
            name = f"corrected-{page.number:03}{form.suffixes[0]}"
            archive.writestr(name, formats.as_bytes(form.page(page)))
