"""Fifty pictures on which nothing is written: next to nothing is read there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from conftest import RunOcr


HEIGHT, WIDTH = 700, 900
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
Draw = Callable[[ImageDraw.ImageDraw, np.random.Generator], None]


def clouds(rng: np.random.Generator, cells: int) -> np.ndarray:
    """Soft noise of mean 0 and deviation 1 or so, with so many waves down the picture."""
    coarse = Image.fromarray(rng.normal(0, 1, (cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.float32)


def paper(rng: np.random.Generator) -> np.ndarray:
    shade = rng.uniform(0.6, 1) * (1 + 0.1 * clouds(rng, 3))
    return shade + rng.normal(0, rng.uniform(0.002, 0.04), X.shape)


def lines(rng: np.random.Generator, ways: tuple[np.ndarray, ...]) -> np.ndarray:
    """Lines of one colour at even distances, across each of the ways."""
    pitch, ink = rng.uniform(22, 60), rng.uniform(0.1, 0.5)
    lean = rng.normal(0, 0.02)
    drawn = np.zeros(X.shape, bool)
    for way, other in zip(ways, ways[::-1], strict=True):
        drawn |= (way + lean * other) % pitch < 2
    return paper(rng) - ink * drawn


def dots(rng: np.random.Generator) -> np.ndarray:
    pitch = rng.uniform(20, 40)
    return paper(rng) - 0.5 * ((pitch > 0) & (X % pitch < 3) & (Y % pitch < 3))


def wood(rng: np.random.Generator) -> np.ndarray:
    grain = np.sin(rng.uniform(0.05, 0.4) * Y + 3 * clouds(rng, 8) + 0.01 * X)
    return 0.5 + 0.15 * grain + 0.05 * clouds(rng, 60)


def cloth(rng: np.random.Generator) -> np.ndarray:
    pitch = rng.uniform(20, 80)
    checks = (X // pitch + Y // pitch) % 2 + 0.5 * (X % pitch < pitch / 3)
    return 0.6 + rng.uniform(0.05, 0.25) * checks + 0.03 * rng.standard_normal(X.shape)


def landscape(rng: np.random.Generator) -> np.ndarray:
    hills = 350 + 80 * clouds(rng, 6)[0] - Y
    return np.where(hills > 0, 0.8 + 0.1 * clouds(rng, 4), 0.3 + 0.12 * clouds(rng, 90))


def noise(rng: np.random.Generator) -> np.ndarray:
    return 0.5 + rng.uniform(0.05, 0.3) * clouds(rng, int(rng.integers(10, 300)))


def holes(pen: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    """Punched holes and rings, two to six, down an edge or strewn."""
    size, x = rng.uniform(8, 60), rng.uniform(40, 200)
    for k in range(int(rng.integers(2, 7))):
        at = np.array([x, 80 + 110 * k]) if rng.random() < 0.7 else rng.uniform(100, 600, 2)
        fill = 40 if rng.random() < 0.5 else None
        pen.ellipse([*(at - size), *(at + size)], fill, 40, int(rng.integers(2, 6)))


def frame(pen: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    """Rectangles within each other, and the shadow of an edge."""
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.uniform(20, 300, 2)
        right, bottom = rng.uniform(350, 880), rng.uniform(350, 680)
        pen.rectangle([x, y, right, bottom], outline=60, width=int(rng.integers(1, 8)))


def blots(pen: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    """Filled shapes, and lines that cross the picture."""
    for _ in range(int(rng.integers(1, 5))):
        x, y, wide, tall = *rng.uniform(50, 600, 2), *rng.uniform(20, 250, 2)
        shape = pen.ellipse if rng.random() < 0.5 else pen.rectangle
        shape([x, y, x + wide, y + tall], int(rng.integers(0, 200)))
    pen.line([*rng.uniform(0, 700, 4)], 50, 4)


def on_paper(rng: np.random.Generator, draw: Draw) -> np.ndarray:
    page = Image.fromarray((np.clip(paper(rng), 0, 1) * 255).astype(np.uint8))
    draw(ImageDraw.Draw(page), rng)
    return np.asarray(page, np.float32) / 255


def pictures() -> Iterator[np.ndarray]:
    """Ten kinds, five of each."""
    kinds: tuple[Callable[[np.random.Generator], np.ndarray], ...] = (
        paper,
        lambda rng: lines(rng, (Y,)),
        lambda rng: lines(rng, (X, Y)),
        dots,
        wood,
        cloth,
        landscape,
        noise,
        lambda rng: on_paper(rng, holes),
        lambda rng: on_paper(rng, (frame, blots)[int(rng.integers(2))]),
    )
    for k, kind in enumerate(kinds):
        for seed in range(5):
            yield np.clip(kind(np.random.default_rng(100 * k + seed)), 0, 1)


def test_next_to_nothing_is_read_where_nothing_is_written(tmp_path: Path, run_ocr: RunOcr) -> None:
    count = 0
    for count, picture in enumerate(pictures(), 1):
        Image.fromarray((picture * 255).astype(np.uint8)).save(tmp_path / f"{count:02}.png")
    done = run_ocr("read", "-q", "-r", "-f", "jsonl", tmp_path, timeout=600)
    pages = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(pages) == count == 50
    read = {Path(page["source"]).name: page["text"] for page in pages if page["text"]}
    assert sum(map(len, read.values())) <= 50, read
