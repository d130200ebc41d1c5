"""Decoded pictures of any mode made grey, 0 ink or black to 1 white."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter

from ocr_cli.input.bits import full_scale

PHOTOMETRIC = 0x0106
COLOURED = {"RGB", "RGBA", "YCbCr", "CMYK", "P"}  # modes in which two colours may be as light
FEW_BITS = 63  # an 8-bit picture that is nowhere lighter has been stored in 6 bits or fewer

# When a colour channel tells more than the lightness; all are shares of black to white.
LOOKED_AT = 1024  # pixels on the long side of the picture that is judged
NEAR = 16  # radius, in those, of what strokes are compared with
GRAIN = 1  # radius over which it is smoothed, so that noise does not count
INK = 0.9995  # quantile of the differences that counts: a few letters on a page suffice
FLAT = 0.07  # difference in lightness up to which there is no ink to be seen
PLAIN = 0.15  # difference in a channel, from which there is
TIMES = 3  # and it has to be so many times that of the lightness


def to_grey(image: Image.Image) -> Image.Image | NDArray[np.float32]:
    """`image` in grey: 8 bits, or float32 0 to 1 where the file has more than 8."""
    if image.mode.startswith(("I", "F")):
        return _deep_grey(image)
    if {"A", "a"}.intersection(image.getbands()) or "transparency" in image.info:
        return _on_paper(image.convert("RGBA"))
    if image.mode == "LAB":
        return image.getchannel("L")
    if image.mode == "CMYK":
        image = image.convert("RGB")
    return _all_bits(image.convert("L"))


def _all_bits(band: Image.Image) -> Image.Image:
    """A band of 8 bits; where only the lowest few are in use, they fill all 8."""
    _, brightest = band.getextrema()
    if not 0 < float(brightest) <= FEW_BITS:  # type: ignore[arg-type]
        return band
    full = full_scale(float(brightest))  # type: ignore[arg-type]
    return band.point([min(255, round(255 * value / full)) for value in range(256)])


def _on_paper(image: Image.Image) -> Image.Image:
    """A transparent picture laid on white, or on black where it holds light ink.

    A transparency that is the same everywhere says nothing of what is written.
    """
    grey, alpha = image.convert("L"), image.getchannel("A")
    low, high = alpha.getextrema()
    if low == high:
        return _all_bits(grey)
    alpha = _all_bits(alpha)
    seen = np.asarray(alpha, np.float32) / 255
    light = float((np.asarray(grey, np.float32) * seen).sum()) > 0.75 * 255 * float(seen.sum())
    paper = Image.new("L", image.size, 0 if light and seen.mean() < 0.5 else 255)
    paper.paste(grey, mask=alpha)
    return paper


def _deep_grey(image: Image.Image) -> NDArray[np.float32]:
    """More than 8 bits a pixel brought to 0 to 1, see `full_scale`."""
    grey = np.nan_to_num(np.asarray(image, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    grey = np.maximum(grey, 0.0)
    grey /= full_scale(float(grey.max()))
    tags = getattr(image, "tag_v2", {})
    return 1 - grey if tags.get(PHOTOMETRIC) == 0 else grey  # 0: white is stored as zero


def contrast(grey: Image.Image | NDArray[np.float32]) -> float:
    """The difference of the clearest strokes from what is about them, 0 to 1."""
    if not isinstance(grey, Image.Image):
        grey = Image.fromarray((np.clip(grey, 0, 1) * 255).astype(np.uint8))
    if max(grey.size) > LOOKED_AT:
        grey = grey.reduce(-(-max(grey.size) // LOOKED_AT))
    stroke, about = (grey.filter(ImageFilter.BoxBlur(radius)) for radius in (GRAIN, NEAR))
    return _quantile(ImageChops.difference(stroke, about).histogram(), INK) / 255


def _quantile(histogram: list[int], share: float) -> float:
    """The value below which a share of whole numbers lies, told by how often each one is there."""
    place = (sum(histogram) - 1) * share
    reached = np.cumsum(histogram)
    low, high = np.searchsorted(reached, (int(place), math.ceil(place)), "right")
    return float(low + (high - low) * (place - int(place)))


def telling_channel(image: Image.Image) -> Image.Image:
    """The colour, red, green or blue, that parts ink from paper best.

    Of channels that do it as well, one in which the ink is darker.
    """
    channels = _opaque(image).split()
    strength = [contrast(channel) * (1.01 if _is_dark(channel) else 1) for channel in channels]
    return channels[int(np.argmax(strength))]


def _opaque(image: Image.Image) -> Image.Image:
    """Convert to red, green and blue; what is transparent is white."""
    if image.mode == "RGBA" and len(set(image.getchannel("A").getextrema())) > 1:
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image)
    return image.convert("RGB")


def _is_dark(channel: Image.Image) -> bool:
    """Whether what is written is darker than most of the picture."""
    values = np.asarray(channel, np.float32)
    return float(values.mean()) < float(np.median(values))
