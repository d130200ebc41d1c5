"""Page → ink: which pixels the pen has darkened, and how wide the pen is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.quantiles import median
from ocr_cli.layout.raster import (
    LabelledComponents,
    label,
    running_max,
    running_median,
    square_distance,
)
from ocr_cli.layout.rules import drop_rules
from ocr_cli.page import Page

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Contrast is the part of the paper's light that is missing: 0 on paper, towards 1 in black ink.
CELLS = 128  # along the longer side of a page, in which its paper is told
LEAST_CONTRAST = 0.06  # nothing fainter is ever ink
STEP_CELL = 8  # pixels between two looks at the paper's light
STEP_RATIO = 1.8  # light of paper over that of the table, from which on it is an edge
NOISE_MARGIN = 5.0  # ink's seeds stand this many standard deviations of the paper's grain out


def find_ink(page: Page) -> Page:
    """The page with `ink` and `stroke_width`; a dark page with light ink comes back inverted.

    The paper's light is estimated over the whole page and divided out, so that shadows and
    uneven light fall away; what is left is thresholded with hysteresis at a level taken from
    the page's own ink, so that faint pencil stays whole and show-through and grain do not
    come in. Ruled lines and page edges are dropped.
    """
    grey = page.grey
    if min(grey.shape) < 3 or np.ptp(grey) < LEAST_CONTRAST:
        return replace(page, ink=np.zeros(grey.shape, bool), stroke_width=0.0)
    grey = dark_on_light(page).grey
    paper = paper_light(grey)
    contrast = _smooth(paper_contrast(grey, paper))
    pieces = _hysteresis(contrast, *_levels(contrast))
    pen = stroke_width(pieces, sample=16)
    ink = pieces.labels > 0
    ink &= contrast > 0.5 * _local_peak(contrast, pen)
    if _spans(pieces):
        ink = drop_rules(ink, pen)
    pieces = _without_steps(_without_edges(label(ink)), paper)
    return replace(page, grey=grey, ink=pieces.labels > 0, stroke_width=stroke_width(pieces))


def dark_on_light(page: Page) -> Page:
    """The page, inverted where thin marks are lighter than their surroundings."""
    grey = page.grey
    if min(grey.shape) < 3 or np.ptp(grey) < LEAST_CONTRAST or not _light_on_dark(grey):
        return page
    return replace(page, grey=1 - grey)


def _spans(pieces: LabelledComponents) -> bool:
    """Whether some piece reaches over half the page, as a printed line does."""
    y1, x1, y2, x2 = pieces.boxes.T
    height, width = pieces.labels.shape
    return bool(np.any(x2 - x1 > 0.5 * width) or np.any(y2 - y1 > 0.5 * height))


def paper_contrast(grey: Grey, paper: Grey) -> Grey:
    """How much of the paper's light each pixel lacks, (H, W) float32, about 0 on paper."""
    paper = np.maximum(paper, 0.05)
    contrast = paper - grey
    contrast /= paper
    return contrast


def paper_light(grey: Grey) -> Grey:
    """The light that the bare paper would give at every pixel, (H, W) float32.

    The page is cut into about CELLS square cells along its longer side; a high percentile
    in each is paper unless ink fills the cell, and a median over neighbouring cells mends
    those and keeps the edge of a shadow or of the page where it is. Between the cells'
    centres the light is interpolated.
    """
    longest = max(grey.shape)
    side = max(2, -(-longest // CELLS), min(8, longest // 16))
    thin = grey[::2, ::2] if side >= 8 else grey
    step = side // 2 if side >= 8 else side
    height, width = (-(-n // step) for n in thin.shape)
    pad = (0, height * step - thin.shape[0]), (0, width * step - thin.shape[1])
    cut = np.pad(thin, pad, mode="edge").reshape(height, step, width, step)
    blocks = cut.transpose(0, 2, 1, 3).reshape(height, width, step * step)
    rank = int(0.7 * (step * step - 1))
    paper = np.partition(blocks, rank, axis=-1)[..., rank]
    paper = running_median(paper, 9)
    pitch = step * 2 if side >= 8 else step
    down, across = _ramp(grey.shape[0], height, pitch), _ramp(grey.shape[1], width, pitch)
    return (down @ paper @ across.T).astype(np.float32, copy=False)


def _ramp(pixels: int, cells: int, pitch: int) -> Grey:
    """(pixels, cells) weights that interpolate linearly between the cells' centres."""
    place = np.clip((np.arange(pixels) + 0.5) / pitch - 0.5, 0, cells - 1)
    return np.maximum(0, 1 - np.abs(place[:, None] - np.arange(cells))).astype(np.float32)


def _light_on_dark(grey: Grey) -> bool:
    """Whether the thin marks on the page are lighter than their surroundings."""
    step = max(1, max(grey.shape) // 1024)
    thin = grey[::step, ::step]
    lack = _median_light(thin)
    np.subtract(thin, lack, out=lack)
    room = np.abs(lack)  # one array for all that follows: a page is larger than any cache
    spread = 0.04
    if 2 * np.count_nonzero(room > spread / 4) >= room.size:  # else the median is no larger
        spread = max(spread, 4 * float(median(room.reshape(-1))))
    lighter = np.maximum(np.subtract(lack, spread, out=room), 0, out=room).sum()
    darker = -np.minimum(np.add(lack, spread, out=room), 0, out=room).sum()
    return bool(lighter > 1.5 * darker)


def _median_light(grey: Grey) -> Grey:
    """The median of the surroundings at every pixel, coarse, (H, W) float32."""
    side = max(2, max(grey.shape) // 64)
    coarse = grey[side // 2 :: side, side // 2 :: side]
    if coarse.size == 0:
        return np.full_like(grey, np.median(grey))
    coarse = running_median(coarse, 9)
    rows = np.minimum(np.arange(grey.shape[0]) // side, coarse.shape[0] - 1)
    columns = np.minimum(np.arange(grey.shape[1]) // side, coarse.shape[1] - 1)
    return coarse[:, columns][rows]


def _smooth(values: Grey) -> Grey:
    """`values` under a 3×3 binomial kernel: takes the grain, leaves a thin stroke."""
    padded = np.pad(values, 1, mode="edge")
    rows = padded[:-2] + padded[2:]
    rows += 2 * padded[1:-1]
    both = rows[:, :-2] + rows[:, 2:]
    both += 2 * rows[:, 1:-1]
    both *= 1 / 16
    return both


def _levels(contrast: Grey) -> tuple[float, float]:
    """(low, high): pixels above low are ink where they hang together with one above high."""
    sample = contrast[::3, ::3].ravel()
    grain = 1.4826 * float(np.median(np.abs(sample - np.median(sample))))
    floor = max(LEAST_CONTRAST, NOISE_MARGIN * grain)
    marks = sample[sample > floor]
    if marks.size < 10:
        return floor, floor
    full = float(np.percentile(marks, 75))  # edges of strokes are half dark, their middles full
    return max(LEAST_CONTRAST, 3 * grain, 0.4 * full), max(floor, 0.6 * full)


def _hysteresis(contrast: Grey, low: float, high: float) -> LabelledComponents:
    """Connected pieces of contrast > low that hold a pixel > high."""
    pieces = label(contrast > low)
    sure = np.zeros(len(pieces.area) + 1, bool)
    sure[pieces.labels[contrast > high]] = True
    return pieces.kept(sure[1:])


def _local_peak(contrast: Grey, pen: float) -> Grey:
    """The highest contrast within about a pen's width of each pixel.

    A stroke ends where its contrast has halved; so loops stay open where the pen is blurred.
    """
    height, width = contrast.shape
    even = np.pad(contrast, ((0, height % 2), (0, width % 2)), mode="edge")
    halved = np.maximum(even[::2], even[1::2])
    halved = np.maximum(halved[:, ::2], halved[:, 1::2])
    peak = running_max(halved, 2 * max(1, round(pen / 2)) + 1)
    return np.repeat(np.repeat(peak, 2, 0), 2, 1)[:height, :width]


def _without_edges(pieces: LabelledComponents) -> LabelledComponents:
    """Pieces without those along the picture's border: the sheet's edge, the table's shadow.

    They run along most of a side near it, or lie against it with most of their length.
    """
    labels = pieces.labels
    height, width = labels.shape
    y1, x1, y2, x2 = pieces.boxes.T
    margin = 0.02 * max(height, width)
    near_x = (x1 <= margin) | (x2 >= width - margin)
    near_y = (y1 <= margin) | (y2 >= height - margin)
    edge = (near_x & (y2 - y1 > 0.4 * height)) | (near_y & (x2 - x1 > 0.4 * width))
    for side, extent in (
        (labels[:, 0], y2 - y1),
        (labels[:, -1], y2 - y1),
        (labels[0], x2 - x1),
        (labels[-1], x2 - x1),
    ):
        contact = np.bincount(side, minlength=len(edge) + 1)[1:]
        edge |= contact > np.maximum(0.5 * extent, max(0.06 * side.size, 8))
    return pieces.kept(~edge) if edge.any() else pieces


def _without_steps(pieces: LabelledComponents, paper: Grey) -> LabelledComponents:
    """Pieces without those that lie where the paper ends: its light falls there by half or more.

    A sheet on a dark table has such an edge within the picture, cut into dashes by the
    threshold. A shadow's edge is softer, and a letter reaches out of it.
    """
    coarse = paper[::STEP_CELL, ::STEP_CELL]
    step = running_max(coarse, 5) > STEP_RATIO * -running_max(-coarse, 5)
    if not step.any() or not len(pieces.area):
        return pieces
    near = np.repeat(np.repeat(step, STEP_CELL, 0), STEP_CELL, 1)
    near = near[: paper.shape[0], : paper.shape[1]]
    inside = np.bincount(pieces.labels[near], minlength=len(pieces.area) + 1)[1:]
    return pieces.kept(inside < 0.8 * pieces.area)


def stroke_width(pieces: LabelledComponents, sample: int = 48) -> float:
    """Median width of the strokes in pixels, 0.0 without ink.

    It is taken on the ridge of the distance to paper, in `sample` of the larger pieces.
    """
    count = len(pieces.area)
    if not count:
        return 0.0
    chosen = np.argsort(-pieces.area, kind="stable")[: -(-7 * count // 10)]
    some = chosen[:: -(-chosen.size // sample)]
    ridge = [_ridge(pieces.mask(p)) for p in some]
    # A pixel's centre on the ridge of a stroke w wide is (w + 1) / 2 from paper's nearest centre.
    return max(1.0, 2 * float(np.median(np.concatenate(ridge))) - 1)


def _ridge(mask: Mask) -> NDArray[np.float64]:
    """The distances to paper along the middle of a piece's strokes, in pixels."""
    padded = np.pad(mask, 1)
    near = min(_longest_run(padded), _longest_run(padded.T))
    far = square_distance(~padded, min(near // 2 + 1, 100))
    return np.sqrt(far[padded & (far >= running_max(far, 3))].astype(float))


def _longest_run(mask: Mask) -> int:
    """The most pixels in a row of a mask whose first and last columns are blank."""
    edges = np.flatnonzero(np.diff(mask.ravel()))
    return int((edges[1::2] - edges[::2]).max(initial=0))
