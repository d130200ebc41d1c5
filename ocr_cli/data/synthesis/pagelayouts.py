"""Layouts of pages: each fills a box of a sheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.synthesis.closepages import close_rows, short_entries, sums
from ocr_cli.data.synthesis.pieces import Mix
from ocr_cli.data.synthesis.printed import exercises, letter_head, typescript
from ocr_cli.data.synthesis.sheets import FINE, BoxOf, SheetWriter
from ocr_cli.page import Course

Array = NDArray[Any]


def plain_rows(writer: SheetWriter, box: BoxOf) -> None:
    """Paragraphs, with a heading, a date, a signature, a list's marks, a margin note."""
    rng = writer.rng
    x1, y1, x2, y2 = box
    width, height = x2 - x1, y2 - y1
    count = int(np.exp(rng.uniform(np.log(2), np.log(36))))
    pitch = height / (count + 1)
    x_height = pitch / rng.uniform(1.4, 4.5)
    x_height = float(np.clip(x_height, 4, width / 9))
    pitch = min(pitch, 4.5 * x_height)
    margin = rng.uniform(0.02, 0.16) * width
    left, right = x1 + margin, x2 - rng.uniform(0.02, 0.14) * width
    y = y1 + rng.uniform(0.6, 1.6) * pitch
    marks = int(rng.choice(6, p=[0.6, 0.1, 0.08, 0.08, 0.07, 0.07]))
    if rng.random() < 0.3:
        y += _heading(writer, left, right, y, x_height) + pitch
    if rng.random() < 0.15:
        start = left + rng.uniform(0.4, 0.75) * (right - left)
        writer.row(start, y, right - start, x_height)
        y += 1.3 * pitch
    if rng.random() < 0.1 and margin > 6 * x_height:
        _margin_note(writer, (x1, y, left - 2 * x_height, y2), 0.6 * x_height)
    while y < y2 - 0.5 * pitch:
        start = left + (rng.uniform(0, 4) * x_height if rng.random() < 0.2 else 0)
        start += rng.normal(0, 0.3) * x_height
        end = right if rng.random() < 0.7 else rng.uniform(start + 2 * x_height, right)
        if marks:
            _mark(writer, start - 1.6 * x_height, y, x_height, marks)
        if rng.random() < 0.04:
            writer.printed(start, y, writer.text(int(rng.integers(4, 40))), x_height)
        else:
            course = writer.row(start, y, end - start, x_height)
            if course is not None and rng.random() < 0.06:
                _struck(writer, course, x_height)
        y += pitch * (rng.uniform(1, 1.15) if rng.random() < 0.93 else rng.uniform(1.5, 2.5))


def _heading(writer: SheetWriter, left: float, right: float, y: float, x_height: float) -> float:
    rng = writer.rng
    size = min(x_height * rng.uniform(1.2, 3.2), (right - left) / 9)
    start = left + rng.uniform(0, 0.4) * (right - left)
    if rng.random() < 0.4:
        writer.printed(start, y + size, writer.text(int(rng.integers(4, 22))), size)
    else:
        writer.row(start, y + size, rng.uniform(0.3, 1) * (right - start), size)
    return 2 * size


def _struck(writer: SheetWriter, course: Course, x_height: float) -> None:
    """A line under a part of a row, through it, or around it."""
    rng, points = writer.rng, course.points
    n = len(points)
    a = int(rng.integers(0, n - 1))
    b = int(rng.integers(a + 1, n)) if rng.random() < 0.7 else n - 1
    part = points[a : b + 1]
    kind = rng.integers(4)
    if kind == 0:
        writer.draw([part + np.array([0, rng.uniform(0.4, 0.9) * x_height])], x_height)
    elif kind == 1:
        writer.draw([part + np.array([0, rng.uniform(-0.2, 0.2) * x_height])], x_height)
    elif kind == 2:
        back = part.repeat(3, 0) + rng.normal(0, 0.25 * x_height, (3 * len(part), 2))
        writer.draw([back], x_height)
    else:
        (cx, cy), (rx, ry) = part.mean(0), (np.ptp(part[:, 0]) / 2 + x_height, 1.3 * x_height)
        t = np.linspace(0, 2 * np.pi * rng.uniform(0.9, 1.1), 60)
        writer.draw([np.stack([cx + rx * np.cos(t), cy + ry * np.sin(t)], 1)], x_height)


def _mark(writer: SheetWriter, x: float, y: float, size: float, kind: int) -> None:
    """A box, tick, arrow, dash or dot before a row."""
    s = 0.5 * size
    shapes = {
        1: [(-s, -s), (s, -s), (s, s), (-s, s), (-s, -s)],
        2: [(-s, 0), (-0.2 * s, s), (1.5 * s, -1.5 * s)],
        3: [(-1.5 * s, 0), (s, 0), (0.3 * s, -0.6 * s), (s, 0), (0.3 * s, 0.6 * s)],
        4: [(-s, 0), (s, 0)],
        5: [(-0.2 * s, 0), (0.2 * s, 0)],
    }
    writer.draw([np.array(shapes[kind]) + np.array([x, y])], size)


def _margin_note(writer: SheetWriter, box: BoxOf, x_height: float) -> None:
    x1, y1, x2, y2 = box
    y = y1 + writer.rng.uniform(0, 0.5) * (y2 - y1)
    for _ in range(int(writer.rng.integers(1, 6))):
        writer.row(x1 + x_height, y, x2 - x1 - 2 * x_height, x_height, Mix(1, 0, 0, 0))
        y += x_height * writer.rng.uniform(2, 3)


def _columns(writer: SheetWriter, box: BoxOf) -> None:
    """Two or three columns, perhaps with a rule between them."""
    rng = writer.rng
    x1, y1, x2, y2 = box
    count = int(rng.choice([2, 2, 3]))
    rows = int(rng.integers(4, 28))
    pitch = (y2 - y1) / (rows + 1)
    x_height = min(pitch / rng.uniform(1.8, 3.5), (x2 - x1) / count / 12)
    gap = x_height * rng.uniform(3.2, 8)
    wide = (x2 - x1 - (count + 1) * gap) / count
    for k in range(count):
        left = x1 + gap + k * (wide + gap)
        y = y1 + rng.uniform(0.8, 1.5) * pitch
        while y < y2 - 0.5 * pitch:
            end = wide if rng.random() < 0.75 else rng.uniform(0.2, 1) * wide
            writer.row(left, y, end, x_height)
            y += pitch * rng.uniform(1, 1.1)
        if k and rng.random() < 0.4:
            x = left - gap / 2
            writer.draw([np.array([[x, y1 + pitch], [x, y2 - pitch]])], x_height / 2)


def _table(writer: SheetWriter, box: BoxOf) -> None:
    """Cells with a word each, ruled or not."""
    rng = writer.rng
    x1, y1, x2, y2 = box
    columns, rows = int(rng.integers(2, 7)), int(rng.integers(2, 14))
    margin = rng.uniform(0.02, 0.1) * (x2 - x1)
    x1, x2, y1, y2 = x1 + margin, x2 - margin, y1 + margin, y2 - margin
    wide, tall = (x2 - x1) / columns, (y2 - y1) / rows
    x_height = min(tall / rng.uniform(2, 4.5), wide / 8)
    tall = min(tall, 5 * x_height)
    words = Mix(1, 0, 0, 0.6)
    for i in range(rows):
        for j in range(columns):
            x, y = x1 + j * wide + 0.5 * x_height, y1 + (i + 0.5) * tall
            if rng.random() < 0.08:
                continue
            if i == 0 and rng.random() < 0.3:
                writer.printed(x, y, writer.text(3)[: max(1, int(wide / x_height / 1.4))], x_height)
            else:
                writer.row(x, y, 0.9 * wide - 3.2 * x_height, x_height, words)
    if rng.random() < 0.75:
        lines = [[[x1, y], [x2, y]] for y in y1 + tall * np.arange(rows + 1)]
        if rng.random() < 0.8:
            bottom = y1 + tall * rows
            lines += [[[x, y1], [x, bottom]] for x in x1 + wide * np.arange(columns + 1)]
        writer.draw([np.array(line) for line in lines], 6)


def _form(writer: SheetWriter, box: BoxOf) -> None:
    """Printed labels, leaders, lines and comb fields with writing in them."""
    rng = writer.rng
    x1, y1, x2, y2 = box
    rows = int(rng.integers(3, 14))
    pitch = (y2 - y1) / (rows + 1)
    x_height = min(pitch / rng.uniform(2.2, 4.5), (x2 - x1) / 18)
    left, right = x1 + 2 * x_height, x2 - 2 * x_height
    y = y1 + pitch
    while y < y2 - 0.6 * pitch:
        label = writer.text(int(rng.integers(3, 12)))[:16]
        course = writer.printed(left, y, label + rng.choice(["", ":"]), x_height * 0.8)
        x = left if course is None else float(course.points[-1, 0])
        x += x_height * rng.uniform(0.7, 1.2)
        foot = y + 0.6 * x_height
        kind = rng.integers(4)
        if kind == 0:
            writer.draw([np.array([[x, foot], [right, foot]])], 8)
        elif kind == 1:
            for dot in np.arange(x, right, rng.uniform(0.3, 0.8) * x_height):
                writer.draw([np.array([[dot, foot], [dot + 0.1, foot]])], 8)
        elif kind == 2:
            x = _comb(writer, x, y, right, x_height)
        if kind != 2 and rng.random() < 0.85:
            start = x + x_height * rng.uniform(2.5, 5)
            writer.row(start, y, rng.uniform(0.3, 0.9) * (right - start), x_height)
        y += pitch


def _comb(writer: SheetWriter, x: float, y: float, right: float, x_height: float) -> float:
    """Boxes with a character in each; their course goes through all of them."""
    rng, stock = writer.rng, writer.source.stock
    cell = x_height * rng.uniform(1.5, 2.4)
    x += 3 * x_height
    count = min(int(rng.integers(3, 12)), int((right - x) / cell))
    if count < 3:
        return x
    h = 0.6 * cell
    lines = [[[x, y + h], [x + count * cell, y + h]]]
    if rng.random() < 0.7:
        lines += [[[x, y - h], [x + count * cell, y - h]]]
    lines += [[[e, y - h], [e, y + h]] for e in x + cell * np.arange(count + 1)]
    writer.draw([np.array(line, np.float64) for line in lines], 8)
    characters = np.flatnonzero(stock.kind == 2)
    scale, strokes = x_height / 20, []
    for k in range(int(rng.integers(2, count + 1))):
        item = int(rng.choice(characters))
        corner = np.array([(k + 0.25) * cell, 0.5 * x_height])
        strokes += [stroke * scale * 1.2 + corner for stroke in stock.ink.strokes(item)]
    slant, writer.sheet.slant = writer.sheet.slant, 0.0
    writer.put(strokes, x, y, x_height)
    writer.sheet.slant = slant
    return x


def _grid(writer: SheetWriter, box: BoxOf) -> None:
    """A crossword: letters in squares, of which some are black; each row of it is one."""
    rng, stock = writer.rng, writer.source.stock
    x1, y1, x2, y2 = box
    n = int(rng.integers(3, 12))
    cell = min(x2 - x1, y2 - y1) / (n + 1)
    x1, y1 = x1 + rng.uniform(0.2, 1) * cell, y1 + rng.uniform(0.2, 1) * cell
    black = rng.random((n, n)) < 0.25
    size = cell * rng.uniform(0.3, 0.5)
    characters = np.flatnonzero(stock.kind == 2)
    slant, writer.sheet.slant = writer.sheet.slant, 0.0
    for i in range(n):
        strokes: list[Array] = []
        for j in np.flatnonzero(~black[i]):
            corner = np.array([(j + 0.3) * cell, 0.7 * size])
            item = int(rng.choice(characters))
            strokes += [stroke * size / 14 + corner for stroke in stock.ink.strokes(item)]
        writer.put(strokes, x1, y1 + (i + 0.5) * cell, size)
        for j in np.flatnonzero(black[i]):
            corners = np.array([x1 + j * cell, y1 + i * cell]) + np.array([[0, 0], [cell, cell]])
            writer.sheet.pen.rectangle((corners * FINE).ravel().tolist(), fill=250)
    writer.sheet.slant = slant
    ends = cell * np.arange(n + 1)
    lines = [[[x1, y1 + e], [x1 + n * cell, y1 + e]] for e in ends]
    lines += [[[x1 + e, y1], [x1 + e, y1 + n * cell]] for e in ends]
    writer.draw([np.array(line) for line in lines], 10)


def one_row(writer: SheetWriter, box: BoxOf) -> None:
    """A single row from side to side, or cut close."""
    rng = writer.rng
    x1, y1, x2, y2 = box
    x_height = min((x2 - x1) / rng.uniform(8, 30), (y2 - y1) / 3)
    room = rng.uniform(0, 2) * x_height
    y = y1 + rng.uniform(0.2, 0.8) * (y2 - y1)
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        writer.row(x1 + room, y, x2 - x1 - 2 * room, x_height)
        y += x_height * rng.uniform(2.2, 5)


def one_item(writer: SheetWriter, box: BoxOf) -> None:
    """A single word or letter, of any size."""
    rng = writer.rng
    x1, y1, x2, y2 = box
    if rng.random() < 0.5:
        width = (x2 - x1) * rng.uniform(0.2, 0.9)
        x_height = min(width / rng.uniform(4, 9), (y2 - y1) / 3)
        writer.row(x1 + rng.uniform(0.02, 0.1) * (x2 - x1), (y1 + y2) / 2, width, x_height)
        return
    stock = writer.source.stock
    item = int(rng.choice(np.flatnonzero(stock.kind == 2)))
    size = min(x2 - x1, y2 - y1) * rng.uniform(0.1, 0.7)
    strokes = [s * size / 20 for s in stock.ink.strokes(item)]
    where = (x1 + x2) / 2 - size / 3, (y1 + y2) / 2 + size / 2
    writer.put(strokes, *where, x_height=size / 1.5)


def _parts(writer: SheetWriter, box: BoxOf) -> None:
    """Blocks of rows side by side and above each other, each in a size of its own."""
    rng = writer.rng
    boxes = [box]
    for _ in range(int(rng.integers(1, 4))):
        x1, y1, x2, y2 = boxes.pop(0)
        at = rng.uniform(0.3, 0.7)
        if (x2 - x1) * rng.uniform(0.6, 1.6) > y2 - y1:
            x = x1 + at * (x2 - x1)
            boxes += [(x1, y1, x, y2), (x, y1, x2, y2)]
        else:
            y = y1 + at * (y2 - y1)
            boxes += [(x1, y1, x2, y), (x1, y, x2, y2)]
    framed = rng.random() < 0.4
    for x1, y1, x2, y2 in boxes:
        if rng.random() < 0.9:
            (plain_rows if rng.random() < 0.8 else _scattered)(writer, (x1, y1, x2, y2))
        if framed:
            ring = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2], [x1, y1]])
            writer.draw([ring], rng.uniform(6, 14))


def _scattered(writer: SheetWriter, box: BoxOf) -> None:
    """Words, letters and figures here and there, some framed or ringed: a diagram, a mind map."""
    rng = writer.rng
    x1, y1, x2, y2 = box
    usual = min(x2 - x1, y2 - y1) / rng.uniform(14, 50)
    taken = np.zeros((0, 4))
    for _ in range(int(rng.integers(4, 45))):
        size = max(4.0, usual * float(np.exp(rng.normal(0, 0.35))))
        wide = size * float(rng.choice([2.0, rng.uniform(4, 12), rng.uniform(8, 30)]))
        if wide + 4 * size > x2 - x1 or 6 * size > y2 - y1:
            continue
        x, y = rng.uniform(x1 + size, x2 - wide - size), rng.uniform(y1 + 2 * size, y2 - 2 * size)
        claim = np.array([x - 2 * size, y - 2.4 * size, x + wide + 2 * size, y + 2.4 * size])
        apart = (taken[:, 2:] < claim[:2]) | (taken[:, :2] > claim[2:])
        if not apart.any(1).all():
            continue
        taken = np.vstack([taken, claim])
        course = _few(writer, x, y, wide, size)
        if course is not None and rng.random() < 0.3:
            _framed(writer, course, size)
    for _ in range(int(rng.integers(0, 6)) if len(taken) > 2 else 0):
        ends = taken[rng.choice(len(taken), 2, replace=False)]
        middles = (ends[:, :2] + ends[:, 2:]) / 2
        ways = middles + 0.35 * (middles[::-1] - middles)
        writer.draw([ways], usual)


def _few(writer: SheetWriter, x: float, y: float, wide: float, size: float) -> Course | None:
    """A letter, or a word or a few, or some print, from x on."""
    rng, stock = writer.rng, writer.source.stock
    if wide <= 2 * size:
        item = int(rng.choice(np.flatnonzero(stock.kind == 2)))
        strokes = [s * size / 14 for s in stock.ink.strokes(item)]
        return writer.put(strokes, x, y + 0.6 * size, size)
    if rng.random() < 0.12:
        return writer.printed(x, y, writer.text(int(wide / size))[: int(wide / size / 1.3)], size)
    return writer.row(x, y, wide, size)


def _framed(writer: SheetWriter, course: Course, x_height: float) -> None:
    """A box or a ring around a row."""
    rng, points = writer.rng, course.points
    (cx, cy), room = points.mean(0), x_height * rng.uniform(1.2, 1.9)
    rx = np.ptp(points[:, 0]) / 2 + room
    if rng.random() < 0.5:
        corners = np.array([[-rx, -room], [rx, -room], [rx, room], [-rx, room], [-rx, -room]])
        writer.draw([corners + np.array([cx, cy])], x_height)
        return
    t = np.linspace(0, 2 * np.pi * rng.uniform(0.95, 1.1), 60)
    writer.draw([np.stack([cx + 1.1 * rx * np.cos(t), cy + 1.2 * room * np.sin(t)], 1)], x_height)


def _letter(writer: SheetWriter, box: BoxOf) -> None:
    """A letter below a printed head."""
    x1, y1, x2, y2 = box
    y = letter_head(writer, box)
    if y < y2 - 0.1 * (y2 - y1):
        layout = plain_rows if writer.rng.random() < 0.8 else typescript
        layout(writer, (x1, y, x2, y2))


LAYOUTS: dict[Callable[[SheetWriter, BoxOf], None], float] = {
    plain_rows: 0.2,
    close_rows: 0.06,
    sums: 0.03,
    short_entries: 0.03,
    _parts: 0.08,
    _scattered: 0.08,
    _columns: 0.07,
    _table: 0.09,
    _form: 0.07,
    _grid: 0.03,
    one_row: 0.06,
    one_item: 0.06,
    _letter: 0.06,
    typescript: 0.04,
    exercises: 0.04,
}
SHARES = list(LAYOUTS.values())
