"""Tables of tab-separated values: a cell never breaks its line."""

from __future__ import annotations

from ocr_cli.errors import shown

ESCAPES = str.maketrans({"\\": r"\\"})


def line(*cells: object) -> str:
    r"""One line of cells, in which tab, line break and backslash stand as \t, \n, \r and \\.

    Other control characters, which could steer a terminal, stand as \x1b.
    """
    return "\t".join(shown(str(cell).translate(ESCAPES)) for cell in cells) + "\n"
