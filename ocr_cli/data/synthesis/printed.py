"""Print on drawn pages: letter heads, typescripts, exercise sheets, in typefaces of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.synthesis.sheets import BoxOf, SheetWriter

Array = NDArray[Any]


def letter_head(writer: SheetWriter, box: BoxOf) -> float:
    """A head of names and offices in several sizes; returns where the letter may begin."""
    rng = writer.rng
    x1, y1, x2, y2 = box
    width = x2 - x1
    large, small = width / rng.uniform(38, 90), width / rng.uniform(90, 260)
    top = foot = y1 + rng.uniform(0.02, 0.07) * (y2 - y1)
    beside = rng.random() < 0.5
    if beside:
        for left in (x1 + 0.03 * width, x1 + 0.8 * width):
            foot = max(foot, _list(writer, left, top, 0.17 * width, small))
    room = (0.5 if beside else 0.85) * width
    face = writer.face()
    y = top
    for _ in range(int(rng.integers(1, 5))):
        size = large * float(np.exp(rng.normal(-0.3, 0.4)))
        face = face if rng.random() < 0.6 else writer.face()
        text = fitting(writer.text(int(rng.integers(5, 40))), room / size)
        wide = writer.width_of(text, size, face)
        y += 1.2 * size
        writer.printed((x1 + x2 - wide) / 2, y, text, size, face)
        y += rng.uniform(1.3, 2.5) * size
    if rng.random() < 0.6:
        y = max(y, foot) + 3 * small
        start = x1 + rng.uniform(0.05, 0.6) * width
        course = writer.printed(start, y, fitting(writer.text(16).upper(), 24), small * 1.3)
        end = start if course is None else float(course.points[-1, 0])
        writer.row(end + 0.03 * width, y, x2 - end - 0.06 * width, width / 70)
        y += 3 * small
    return max(y, foot) + 2 * small


def _list(writer: SheetWriter, left: float, y: float, room: float, size: float) -> float:
    """Names of officers, one below the other; returns where they end."""
    rng, face = writer.rng, writer.face()
    pitch = size * rng.uniform(2.2, 3.2)
    capitals = rng.random() < 0.7
    for _ in range(int(rng.integers(2, 15))):
        text = fitting(writer.text(int(rng.integers(6, 24))), room / size)
        text = text.upper() if capitals else text
        wide = writer.width_of(text, size, face)
        writer.printed(left + rng.choice([0.0, 0.5]) * max(0, room - wide), y, text, size, face)
        y += pitch
    return y


def typescript(writer: SheetWriter, box: BoxOf) -> None:
    """Rows from a typewriter, a signature below them, some words put in by hand."""
    rng = writer.rng
    x1, y1, x2, y2 = box
    face = writer.face(typewriter=rng.random() < 0.85)
    letters = rng.uniform(35, 85)
    margin = rng.uniform(0.04, 0.15) * (x2 - x1)
    size = max(3.5, (x2 - x1 - 2 * margin) / letters / 1.2)
    pitch = size * rng.uniform(2.4, 5.5)
    y = y1 + rng.uniform(0.03, 0.2) * (y2 - y1)
    last = y2 - rng.uniform(2, 8) * pitch
    while y < last:
        indent = 0 if rng.random() < 0.8 else rng.uniform(3, 30)
        text = writer.text(int(letters))[: int(letters - indent)]
        text = text if rng.random() < 0.8 else text[: int(rng.integers(3, 30))]
        writer.printed(x1 + margin + 1.2 * size * indent, y, text, size, face)
        if rng.random() < 0.05:
            writer.row(x1 + margin, y + pitch / 2, (x2 - x1) / 3, 0.8 * size)
            y += 0.3 * pitch
        y += pitch * (1 if rng.random() < 0.9 else 1.7)
    if y < y2 - 4 * size:
        start = x1 + rng.uniform(0.2, 0.6) * (x2 - x1)
        writer.row(start, (y + y2) / 2, 0.35 * (x2 - x1), 1.8 * size)


def exercises(writer: SheetWriter, box: BoxOf) -> None:
    """Printed questions, and answers written below them."""
    rng = writer.rng
    x1, y1, x2, y2 = box
    face = writer.face()
    size = (x2 - x1) / rng.uniform(55, 170)
    answer = size * rng.uniform(1.0, 2.6)
    left, right = x1 + 3 * size, x2 - 3 * size
    y = y1 + rng.uniform(2, 8) * size
    while y < y2 - 4 * size:
        for text in _wrapped(writer, int(rng.integers(0, 4)), (right - left) / size):
            writer.printed(left, y, text, size, face)
            y += rng.uniform(2.4, 3.0) * size
        y += 0.8 * answer
        for _ in range(int(rng.integers(0, 6))):
            if y < y2 - 2 * answer:
                wide = (right - left) * (1 if rng.random() < 0.7 else rng.uniform(0.1, 1))
                writer.row(left, y, wide, answer)
                y += rng.uniform(2.2, 4) * answer
        y += rng.uniform(0, 3) * size


def _wrapped(writer: SheetWriter, rows: int, letters: float) -> Iterator[str]:
    for k in range(rows):
        text = fitting(writer.text(int(letters)), letters)
        yield text if k < rows - 1 else text[: max(3, int(writer.rng.uniform(0.1, 1) * len(text)))]


def fitting(text: str, sizes: float) -> str:
    """Cut a text to the words that fit into so many heights of its small letters, about."""
    most = max(3, int(sizes / 1.25))
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0]
