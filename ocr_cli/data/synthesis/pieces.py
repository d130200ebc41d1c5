"""Texts as pieces: items of a stock, each at a place and at a size, and how they are drawn.

A word is one piece; a joined line is several words of one writer, or many of their single
characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import ASCII
from ocr_cli.data.synthesis.dice import shaped
from ocr_cli.data.synthesis.stock import ItemKind, Stock

ANYBODY = -1  # in place of a writer
FEWEST_CAPITALS = 4  # words of capitals, from which on a writer's lines may be of these alone

Array = NDArray[Any]
Piece = tuple[int, float, float, float]  # an item's number, x, y and size


@dataclass(frozen=True)
class Mix:
    """Shares of what is drawn: single words, real lines, joined words, joined characters."""

    words: float = 0.5
    lines: float = 0.2
    joined_words: float = 0.16
    joined_characters: float = 0.14


@dataclass(frozen=True)
class TextPieces:
    """B texts as P pieces: item, place and size of each, in pixels of the strip.

    out : (P,) which text; item : (P,) in the archive; x, y, size : (P,) where and how large.
    labels : B texts. width : (B,) of each one's ink.
    """

    out: Array
    item: Array
    x: Array
    y: Array
    size: Array
    labels: list[str]
    width: Array


@dataclass(frozen=True)
class LineSource:
    """Draws texts as pieces; writers by the square root of how much they wrote."""

    stock: Stock
    _by_writer: dict[tuple[ItemKind, int, str], Array] = field(repr=False)
    _weights: dict[ItemKind, tuple[Array, Array]] = field(repr=False)
    _texts: list[str] = field(repr=False)

    def draw(self, count: int, mix: Mix, rng: np.random.Generator) -> TextPieces:
        """`count` texts; each writer's share grows with the square root of the items' number."""
        shares = np.array([mix.words, mix.lines, mix.joined_words, mix.joined_characters])
        numbers = rng.multinomial(count, shares / shares.sum())
        found: list[tuple[str, list[Piece]]] = []
        for kind in (ItemKind.WORD, ItemKind.LINE):
            items, weight = self._weights[kind]
            drawn = rng.choice(items, numbers[kind], p=weight)
            found += [(str(self.stock.ink.labels[i]), [(int(i), 0.0, 0.0, 1.0)]) for i in drawn]
        found += [self._joined_words(rng) for _ in range(numbers[2])]
        found += [self._joined_characters(rng) for _ in range(numbers[3])]
        return self._as_pieces(found)

    def every(self, kind: ItemKind) -> TextPieces:
        """Each item of a kind once, as it is."""
        items = np.flatnonzero(self.stock.kind == kind)
        labels = self.stock.ink.labels
        return self._as_pieces([(str(labels[i]), [(int(i), 0.0, 0.0, 1.0)]) for i in items])

    def _as_pieces(self, found: list[tuple[str, list[Piece]]]) -> TextPieces:
        rows = np.array([piece for _, pieces in found for piece in pieces], np.float64)
        out = np.repeat(np.arange(len(found)), [len(pieces) for _, pieces in found])
        item = rows[:, 0].astype(np.int64)
        width = np.zeros(len(found))
        np.maximum.at(width, out, rows[:, 1] + rows[:, 3] * self.stock.width[item])
        labels = [text for text, _ in found]
        return TextPieces(out, item, rows[:, 1], rows[:, 2], rows[:, 3], labels, width)

    def _joined_words(self, rng: np.random.Generator) -> tuple[str, list[Piece]]:
        """A line of one writer's words; often of capitals alone where there are such."""
        items, weight = self._weights[ItemKind.WORD]
        writer = int(self.stock.ink.writer[rng.choice(items, p=weight)])
        case = "capitals" if rng.random() < 0.4 else "any"
        of_any = self._by_writer[ItemKind.WORD, writer, "any"]
        pool = self._by_writer.get((ItemKind.WORD, writer, case), of_any)
        text: list[str] = []
        pieces: list[Piece] = []
        x = 0.0
        gap = rng.uniform(8, 26) if rng.random() < 0.85 else rng.uniform(26, 120)
        room = rng.uniform(120, 560)
        while x < room and len(pieces) < 9:
            i = int(rng.choice(pool))
            # half way between one x-height for all and each word's own measure
            size = float((14 / self.stock.unit[i]) ** 0.5) * np.exp(rng.normal(0, 0.04))
            y = -self.stock.base[i] * size + 7 + rng.normal(0, 0.8)
            pieces.append((i, x, y, size))
            text.append(str(self.stock.ink.labels[i]))
            x += self.stock.width[i] * size + gap * np.exp(rng.normal(0, 0.25))
        return " ".join(text), pieces

    def _joined_characters(self, rng: np.random.Generator) -> tuple[str, list[Piece]]:
        """A text put together from one writer's single characters (others lend what he lacks)."""
        items, weight = self._weights[ItemKind.CHARACTER]
        writer = int(self.stock.ink.writer[rng.choice(items, p=weight)])
        text = self._text(rng)
        apart = rng.uniform(1, 6) if rng.random() < 0.6 else rng.uniform(5, 18)
        space = rng.uniform(11, 26) + 0.5 * apart
        size = 0.95 * np.exp(rng.normal(0, 0.08))
        pieces: list[Piece] = []
        x = 0.0
        for c in text:
            if c == " ":
                x += space * np.exp(rng.normal(0, 0.2)) - apart
                continue
            lent = self._by_writer.get((ItemKind.CHARACTER, ANYBODY, c))
            pool = self._by_writer.get((ItemKind.CHARACTER, writer, c), lent)
            if pool is None:
                return self._joined_characters(rng)
            i = int(pool[rng.integers(len(pool))])
            pieces.append((i, x, 7 + rng.normal(0, 0.7), size * np.exp(rng.normal(0, 0.03))))
            x += self.stock.width[i] * size + apart * np.exp(rng.normal(0, 0.35))
        return text, pieces

    def _text(self, rng: np.random.Generator) -> str:
        """Words, capitals, figures or a code."""
        kind = rng.random()
        if kind < 0.25:
            return shaped(_NUMBERS, rng)
        if kind < 0.35:
            picked = rng.choice(ASCII[1:], rng.integers(2, 14))
            return "".join(picked)
        count = int(rng.integers(1, 6))
        words = " ".join(self._texts[i] for i in rng.integers(len(self._texts), size=count))
        words = words[:48].strip()
        return words.upper() if kind < 0.75 else words.title() if kind < 0.8 else words


# Figures as they occur: dates, sums, codes, telephone numbers.
_NUMBERS = (
    "00000 00000", "00.00.0000", "00/00/00", "$0,000.00", "(000) 000-0000", "000-000-0000",
    "0000", "00", "000", "00.0", "AA-0000", "A0A 0A0", "AA 00000", "00:00", "00%", "#000",
    "0 + 0 = 00", "AAA000", "000 AAAAA AAAAA", "AA00 00AA 0000", "0", "0000-00-00", "00000",
    "00000-0000", "A. 00", "00a", "0x00", "+00 000 000000",
)  # fmt: skip


def make_source(stock: Stock) -> LineSource:
    """Indexes a stock by writer, case and character."""
    by_writer: dict[tuple[ItemKind, int, str], list[int]] = {}
    labels, writer = stock.ink.labels, stock.ink.writer
    for i, (kind, who, label) in enumerate(zip(stock.kind, writer, labels, strict=True)):
        text, keys = str(label), []
        if kind == ItemKind.WORD:
            keys.append((ItemKind.WORD, int(who), "any"))
            if text.isupper() and len(text) > 1:
                keys.append((ItemKind.WORD, int(who), "capitals"))
        elif kind == ItemKind.CHARACTER:
            keys += [(ItemKind.CHARACTER, int(who), text), (ItemKind.CHARACTER, ANYBODY, text)]
        for key in keys:
            by_writer.setdefault(key, []).append(i)
    kept = {
        (kind, who, text): np.array(items)
        for (kind, who, text), items in by_writer.items()
        if kind == ItemKind.CHARACTER or text == "any" or len(items) >= FEWEST_CAPITALS
    }
    texts = [t for k in (ItemKind.WORD, ItemKind.LINE) for t in map(str, labels[stock.kind == k])]
    words = [w for t in texts for w in t.split()]
    return LineSource(stock, kept, {kind: _weights(stock, kind) for kind in ItemKind}, words)


def _weights(stock: Stock, kind: ItemKind) -> tuple[Array, Array]:
    """The items of a kind, and how likely each is drawn."""
    items = np.flatnonzero(stock.kind == kind)
    who = stock.ink.writer[items]
    number = np.bincount(who)
    weight = number[who] ** -0.5
    return items, weight / weight.sum()


def batches(pieces: TextPieces, columns: int, rng: np.random.Generator) -> Iterator[TextPieces]:
    """The texts in batches of like width, at most `columns` pixels in all, in random order."""
    order = np.argsort(pieces.width + rng.normal(0, 1, len(pieces.width)))
    cuts = [order[group] for group in groups(pieces.width[order], columns)]
    for k in rng.permutation(len(cuts)):
        yield selected(pieces, cuts[k])


def groups(widths: Array, columns: int, most: int = 96) -> Iterator[slice]:
    """Runs of strips, sorted by their widths, that take at most `columns` pixels when padded."""
    start = 0
    while start < len(widths):
        end = start + 1
        # sorted by width, so the last of a batch is its widest
        while end < len(widths) and end - start < most:
            if (widths[end] + 20) * (end + 1 - start) > columns:
                break
            end += 1
        yield slice(start, end)
        start = end


def selected(pieces: TextPieces, texts: Array) -> TextPieces:
    """Take some of the texts, in the order given."""
    place = np.full(len(pieces.labels), -1)
    place[texts] = np.arange(len(texts))
    kept = np.flatnonzero(place[pieces.out] >= 0)
    kept = kept[np.argsort(place[pieces.out[kept]], kind="stable")]
    return TextPieces(
        place[pieces.out[kept]],
        pieces.item[kept],
        pieces.x[kept],
        pieces.y[kept],
        pieces.size[kept],
        [pieces.labels[i] for i in texts],
        pieces.width[texts],
    )
