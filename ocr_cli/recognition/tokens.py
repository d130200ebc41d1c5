"""Pages of numbers, amounts and moves: the language does not vote against what is seen there."""

from __future__ import annotations

from collections.abc import Sequence

from ocr_cli.page import Row
from ocr_cli.recognition import figures, moves
from ocr_cli.recognition.calibration import calibrated, of_lines
from ocr_cli.recognition.lines import RowEmissions, with_text


def with_figures(
    rows: Sequence[Row], seen: Sequence[RowEmissions], classes: tuple[str, ...]
) -> tuple[Row, ...]:
    """The rows, with figures where a page's other words make figures likelier than letters.

    seen : of each row, what the line network saw, whose characters are `classes`.
    """
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
    return calibrated(with_text(one, text, classes), of_lines(one.mixed))
