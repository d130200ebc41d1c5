"""Plain text that looks like the page: indents, columns of spaces, and empty lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ocr_cli.errors import shown
from ocr_cli.output.geometry import baseline

if TYPE_CHECKING:
    from ocr_cli.page import Page, Row, Word

BETWEEN = "\n"
LEVEL = 0.6  # x-heights by which two pieces of one line may be apart
MOST_EMPTY = 3  # lines in a row
MOST_SPACES = 200  # in a row: a line is for people to look at


@dataclass
class _Line:
    """Rows side by side: how high they stand, and their words."""

    y: float
    words: list[Word] = field(default_factory=list)


def page(page: Page) -> str:
    """The page's words where they stand on it, rows side by side in one line."""
    words = [word for word in page.words if word.text]
    if not words:
        return ""
    usual = float(np.median([word.box.width / len(word.text) for word in words]))
    left = min(word.box.x1 for word in words)
    lines = _lines(page.rows)
    gaps = np.diff([line.y for line in lines])
    pitch = float(np.median(gaps)) if len(gaps) else 1.0
    text = [_written(lines[0], left, usual)]
    for gap, line in zip(gaps, lines[1:], strict=True):
        empty = round(float(gap) / max(pitch, 1.0)) - 1
        text += [""] * min(MOST_EMPTY, max(0, empty))
        text.append(_written(line, left, usual))
    return "".join(f"{shown(line)}\n" for line in text)


def _lines(rows: tuple[Row, ...]) -> list[_Line]:
    """The rows from top to bottom, those side by side as one."""
    lines: list[_Line] = []
    for y, row in sorted(((_height(row), row) for row in rows if row.words), key=lambda p: p[0]):
        last = lines[-1] if lines else None
        if last is None or y - last.y > LEVEL * row.x_height or _overlap(last, row):
            lines.append(last := _Line(y))
        last.words += row.words
    for line in lines:
        line.words.sort(key=lambda word: word.box.x1)
    return lines


def _height(row: Row) -> float:
    return float(baseline(row)[:, 1].mean())


def _overlap(line: _Line, row: Row) -> bool:
    left, right = row.words[0].box.x1, row.words[-1].box.x2
    return any(word.box.x1 < right and word.box.x2 > left for word in line.words)


def _written(line: _Line, left: int, usual: float) -> str:
    text = ""
    for word in line.words:
        spaces = round((word.box.x1 - left) / max(usual, 1.0)) - len(text)
        text += " " * min(MOST_SPACES, max(spaces, int(bool(text)))) + word.text
    return text
