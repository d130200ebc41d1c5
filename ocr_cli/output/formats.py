"""The formats by name: a new one is one new file and one line here.

A format's module has `page`, which makes a page text or bytes. It may have HEADER, BETWEEN and
FOOTER, which stand before, between and behind pages, or `bind`, which makes pages one file.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from ocr_cli.page import Page

Piece = str | bytes  # what a page becomes


@dataclass(frozen=True)
class OutputFormat:
    """A format of pages; what writing it takes is imported when it is asked for.

    Attributes
    ----------
    module : the dotted name of the module that does it.
    suffixes : how the name of an output ends that is to be in this format.
    kind : which of `guard.KINDS` its files are of.
    is_binary : whether it is nothing for a terminal.
    one_page : whether each page is a file of its own.
    numbered : whether it tells which page of its output a page is.
    alternatives : whether it tells what doubtful words may be instead.
    """

    module: str
    suffixes: tuple[str, ...] = ()
    kind: str = "text"
    is_binary: bool = False
    one_page: bool = False
    numbered: bool = False
    alternatives: bool = False

    def _get(self, name: str, default: Any = None) -> Any:
        return getattr(importlib.import_module(self.module), name, default)

    @property
    def page(self) -> Callable[[Page], Piece]:
        page: Callable[[Page], Piece] = self._get("page")
        return page

    @property
    def header(self) -> str:
        return str(self._get("HEADER", ""))

    @property
    def between(self) -> str:
        return str(self._get("BETWEEN", ""))

    @property
    def footer(self) -> str:
        return str(self._get("FOOTER", ""))

    @property
    def bind(self) -> Callable[[Iterable[Any], BinaryIO], None] | None:
        bind: Callable[[Iterable[Any], BinaryIO], None] | None = self._get("bind")
        return bind

    @property
    def check(self) -> Callable[[], None]:
        """What raises MissingExtraError where a package that it takes is not installed."""
        check: Callable[[], None] = self._get("check_packages", lambda: None)
        return check


def _ours(name: str, *suffixes: str, **more: Any) -> OutputFormat:
    return OutputFormat(f"ocr_cli.output.{name}", suffixes, **more)


READ = {
    "text": _ours("text", ".txt"),
    "layout": _ours("layout", ".layout.txt"),
    "jsonl": _ours("jsonl", ".jsonl", ".json", alternatives=True),
    "tsv": _ours("tsv", ".tsv", numbered=True),
    "words": _ours("words", ".words.tsv"),
    "hocr": _ours("hocr", ".hocr", ".html", ".htm", numbered=True),
    "alto": _ours("alto", ".alto.xml", ".alto", one_page=True),
    "page": _ours("pagexml", ".xml", ".page.xml", ".page", one_page=True, alternatives=True),
    "pdf": _ours("pdf", ".pdf", kind="PDF", is_binary=True),
}
EXTRACT = {"tsv": _ours("letters"), "json": _ours("boxes")}


def of_name(path: Path) -> str | None:
    """The name of the format of READ that a file's name asks for; None where it asks for none."""
    asked = [
        (len(suffix), name)
        for name, known in READ.items()
        for suffix in known.suffixes
        if path.name.lower().endswith(suffix)
    ]
    return max(asked)[1] if asked else None


def write(pieces: Iterable[Piece], form: OutputFormat, out: BinaryIO) -> int:
    """Write what pages became, as they come; how many there were.

    A page without writing may give nothing. Where there are no pages, nothing is bound.
    """
    count = 0

    def counted() -> Iterable[Piece]:
        nonlocal count
        for piece in pieces:
            count += 1
            if piece:
                yield piece

    if form.bind is not None:
        form.bind(counted(), out)
        return count
    out.write(form.header.encode())
    between = b""
    for piece in counted():
        out.write(between + as_bytes(piece))
        out.flush()  # whoever reads the pipe can start on it
        between = form.between.encode()
    out.write(form.footer.encode())
    return count


def as_bytes(piece: Piece) -> bytes:
    """The piece as it is written; names that are no UTF-8 go out as they came in."""
    return piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogateescape")
