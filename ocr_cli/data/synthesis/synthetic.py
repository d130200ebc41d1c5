"""Synthetic handwriting: a stroke alphabet written by hands drawn at random.

A `Hand` is what stays the same while one person writes: which forms of a letter they use, how
far it leans, how round, how wide. `draw_character` and `draw_text` write with a hand; all that
differs from one letter to the next comes from the generator passed in.

Strokes are lists of (n, 2) float32 in the order of writing: x to the right, y down, baseline at
y = 0, capitals and figures 1000 high (top at y = -1000), tails down to about y = 330.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.formats.ink import Strokes
from ocr_cli.data.synthesis.alphabet import ALPHABET
from ocr_cli.errors import InputError

CAPITAL = 1000.0  # height of a capital
_GRID = CAPITAL / 12  # one square of the alphabet's graph paper
_STEPS = 6  # points a segment
_FIRST, _CLASSES = ord("!"), 94

Wave = tuple[float, float, float, float, float]  # kx, ky, phase, and the way it bends: dx, dy


@dataclass(frozen=True)
class Hand:
    """The common traits of one writer's letters; lengths in units, a capital is 1000 high.

    Attributes
    ----------
    habits : 94 numbers from 0 to 1, one a character: which allograph it is written with.
    fickleness : probability that a letter is not written in its usual form.
    slant : lean of the uprights, dx per dy upwards, to the right positive.
    scale : height of a capital over 1000. aspect : width over that of the alphabet.
    x_height : height of a small letter over that of a capital.
    tails : depth of g, p and y below the line, over the height of a capital.
    drag : probability that the pen is not lifted between two strokes of a letter.
    pen : width of the strokes.
    jitter : standard deviation of the points that a letter is drawn through.
    overshoot : how far strokes begin or end away from where they should.
    warp : standard deviation of the smooth bend of each letter.
    bends : the smooth bend that all letters of this hand share.
    roundness : weight of the curves' control points: 1 parabolas, less is flatter, more boxy.
    haste : 0 to 1, how far corners are cut.
    tilt : standard deviation of a letter's rotation, in radians.
    spacing : gap between two letters.
    """

    habits: tuple[float, ...]
    fickleness: float
    slant: float
    scale: float
    aspect: float
    x_height: float
    tails: float
    drag: float
    pen: float
    jitter: float
    overshoot: float
    warp: float
    bends: tuple[Wave, ...]
    roundness: float
    haste: float
    tilt: float
    spacing: float


@dataclass(frozen=True)
class Allograph:
    """A form of a character, ready to be drawn.

    Attributes
    ----------
    points : (n, 2) the points of its strokes, in units, y down.
    conics : (3, S, n) start, control point and end of each segment as weights of `points`.
    order : (P,) where the points of the strokes lie among the segments' points.
    starts : (strokes + 1,) where each stroke starts in `order`.
    """

    points: NDArray[np.float32]
    conics: NDArray[np.float32]
    order: NDArray[np.int64]
    starts: NDArray[np.int64]


def sample_hand(rng: np.random.Generator, wildness: float = 1.0) -> Hand:
    """A writer drawn at random; a `wildness` below 1 writes more neatly."""
    w = wildness
    wobble = w**1.5  # neat writers still differ in their forms, but keep to them
    return Hand(
        habits=tuple(rng.random(_CLASSES).tolist()),
        fickleness=0.15 * w,
        slant=rng.normal(0.08, 0.17 * w),
        scale=float(np.exp(rng.normal(0, 0.06 * w))),
        aspect=float(np.exp(rng.normal(0.1, 0.22 * w))),
        x_height=float(np.clip(rng.normal(0.6, 0.06 * w), 0.42, 0.78)),
        tails=rng.uniform(0.28, 0.28 + 0.25 * w),
        drag=0.25 * w * rng.random() ** 3,
        pen=rng.uniform(60, 130),
        jitter=rng.uniform(14, 60) * wobble,
        overshoot=rng.uniform(10, 60) * w,
        warp=rng.uniform(17, 68) * wobble,
        bends=tuple(map(tuple, _waves(rng, 30 * w).tolist())),
        roundness=float(np.exp(rng.normal(-0.15, 0.25 * w))),
        haste=rng.uniform(0, 0.9) * w,
        tilt=rng.uniform(0.01, 0.06) * w,
        spacing=rng.uniform(120, 300),
    )


def draw_character(char: str, rng: np.random.Generator, hand: Hand | None = None) -> Strokes:
    """The strokes of one printable ASCII character; InputError where it's another.

    Without a `hand`, some new one writes it. x starts near 0.
    """
    hand = hand or sample_hand(rng)
    form = _choose(char, rng, hand)
    points = form.points + hand.jitter * rng.standard_normal(form.points.shape, np.float32)
    points = _trace(form, points, hand.roundness * np.exp(rng.normal(0, 0.1)))
    points = _cut_corners(points, form.starts, hand.haste)
    points = _miss_the_ends(points, form.starts, hand.overshoot, rng)
    if char.islower():
        points[:, 1] = np.interp(
            points[:, 1] / CAPITAL,
            (-2, -1, -7 / 12, 0, 4 / 12, 1),
            CAPITAL * np.array([-2, -1, -hand.x_height, 0, hand.tails, 3 * hand.tails]),
        )
    waves = np.concatenate([np.array(hand.bends), _waves(rng, hand.warp)])
    finished = _bend(points, waves) @ _matrix(hand, rng).T
    lifted = form.starts[1:-1]
    if char.isalnum() and char not in "ij":
        lifted = lifted[rng.random(len(lifted)) >= hand.drag]
    return np.split(finished.astype(np.float32), lifted)


def draw_text(text: str, rng: np.random.Generator, hand: Hand | None = None) -> Strokes:
    """The strokes of one line of text in one hand, from x = 0; letters do not touch.

    InputError where a character is neither a space nor printable ASCII.
    """
    hand = hand or sample_hand(rng)
    x, drift, line = 0.0, 0.0, []
    for char in text:
        if char == " ":
            x += 2.2 * hand.spacing + rng.uniform(200, 400)
            continue
        strokes = draw_character(char, rng, hand)
        left = min(stroke[:, 0].min() for stroke in strokes)
        right = max(stroke[:, 0].max() for stroke in strokes)
        drift = 0.8 * drift + rng.normal(0, 0.4 * hand.jitter)  # off the line, and back to it
        move = np.array([x - left, drift], np.float32)
        line += [stroke + move for stroke in strokes]
        x += right - left + hand.spacing * rng.uniform(0.8, 1.2)
    return line


@lru_cache(maxsize=1)
def allographs() -> dict[str, tuple[tuple[Allograph, ...], NDArray[np.float64]]]:
    """Each character's forms and the cumulative shares in which people use them."""
    forms: dict[str, list[tuple[float, Allograph]]] = {}
    for line in ALPHABET.strip().splitlines():
        if line:
            char, share, strokes = line.split(maxsplit=2)
            forms.setdefault(char, []).append((float(share), _parse(strokes)))
    table = {}
    for char, pairs in forms.items():
        shares = np.cumsum([share for share, _ in pairs])
        table[char] = tuple(form for _, form in pairs), shares / shares[-1]
    return table


def _parse(notation: str) -> Allograph:
    """An allograph from its line in the alphabet."""
    strokes = [stroke.split() for stroke in notation.split(";")]
    tokens = [token for stroke in strokes for token in stroke]
    points = np.array([token.lstrip("~").split(",") for token in tokens], np.float32)
    unit = np.eye(len(tokens), dtype=np.float32)
    conics: list[NDArray[np.float32]] = []
    order: list[int] = []
    starts = [0]
    for stroke in strokes:
        first = len(conics)
        conics += _conics(stroke, unit[: len(stroke)])
        unit = unit[len(stroke) :]
        for segment in range(first, len(conics)):  # each ends where the next one starts
            order += range(segment * (_STEPS + 1), (segment + 1) * (_STEPS + 1) - 1)
        order.append(len(conics) * (_STEPS + 1) - 1)
        starts.append(len(order))
    return Allograph(
        points=points * np.array([_GRID, -_GRID], np.float32),
        conics=np.stack(conics, axis=1),
        order=np.array(order),
        starts=np.array(starts),
    )


def _conics(stroke: list[str], at: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Each segment's start, control point and end, (3, n), where token i's point is at[i]."""
    segments = []
    pen, control = at[0], None
    for token, point in zip(stroke[1:], at[1:], strict=True):
        pulls = token.startswith("~")
        if not (pulls and control is None):  # a first control point ends nothing yet
            end = np.float32(0.5) * (control + point) if pulls else point
            middle = np.float32(0.5) * (pen + end) if control is None else control
            segments.append(np.stack([pen, middle, end]))
            pen = end
        control = point if pulls else None
    return segments


def _choose(char: str, rng: np.random.Generator, hand: Hand) -> Allograph:
    if char not in allographs():
        raise InputError(f"no handwriting for {char!r}", "use printable ASCII characters")
    forms, shares = allographs()[char]
    usual = hand.habits[ord(char) - _FIRST]
    habit = rng.random() if rng.random() < hand.fickleness else usual
    return forms[int(np.searchsorted(shares, habit, side="right"))]


def _trace(form: Allograph, points: NDArray[np.float32], weight: float) -> NDArray[np.float32]:
    """Points along all strokes, one after another: each segment is a rational quadratic."""
    start, control, end = (form.conics @ points)[:, :, None]
    t = np.linspace(0, 1, _STEPS + 1, dtype=np.float32)[:, None]
    a, b, c = (1 - t) ** 2, np.float32(2 * weight) * t * (1 - t), t**2
    return ((a * start + b * control + c * end) / (a + b + c)).reshape(-1, 2)[form.order]


def _cut_corners(
    points: NDArray[np.float32], starts: NDArray[np.int64], haste: float
) -> NDArray[np.float32]:
    """Points drawn towards their neighbours; the strokes' ends stay."""
    before, after = np.arange(-1, len(points) - 1), np.arange(1, len(points) + 1)
    before[starts[:-1]] = after[starts[:-1]] = starts[:-1]
    before[starts[1:] - 1] = after[starts[1:] - 1] = starts[1:] - 1
    for _ in range(2):
        middle = np.float32(0.5) * (points[before] + points[after])
        points = points + np.float32(haste) * (middle - points)
    return points


def _miss_the_ends(
    points: NDArray[np.float32],
    starts: NDArray[np.int64],
    overshoot: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """The ends of the strokes moved on, back, or a little aside; dots stay dots."""
    ends = np.concatenate([starts[:-1], starts[1:] - 1])
    inner = np.concatenate([starts[:-1] + 1, starts[1:] - 2])
    way = points[ends] - points[inner]
    length = np.hypot(way[:, 0], way[:, 1])[:, None]
    ahead = way / (length + 1) * np.minimum(1, length / 50)
    aside = ahead[:, ::-1] * np.array([-1, 1], np.float32)
    step = overshoot * rng.standard_normal((2, len(ends), 1), np.float32)
    moved = points.copy()
    moved[ends] += step[0] * ahead + 0.5 * step[1] * aside
    return moved


def _waves(rng: np.random.Generator, size: float) -> NDArray[np.float64]:
    """Two slow waves in random directions, (2, 5) as in `Wave`."""
    waves = rng.standard_normal((2, 5)) * np.array([3.5, 3.5, 0, size, size])
    waves[:, 2] = rng.uniform(0, 2 * np.pi, 2)
    return waves


def _bend(points: NDArray[np.float32], waves: NDArray[np.float64]) -> NDArray[np.float64]:
    phase = points @ (waves[:, :2].T / CAPITAL) + waves[:, 2]
    return points + np.sin(phase) @ waves[:, 3:]


def _matrix(hand: Hand, rng: np.random.Generator) -> NDArray[np.float64]:
    """(2, 2): the hand's aspect and slant, and a letter's own size and turn."""
    angle = rng.normal(0, hand.tilt)
    high = hand.scale * np.exp(rng.normal(0, 0.03))
    wide = hand.scale * hand.aspect * np.exp(rng.normal(0, 0.06))
    cos, sin = np.cos(angle), np.sin(angle)
    lean = np.array([[wide, -hand.slant * high], [0, high]])
    return np.array([[cos, -sin], [sin, cos]]) @ lean
