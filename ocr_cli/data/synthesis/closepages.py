"""Layouts of pages whose rows are hard to tell apart: close capitals, sums, short entries."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.synthesis.sheets import BoxOf, SheetWriter
from ocr_cli.page import Course

Array = NDArray[Any]
_CAPITAL = 20.0  # pixels of the stock that a capital or a figure is high
_ENTRIES = (
    "{n}. {a}{n} {b}{n}",
    "$ {n}{n},{n}{n}{n}",
    "{n}{n}:{n}{n}",
    "{n}{n} {a}{b}",
    "{n}.{n} {A}",
)


def close_rows(writer: SheetWriter, box: BoxOf) -> None:
    """Rows of capitals that stand hardly further apart than they are high."""
    rng = writer.rng
    x1, y1, x2, y2 = box
    height = min((y2 - y1) / rng.uniform(6, 45), (x2 - x1) / 16)
    pitch = height * rng.uniform(1.0, 1.5)
    left, right = x1 + rng.uniform(0.5, 4) * height, x2 - rng.uniform(0.5, 4) * height
    y, last = y1 + rng.uniform(0.7, 2) * height, y2 - 0.7 * height
    if rng.random() < 0.5:
        last = min(last, y + rng.integers(2, 6) * pitch)
    while y < last:
        end = right if rng.random() < 0.6 else rng.uniform(left + 5 * height, right)
        _put_words(writer, left + rng.normal(0, 0.2) * height, y, end, height)
        y += pitch * rng.uniform(0.97, 1.08)


def _put_words(
    writer: SheetWriter, x: float, y: float, right: float, height: float
) -> Course | None:
    """Words in capitals from x on, as one row."""
    rng, stock = writer.rng, writer.source.stock
    words = np.flatnonzero((stock.kind == 0) & np.char.isupper(stock.ink.labels.astype(str)))
    hand = rng.choice(words) if len(words) else 0
    own = words[stock.ink.writer[words] == stock.ink.writer[hand]]
    words = own if len(own) > 5 else words
    strokes: list[Array] = []
    end, gap = 0.0, height * rng.uniform(0.4, 1.2)
    for item in rng.choice(words, 12) if len(words) else ():
        word = [np.asarray(s, np.float64) for s in stock.ink.strokes(int(item))]
        tall = float(np.ptp(np.concatenate(word)[:, 1]))
        scale = height / max(tall, 8.0)
        wide = float(stock.width[item]) * scale
        if x + end + wide > right:
            break
        strokes += [s * scale + [end, 0.0] for s in word]
        end += wide + gap
    return writer.put(strokes, x, y, height)


def sums(writer: SheetWriter, box: BoxOf) -> None:
    """Sums in columns: figures that end at one edge, a sign before some, rules between."""
    rng = writer.rng
    x1, y1, x2, y2 = box
    blocks = int(rng.integers(1, 4))
    for k in range(blocks):
        wide = (x2 - x1) / blocks
        height = min(wide / rng.uniform(6, 14), (y2 - y1) / 8)
        right = x1 + (k + 1) * wide - rng.uniform(0.5, 1.5) * height
        y = y1 + rng.uniform(1, 3) * height
        for _ in range(int(rng.integers(3, 9))):
            text = "".join(str(d) for d in rng.integers(0, 10, int(rng.integers(1, 6))))
            if rng.random() < 0.4:
                text = rng.choice(["x", "+", "-"]) + " " * int(rng.integers(0, 3)) + text
            strokes, length = spelled(writer, text, height)
            writer.put(strokes, right - length - (height if rng.random() < 0.2 else 0), y, height)
            y += height * rng.uniform(1.3, 2.4)
            if rng.random() < 0.3:
                rule = np.array([[right - 5 * height, y - 0.8 * height], [right, y - 0.8 * height]])
                writer.draw([rule], 0.7 * height)
            if y > y2 - height:
                break


def short_entries(writer: SheetWriter, box: BoxOf) -> None:
    """A few short rows of figures and letters, with wide gaps: moves, prices, times, distances."""
    rng = writer.rng
    x1, y1, x2, y2 = box
    count = int(rng.integers(2, 12))
    height = min((y2 - y1) / count / rng.uniform(1.6, 3), (x2 - x1) / 12)
    for k in range(count):
        text = str(rng.choice(_ENTRIES))
        while "{" in text:
            n, a, b = rng.integers(0, 10), *(chr(97 + int(c)) for c in rng.integers(0, 26, 2))
            for name, value in (("{n}", str(n)), ("{a}", a), ("{b}", b), ("{A}", a.upper())):
                text = text.replace(name, value, 1)
        strokes, _ = spelled(writer, text, height)
        writer.put(strokes, x1 + 1.5 * height, y1 + (k + 0.7) * (y2 - y1) / count, height)


def spelled(writer: SheetWriter, text: str, height: float) -> tuple[list[Array], float]:
    """A text of single characters of one hand, and its length; its middle is at y = 0."""
    rng, stock = writer.rng, writer.source.stock
    at = np.flatnonzero(stock.kind == 2)
    labels, hands = stock.ink.labels[at], stock.ink.writer[at]
    hand = rng.choice(hands)
    scale, space = height / _CAPITAL, rng.uniform(0.2, 0.45) * height
    strokes: list[Array] = []
    end = 0.0
    for character in text:
        there = at[labels == character]
        if not len(there):
            end += rng.uniform(0.5, 1.2) * height
            continue
        own = there[stock.ink.writer[there] == hand]
        item = int(rng.choice(own if len(own) else there))
        mine = [np.asarray(s, np.float64) * scale for s in stock.ink.strokes(item)]
        low, high = (f(np.concatenate(mine)[:, 0]) for f in (np.min, np.max))
        strokes += [s + np.array([end - low, height / 2]) for s in mine]
        end += float(high - low) + space
    return strokes, end
