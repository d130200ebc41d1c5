"""The shipped row finder on pages that are drawn here: rows, and what is none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ocr_cli.layout import finder
from ocr_cli.layout.chains import Chain
from ocr_cli.layout.courses import Course
from ocr_cli.layout.faint import without_faint
from ocr_cli.layout.normalise import evened
from ocr_cli.modelfiles.weights import Model

TEXT = ("the quick brown fox", "jumps over a lazy dog", "and back again", "never more than once")


@pytest.fixture(scope="module")
def model() -> Model:
    return finder.load_finder()


def grey(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L"), np.float32) / 255


def on_paper(picture: Image.Image, scale: float, margin: int = 60, tone: int = 225) -> Image.Image:
    """The writing at another size, with a margin, on somewhat noisy paper."""
    size = round(picture.width * scale), round(picture.height * scale)
    ink = picture.resize(size, Image.Resampling.LANCZOS)
    page = Image.new("L", (size[0] + 2 * margin, size[1] + 2 * margin), 255)
    page.paste(ink, (margin, margin))
    noise = np.random.default_rng(0).normal(0, 2, (page.height, page.width))
    light = np.asarray(page, np.float32) / 255 * tone + noise
    return Image.fromarray(np.clip(light, 0, 255).astype(np.uint8))


def middles(courses: list[Course]) -> list[float]:
    return [float(np.median(c.points[:, 1])) for c in courses]


Hand = Callable[..., Image.Image]


@pytest.fixture(scope="module")
def page(handwriting: Hand) -> Image.Image:
    return on_paper(handwriting(*TEXT), 0.5)


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.0, 2.0])
def test_rows_are_found_at_every_size(handwriting: Hand, model: Model, scale: float) -> None:
    courses = finder.find_courses(grey(on_paper(handwriting(*TEXT), scale)), model)
    assert len(courses) == len(TEXT)
    # `handwriting` has a row every 120 pixels
    np.testing.assert_allclose(np.diff(middles(courses)), 120 * scale, atol=25 * scale)


@pytest.mark.parametrize("degrees", [-8, 8])
def test_slanting_rows_are_found(page: Image.Image, model: Model, degrees: int) -> None:
    turned = page.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=225)
    courses = finder.find_courses(grey(turned), model)
    assert len(courses) == len(TEXT)
    for course in courses:
        x, y = course.points[-1] - course.points[0]
        assert abs(np.rad2deg(np.arctan2(-y, x)) - degrees) < 3


def test_two_notes_are_read_one_after_the_other(handwriting: Hand, model: Model) -> None:
    left, right = (on_paper(handwriting(*TEXT[:3], seed=k), 0.5) for k in (0, 1))
    both = Image.new("L", (left.width + right.width + 120, left.height + 40), 90)
    both.paste(left, (20, 20))
    both.paste(right, (left.width + 100, 20))
    courses = finder.find_courses(grey(both), model)
    sides = [bool(c.points[:, 0].mean() > left.width + 60) for c in courses]
    assert sides == [False] * 3 + [True] * 3
    assert middles(courses[:3]) == sorted(middles(courses[:3]))


def test_ruled_lines_and_a_frame_are_no_rows(page: Image.Image, model: Model) -> None:
    pen = ImageDraw.Draw(page := page.copy())
    for y in range(30, page.height, 30):
        pen.line([0, y, page.width, y], fill=150)
    framed = Image.new("L", (page.width + 120, page.height + 120), 10)
    framed.paste(page, (60, 60))
    assert len(finder.find_courses(grey(framed), model)) == len(TEXT)


def blank(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Pictures of 600 x 800 pixels without writing."""
    y, x = np.mgrid[0:600, 0:800].astype(np.float32)
    coarse = Image.fromarray(rng.normal(0, 1, (60, 80)).astype(np.float32))
    waves = np.asarray(coarse.resize((800, 600), Image.Resampling.BICUBIC))
    pictures = {
        "white": np.ones_like(x),
        "black": np.zeros_like(x),
        "noise": 0.7 + 0.05 * rng.standard_normal(x.shape),
        "gradient": 0.3 + 0.6 * x / 800,
        "wood": 0.5 + 0.1 * np.sin(0.3 * y + 2 * waves),
        "checks": 0.6 + 0.2 * ((x // 40 + y // 40) % 2),
        "ruled": 0.9 - 0.3 * (y % 40 < 2),
        "squared": 0.9 - 0.3 * ((y % 30 < 2) | (x % 30 < 2)),
        "clouds": 0.6 + 0.15 * waves,
    }
    return np.clip(pictures[kind], 0, 1).astype(np.float32)


@pytest.mark.parametrize(
    "kind",
    ["white", "black", "noise", "gradient", "wood", "checks", "ruled", "squared", "clouds"],
)
def test_nothing_is_found_where_nothing_is_written(kind: str, model: Model) -> None:
    picture = blank(kind, np.random.default_rng(3))
    found = finder.survey(picture, model)
    assert finder.courses_of(found) == []
    assert finder.turned(picture, model, found) == 0


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_page_is_told(root: Path, model: Model, quarters: int) -> None:
    with Image.open(root / "examples" / "note.jpg") as picture:
        page = grey(picture)
    assert finder.turned(np.ascontiguousarray(np.rot90(page, quarters)), model) == quarters


def test_capitals_which_look_alike_upside_down_are_not_turned(root: Path, model: Model) -> None:
    with Image.open(root / "examples" / "menu.jpg") as picture:
        assert finder.turned(grey(picture), model) == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (7, 13), (3, 3)])
def test_tiny_pictures_give_no_rows(shape: tuple[int, int], model: Model) -> None:
    assert finder.find_courses(np.ones(shape, np.float32), model) == []


def test_a_row_that_shows_through_is_none() -> None:
    contrast = np.full((40, 100), 0.02, np.float32)
    contrast[10], contrast[20], contrast[30, :50] = 0.6, 0.1, 0.5
    contrast[30, 50:] = 0.08
    x = np.arange(5, 95) + 0.5
    rows = [Chain(x, np.full(90, y + 0.5), 1.2, 0.9) for y in (10, 20, 30)]
    dark, half = without_faint(rows, contrast)
    assert dark is rows[0]
    assert half.y[0] == 30.5
    assert half.x[0] == 5.5
    assert half.x[-1] < 65


def test_light_and_contrast_are_evened() -> None:
    rng = np.random.default_rng(0)
    ink = (rng.random((240, 320)) < 0.1).astype(np.float32)
    light = np.linspace(0.5, 1, 320, dtype=np.float32)
    even, uneven = evened(1 - 0.5 * ink), evened((1 - 0.5 * ink) * light)
    assert np.corrcoef(even.ravel(), uneven.ravel())[0, 1] > 0.9
    assert abs(uneven[:, :80].std() / uneven[:, -80:].std() - 1) < 0.35
    assert np.abs(evened(np.full((240, 320), 0.3, np.float32))).max() < 1e-3


@pytest.mark.parametrize(("rows", "turned"), [(1, False), (4, True)])
def test_a_few_figures_do_not_tell_that_a_page_stands_on_its_head(rows: int, turned: bool) -> None:
    kinds = np.full((60, 120, 5), 0.001, np.float32)
    kinds[..., 0] = 0.9
    for row in range(rows):
        kinds[8 + 14 * row : 11 + 14 * row, 10:100] = (0.02, 0.16, 0.01, 0.8, 0.01)
    spread = np.full((60, 120), 1.5, np.float32)
    contrast = np.where(kinds[..., 3] > 0.5, 0.6, 0.02).astype(np.float32)
    assert finder.Map(kinds, spread, contrast, (0.25, 0.25)).upside_down == turned
