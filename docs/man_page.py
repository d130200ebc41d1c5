"""Writes ocr.1, the manual page, from the commands' own --help."""

import re
from pathlib import Path

import click
from commands import contexts

from ocr_cli import __version__

FILE = Path(__file__).with_name("ocr.1")
WIDTH = 78


def man_page() -> str:
    """The whole of ocr.1."""
    head = [
        f'.TH OCR 1 "" "ocr {__version__}" "User Commands"',
        ".SH NAME",
        r"ocr \- read handwriting from photos and scans",
    ]
    sections = (line for context in contexts(WIDTH) for line in _section(context))
    return "\n".join([*head, *sections]) + "\n"


def _section(context: click.Context) -> tuple[str, ...]:
    return f'.SH "{context.command_path}"', ".nf", _plain(context.get_help()), ".fi"


def _plain(text: str) -> str:
    """The text as roff shows it: nothing in it is a request."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"(?m)^(?=[.'])", r"\\&", text)


if __name__ == "__main__":
    FILE.write_text(man_page(), encoding="utf-8")
