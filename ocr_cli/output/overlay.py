"""Page → its picture with the boxes that the page analysis found drawn on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ocr_cli.page import Box, Page

if TYPE_CHECKING:
    from PIL.Image import Image

LETTER, WORD, ROW = (208, 32, 32), (24, 120, 220), (24, 150, 60)


def draw_overlay(page: Page) -> Image:
    """The page's picture, RGB, with boxes of letters (red), words (blue) and rows (green).

    Boxes are in the file's pixels; the ground is the page's grey, brought back to these.
    """
    from PIL import ImageDraw

    ground = _ground(page)
    draw = ImageDraw.Draw(ground)
    line = max(1, round(max(ground.size) / 1200))

    def frame(box: Box, colour: tuple[int, int, int], grow: int) -> None:
        y1, x1, y2, x2 = page.box_in_file(box)
        corners = (x1 - grow, y1 - grow, x2 - 1 + grow, y2 - 1 + grow)
        draw.rectangle(corners, outline=colour, width=line)

    for row in page.rows:
        frame(row.box, ROW, 4 * line)
        for word in row.words:
            frame(word.box, WORD, 2 * line)
    for letter in page.letters:
        frame(letter.box, LETTER, 0)
    return ground


def _ground(page: Page) -> Image:
    """The page's grey as an RGB picture in the file's pixels."""
    from PIL import Image

    grey = Image.fromarray((np.clip(page.grey, 0, 1) * 255).astype(np.uint8))
    height, width = page.file_shape if min(page.file_shape) > 0 else page.grey.shape
    back = np.linalg.inv(page.to_file)[:2].ravel()
    how = Image.Transform.AFFINE, tuple(back), Image.Resampling.BILINEAR
    return grey.transform((width, height), *how, fillcolor=255).convert("RGB")
