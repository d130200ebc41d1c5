"""A page in the making, and who writes on it: rows of real strokes, or of print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ocr_cli.data.synthesis.pieces import LineSource, Mix
from ocr_cli.data.synthesis.render import resampled
from ocr_cli.data.synthesis.typesetting import any_face, set_in_type
from ocr_cli.layout.strips import SPREAD, measure
from ocr_cli.page import X_HEIGHT, Course

Array = NDArray[Any]
Grey = NDArray[np.float32]
BoxOf = tuple[float, float, float, float]  # x1, y1, x2, y2 of what a layout fills
FINE = 2  # the pen runs on a canvas so many times as fine


@dataclass
class Sheet:
    """A page in the making: how dark the ink is, and the courses of what was written."""

    shape: tuple[int, int]
    rng: np.random.Generator
    courses: list[Course] = field(default_factory=list)

    def __post_init__(self) -> None:
        height, width = self.shape
        self.image = Image.new("L", (width * FINE, height * FINE))
        self.pen = ImageDraw.Draw(self.image)
        rng = self.rng
        self.tone = int(rng.uniform(90, 255)) if rng.random() < 0.6 else 255
        self.uneven = rng.random() < 0.2  # rows of differently dark ink
        self.wave = rng.normal(0, 0.25), rng.uniform(0.5, 4) / width, rng.uniform(0, 6)
        self.skew = rng.normal(0, 0.015)
        self.slant = rng.normal(0, 0.25)
        self.thick = rng.uniform(0.08, 0.26)  # of the x-height

    def ink(self) -> Grey:
        """(H, W) 0 bare to 1 full ink."""
        return np.asarray(self.image.reduce(FINE), np.float32) / np.float32(255)

    def tone_now(self) -> int:
        """The darkness of this row's ink."""
        return int(self.rng.uniform(70, 255)) if self.uneven else self.tone


class SheetWriter:
    """Writes rows of real strokes, or of print, on a sheet."""

    def __init__(self, sheet: Sheet, source: LineSource, faces: Sequence[str]) -> None:
        self.sheet, self.source, self.rng = sheet, source, sheet.rng
        self.faces = faces
        wide = self.rng.random() < 0.25
        self.gap = self.rng.uniform(24, 38) if wide else self.rng.uniform(8, 22)
        self.mix = Mix(*[(0.5, 0.9, 0.6, 0.3), (0.1, 1, 0, 0), (0, 0, 1, 0.6)][self.rng.choice(3)])

    def row(
        self, x: float, y: float, width: float, x_height: float, mix: Mix | None = None
    ) -> Course | None:
        """A row of about that width from x on, its middle at y."""
        scale = x_height / X_HEIGHT / SPREAD
        strokes, wide = self._strokes(width / scale, mix or self.mix)
        scale *= min(1.0, 1.05 * width / scale / max(wide, 1.0))
        return self.put([s * scale for s in strokes], x, y, x_height)

    def _strokes(self, width: float, mix: Mix) -> tuple[list[Array], float]:
        """Strokes of texts, one after another, and how wide they are; in pixels of a strip."""
        found: list[Array] = []
        end, rng, ink = 0.0, self.rng, self.source.stock.ink
        for attempt in range(14):
            # what fits nowhere is tried as a word
            pieces = self.source.draw(1, mix if attempt < 4 or found else Mix(1, 0, 0, 0), rng)
            x = end + self.gap * rng.uniform(0.7, 1.4) if found else 0.0
            wide = float(pieces.width[0])
            if x + wide > width and (found or attempt < 12):
                continue
            for item, px, py, size in zip(
                pieces.item, pieces.x, pieces.y, pieces.size, strict=True
            ):
                found += [s * size + [px + x, py] for s in ink.strokes(int(item))]
            end = x + wide
            if end > 0.85 * width:
                break
        return found, end

    def put(self, strokes: Sequence[Array], x: float, y: float, x_height: float) -> Course | None:
        """Strokes, in pixels, drawn from x, y on; the course that they have."""
        if not strokes:
            return None
        sheet, rng = self.sheet, self.rng
        skew = sheet.skew + rng.normal(0, 0.006)
        amplitude, pace, phase = sheet.wave

        def bent(points: Array) -> Array:
            px = points[:, 0] - sheet.slant * points[:, 1] + x
            dip = amplitude * x_height * np.sin(2 * np.pi * pace * px + phase)
            return np.stack([px, points[:, 1] + y + skew * (px - x) + dip], 1)

        course = _course_of(strokes, bent)
        if course is None:
            return None
        self.draw([bent(s) for s in strokes], x_height)
        sheet.courses.append(course)
        return course

    def draw(self, strokes: Sequence[Array], x_height: float, tone: int | None = None) -> None:
        """Strokes in pixels of the page with a round pen."""
        sheet = self.sheet
        wide = max(1, round(FINE * max(0.9, sheet.thick * x_height)))
        tone = sheet.tone_now() if tone is None else tone
        for stroke in strokes:
            points = (stroke * FINE).ravel().tolist()
            if len(stroke) > 1:
                sheet.pen.line(points, fill=tone, width=wide, joint="curve" if wide > 5 else None)
            r = wide / 2
            for px, py in (stroke * FINE)[[0, -1]] if wide > 3 or len(stroke) < 2 else ():
                sheet.pen.ellipse([px - r, py - r, px + r, py + r], fill=tone)

    def face(self, typewriter: bool = False) -> str:
        """A font file at random."""
        return any_face(self.faces, typewriter, self.rng)

    def width_of(self, text: str, x_height: float, face: str) -> float:
        """The width of a printed row, in pixels."""
        return set_in_type(text, face, x_height * FINE, self.rng)[0].width / FINE

    def printed(
        self, x: float, y: float, text: str, x_height: float, face: str | None = None
    ) -> Course | None:
        """A printed row from x on, its small letters' middle at y."""
        face = face or self.face()
        mask, rise = set_in_type(text, face, x_height * FINE, self.rng)
        ys, xs = np.nonzero(np.asarray(mask) > 100)
        if len(ys) < 10:
            return None
        origin = np.array([x, y + x_height / 2 - rise / FINE])
        points = np.stack([xs, ys], 1)[:: max(1, len(ys) // 4000)] / FINE + origin
        found = measure(points, np.zeros(len(points), np.int64), 1)
        where = round(origin[0] * FINE), round(origin[1] * FINE)
        self.sheet.image.paste(self.sheet.tone_now(), where, mask)
        ends = np.linspace(points[:, 0].min(), points[:, 0].max(), 12)
        middle = np.full(12, float(found.middle[0]))
        course = Course(np.stack([ends, middle], 1), max(float(found.spread[0]), 0.1 * x_height))
        self.sheet.courses.append(course)
        return course

    def text(self, letters: int) -> str:
        """Words for print."""
        labels, found = self.source.stock.ink.labels, ""
        while len(found) < letters:
            found += str(labels[self.rng.integers(len(labels))]) + " "
        text = found.strip()
        return text.upper() if self.rng.random() < 0.2 else text


def _course_of(strokes: Sequence[Array], bent: Callable[[Array], Array]) -> Course | None:
    """The course that straight strokes have once they are bent."""
    points = np.concatenate(strokes)
    stroke = np.repeat(np.arange(len(strokes)), [len(s) for s in strokes])
    size = float(np.ptp(points[:, 1])) + 1e-3
    dense, _ = resampled(points, stroke, max(size / 60, 0.25))
    found = measure(dense, np.zeros(len(dense), np.int64), 1)
    spread = float(found.spread[0])
    x1, x2 = float(dense[:, 0].min()), float(dense[:, 0].max())
    if spread < 0.5:
        return None
    if x2 - x1 < 2 * spread:
        x1, x2 = (x1 + x2) / 2 - spread, (x1 + x2) / 2 + spread
    at = np.linspace(x1, x2, max(2, int((x2 - x1) / (2 * spread)) + 1))
    middle = found.middle[0] + found.skew[0] * (at - found.x_mean[0])
    return Course(bent(np.stack([at, middle], 1)), spread)
