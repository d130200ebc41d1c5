"""Strips: the same writing gives the same strip, however large, slanted or tilted it stands."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ocr_cli.data.formats import ink as inks
from ocr_cli.data.synthesis import lines, render, synthetic
from ocr_cli.data.synthesis.pieces import make_source
from ocr_cli.data.synthesis.stock import make_stock
from ocr_cli.layout import strips

TEXT = "minimum wage hike"


def strokes(seed: int = 0) -> list[np.ndarray]:
    """A line of drawn writing, 1,000 units a capital."""
    rng = np.random.default_rng(seed)
    return synthetic.draw_text(TEXT, rng, synthetic.sample_hand(rng))


def mask(
    parts: list[np.ndarray], size: float = 0.05, pen: int = 4, slant: float = 0, skew: float = 0
) -> np.ndarray:
    """The strokes on paper: `size` pixels a unit, leaning and tilted."""
    shape = np.array([[1, 0], [-slant, 1]]) @ np.array([[1, skew], [0, 1]])
    parts = [part @ shape * size for part in parts]
    low = np.concatenate(parts).min(0) - 2 * pen
    width, height = (np.concatenate(parts).max(0) - low + 2 * pen).astype(int)
    picture = Image.new("1", (int(width), int(height)))
    draw = ImageDraw.Draw(picture)
    for part in parts:
        points = [tuple(map(float, p)) for p in part - low]
        if len(points) > 1:
            draw.line(points, fill=1, width=pen, joint="curve")
        for x, y in (points[0], points[-1]):
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=1)
    return np.array(picture)


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two strips, stretched to one width and laid where they fit best."""
    b = b[:, np.linspace(0, b.shape[1] - 1, a.shape[1]).round().astype(int)]
    rolled = (np.roll(b, shift, 1) for shift in range(-4, 5))
    return max(float(np.corrcoef(a.ravel(), r.ravel())[0, 1]) for r in rolled)


@pytest.mark.parametrize(
    "change",
    [{"size": 0.1, "pen": 7}, {"slant": 0.5}, {"slant": -0.4}, {"skew": 0.03}, {"pen": 3}],
    ids=str,
)
def test_size_lean_tilt_and_pen_are_undone(change: dict[str, float]) -> None:
    plain = strips.make_strip(mask(strokes())).image
    changed = strips.make_strip(mask(strokes(), **change)).image
    assert changed.shape[1] == pytest.approx(plain.shape[1], rel=0.08)
    assert likeness(plain, changed) > 0.6
    other = strips.make_strip(mask(strokes(1))).image
    assert likeness(plain, changed) > likeness(plain, other) + 0.2


def test_small_letters_and_pen_have_the_promised_size() -> None:
    strip = strips.make_strip(mask(strokes())).image
    assert strip.dtype == np.float32
    assert strip.shape[0] == strips.HEIGHT
    assert 0 <= strip.min() <= strip.max() <= 1
    ink = strip.sum(1) / strip.sum()
    at = np.arange(strips.HEIGHT) + 0.5
    assert (ink * at).sum() == pytest.approx(strips.MIDDLE, abs=2)
    assert strips.pen_width(strip > 0.5) == pytest.approx(strips.PEN, abs=0.6)


def test_the_way_back_leads_to_the_ink() -> None:
    row = mask(strokes(), slant=0.4, skew=0.02)
    strip = strips.make_strip(row)
    y, x = np.nonzero(strip.image > 0.9)
    x, y = strip.to_row @ np.stack([x + 0.5, y + 0.5, np.ones(len(x))])
    inside = row[np.clip(y.astype(int), 0, row.shape[0] - 1), x.astype(int)]
    assert inside.mean() > 0.9


def test_pen_strokes_and_their_pictures_have_the_same_frame() -> None:
    differences = []
    for seed in range(6):
        parts = [part * 0.06 for part in strokes(seed)]
        low = np.concatenate(parts).min(0) - 8
        points = np.concatenate(parts)
        stroke = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
        dense, _ = render.resampled(points - low, stroke, 0.5)
        of_strokes = strips.measure(dense, np.zeros(len(dense), int), 1)
        y, x = np.nonzero(mask(strokes(seed), size=0.06))
        of_mask = strips.measure(np.stack([x, y], 1), np.zeros(len(x), int), 1)
        differences.append(
            [
                of_mask.skew[0] - of_strokes.skew[0],
                of_mask.slant[0] - of_strokes.slant[0],
                (of_mask.middle[0] - of_strokes.middle[0]) / of_strokes.spread[0],
                of_mask.spread[0] / of_strokes.spread[0] - 1,
            ]
        )
    skew, slant, middle, spread = np.abs(differences).T
    assert skew.max() < 0.01
    assert np.median(slant) < 0.1
    assert middle.max() < 0.25
    assert spread.max() < 0.1


def test_a_drawn_training_strip_looks_like_the_strip_of_its_picture() -> None:
    archive = inks.from_strokes([strokes()], [TEXT])
    stock = make_stock(archive, archive, archive)
    batch = lines.draw_batch(stock, make_source(stock).every(1), np.random.default_rng(0))
    assert batch.labels == [TEXT]
    from_picture = strips.make_strip(mask(strokes())).image
    assert likeness(batch.images[0, :, : batch.widths[0]], from_picture) > 0.7


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (30, 1), (1, 300), (20, 200)])
def test_paper_alone_and_solid_ink_do_no_harm(shape: tuple[int, int]) -> None:
    for ink in (np.zeros(shape, bool), np.ones(shape, bool)):
        strip = strips.make_strip(ink)
        assert strip.image.shape[0] == strips.HEIGHT
        assert strip.image.shape[1] % 4 == 0
        assert np.isfinite(strip.image).all()
        assert np.isfinite(strip.to_row).all()


def test_a_piece_of_writing_alone_is_measured_as_among_others() -> None:
    rng = np.random.default_rng(0)
    points = rng.random((500, 2)) * (300, 20)
    alone = strips.measure(points, np.zeros(500, int), 1)
    among = strips.measure(
        np.concatenate([points, 3 * points[::2]]), np.repeat([0, 2], [500, 250]), 3
    )
    for name in ("skew", "slant", "x_mean", "middle", "spread"):
        value, other = getattr(alone, name), getattr(among, name)
        assert other[0] == pytest.approx(value[0], rel=1e-9), name
