"""Pages and the text that is written on them: what a hand is learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ocr_cli import input as images
from ocr_cli import layout
from ocr_cli.data.formats.transcripts import text_in, transcript_path
from ocr_cli.errors import InputError
from ocr_cli.page import Page


@dataclass(frozen=True)
class Copy:
    """An analysed page and what is written on it, a line of text a row.

    aligned : the lines are the page's rows, one for one; else it is found out which are which.
    """

    page: Page
    text: str
    aligned: bool = False

    @property
    def lines(self) -> list[str]:
        """The lines that say something, their words parted by single spaces."""
        return [" ".join(line.split()) for line in self.text.splitlines() if line.strip()]


@dataclass(frozen=True)
class Lost:
    """The words of a line that were not found on its page; none given means all of it."""

    source: str
    line: str
    words: tuple[str, ...] = ()


def files_named(argument: str) -> tuple[str, str]:
    """The picture and the text file that PICTURE=TEXT names."""
    picture, sign, text = argument.rpartition("=")
    if not sign or Path(argument).exists():
        return argument, str(transcript_path(argument))
    return picture, text


def open_copy(argument: str) -> Copy:
    """The copy that PICTURE=TEXT names, the page analysed; TEXT is NAME.txt if left out.

    InputError where one of them cannot be read, or the picture has several pages.
    """
    picture, text = files_named(argument)
    try:
        written = text_in(Path(text))
    except FileNotFoundError as failure:
        advice = f"write what is on {picture} to it, a line for a line"
        raise InputError("no such file", advice, text) from failure
    pages = list(images.load_pages(picture, picture))
    if len(pages) != 1:
        raise InputError("has more than one page", "give each page and its text apart", picture)
    if pages[0].fault:
        raise InputError("the picture is damaged or cut short", "get a fresh copy of it", picture)
    return Copy(layout.analyse(pages[0]), written)
