"""The photo for the browser: in colours, upright, aligned with the page's pixels."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ocr_cli import input as images
from ocr_cli.input import Picture
from ocr_cli.layout.courses import sample
from ocr_cli.layout.ink import dark_on_light
from ocr_cli.page import Page
from ocr_cli.review.document import Document

LONGEST = 4096  # pixels of the long side that a browser is given
SMALL = 2000  # of what it shows at first: half of most cameras' pictures
QUALITY = 85


def jpeg(picture: Picture, document: Document, longest: int = LONGEST) -> bytes:
    """Encode the picture, warped to the document's page, as JPEG, `longest` pixels at most."""
    width, height = document.size
    scale = min(longest, max(document.file_size)) / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    colours = images.load_colours(picture, longest)
    if colours is None:
        grey = page_of_photo(picture, document).grey
        shown = Image.fromarray((grey * 255).astype(np.uint8)).resize(size)
    else:
        to_stored = np.diag(
            [colours.width / document.file_size[0], colours.height / document.file_size[1], 1.0]
        )
        to_page = np.diag([width / size[0], height / size[1], 1.0])
        shown = _moved(colours, to_stored @ np.array(document.to_file) @ to_page, size)
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _moved(image: Image.Image, move: NDArray[np.float64], size: tuple[int, int]) -> Image.Image:
    """Warp an image to (width, height) `size`; `move` (3, 3) takes (x, y, 1) there to the old."""
    if size == image.size and np.allclose(move, np.eye(3), atol=1e-3):
        return image
    turns = tuple(float(value) for value in move[:2].ravel())
    smooth = Image.Resampling.BILINEAR
    return image.transform(size, Image.Transform.AFFINE, turns, smooth, fillcolor="white")


def page_of_photo(picture: Picture, document: Document) -> Page:
    """Load the grey page of a document, resampled where it is placed otherwise now; InputError."""
    width, height = document.size
    page = dark_on_light(images.load_page(replace(picture, longest=max(document.size))))
    move = np.linalg.inv(page.to_file) @ np.array(document.to_file)
    if page.grey.shape != (height, width) or not np.allclose(move, np.eye(3), atol=1e-6):
        y, x = np.mgrid[:height, :width].astype(np.float32) + np.float32(0.5)
        (a, b, c), (d, e, f) = move[:2].astype(np.float32)
        grey = sample(page.grey, a * x + b * y + c, d * x + e * y + f)
        page = replace(page, grey=grey, to_file=np.array(document.to_file))
    return page
