"""Plain text: one line a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocr_cli.page import Page


def page_text(page: Page) -> str:
    """The page's rows, each ended by a line break; nothing at all for a page without writing."""
    return page.text + "\n" if page.text else ""
