"""Pages of numbers, amounts and codes: the language does not vote against what is seen there."""

from __future__ import annotations

from collections.abc import Sequence

from ocr_cli.page import Row
from ocr_cli.recognition import calibration as confidence
from ocr_cli.recognition import figures, moves
from ocr_cli.recognition.calibration import calibrated
from ocr_cli.recognition.lines import RowEmissions, with_text


def with_figures(
    rows: Sequence[Row], seen: Sequence[RowEmissions], classes: tuple[str, ...]
) -> tuple[Row, ...]:
    """The rows, with figures where a page's other words make figures of letters likelier."""
    texts = [row.text for row in rows]
    many = figures.are_many(texts)
    rows = tuple(
        figures.settled(row, one.scores, classes, many) for row, one in zip(rows, seen, strict=True)
    )
    texts = [row.text for row in rows]
    if moves.are_moves(texts):
        wanted = [
            moves.as_moves(row.text, one.scores, classes)
            for row, one in zip(rows, seen, strict=True)
        ]
    elif many:
        a_sum = figures.is_sum(texts)
        wanted = [
            figures.likelier(row.text, one.scores, classes, a_sum)
            for row, one in zip(rows, seen, strict=True)
        ]
    else:
        return rows
    return tuple(
        row if text == row.text else _with_text(one, text, classes)
        for row, one, text in zip(rows, seen, wanted, strict=True)
    )


def _with_text(one: RowEmissions, text: str, classes: tuple[str, ...]) -> Row:
    kind = confidence.MIXED if one.mixed else confidence.LINES
    return calibrated(with_text(one, text, classes), kind)
