"""The course of a row on a page, and the grey strip that is sampled along it.

A row does not need ink that is cut out: a course says where to look, along the middle of the
small letters, and the reader looks at the grey picture there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.quantiles import percentile
from ocr_cli.layout.sampling import Frame, Frames
from ocr_cli.layout.sampling import Pyramid as Pyramid  # noqa: PLC0414 -- are had from here too
from ocr_cli.layout.sampling import frame_of as frame_of  # noqa: PLC0414
from ocr_cli.layout.sampling import sample as sample  # noqa: PLC0414
from ocr_cli.layout.strips import HEIGHT, MARGIN, MIDDLE, SPREAD, WritingFrame, measure
from ocr_cli.page import Course as Course  # noqa: PLC0414 -- is had from here too

Array = NDArray[Any]
Grey = NDArray[np.float32]
TALL = 56  # height of the patch that a course is measured in, in pixels of a strip
FAINT = 0.35  # darkness, of a row's own, from which on a pixel counts as ink
LIGHTER = 1.5  # times as far from the paper's shade as the darkest is the lightest, of light ink
FLAT = 0.10  # a row's ink is at least so much darker than its paper, or it is left pale
ENDS = 2.2  # spreads that a found row's ends are moved out beyond its ink
FURTHEST = 22.0  # spreads in which more of its ink is looked for
GAPS = 14.0, 44.0  # least and most that a gap in it may measure, in pixels of a strip
SHORT = 130  # pixels of a strip, up to which a row has too few gaps to tell what is usual:
GAPS_OF_SHORT = 44.0  # a gap in it may measure so much
BODY = 8  # how far from its middle, and how dark, and
INKED = 0.55
UPRIGHT = 0.9  # share of a column that is ink where an upright line is none of it
REACH = 11.0  # how far from its course a row's ink is measured: further lie other rows'
GAIN = 1.0  # of the spread, since far tails and loops are not measured
ROUGHLY = 2  # columns of which one is looked at until the last round
DOUBT = 80.0  # the length of a strip that tells as much of its row as what was known before
_SAMPLE = 5000  # points of ink that are enough to measure a row by
# Rows of a patch: those that hold a row's body, those within REACH of it, and those to look at.
_BODY = np.arange(TALL // 2 - 14, TALL // 2 + 14)
NEAR = np.flatnonzero(np.abs(np.arange(TALL) + 0.5 - TALL / 2) < REACH)
_SEEN = np.array([k for k in range(TALL) if k % 2 == 0 or k in _BODY])


def smoothed(points: Array, spread: float) -> NDArray[np.float64]:
    """Resample a course evenly and smooth it: no bend is shorter than some letters."""
    points = np.asarray(points, np.float64)
    steps = np.hypot(*np.diff(points, axis=0).T)
    kept = np.concatenate([[True], steps > 1e-6])
    points = points[kept]
    if len(points) < 2:
        x, y = points[0]
        return np.array([[x - spread, y], [x + spread, y]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    count = max(2, int(np.ceil(along[-1] / (2 * spread))) + 1)
    even = np.linspace(0, along[-1], count)
    dense = np.stack([np.interp(even, along, points[:, k]) for k in (0, 1)], 1)
    reach = min(4, (count - 1) // 2)
    if reach == 0:
        return dense
    # odd reflection keeps the ends and their direction
    start = 2 * dense[0] - dense[reach:0:-1]
    end = 2 * dense[-1] - dense[-2 : -reach - 2 : -1]
    padded = np.concatenate([start, dense, end])
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (0.5 * reach)) ** 2)
    bell /= bell.sum()
    return np.stack([np.convolve(padded[:, k], bell, "valid") for k in (0, 1)], 1)


@dataclass(frozen=True)
class GreyStrip:
    """A row ready to read, and the way back to its page.

    image : (48, W) float32, about 1 ink to 0 paper.
    """

    image: Grey
    frame: Frame | Frames = field(repr=False)

    def column(self, x: Array, y: Array) -> Array:
        """The strip's columns of points x, y in the page's pixels."""
        return self.frame.column(x, y)

    def to_page(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Points of the strip in the page's pixels."""
        return self.frame.to_page(x, y - MIDDLE)


def darkness(patch: Grey, middle: float, body: float = 14.0) -> Grey:
    """Turn a strip's grey into ink: 0 is its paper, about 1 the darkest of its strokes.

    The paper is told by columns some letters wide, so that shadows do not count; the row's own
    ink by the part that lies no further than `body` from its `middle`.
    """
    low, high = max(0, int(middle - body)), min(len(patch), int(middle + body))
    return _darkness(patch, patch[::2], patch[low : max(low, high)])


def _darkness(patch: Grey, around: Grey, body: Grey) -> Grey:
    """Grey to ink, by the paper of what lies `around` and the ink of the row's `body`."""
    width = patch.shape[1]
    paper = _by_columns(around, 40, 0.75)
    if len(paper) > 1:
        middles = (np.arange(len(paper)) + 0.5) * (width // len(paper))
        paper = np.interp(np.arange(width) + 0.5, middles, paper)
    paper = paper.astype(np.float32)
    ink = float(_by_columns(paper - body, 2 * width, 0.97)[0]) if len(body) else 0.0
    dark = paper - patch
    dark /= max(ink, FLAT)
    return np.asarray(np.clip(dark, -0.3, 1.5, out=dark), np.float32)


def _by_columns(patch: Grey, wide: int, share: float) -> Array:
    """The `share` quantile of the pixels, for every `wide` columns or so."""
    height, width = patch.shape
    count = max(1, round(width / wide))
    cut = patch[:, : width // count * count].reshape(height, count, -1)
    parts = cut.transpose(1, 0, 2).reshape(count, -1)
    rank = int(share * (parts.shape[1] - 1))
    return np.asarray(np.partition(parts, rank, axis=1)[:, rank], np.float64)


def without_rules(dark: Grey, reach: int = 60) -> Grey:
    """Take from the darkness what goes on evenly along the row, as ruled lines do."""
    height, width = dark.shape
    count = max(1, round(width / (2 * reach)))
    thin = dark[:, : width // count * count : 2 if width > 4 * count else 1]
    parts = thin[:, : thin.shape[1] // count * count].reshape(height, count, -1)
    middle = parts.shape[2] // 2
    medians = np.partition(parts, middle, axis=2)[:, :, middle]
    part = np.minimum(np.arange(width) // (width // count), count - 1)
    return dark - np.maximum(medians[:, part], 0)


def placed(pyramid: Pyramid, course: Course, rounds: int = 3) -> Course:
    """Move a course onto the middle of its ink, and take over the ink's spread and slant.

    Where the ink is too short to tell, what the course says already counts for more.
    """
    upright, lie = replace(course, slant=0.0), None
    for left in range(rounds, 0, -1):
        frame = frame_of(upright)
        found = _ink_along(pyramid, frame, 1 if left == 1 else ROUGHLY)
        if found is None:  # and never will be
            break
        upright, lie = _moved(upright, frame, found), found
    return replace(upright, slant=course.slant if lie is None else float(lie.slant[0]))


def _ink_along(pyramid: Pyramid, frame: Frame, step: int) -> WritingFrame | None:
    """How the ink in every `step`-th column along a course lies; None where that is too little."""
    thin = replace(frame, centres=frame.centres[::step], tangents=frame.tangents[::step])
    y, x = np.nonzero(dark_near(pyramid, thin) > FAINT)
    if len(y) < 30:
        return None
    y += NEAR[0]
    some = slice(None, None, max(1, len(y) // _SAMPLE))
    points = np.stack([step * x[some] + 0.5, y[some] + 0.5], 1)
    return measure(points, np.zeros(len(points), np.int64), 1)


def _moved(course: Course, frame: Frame, found: WritingFrame) -> Course:
    """The course, whose frame this is, on the middle of the ink that was found along it."""
    skew, x_mean, middle, spread = (
        float(v[0]) for v in (found.skew, found.x_mean, found.middle, found.spread)
    )
    # what was given is not far off: more than that is a neighbour's ink
    trust = len(frame.centres) / (len(frame.centres) + DOUBT)
    shift = trust * np.clip(middle - TALL / 2, -SPREAD, SPREAD)
    grown = float(np.clip(spread * GAIN / SPREAD, 0.75, 1.35) ** trust)
    at = np.arange(0, len(frame.centres), 8)
    down = shift + np.clip(skew, -0.06, 0.06) * (at + 0.5 - x_mean)
    inside = (at >= MARGIN) & (at <= len(frame.centres) - MARGIN)
    if inside.sum() < 2:
        at, down = np.array([MARGIN, len(frame.centres) - MARGIN]), np.full(2, shift)
        inside = np.array([True, True])
    px, py = frame.to_page(at[inside].astype(float), down[inside])
    points = smoothed(np.stack([px, py], 1), course.spread * grown)
    return replace(course, points=points, spread=course.spread * grown)


def dark_near(pyramid: Pyramid, frame: Frame) -> Grey:
    """The darkness, rules left out, of the rows NEAR of a patch: all that tell its place.

    Of the rows further out, by which the paper is told, every second one is sampled.
    """
    patch = pyramid.sample(frame, TALL, TALL / 2, _SEEN)
    body = patch[np.searchsorted(_SEEN, _BODY[0]) :][: len(_BODY)]
    near = body[NEAR[0] - _BODY[0] :][: len(NEAR)]
    return without_rules(_darkness(near, patch[_SEEN % 2 == 0], body))


def is_light(pyramid: Pyramid, course: Course) -> bool:
    """Whether what is written along a course is lighter than what it is written on."""
    patch = pyramid.sample(frame_of(course), TALL, TALL / 2, _BODY)
    low, paper, high = (percentile(patch.reshape(-1), share) for share in (2, 50, 98))
    return bool(high - paper > LIGHTER * (paper - low))


def lengthened(pyramid: Pyramid, courses: Sequence[Course]) -> list[Course]:
    """Lengthen the courses at both ends to where their ink ends, and by a letter more.

    The row finder misses letters that stand well apart, and the arms of a T. No row grows by
    more than half the way to the next one beside it.
    """
    return [
        _moved_ends(course, *(_more(pyramid, course, end, courses) for end in (0, -1)))
        for course in courses
    ]


def _more(pyramid: Pyramid, course: Course, end: int, courses: Sequence[Course]) -> float:
    """How many pixels a course goes on beyond its first (0) or last (-1) point."""
    room = _room(course, end, courses)
    if room < ENDS * course.spread:
        return room
    return min(room, _ink_beyond(pyramid, course, end, room) + ENDS * course.spread)


def _ink_beyond(pyramid: Pyramid, course: Course, end: int, room: float) -> float:
    """How far a row's ink goes on beyond its first (0) or last (-1) point, in pixels."""
    longer = _moved_ends(course, *((room, 0.0) if end == 0 else (0.0, room)))
    frame = frame_of(replace(longer, slant=0.0), margin=0)
    dark = darkness(pyramid.sample(frame, TALL, TALL / 2), TALL / 2)
    body = dark[TALL // 2 - BODY : TALL // 2 + BODY] > INKED
    inked = body.sum(0, np.uint8) >= 2
    # the paper's edge, a margin's line
    line = (dark > FAINT).sum(0, np.uint8) > UPRIGHT * TALL
    if end == 0:
        inked, line = inked[::-1], line[::-1]
    within = len(inked) - int(room / frame.unit)
    columns = np.flatnonzero(inked)
    gaps = np.diff(columns[columns < within])
    usual = float(percentile(gaps[gaps > 1], 90)) if (gaps > 1).any() else 0.0
    least = GAPS[0] if within > SHORT else GAPS_OF_SHORT
    most = np.clip(1.5 * usual, least, GAPS[1])
    last = int(max(columns[columns < within], default=within - 1))
    for column in columns[columns >= within]:
        if column - last > most or line[last + 1 : column + 3].any():
            break
        last = int(column)
    return max(0.0, float(last - within + 1) * frame.unit)


def _room(course: Course, end: int, courses: Sequence[Course]) -> float:
    """How many pixels a course may go on beyond its first (0) or last (-1) point."""
    x, y = course.points[end]
    out = -1.0 if end == 0 else 1.0
    room = FURTHEST * course.spread
    for other in courses:
        if other is course:
            continue
        gap = out * (other.points[:, 0] - x)
        beside = np.abs(other.points[:, 1] - y) < 3 * (course.spread + other.spread)
        if (beside & (gap > 0)).any():
            room = min(room, float(gap[beside & (gap > 0)].min()) / 2)
    return room


def _moved_ends(course: Course, first: float, last: float) -> Course:
    points = course.points.copy()
    for end, beside, room in ((0, 1, first), (-1, -2, last)):
        step = points[end] - points[beside]
        points[end] += step / max(float(np.hypot(*step)), 1e-6) * room
    return replace(course, points=points)


def grey_strip(pyramid: Pyramid, course: Course) -> GreyStrip:
    """The strip along a course."""
    if course.parts:
        strips = [grey_strip(pyramid, part) for part in course.parts]
        image = np.concatenate([strip.image for strip in strips], 1)
        return GreyStrip(image, Frames(tuple(strip.frame for strip in strips)))
    frame = frame_of(course)
    return GreyStrip(darkness(pyramid.sample(frame, HEIGHT, MIDDLE), MIDDLE), frame)
