"""Small pictures with one dark rectangle, and what becomes of them."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ocr_cli.input import load_pages
from ocr_cli.page import Box, Page

MARK = Box(10, 20, 18, 50)  # where the picture is dark
SHAPE = (60, 90)


class Drawn:
    """Draws a light picture, dark in `mark`; encodes, loads, and finds the mark again."""

    mark = MARK
    shape = SHAPE

    def array(self, paper: float, ink: float, dtype: type = np.uint8) -> NDArray:
        grey = np.full(SHAPE, paper, dtype)
        grey[MARK.y1 : MARK.y2, MARK.x1 : MARK.x2] = ink
        return grey

    def picture(self, mode: str = "L") -> Image.Image:
        return Image.fromarray(self.array(230, 20)).convert(mode)

    def coded(self, picture: Image.Image, form: str, **how: object) -> bytes:
        file = io.BytesIO()
        picture.save(file, form, **how)
        return file.getvalue()

    def pages(self, data: bytes) -> Iterator[Page]:
        return load_pages(data)

    def page(self, data: bytes) -> Page:
        (page,) = load_pages(data)
        return page

    def found(self, page: Page) -> Box:
        """The box around what is darker than middle grey."""
        ys, xs = np.nonzero(page.grey < 0.5)
        return Box(int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1)


@pytest.fixture
def drawn() -> Drawn:
    return Drawn()
