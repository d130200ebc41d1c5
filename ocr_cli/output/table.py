"""Tables: tab-separated, where a cell never breaks its line, and aligned for reading."""

from __future__ import annotations

from collections.abc import Container, Sequence

from ocr_cli.errors import shown

ESCAPES = str.maketrans({"\\": r"\\"})


def line(*cells: object) -> str:
    r"""One line of cells, in which tab, line break and backslash stand as \t, \n, \r and \\.

    Other control characters, which could steer a terminal, stand as \x1b.
    """
    return "\t".join(shown(str(cell).translate(ESCAPES)) for cell in cells) + "\n"


def aligned(rows: Sequence[Sequence[str]], right: Container[int]) -> list[str]:
    """Lines of cells in columns two spaces apart; the columns `right`, of numbers, end together.

    >>> aligned([("name", "size"), ("a", "12")], right={1})
    ['name  size', 'a       12']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            f"{cell:>{width}}" if i in right else f"{cell:<{width}}"
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
