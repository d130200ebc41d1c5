"""Make the pictures of this folder and the texts beside them: `python examples/make_examples.py`.

Nothing here was photographed: the writing is `ocr_cli.data.synthetic`'s, the paper, light and
shadows are a few lines of numpy. The same versions of numpy and Pillow give the same pictures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ocr_cli.data.formats.ink import Strokes
from ocr_cli.data.synthesis import synthetic

HERE = Path(__file__).parent
FINE = 2  # the pen runs on a picture that many times as fine
MARGIN = 0.78  # the widest line's share of the picture, at most
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Sheet:
    """A page to write; lengths in pixels of the finished picture."""

    file: str
    text: str
    seed: int
    size: tuple[int, int]  # width, height
    capital: float  # height of a capital, less where lines would not fit
    leading: float  # from baseline to baseline
    tilt: float = 0.0  # degrees, clockwise
    paper: Colour = (236, 232, 222)
    ink: Colour = (38, 42, 70)
    rules: Colour | None = None
    squared: bool = False
    shadow: float = 0.0  # how much darker the shadowed part is
    table: Colour | None = None  # what shows beyond the paper's edge
    grain: float = 2.0


SHEETS = (
    Sheet(
        "todo.jpg",
        "TODAY\n1. BUY BREAD AND MILK\n2. CALL THE DENTIST\n3. FIX THE BIKE\n4. WATER THE PLANTS",
        seed=42,
        size=(1200, 900),
        capital=62,
        leading=140,
        tilt=1.5,
        ink=(70, 70, 76),
        shadow=0.35,
    ),
    Sheet(
        "meter.png",
        "3875 3892 3914\n4026 4051 4068\n4107 4153 4179",
        seed=42,
        size=(640, 400),
        capital=44,
        leading=100,
        tilt=-2,
        paper=(246, 246, 242),
        ink=(26, 36, 120),
        rules=(196, 214, 232),
        squared=True,
        grain=0.0,
    ),
    Sheet(
        "menu.jpg",
        "MENU\nTOMATO SOUP 4\nFISH AND CHIPS 9\nAPPLE PIE 5",
        seed=3,
        size=(1000, 800),
        capital=72,
        leading=160,
        tilt=-1,
        paper=(44, 58, 52),
        ink=(226, 228, 220),
    ),
    Sheet(
        "postcard.jpg",
        "GREETINGS FROM LISBON\nSUN EVERY DAY\nWE SWIM AND EAT FISH\nBACK ON MAY 26",
        seed=35,
        size=(1280, 820),
        capital=54,
        leading=130,
        tilt=6,
        ink=(24, 28, 96),
        table=(98, 72, 52),
        shadow=0.2,
    ),
    Sheet(
        "note.jpg",
        "Dear Anna,\nthe key is under the blue pot.\nPlease feed the cat twice a day.\n"
        "Back on Sunday, thanks!",
        seed=21,
        size=(1400, 760),
        capital=64,
        leading=130,
        tilt=-1.5,
        rules=(150, 178, 214),
        shadow=0.25,
    ),
)


def write(sheet: Sheet, rng: np.random.Generator) -> tuple[list[Strokes], float]:
    """The sheet's lines in its pixels, before the tilt, about its middle; the pen's width."""
    hand = synthetic.sample_hand(rng, wildness=0.3)
    hand = replace(hand, fickleness=0.0, drag=0.0, scale=1.0, spacing=260.0)
    lines = [synthetic.draw_text(text, rng, hand) for text in sheet.text.split("\n")]
    width = max(stroke[:, 0].max() for line in lines for stroke in line)
    scale = min(sheet.capital / synthetic.CAPITAL, MARGIN * sheet.size[0] / width)
    width *= scale
    top = sheet.capital / 2 - sheet.leading * (len(lines) - 1) / 2
    placed = [
        [stroke * scale + (-width / 2, top + number * sheet.leading) for stroke in line]
        for number, line in enumerate(lines)
    ]
    return placed, scale * hand.pen


def turned(points: NDArray[np.floating], sheet: Sheet) -> list[tuple[float, float]]:
    """Points about the sheet's middle in the pixels of the fine picture, tilted."""
    angle = np.deg2rad(sheet.tilt)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [(x, y) for x, y in FINE * (points @ turn + np.array(sheet.size) / 2)]


def draw_rules(pen: ImageDraw.ImageDraw, sheet: Sheet, colour: Colour) -> None:
    """A line a little below each baseline, or squares a quarter as wide."""
    lines = sheet.text.count("\n") + 1
    first = sheet.capital / 2 - sheet.leading * (lines - 1) / 2 + sheet.capital * 0.12
    step = sheet.leading / 4 if sheet.squared else sheet.leading
    reach = max(sheet.size)
    for number in range(-40, 41):
        y = first + number * step
        pen.line(turned(np.array([(-reach, y), (reach, y)]), sheet), colour, FINE)
        if sheet.squared:
            x = number * step
            pen.line(turned(np.array([(x, -reach), (x, reach)]), sheet), colour, FINE)


def draw_strokes(pen: ImageDraw.ImageDraw, sheet: Sheet, rng: np.random.Generator) -> None:
    """The sheet's text, by a hand drawn at random, with a round pen."""
    lines, width = write(sheet, rng)
    radius = FINE * width / 2
    for stroke in (stroke for line in lines for stroke in line):
        points = turned(stroke, sheet)
        pen.line(points, sheet.ink, round(2 * radius))
        for x, y in points:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), sheet.ink)


def clouds(size: tuple[int, int], cells: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Smooth noise, (height, width, 1), about -1 to 1."""
    small = Image.fromarray(rng.uniform(-1, 1, (cells, cells)).astype(np.float32))
    return np.asarray(small.resize(size, Image.Resampling.BICUBIC))[:, :, None]


def lit(picture: Image.Image, sheet: Sheet, rng: np.random.Generator) -> Image.Image:
    """A lamp to one side, uneven paper, a shadow's soft edge, and the camera's grain."""
    y, x = np.mgrid[0 : 1 : picture.height * 1j, 0 : 1 : picture.width * 1j][:, :, :, None]
    light = 1.04 - 0.16 * ((x - 0.3) ** 2 + (y - 0.2) ** 2) + 0.02 * clouds(picture.size, 6, rng)
    edge = x + 0.6 * y - 1.0 + 0.05 * clouds(picture.size, 4, rng)
    light = light * (1 - sheet.shadow / (1 + np.exp(-edge / 0.03)))
    grain = sheet.grain * rng.standard_normal((picture.height, picture.width, 1))
    pixels = np.asarray(picture) * light + grain
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def make(sheet: Sheet) -> Image.Image:
    """The finished picture."""
    rng = np.random.default_rng(sheet.seed)
    fine = (FINE * sheet.size[0], FINE * sheet.size[1])
    picture = Image.new("RGB", fine, sheet.table or sheet.paper)
    pen = ImageDraw.Draw(picture)
    if sheet.table:
        right, bottom = np.array(sheet.size) * 0.435
        corners = [(-right, -bottom), (right, -bottom), (right, bottom), (-right, bottom)]
        pen.polygon(turned(np.array(corners), sheet), sheet.paper)
    if sheet.rules:
        draw_rules(pen, sheet, sheet.rules)
    draw_strokes(pen, sheet, rng)
    return lit(picture.resize(sheet.size, Image.Resampling.BOX), sheet, rng)


def main() -> None:
    """Write every picture and its text into this folder."""
    for sheet in SHEETS:
        path = HERE / sheet.file
        make(sheet).save(path, optimize=True, quality=80)  # PNG has no quality, and ignores it
        path.with_suffix(".txt").write_text(sheet.text + "\n", encoding="utf-8")
        click.echo(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
