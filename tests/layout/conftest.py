"""Pages of block letters drawn with rectangles: what is on them is known to the pixel."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ocr_cli import layout
from ocr_cli.page import Page

Draw = Callable[..., Page]

# A 5 × 7 face: every letter is one piece of ink, and stands on the baseline.
FACE = {
    "H": "#...# #...# #...# ##### #...# #...# #...#",
    "L": "#.... #.... #.... #.... #.... #.... #####",
    "T": "##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#..",
    "E": "##### #.... #.... ####. #.... #.... #####",
    "O": "##### #...# #...# #...# #...# #...# #####",
    "N": "#...# ##..# ###.# #.### #..## #...# #...#",
    "i": "..#.. ..... ..#.. ..#.. ..#.. ..#.. ..#..",
    ".": "..... ..... ..... ..... ..... ..... .#...",
}


def stamp(draw: ImageDraw.ImageDraw, letter: str, x: float, y: float, pen: int) -> None:
    """Draw a letter with its top left corner at x, y."""
    for row, bits in enumerate(FACE[letter].split()):
        for column, bit in enumerate(bits):
            if bit == "#":
                left, top = x + column * pen, y + row * pen
                draw.rectangle((left, top, left + pen - 1, top + pen - 1), fill=20)


@pytest.fixture(scope="session")
def block() -> Draw:
    """Draw lines of block letters: a page, paper 1, capitals 7 pens high, rows 14 pens apart."""

    def draw(*lines: str, pen: int = 6, tilt: float = 0.0) -> Page:
        width = max(len(line) for line in lines) * 7 * pen + 20 * pen
        image = Image.new("L", (width, (len(lines) * 14 + 20) * pen), 230)
        for number, line in enumerate(lines):
            for place, letter in enumerate(line):
                if letter != " ":
                    x, y = (10 + 7 * place) * pen, (13 + 14 * number) * pen
                    stamp(ImageDraw.Draw(image), letter, x, y, pen)
        if tilt:  # Pillow turns to the left; a tilt above 0 falls to the right
            how = Image.Resampling.BICUBIC
            image = image.rotate(-tilt, resample=how, expand=True, fillcolor=230)
        grey = np.asarray(image, np.float32) / 255
        return Page(grey, file_shape=grey.shape)

    return draw


@pytest.fixture(scope="session")
def joined() -> Callable[[Page], Page]:
    """Analyse by the ink alone, for drawings that the row finder takes for no writing."""

    def analyse(page: Page) -> Page:
        return layout.find_rows(layout.find_letters(layout.straighten(layout.find_ink(page))))

    return analyse
