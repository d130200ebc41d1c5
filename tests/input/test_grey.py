"""Grey where there is nothing to see at first: no alpha, few bits, inks of one lightness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from conftest import Drawn


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("alpha", [0, 1, 90])
def test_an_alpha_that_is_the_same_everywhere_says_nothing(
    drawn: Drawn, mode: str, alpha: int
) -> None:
    picture = drawn.picture(mode)
    picture.putalpha(alpha)
    page = drawn.page(drawn.coded(picture, "PNG"))
    assert drawn.found(page) == drawn.mark
    assert page.grey[0, 0] == pytest.approx(230 / 255, abs=0.01)


def test_an_alpha_of_0_and_1(drawn: Drawn) -> None:
    picture = Image.new("LA", drawn.shape[::-1], (0, 0))
    picture.putalpha(Image.fromarray(drawn.array(0, 1)))
    page = drawn.page(drawn.coded(picture, "PNG"))
    assert drawn.found(page) == drawn.mark
    assert (page.grey.min(), page.grey.max()) == (0, 1)


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "PPM"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 6])
def test_a_picture_that_uses_few_of_8_bits(drawn: Drawn, bits: int, mode: str, form: str) -> None:
    picture = Image.fromarray(drawn.array(2**bits - 1, 0)).convert(mode)
    page = drawn.page(drawn.coded(picture, form))
    assert drawn.found(page) == drawn.mark
    assert page.grey[0, 0] == pytest.approx(1, abs=0.01)


def test_a_picture_that_uses_4_of_16_bits(drawn: Drawn) -> None:
    page = drawn.page(drawn.coded(Image.fromarray(drawn.array(15, 1, np.uint16)), "PNG"))
    assert drawn.found(page) == drawn.mark


def test_a_black_picture_stays_black(drawn: Drawn) -> None:
    assert drawn.page(drawn.coded(Image.new("L", (30, 30), 0), "PNG")).grey.max() == 0


BLUE, RED, GREEN = (94, 128, 210), (235, 84, 90), (20, 160, 106)  # of one lightness


def two_inks(drawn: Drawn, ink: tuple[int, ...], paper: tuple[int, ...]) -> Image.Image:
    pairs = zip(paper, ink, strict=True)
    bands = [Image.fromarray(drawn.array(p, i)) for p, i in pairs]
    return Image.merge("RGB", bands)


@pytest.mark.parametrize(
    ("form", "mode"), [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "RGB")]
)
@pytest.mark.parametrize("pair", [(RED, BLUE), (BLUE, RED), (RED, GREEN), (GREEN, BLUE)])
def test_ink_as_light_as_its_paper_is_seen_by_its_colour(
    drawn: Drawn, pair: tuple[tuple[int, ...], tuple[int, ...]], form: str, mode: str
) -> None:
    picture = two_inks(drawn, *pair)
    picture = picture.quantize(4) if mode == "P" else picture.convert(mode)
    assert np.ptp(np.asarray(picture.convert("L"))) < 25
    page = drawn.page(drawn.coded(picture, form, **({"quality": 95} if form == "JPEG" else {})))
    mark = drawn.mark
    inside = page.grey[mark.y1 + 1 : mark.y2 - 1, mark.x1 + 1 : mark.x2 - 1]
    assert abs(float(inside.mean() - np.median(page.grey))) > 0.2


@pytest.mark.parametrize("ink", [(20, 20, 20), (30, 40, 160), (200, 60, 60), (120, 120, 130)])
@pytest.mark.parametrize("paper", [(250, 250, 245), (250, 240, 150), (200, 225, 250)])
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_the_grey_of_usual_inks_is_the_lightness_to_the_byte(
    drawn: Drawn, ink: tuple[int, ...], paper: tuple[int, ...], form: str
) -> None:
    data = drawn.coded(two_inks(drawn, ink, paper), form)
    page = drawn.page(data)
    import io

    with Image.open(io.BytesIO(data)) as image:
        image.draft("L", image.size)
        lightness = np.asarray(image.convert("L"), np.float32) / np.float32(255)
    np.testing.assert_array_equal(page.grey, lightness)


def test_a_blank_coloured_sheet_with_noise_stays_grey(drawn: Drawn) -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal((200, 180, 120), (9, 3, 14), (400, 300, 3)).clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(noise)
    page = drawn.page(drawn.coded(picture, "PNG"))
    np.testing.assert_array_equal(page.grey, np.asarray(picture.convert("L"), np.float32) / 255)
