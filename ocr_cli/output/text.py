"""Plain text: one line a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocr_cli.errors import shown

if TYPE_CHECKING:
    from ocr_cli.page import Page

BETWEEN = "\n"


def page(page: Page) -> str:
    """The page's rows, each ended by a line break; nothing at all for a page without writing.

    Nothing in them can steer a terminal, whatever a model takes for a character.
    """
    return "".join(f"{shown(row)}\n" for row in page.text.split("\n")) if page.text else ""
