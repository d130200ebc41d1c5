"""Pages drawn with the faults that people met, for tests of what is read of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

if TYPE_CHECKING:
    from conftest import Handwriting

Picture = Image.Image
Pen = ImageDraw.ImageDraw
Fault = Callable[[Picture], Picture]
PAPER = (243, 243, 240)
INK = (25, 25, 35)
ROWS = "WALK THE DOG", "PAINT THE FENCE", "MEET AT NOON"
BASES = (120, 240, 360)  # y of their baselines
CAPITAL = 60
LEFT = 150  # where they begin


def in_ink(grey: Picture, ink: tuple[int, ...] = INK, paper: tuple[int, ...] = PAPER) -> Picture:
    """What is drawn black on white, in other colours."""
    blank = Image.new("RGB", grey.size, paper)
    return Image.composite(blank, Image.new("RGB", grey.size, ink), grey)


def drawn(draw: Callable[[Pen, Picture], None]) -> Fault:
    """A fault that is drawn over the page."""

    def fault(page: Picture) -> Picture:
        out = page.copy()
        draw(ImageDraw.Draw(out), out)
        return out

    return fault


def under(draw: Callable[[Pen, Picture], None]) -> Fault:
    """A fault that is printed before the page is written."""

    def fault(page: Picture) -> Picture:
        ground = Image.new("RGB", page.size, PAPER)
        draw(ImageDraw.Draw(ground), ground)
        return ImageChops.darker(ground, page)

    return fault


def pixels(page: Picture) -> NDArray[np.float64]:
    return np.asarray(page, np.float64)


def picture(values: NDArray[np.float64]) -> Picture:
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def end_of(page: Picture) -> int:
    """x of the right end of what is written."""
    box = ImageChops.invert(page.convert("L")).point(lambda v: 255 * (v > 100)).getbbox()
    assert box is not None
    return box[2]


def row_in(ink: tuple[int, ...]) -> Fault:
    """The middle row in another ink."""

    def fault(page: Picture) -> Picture:
        band = (0, BASES[0] + 18, page.width, BASES[1] + 18)
        out = page.copy()
        out.paste(in_ink(page.crop(band).convert("L").point(lambda v: 255 * (v > 140)), ink), band)
        return out

    return fault


def pencil(page: Picture) -> Picture:
    rng = np.random.default_rng(0)
    values = pixels(page)
    band = values[BASES[0] + 18 : BASES[1] + 18]
    grain = 0.42 * (rng.random(band.shape[:2]) < 0.85)[..., None]
    values[BASES[0] + 18 : BASES[1] + 18] = 243 - (243 - band) * grain
    return picture(values)


def colours(page: Picture) -> Picture:
    inks = (30, 150, 60), (200, 40, 40), (230, 130, 40)
    out = Image.new("RGB", page.size, (205, 208, 210))
    for base, ink in zip(BASES, inks, strict=True):
        band = (0, base - 102, page.width, base + 18)
        mask = page.crop(band).convert("L").point(lambda v: 255 * (v > 140))
        out.paste(in_ink(mask, ink, (205, 208, 210)), band)
    return out


def tight(page: Picture) -> Picture:
    mask = ImageChops.invert(page.convert("L")).point(lambda v: 255 * (v > 100))
    return page.crop(mask.getbbox())


def half_dark(page: Picture) -> Picture:
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.normal(0, 1, (20, 30)).astype(np.float32))
    cloud = np.asarray(coarse.resize(page.size, Image.Resampling.BICUBIC))
    dark = picture(30 + 14 * cloud + rng.normal(0, 4, cloud.shape)).convert("RGB")
    return beside(page, dark)


def beside(left: Picture, right: Picture) -> Picture:
    out = Image.new("RGB", (left.width + right.width, max(left.height, right.height)), PAPER)
    out.paste(left, (0, 0))
    out.paste(right, (left.width, 0))
    return out


def on_wood(page: Picture) -> Picture:
    rng = np.random.default_rng(0)
    height, width = 2 * page.height, round(1.5 * page.width)
    y, x = np.mgrid[0:height, 0:width]
    grain = np.sin(y / 9 + 2 * np.sin(x / 300) + x / 200) + rng.normal(0, 0.3, y.shape)
    table = picture(np.stack([140 + 28 * grain, 95 + 22 * grain, 60 + 16 * grain], -1))
    sheet = page.convert("RGBA").rotate(3, Image.Resampling.BICUBIC, expand=True)
    table.paste(sheet, ((width - sheet.width) // 2, (height - sheet.height) // 2), sheet)
    return table


def bent(page: Picture) -> Picture:
    values, pad = pixels(page), 60
    out = np.full((page.height + 2 * pad, page.width, 3), 243.0)
    for x in range(page.width):
        down = pad + int(35 * np.sin(2.2 * np.pi * x / page.width))
        out[down : down + page.height, x] = values[:, x]
    return picture(out)


def small_on_a4(page: Picture) -> Picture:
    sheet = Image.new("RGB", (2480, 3508), PAPER)
    small = page.resize((page.width * 2 // 5, page.height * 2 // 5), Image.Resampling.LANCZOS)
    sheet.paste(small, (1700, 2900))
    return sheet


@drawn
def underlined(pen: Pen, page: Picture) -> None:
    for base in BASES:
        pen.line([LEFT, base + 1, end_of(page), base + 3], INK, 4)


@drawn
def boxed(pen: Pen, page: Picture) -> None:
    end = end_of(page)
    for base in BASES:
        pen.rectangle([LEFT - 24, base - 76, end + 14, base + 16], outline=INK, width=3)


def squared(pitch: int, tone: int) -> Fault:
    @under
    def fault(pen: Pen, page: Picture) -> None:
        for at in range(7, max(page.size), pitch):
            pen.line([at, 0, at, page.height], (tone, tone, tone + 40), 2)
            pen.line([0, at, page.width, at], (tone, tone, tone + 40), 2)

    return fault


@under
def seyes(pen: Pen, page: Picture) -> None:
    for k, y in enumerate(range(0, page.height, 11)):
        tone = (150, 140, 200) if k % 4 == 0 else (205, 210, 238)
        pen.line([0, y, page.width, y], tone, 2 if k % 4 == 0 else 1)
    for x in range(10, page.width, 44):
        pen.line([x, 0, x, page.height], (165, 155, 210), 2)
    pen.line([LEFT - 20, 0, LEFT - 20, page.height], (220, 90, 110), 3)


@under
def dot_grid(pen: Pen, page: Picture) -> None:
    for y in range(10, page.height, 27):
        for x in range(10, page.width, 27):
            pen.ellipse([x, y, x + 3, y + 3], (60, 60, 60))


def red_on_blue(page: Picture) -> Picture:
    grey = page.convert("L").point(lambda v: 255 * (v > 140))
    return in_ink(grey, (222, 76, 80), (92, 124, 208))


def framed(page: Picture) -> Picture:
    out = Image.new("RGB", (page.width + 240, page.height + 240), (12, 12, 12))
    sheet = page.convert("RGBA").rotate(-3, Image.Resampling.BICUBIC, expand=True)
    out.paste(sheet, (60, 50), sheet)
    return out


def barcode(page: Picture) -> Picture:
    out = Image.new("RGB", (page.width, page.height + 150), PAPER)
    out.paste(page, (0, 0))
    rng, pen, x = np.random.default_rng(0), ImageDraw.Draw(out), LEFT
    while x < LEFT + 330:
        wide = int(rng.integers(2, 8))
        pen.rectangle([x, page.height, x + wide, page.height + 100], (10, 10, 10))
        x += wide + int(rng.integers(3, 8))
    return out


def square_code(cell: int) -> Fault:
    def fault(page: Picture) -> Picture:
        code = np.random.default_rng(1).random((25, 25)) < 0.5
        for i, j in ((0, 0), (0, 18), (18, 0)):
            code[i : i + 7, j : j + 7] = True
            code[i + 1 : i + 6, j + 1 : j + 6] = False
            code[i + 2 : i + 5, j + 2 : j + 5] = True
        block = picture(np.where(code, 15.0, 243.0)).resize((25 * cell, 25 * cell), 0)
        out = beside(page, Image.new("RGB", (block.width + 40, block.height + 100), PAPER))
        out.paste(block.convert("RGB"), (page.width, 90))
        return out

    return fault


@drawn
def cut_line(pen: Pen, page: Picture) -> None:
    for x in range(5, page.width, 28):
        pen.line([x, BASES[0] + 32, x + 16, BASES[0] + 32], (30, 30, 30), 3)


def postmarked(page: Picture) -> Picture:
    out = Image.new("RGB", (page.width + 200, page.height + 320), PAPER)
    out.paste(page, (100, 300))
    pen = ImageDraw.Draw(out)
    right = out.width - 40
    pen.rectangle([right - 160, 50, right, 240], (230, 215, 200), (190, 50, 40), 12)
    for radius, wide in ((80, 4), (58, 2)):
        x, y = right - 270, 130
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], None, (60, 60, 70), wide)
    along = np.arange(right - 270, right - 30, 4)
    for k in range(5):
        wave = 85 + 22 * k + 8 * np.sin(along / 18)
        pen.line(list(zip(along.tolist(), wave.tolist(), strict=True)), (60, 60, 70), 3)
    return out


def smiley(radius: int) -> Fault:
    @drawn
    def fault(pen: Pen, page: Picture) -> None:
        x, y, r = end_of(page) + 75, BASES[2] - 30, radius
        pen.ellipse([x - r, y - r, x + r, y + r], None, INK, 4)
        for side in (-0.35, 0.35):
            eye = x + side * r
            pen.ellipse([eye - 4, y - 0.3 * r - 5, eye + 4, y - 0.3 * r + 5], INK)
        pen.arc([x - 0.55 * r, y - 0.45 * r, x + 0.55 * r, y + 0.6 * r], 20, 160, INK, 4)

    return fault


@drawn
def spiral(pen: Pen, page: Picture) -> None:
    for y in range(10, page.height, 37):
        pen.rectangle([20, y, 48, y + 18], (20, 20, 20))


@drawn
def dots_before(pen: Pen, page: Picture) -> None:
    for base in BASES:
        pen.ellipse([LEFT - 55, base - 37, LEFT - 41, base - 23], INK)


def stamp(page: Picture) -> Picture:
    mark = Image.new("RGBA", (420, 150))
    pen = ImageDraw.Draw(mark)
    pen.rectangle([4, 4, 415, 145], None, (205, 40, 40, 230), 8)
    pen.text((70, 22), "COPY", (205, 40, 40, 230), ImageFont.load_default(90))
    mark = mark.rotate(9, Image.Resampling.BICUBIC, expand=True)
    over = Image.new("RGB", page.size, (255, 255, 255))
    over.paste(mark, (260, 150), mark)
    return ImageChops.darker(page, over)


@under
def coffee(pen: Pen, page: Picture) -> None:
    x, y = page.width // 2, page.height // 2
    pen.ellipse([x - 150, y - 150, x + 150, y + 150], (228, 216, 205), (190, 150, 112), 8)
    page.paste(page.filter(ImageFilter.GaussianBlur(2)))


@drawn
def ringed(pen: Pen, page: Picture) -> None:
    pen.ellipse([LEFT - 34, BASES[0] - 88, LEFT + 262, BASES[0] + 26], None, (205, 30, 30), 5)


@under
def highlighter(pen: Pen, page: Picture) -> None:
    for base, colour in ((BASES[0], (240, 90, 170)), (BASES[2], (90, 140, 230))):
        pen.rectangle([LEFT - 20, base - 74, page.width - 160, base + 14], colour)


def show_through(page: Picture) -> Picture:
    back = page.transpose(Image.Transpose.FLIP_LEFT_RIGHT).filter(ImageFilter.GaussianBlur(1.5))
    back = ImageChops.offset(back, 17, 31)
    return picture(np.minimum(243 - (243 - pixels(back)) * 0.35, pixels(page)))


def shadow(page: Picture) -> Picture:
    mask = Image.new("L", page.size, 255)
    pen = ImageDraw.Draw(mask)
    for k in range(4):
        x = 240 + 95 * k
        pen.rounded_rectangle([x, 150 + 20 * (k % 2), x + 75, page.height], 38, 95)
    mask = mask.filter(ImageFilter.GaussianBlur(6))
    return picture(pixels(page) * pixels(mask)[..., None] / 255)


def glare(page: Picture) -> Picture:
    y, x = np.mgrid[0 : page.height, 0 : page.width]
    away = (x - page.width / 2) ** 2 + (y - page.height / 2) ** 2
    spot = 0.8 * np.exp(-away / (2 * 85**2))[..., None]
    return picture(0.85 * pixels(page) * (1 - spot) + 255 * spot)


def moved(axis: int) -> Fault:
    def fault(page: Picture) -> Picture:
        values = pixels(page)
        return picture(np.mean([np.roll(values, k, axis) for k in range(-5, 6)], 0))

    return fault


def dry(page: Picture) -> Picture:
    """Gaps of a pen's width in the strokes, many to a letter."""
    rng, values = np.random.default_rng(0), pixels(page)
    y, x = np.nonzero(values[..., 0] < 120)
    for k in rng.choice(len(y), len(y) // 70, replace=False):
        away = np.hypot(*np.mgrid[-4:5, -4:5]) < rng.uniform(2, 4)
        part = values[y[k] - 4 : y[k] + 5, x[k] - 4 : x[k] + 5]
        part[away[: part.shape[0], : part.shape[1]]] = 243
    return picture(values)


def turned(degrees: float) -> Fault:
    def fault(page: Picture) -> Picture:
        return page.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=PAPER)

    return fault


def mirrored(page: Picture) -> Picture:
    return page.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def on_its_head(page: Picture) -> Picture:
    return page.transpose(Image.Transpose.ROTATE_180)


def rows_of(
    handwriting: Handwriting, rows: list[str], x: int, pitch: int = 120, seed: int = 1
) -> Picture:
    """Rows of one hand, their left end at x, so far below one another; baselines as BASES."""
    drawn = [handwriting(row, seed=seed) for row in rows]
    out = Image.new("L", (x + max(one.width for one in drawn), 140 + pitch * len(rows)), 255)
    for k, one in enumerate(drawn):
        place = (x - 40, pitch * k)
        out.paste(0, place, ImageChops.invert(one))
    return in_ink(out)


def large(page: Picture) -> Picture:
    return page.resize((3 * page.width, 3 * page.height), Image.Resampling.BICUBIC)


def tall(page: Picture) -> Picture:
    """48 rows."""
    out = Image.new("RGB", (page.width, 16 * 360 + 120), PAPER)
    for k in range(16):
        out.paste(page.crop((0, 20, page.width, 380)), (0, 20 + 360 * k))
    return out


def strip(page: Picture) -> Picture:
    """Eight times as long as wide, and more."""
    row = page.crop((0, 20, page.width, 140))
    out = Image.new("RGB", (8 * row.width, row.height), PAPER)
    for k in range(8):
        out.paste(row, (k * row.width, 0))
    return out


def cell(page: Picture, handwriting: Handwriting, letter: str, x: int, y: int, side: int) -> None:
    """A letter in the middle of a square."""
    drawn = ImageChops.invert(handwriting(letter, seed=1))
    box = drawn.getbbox()
    assert box is not None
    ink = drawn.crop(box)
    ink = ink.resize((ink.width * 3 // 4, ink.height * 3 // 4), Image.Resampling.LANCZOS)
    page.paste(INK, (x + (side - ink.width) // 2, y + (side - ink.height) // 2), ink)
