"""Words of rows with a letter in each cell: forms' combs, crosswords."""

from __future__ import annotations

from collections.abc import Sequence

from ocr_cli.page import Glyph, Row
from ocr_cli.recognition.letters import row_of_words


def joined_in_cells(row: Row, cells: Sequence[tuple[float, float]]) -> Row:
    """A row in cells with the letters of neighbouring cells as words, one letter a cell.

    An empty cell parts words.
    """
    if not cells or not row.words:
        return row
    best: dict[int, Glyph] = {}
    for word in row.words:
        for glyph in word.glyphs:
            middle = (glyph.box.x1 + glyph.box.x2) / 2
            k = min(range(len(cells)), key=lambda i: abs(sum(cells[i]) / 2 - middle))
            if k not in best or glyph.confidence > best[k].confidence:
                best[k] = glyph
    runs: list[list[Glyph]] = []
    last = None
    for k in sorted(best):
        if last is None or k > last + 1:
            runs.append([])
        runs[-1].append(best[k])
        last = k
    return row_of_words(row, runs)
