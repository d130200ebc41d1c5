"""Batches of line strips for a line model: words and lines of real strokes, joined and varied.

Everything is a list of pieces: an item of the archive, at a place, at a size. A word is one
piece; a joined line is several words of one writer, or many of their single characters.
Strokes are normalised once, in the strips' own measure (see `layout.strips`), and drawn anew
with new variation each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.formats import ink as archives
from ocr_cli.data.formats import unipen
from ocr_cli.data.formats.ink import Ink
from ocr_cli.data.synthesis.render import resampled
from ocr_cli.errors import InputError
from ocr_cli.layout import strips

Array = NDArray[Any]
Piece = tuple[int, float, float, float]  # an item's number, x, y and size
CHARACTERS = tuple(map(chr, range(32, 127)))
WIDEST = 900  # pixels; longer lines are not trained on
_ARCHIVES = ("words", "lines", "chars")
_FINE = 2  # the pen runs on a canvas so many times as fine


@dataclass(frozen=True)
class Variation:
    """How far strips may stray from the strokes; lengths in pixels of the strip."""

    scale: float = 0.10  # of the logarithm, standard deviation
    aspect: float = 0.10  # of the logarithm of the width alone
    slant: float = 0.13  # dx per dy, standard deviation
    skew: float = 0.008  # dy per dx
    shift: float = 1.3  # up and down
    warp: float = 0.7  # standard deviation of a smooth warp of the strokes
    drift: float = 0.8  # of a slow wave of the baseline
    pen: tuple[float, float] = (1.5, 3.3)  # stroke width
    pressure: float = 0.12  # share of the width, along a stroke
    gaps: float = 0.004  # breaks of the ink a pixel of width
    neighbours: float = 0.12  # probability of ink of the rows above and below
    specks: float = 0.06  # probability of specks, and of a ruled line's remains
    roughness: float = 0.12  # noise before the threshold


NO_VARIATION = Variation(0, 0, 0, 0, 0, 0, 0, (2.3, 2.3), 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Batch:
    """Strips padded to one width.

    images : (B, 48, W) float32, 1 ink; widths : (B,) each strip's own; labels : B texts.
    """

    images: NDArray[np.float32]
    widths: NDArray[np.int64]
    labels: list[str]


@dataclass(frozen=True)
class Pieces:
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


# Where characters end above and below the baseline, in x-heights.
_EXTENT = dict.fromkeys("acemnorsuvwxz", (1.0, 0.0))
_EXTENT |= dict.fromkeys("bdhklABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!?#%&$@", (1.75, 0.0))
_EXTENT |= {"t": (1.5, 0.0), "i": (1.1, 0.0), "f": (1.75, -0.2), "j": (1.1, -0.85)}
_EXTENT |= dict.fromkeys("gpqy", (1.0, -0.85))
_EXTENT |= dict.fromkeys("()[]{}|/\\", (1.8, -0.25))
_EXTENT |= dict.fromkeys("\"'`^", (1.8, 1.2))
_EXTENT |= {",": (0.2, -0.3), ";": (0.8, -0.3), ".": (0.15, 0), ":": (0.8, 0), "_": (0.0, -0.1)}
_EXTENT |= {"-": (0.6, 0.5), "~": (0.7, 0.4), "=": (0.8, 0.3), "+": (1.0, 0.1), "*": (1.5, 0.6)}
_EXTENT |= {"<": (1.0, 0.1), ">": (1.0, 0.1)}


def expected_ink(text: str) -> tuple[float, float]:
    """(height of the ink's middle above the baseline, its spread), in x-heights, from the text."""
    ends = [_EXTENT[c] for c in text if c in _EXTENT]
    y = [np.linspace(b, t, max(2, round(16 * (t - b)))) for t, b in ends]
    if not y:
        return 0.5, 0.3
    heights = np.concatenate(y)
    # the ends of letters hold more ink than their middles
    return float(heights.mean()), float(1.12 * np.abs(heights - heights.mean()).mean())


@dataclass(frozen=True)
class Stock:
    """Normalised strokes of words, lines and characters.

    ink : points in pixels of a strip, x from 0, y = 0 in the writing's middle; for characters
    y = 0 is the baseline and a usual letter 20 pixels tall. width : (N,) of each item's ink.
    kind : (N,) 0 word, 1 line, 2 character. base : (N,) y of the baseline, by the text;
    unit : (N,) the x-height, by the text.
    """

    ink: Ink = field(repr=False)
    width: Array = field(repr=False)
    kind: Array = field(repr=False)
    base: Array = field(repr=False)
    unit: Array = field(repr=False)


def make_stock(words: Ink, lines: Ink, characters: Ink) -> Stock:
    """Cleans, measures and normalises archives, once."""
    words = words.take(np.flatnonzero([is_clean(str(t), True) for t in words.labels]))
    lines = lines.take(np.flatnonzero([is_clean(str(t), False) for t in lines.labels]))
    parts = [normalised(words), normalised(lines), placed_characters(characters)]
    kind = np.repeat([0, 1, 2], [len(p) for p in parts])
    ink = joined(parts)
    width = _ends(ink)[1][:, 0]
    room = np.array([room_needed(str(t)) for t in ink.labels])
    steps = (width + 2 * strips.MARGIN) / 4
    letters = np.array([max(1, len(str(t))) for t in ink.labels])
    per_letter = width / letters
    fits = (steps >= 1.05 * room) & (width < WIDEST - 20) & (per_letter > 4)
    fits &= (per_letter < 60) | (letters == 1)
    kept = np.flatnonzero((fits & (width < 200 + 40 * letters)) | (kind == 2))
    ink, width, kind = ink.take(kept), width[kept], kind[kept]
    expected = np.array([expected_ink(str(t)) for t in ink.labels])
    unit = strips.SPREAD / expected[:, 1]
    base = expected[:, 0] * unit
    return Stock(ink, width, kind, np.where(kind == 2, 0, base), np.where(kind == 2, 14, unit))


def load_stock(folder: Path, split: str) -> Stock:
    """The stock of one split (train, valid, test) of a folder's words, lines and chars .npz.

    InputError where one of them is not there, not an archive of pen strokes, or empty.
    """
    if not (folder / "words.npz").exists() and unipen.is_unipen(folder):
        advice = f"first make archives of them: ocr train --data {folder} --convert DIR"
        raise InputError("these are UNIPEN files", advice, str(folder))
    parts = {name: archives.load(folder / f"{name}.npz", split) for name in _ARCHIVES}
    if lacking := [f"{name}.npz" for name, part in parts.items() if not len(part)]:
        raise InputError(f"nothing in the {split} split of {', '.join(lacking)}", "", str(folder))
    return make_stock(*parts.values())


def is_clean(text: str, word: bool) -> bool:
    """Whether a label says what was written: no marks of cutting, no numbers of files."""
    if not text.strip() or any(c not in CHARACTERS for c in text):
        return False
    if word:
        return "@" not in text and text not in set("-_.,'`~=\"")
    return re.fullmatch(r"[A-Z][a-z]+[A-Z0-9]", text) is None


def room_needed(text: str) -> int:
    """Steps that CTC needs for a text: one a character, one more between equal neighbours."""
    return len(text) + sum(a == b for a, b in pairwise(text))


def joined(parts: list[Ink]) -> Ink:
    """Archives one after another; writers keep their numbers."""
    points = np.cumsum([0] + [len(p.points) for p in parts])
    strokes = np.cumsum([0] + [len(p.stroke_start) - 1 for p in parts])
    return Ink(
        points=np.concatenate([p.points for p in parts]),
        stroke_start=np.concatenate(
            [p.stroke_start[:-1] + a for p, a in zip(parts, points, strict=False)] + [points[-1:]]
        ),
        item_start=np.concatenate(
            [p.item_start[:-1] + a for p, a in zip(parts, strokes, strict=False)] + [strokes[-1:]]
        ),
        labels=np.concatenate([p.labels for p in parts]),
        writer=np.concatenate([p.writer for p in parts]),
        style=np.concatenate([p.style for p in parts]),
    )


def _item_of_point(ink: Ink) -> Array:
    first = ink.stroke_start[ink.item_start]
    return np.repeat(np.arange(len(ink)), np.diff(first))


def _ends(ink: Ink) -> tuple[Array, Array]:
    """(N, 2) smallest and largest x, y of each item."""
    starts = ink.stroke_start[ink.item_start[:-1]]
    return np.minimum.reduceat(ink.points, starts), np.maximum.reduceat(ink.points, starts)


def normalised(ink: Ink, group: int = 4000) -> Ink:
    """The same items in pixels of a strip: level, upright, y = 0 in the middle, x from 0."""
    parts = []
    for start in range(0, len(ink), group):
        part = ink.take(np.arange(start, min(start + group, len(ink))))
        parts.append(_normalised(part))
    return joined(parts)


def _frame(ink: Ink) -> strips.Frame:
    """How each item lies, in the archive's units."""
    n = len(ink)
    item = _item_of_point(ink)
    low, high = _ends(ink)
    stroke = np.repeat(np.arange(len(ink.stroke_start) - 1), np.diff(ink.stroke_start))
    # fine enough for the smallest letters, which a strip shows at a spread of 4.4
    step = np.maximum((high - low).max(1), 1)[item] / 400
    stroke_item = np.repeat(np.arange(n), np.diff(ink.item_start))
    dense, at = resampled(ink.points, stroke, np.maximum(step, 5))
    return strips.measure(dense, stroke_item[at], n)


def x_heights(ink: Ink) -> Array:
    """(N,) the height of each item's small letters in the archive's units, judged by its text."""
    spread = np.array([expected_ink(str(text))[1] for text in ink.labels])
    return np.asarray(np.maximum(_frame(ink).spread, 1) / spread)


def _normalised(ink: Ink) -> Ink:
    frame, item = _frame(ink), _item_of_point(ink)
    scale = strips.SPREAD / np.maximum(frame.spread, 1)
    x, y = ink.points[:, 0], ink.points[:, 1]
    up = frame.middle[item] + frame.skew[item] * (x - frame.x_mean[item]) - y
    straight = x - frame.slant[item] * up
    points = np.stack([straight, -up], 1) * scale[item][:, None]
    starts = ink.stroke_start[ink.item_start[:-1]]
    points[:, 0] -= np.minimum.reduceat(points[:, 0], starts)[item]
    return _with_points(ink, points.astype(np.float32))


def _with_points(ink: Ink, points: Array) -> Ink:
    return Ink(points, ink.stroke_start, ink.item_start, ink.labels, ink.writer, ink.style)


def placed_characters(ink: Ink) -> Ink:
    """Single characters at 20 pixels a usual letter, put on the baseline by their class."""
    item = _item_of_point(ink)
    low, high = _ends(ink)
    extents = [_EXTENT.get(str(c), (1.75, 0.0)) for c in ink.labels]
    top, bottom = np.array(extents).T
    height = (high - low)[:, 1]
    rises = bottom > 0  # quotes and dashes hang where a letter's part would be
    sinks = np.where(bottom < 0, -bottom / (top - bottom), 0.0) * height
    floor = np.where(rises, -bottom * 700, sinks)  # y of the lowest ink; 700 is an x-height
    offset = np.stack([low[:, 0], high[:, 1] - floor], 1)
    return _with_points(ink, ((ink.points - offset[item]) * 0.02).astype(np.float32))


@dataclass(frozen=True)
class Mix:
    """Shares of what is drawn: single words, real lines, joined words, joined characters."""

    words: float = 0.5
    lines: float = 0.2
    joined_words: float = 0.16
    joined_characters: float = 0.14


@dataclass(frozen=True)
class LineSource:
    """Draws texts as pieces; writers by the square root of how much they wrote."""

    stock: Stock
    _by_writer: dict[tuple[int, int, str], Array] = field(repr=False)
    _weights: dict[int, tuple[Array, Array]] = field(repr=False)
    _texts: list[str] = field(repr=False)

    def draw(self, count: int, mix: Mix, rng: np.random.Generator) -> Pieces:
        """`count` texts; each writer's share grows with the square root of the items' number."""
        shares = np.array([mix.words, mix.lines, mix.joined_words, mix.joined_characters])
        numbers = rng.multinomial(count, shares / shares.sum())
        found: list[tuple[str, list[Piece]]] = []
        for kind in (0, 1):
            items, weight = self._weights[kind]
            drawn = rng.choice(items, numbers[kind], p=weight)
            found += [(str(self.stock.ink.labels[i]), [(int(i), 0.0, 0.0, 1.0)]) for i in drawn]
        found += [self._joined_words(rng) for _ in range(numbers[2])]
        found += [self._joined_characters(rng) for _ in range(numbers[3])]
        return self._as_pieces(found)

    def every(self, kind: int) -> Pieces:
        """Each item of a kind (0 words, 1 lines) once, as it is."""
        items = np.flatnonzero(self.stock.kind == kind)
        labels = self.stock.ink.labels
        return self._as_pieces([(str(labels[i]), [(int(i), 0.0, 0.0, 1.0)]) for i in items])

    def _as_pieces(self, found: list[tuple[str, list[Piece]]]) -> Pieces:
        rows = np.array([piece for _, pieces in found for piece in pieces], np.float64)
        out = np.repeat(np.arange(len(found)), [len(pieces) for _, pieces in found])
        item = rows[:, 0].astype(np.int64)
        width = np.zeros(len(found))
        np.maximum.at(width, out, rows[:, 1] + rows[:, 3] * self.stock.width[item])
        labels = [text for text, _ in found]
        return Pieces(out, item, rows[:, 1], rows[:, 2], rows[:, 3], labels, width)

    def _joined_words(self, rng: np.random.Generator) -> tuple[str, list[Piece]]:
        """A line of one writer's words; often of capitals alone where there are such."""
        items, weight = self._weights[0]
        writer = int(self.stock.ink.writer[rng.choice(items, p=weight)])
        case = "capitals" if rng.random() < 0.4 else "any"
        pool = self._by_writer.get((0, writer, case), self._by_writer[0, writer, "any"])
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
        items, weight = self._weights[2]
        writer = int(self.stock.ink.writer[rng.choice(items, p=weight)])
        text = self._text(rng)
        apart = rng.uniform(1, 6) if rng.random() < 0.6 else rng.uniform(5, 18)
        blank = rng.uniform(11, 26) + 0.5 * apart
        size = 0.95 * np.exp(rng.normal(0, 0.08))
        pieces: list[Piece] = []
        x = 0.0
        for c in text:
            if c == " ":
                x += blank * np.exp(rng.normal(0, 0.2)) - apart
                continue
            pool = self._by_writer.get((2, writer, c), self._by_writer.get((2, -1, c)))
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
            return _number(rng)
        if kind < 0.35:
            picked = rng.choice(CHARACTERS[1:], rng.integers(2, 14))
            return "".join(picked)
        count = int(rng.integers(1, 6))
        words = " ".join(self._texts[i] for i in rng.integers(len(self._texts), size=count))
        words = words[:48].strip()
        return words.upper() if kind < 0.75 else words.title() if kind < 0.8 else words


def _number(rng: np.random.Generator) -> str:
    """Figures as they occur: dates, sums, codes, telephone numbers."""
    shape = str(rng.choice(_NUMBERS))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    put = {"0": "0123456789", "A": letters, "a": letters.lower()}
    return "".join(str(rng.choice(list(put[c]))) if c in put else c for c in shape)


_NUMBERS = (
    "00000 00000", "00.00.0000", "00/00/00", "$0,000.00", "(000) 000-0000", "000-000-0000",
    "0000", "00", "000", "00.0", "AA-0000", "A0A 0A0", "AA 00000", "00:00", "00%", "#000",
    "0 + 0 = 00", "AAA000", "000 AAAAA AAAAA", "AA00 00AA 0000", "0", "0000-00-00", "00000",
    "00000-0000", "A. 00", "00a", "0x00", "+00 000 000000",
)  # fmt: skip


def make_source(stock: Stock) -> LineSource:
    """Indexes a stock by writer, case and character."""
    by_writer: dict[tuple[int, int, str], list[int]] = {}
    labels, writer = stock.ink.labels, stock.ink.writer
    for i, (kind, who, label) in enumerate(zip(stock.kind, writer, labels, strict=True)):
        text = str(label)
        if kind == 0:
            keys = [(0, int(who), "any")]
            if text.isupper() and len(text) > 1:
                keys.append((0, int(who), "capitals"))
        else:
            keys = [(int(kind), int(who), text), (int(kind), -1, text)] if kind == 2 else []
        for key in keys:
            by_writer.setdefault(key, []).append(i)
    kept = {k: np.array(v) for k, v in by_writer.items() if k[0] == 2 or len(v) >= 4}
    for (kind, who, case), v in by_writer.items():
        if kind == 0 and case == "any":
            kept[kind, who, case] = np.array(v)
    texts = [t for k in (0, 1) for t in map(str, labels[stock.kind == k])]
    words = [w for t in texts for w in t.split()]
    return LineSource(stock, kept, {k: _weights(stock, k) for k in (0, 1, 2)}, words)


def _weights(stock: Stock, kind: int) -> tuple[Array, Array]:
    """The items of a kind, and how likely each is drawn."""
    items = np.flatnonzero(stock.kind == kind)
    who = stock.ink.writer[items]
    number = np.bincount(who)
    weight = number[who] ** -0.5
    return items, weight / weight.sum()


def batches(
    pieces: Pieces, columns: int, rng: np.random.Generator, most: int = 96
) -> Iterator[Pieces]:
    """The texts in batches of like width, at most `columns` pixels in all, in random order."""
    order = np.argsort(pieces.width + rng.normal(0, 1, len(pieces.width)))
    cuts = [order[group] for group in groups(pieces.width[order], columns, most)]
    for k in rng.permutation(len(cuts)):
        yield chosen(pieces, cuts[k])


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


def chosen(pieces: Pieces, texts: Array) -> Pieces:
    """Some of the texts, in the order given."""
    place = np.full(len(pieces.labels), -1)
    place[texts] = np.arange(len(texts))
    kept = np.flatnonzero(place[pieces.out] >= 0)
    kept = kept[np.argsort(place[pieces.out[kept]], kind="stable")]
    return Pieces(
        place[pieces.out[kept]],
        pieces.item[kept],
        pieces.x[kept],
        pieces.y[kept],
        pieces.size[kept],
        [pieces.labels[i] for i in texts],
        pieces.width[texts],
    )


def draw_batch(
    stock: Stock, pieces: Pieces, rng: np.random.Generator, variation: Variation = NO_VARIATION
) -> Batch:
    """Renders texts as strips."""
    n = len(pieces.labels)
    points, stroke, item = _gathered(stock.ink, pieces)
    several = np.bincount(pieces.out, minlength=n) > 1
    points = _recentred(points, item, n, several)
    points = _varied(points, item, n, rng, variation)
    low = np.full(n, np.inf)
    np.minimum.at(low, item, points[:, 0])
    points[:, 0] += (strips.MARGIN - low)[item]
    high = np.zeros(n)
    np.maximum.at(high, item, points[:, 0])
    widths = (np.ceil((high + strips.MARGIN) / 4) * 4).astype(np.int64)
    points[:, 1] += strips.MIDDLE + rng.normal(0, variation.shift + 1e-9, n)[item]
    side = _FINE * int(widths.max())
    letters = np.array([max(1, len(text.replace(" ", ""))) for text in pieces.labels])
    pen = rng.uniform(*variation.pen, n)
    # narrow writing was written with a fine pen, or nobody could read it
    pen = np.minimum(pen, 1.0 + 0.16 * (high - strips.MARGIN) / letters)
    canvas = _stamped(points * _FINE, stroke, item, side, pen * _FINE, rng, variation)
    canvas = _with_dirt(canvas, widths, rng, variation)
    return Batch(_developed(canvas, rng, variation), widths, pieces.labels)


def _gathered(ink: Ink, pieces: Pieces) -> tuple[Array, Array, Array]:
    """Points of all pieces at their places; the stroke and the text of each."""
    first = ink.item_start[pieces.item]
    strokes, stroke_piece = _ranges(first, ink.item_start[pieces.item + 1] - first)
    begin = ink.stroke_start[strokes]
    source, stroke = _ranges(begin, ink.stroke_start[strokes + 1] - begin)
    piece = stroke_piece[stroke]
    points = ink.points[source] * pieces.size[piece][:, None]
    points += np.stack([pieces.x, pieces.y], 1)[piece]
    return points.astype(np.float32), stroke, pieces.out[piece]


def _ranges(start: Array, length: Array) -> tuple[Array, Array]:
    """start[i], start[i] + 1, … for `length[i]` numbers, all i after another; and each one's i."""
    owner = np.repeat(np.arange(len(start)), length)
    return np.arange(len(owner)) + np.repeat(start - np.cumsum(length) + length, length), owner


def _recentred(points: Array, item: Array, n: int, several: Array) -> Array:
    """Joined texts are put in the middle and to size by their own ink, as a page's row is."""
    if not several.any():
        return points
    frame = strips.measure(points, item, n)  # the pen's own points are even enough here
    scale = np.where(several, strips.SPREAD / np.maximum(frame.spread, 2.0), 1.0)
    middle = np.where(several, frame.middle, 0.0)
    slant = np.where(several, frame.slant, 0.0)[item]
    points = points.copy()
    points[:, 1] -= middle[item]
    points[:, 0] += slant * points[:, 1]
    return (points * scale[item][:, None]).astype(np.float32)


def _varied(
    points: Array, item: Array, n: int, rng: np.random.Generator, variation: Variation
) -> Array:
    """Size, slant, skew, a slow drift of the baseline, and a smooth warp."""
    v = variation
    scale = np.exp(rng.normal(0, v.scale + 1e-9, n))[item]
    aspect = np.exp(rng.normal(0, v.aspect + 1e-9, n))[item]
    x, y = points[:, 0] * scale * aspect, points[:, 1] * scale
    x = x - rng.normal(0, v.slant + 1e-9, n)[item] * y
    if v.warp:
        for _ in range(2):
            wave = rng.normal(0, 0.12, (n, 2))[item]
            phase = rng.uniform(0, 2 * np.pi, n)[item]
            bend = np.sin(wave[:, 0] * x + wave[:, 1] * y + phase)[:, None]
            bend = bend * rng.normal(0, v.warp, (n, 2))[item]
            x, y = x + bend[:, 0], y + bend[:, 1]
        pace, phase = rng.uniform(0.006, 0.03, n)[item], rng.uniform(0, 2 * np.pi, n)[item]
        y = y + rng.normal(0, v.drift, n)[item] * np.sin(pace * x + phase)
    middle = (np.bincount(item, x, n) / np.maximum(np.bincount(item, minlength=n), 1))[item]
    y = y + rng.normal(0, v.skew + 1e-9, n)[item] * (x - middle)
    return np.stack([x, y], 1).astype(np.float32)


def _stamped(
    points: Array,
    stroke: Array,
    item: Array,
    side: int,
    pen: Array,
    rng: np.random.Generator,
    variation: Variation,
) -> NDArray[np.uint8]:
    """(n, 96, side) of 0 and 1: a round pen set down at even steps."""
    n = len(pen)
    owner = np.zeros(int(stroke[-1]) + 1, np.int64)
    owner[stroke] = item
    dense, stroke = resampled(points, stroke, 0.9)
    item = owner[stroke]
    radius = (pen / 2).astype(np.float32)[item]
    if variation.pressure:
        phase = rng.uniform(0, 2 * np.pi, len(owner))[stroke]
        pace = rng.uniform(0.01, 0.08, len(owner))[stroke]
        swell = rng.normal(0, variation.pressure * 1.4, n)[item]
        wave = swell * np.sin(np.arange(len(stroke)) * pace + phase)
        radius *= (1 + wave).astype(np.float32)
    if variation.gaps:
        radius[_broken(dense, item, n, side, rng, variation)] = -1
    reach = 6
    tall, wide = _FINE * strips.HEIGHT + 2 * reach, side + 2 * reach
    at = np.rint(dense).astype(np.int64) + reach
    inside = (at[:, 1] >= reach) & (at[:, 1] < tall - reach)
    inside &= (at[:, 0] >= reach) & (at[:, 0] < wide - reach)
    at, item, radius = at[inside], item[inside], radius[inside]
    canvas = np.zeros((n, tall, wide), np.uint8)
    flat = canvas.reshape(-1)
    base = (item * tall + at[:, 1]) * wide + at[:, 0]
    order = np.argsort(-radius)  # wide pens first: a far offset then touches a prefix alone
    base, radius = base[order], radius[order]
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            count = np.searchsorted(-radius, 0.25 - np.hypot(dx, dy), side="right")
            if count:
                flat[base[:count] + (dy * wide + dx)] = 1
    return canvas[:, reach:-reach, reach:-reach]


def _broken(
    dense: Array, item: Array, n: int, side: int, rng: np.random.Generator, variation: Variation
) -> Array:
    """(P,) whether the ink is missing at a point: a few holes in each strip."""
    broken = np.zeros(len(dense), bool)
    for _ in range(4):
        has = rng.random(n) < variation.gaps * side / 4
        hole = np.stack([rng.uniform(0, side, n), rng.uniform(20, 76, n)], 1)
        size = np.where(has, rng.uniform(1.5, 4.5, n), -1)[item]
        near = np.abs(dense[:, 0] - hole[:, 0][item]) < size
        near[near] = np.hypot(*(dense[near] - hole[item[near]]).T) < size[near]
        broken |= near
    return broken


def _with_dirt(
    canvas: NDArray[np.uint8], widths: Array, rng: np.random.Generator, variation: Variation
) -> NDArray[np.uint8]:
    """Ink of the rows above and below, specks, and what is left of a ruled line."""
    n, tall, _ = canvas.shape
    if variation.neighbours:
        clean = canvas.copy()
        for i in np.flatnonzero(rng.random(n) < variation.neighbours):
            shift = int(rng.integers(56, 80))
            other = clean[rng.integers(n)]
            if rng.random() < 0.5:
                canvas[i, shift:] |= other[: tall - shift]
            else:
                canvas[i, : tall - shift] |= other[shift:]
    for i in np.flatnonzero(rng.random(n) < variation.specks):
        for _ in range(int(rng.integers(1, 4))):
            y, x = rng.integers(tall), rng.integers(_FINE * widths[i])
            a, b = rng.integers(1, 5, 2)
            canvas[i, y : y + a, x : x + b] = 1
        if rng.random() < 0.4:
            y, x = rng.integers(56, 80), rng.integers(_FINE * widths[i])
            canvas[i, y : y + rng.integers(1, 4), x : x + rng.integers(8, 90)] = 1
    return canvas


def _developed(
    canvas: NDArray[np.uint8], rng: np.random.Generator, variation: Variation
) -> NDArray[np.float32]:
    """Noise on the ink's edge, half the size, and a soft edge; (n, 48, W)."""
    n, tall, side = canvas.shape
    fine = canvas.astype(np.float32)
    if variation.roughness:
        soft = _blurred(fine)
        coarse = rng.standard_normal((n, tall // 2, side // 2), np.float32)
        noise = coarse.repeat(2, 1).repeat(2, 2)
        level = rng.uniform(0.4, 0.6, (n, 1, 1)).astype(np.float32)
        rough = rng.uniform(0, 8 * variation.roughness, (n, 1, 1)).astype(np.float32)
        noise *= soft
        noise *= 1 - soft
        noise *= rough
        soft += noise
        fine = (soft > level).astype(np.float32, copy=False)
    half = fine.reshape(n, tall // 2, 2, side // 2, 2).mean((2, 4))
    return _blurred(half, 0.2)


def _blurred(x: NDArray[np.float32], side: float = 0.25) -> NDArray[np.float32]:
    """A blur by (side, 1 - 2 side, side) along both axes; zeros outside."""
    y = (1 - 2 * side) * x
    y[:, 1:] += side * x[:, :-1]
    y[:, :-1] += side * x[:, 1:]
    z = (1 - 2 * side) * y
    z[:, :, 1:] += side * y[:, :, :-1]
    z[:, :, :-1] += side * y[:, :, 1:]
    return z
