"""Finds rows of writing on a page: a small network says where their bodies lie.

The page is shrunk and evened, the network gives for every cell of 4 x 4 pixels whether it lies
in the body of a row (within one spread of its middle), which way that row is up, and how large
it is; chains of such cells are rows. Whatever the page's size, it is looked at so large that
small letters are some 8 to 25 pixels high.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ocr_cli.layout.chains import Chain, chains_of
from ocr_cli.layout.corridors import parted
from ocr_cli.layout.courses import Course, smoothed
from ocr_cli.layout.faint import cell_contrast, without_faint
from ocr_cli.layout.gutters import parted_at_gutters
from ocr_cli.layout.leftover import is_new, leftover
from ocr_cli.layout.normalise import evened
from ocr_cli.layout.order import in_reading_order
from ocr_cli.modelfiles import weights
from ocr_cli.modelfiles.weights import Model
from ocr_cli.nn import network

KIND = "rows"
CELL = 4  # pixels of the shrunk page to a cell of the map
OUTPUTS = 24  # for 8 x 8 pixels: four cells of five kinds and a size
SIDE = 1000  # pixels of the shrunk page's longer side, at first
_MOST = 2.0e6  # pixels of a page that is looked at
_MOST_LEFT = 1.2e6  # pixels in all of the parts of it that are looked at more closely
_SMALLEST, _USUAL, _LARGEST = 2.6, 4.5, 8.0  # spreads in pixels that are seen well
_FINEST = 2.0  # pixels of what is looked at, to one of the page, at most
_STRIDE = 8
_CLEAR = 0.75  # strength of rows that are seen only from further away or from near
_CLEAR_PART = 0.68  # strength of small rows beside those of the page
_AS_MUCH = 0.85  # of the writing is found at another scale, or the first one is kept
_DOUBT = 1.3  # times the votes for lying as it should, and a page is turned
_ON_HEAD = 1.2  # mean log odds for standing on its head that turn a page: capitals deceive
_FEW = 15  # cells that are too few to say so,
_FEW_ON_HEAD = 60  # and that they stand on their heads: some hands' figures seem to

Array = NDArray[Any]
Grey = NDArray[np.float32]


@dataclass(frozen=True)
class Map:
    """What the network says of a page.

    kinds : (h, w, 5) probabilities of no row, and of rows on a page that was turned by 0 to 3
    quarters counterclockwise. spread : (h, w) in cells. contrast : (h, w), see `layout.faint`.
    scale : cells to a pixel of the page, down and across. origin : x, y of the map's corner on
    the page. closer : maps of parts of the page in which smaller writing was looked for.
    """

    kinds: Grey = field(repr=False)
    spread: Grey = field(repr=False)
    contrast: Grey = field(repr=False)
    scale: tuple[float, float]
    origin: tuple[float, float] = (0.0, 0.0)
    closer: tuple[Map, ...] = field(default=(), repr=False)

    @property
    def body(self) -> Grey:
        """(h, w) probability of body of a level row, be it upside down."""
        return np.asarray(self.kinds[..., 1] + self.kinds[..., 3])

    @cached_property
    def chains(self) -> list[Chain]:
        """The rows on the map."""
        rows = chains_of(self.body, self.spread, self.contrast)
        rows = parted_at_gutters(without_faint(rows, self.contrast), self.contrast)
        return parted(rows, self.contrast)

    @cached_property
    def sideways(self) -> bool:
        """Whether more is written up or down the page than across it."""
        upright = np.asarray(self.kinds[..., 2] + self.kinds[..., 4])
        if (upright > 0.5).sum() <= (self.body > 0.5).sum():
            return False
        columns = without_faint(chains_of(upright.T, self.spread.T), self.contrast.T)
        return _written(columns) > _DOUBT * _written(self.chains) + _FEW

    @cached_property
    def upside_down(self) -> bool:
        """Whether the rows stand on their heads."""
        votes = 0.0
        height, width = self.spread.shape
        for row in self.chains:
            y, x = np.clip(row.y, 0, height - 1), np.clip(row.x, 0, width - 1)
            upright, turned = np.log(self.kinds[y.astype(int), x.astype(int)][:, [1, 3]].T + 0.02)
            votes += float((turned - upright).sum())
        return votes > _ON_HEAD * _written(self.chains) + _FEW_ON_HEAD


def load_finder(name: str | Path = KIND) -> Model:
    """The row finder of that name or path, checked; ModelError where it is not one."""
    blank = np.zeros((1, 16, 16, 1), np.float32)

    def tried(model: Model) -> Grey:
        return network.forward(model.layers, model.weights, blank)

    return weights.load_network(name, {KIND}, tried, extra_outputs=OUTPUTS)


def find_courses(grey: Grey, model: Model) -> list[Course]:
    """The rows of a page, grey (H, W) from 0 ink to 1 paper, in reading order.

    The courses are in the page's pixels, and near enough for `courses.placed`.
    """
    return courses_of(survey(grey, model))


def turned(grey: Grey, model: Model, found: Map | None = None) -> int:
    """By how many quarters counterclockwise a page was turned: np.rot90(grey, -n) is upright.

    `found` is the page's `survey`, if there is one already; then only a page that lies on its
    side is looked at again.
    """
    found = survey(grey, model) if found is None else found
    if found.sideways:
        again = survey(np.ascontiguousarray(np.rot90(grey, -1)), model)
        if _on_page(again) > _DOUBT * _on_page(found):
            return 3 if again.upside_down else 1
    return 2 if found.upside_down else 0


def courses_of(found: Map) -> list[Course]:
    """The rows of a map as courses, in reading order."""
    courses = [_course(chain, found) for chain in found.chains]
    for part in found.closer:
        clear = [_course(row, part) for row in part.chains if row.strength > _CLEAR_PART]
        courses += [course for course in clear if is_new(course, courses)]
    return in_reading_order(courses)


def survey(grey: Grey, model: Model) -> Map:
    """The map of a page, at a scale that suits its writing."""
    found = _with_rows(grey, model)
    for _ in range(2):
        usual, scale = _usual_spread(found), _scale(found)
        if usual == 0 or _SMALLEST <= usual <= _LARGEST:
            break
        wanted = min(scale * _USUAL / usual, _FINEST)
        nearer = _closer(grey, model, found, wanted)
        if nearer is found or _on_page(nearer) < _AS_MUCH * _on_page(found):
            break
        found = nearer
    closer = tuple(_closer_parts(grey, model, found))
    return replace(found, closer=closer) if closer else found  # which knows its rows already


def _closer_parts(grey: Grey, model: Model, found: Map) -> Iterator[Map]:
    """Maps, at least twice as fine, of where there is ink that the rows do not account for."""
    left = _MOST_LEFT
    for box in leftover(found.contrast, found.chains):
        ends = np.array(box) / np.tile(found.scale, 2) + np.tile(found.origin[::-1], 2)
        y1, x1, y2, x2 = (int(v) for v in ends)
        scale = min(2 * _scale(found), _FINEST)
        left -= int((y2 - y1) * (x2 - x1) * scale**2)
        if left < 0:
            break
        part = look(grey[y1:y2, x1:x2], model, scale)
        usual = _usual_spread(part)
        if 0 < usual < _SMALLEST and scale < _FINEST:
            wanted = min(scale * _USUAL / usual, _FINEST)
            left -= int((y2 - y1) * (x2 - x1) * wanted**2)
            part = look(grey[y1:y2, x1:x2], model, wanted)
        yield replace(part, origin=(float(x1), float(y1)))


def _with_rows(grey: Grey, model: Model) -> Map:
    """The map at the usual scale; where nothing is found, from further away, then from near."""
    usual = min(1.0, SIDE / max(grey.shape))
    found = look(grey, model, usual)
    if found.chains:
        return found
    near = min(1.0, (_MOST / grey.size) ** 0.5)
    for scale in (0.3 * usual, 0.1 * usual, *([near] if near > 1.2 * usual else [])):
        other = look(grey, model, scale)
        if any(row.strength > _CLEAR for row in other.chains):
            return other
    return found


def _closer(grey: Grey, model: Model, found: Map, wanted: float) -> Map:
    """The page at another scale: if need be, only the part of it on which there are rows."""
    y1, x1, y2, x2 = 0, 0, *grey.shape
    if wanted**2 * grey.size > _MOST:
        whole = (_MOST / grey.size) ** 0.5
        if whole > 1.3 * _scale(found):
            wanted = whole
        else:
            y1, x1, y2, x2 = _surroundings(found, grey.shape)
            wanted = min(wanted, (_MOST / ((y2 - y1) * (x2 - x1))) ** 0.5)
    if 0.8 < wanted / _scale(found) < 1.25:
        return found
    nearer = look(grey[y1:y2, x1:x2], model, wanted)
    return replace(nearer, origin=(float(x1), float(y1)))


def _surroundings(found: Map, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """y1, x1, y2, x2 on the page of what lies around the rows of a map."""
    room = 9 * np.array([[-1, -1, 1, 1]]) * np.array([[c.spread] for c in found.chains])
    ends = np.array([(c.y.min(), c.x[0], c.y.max(), c.x[-1]) for c in found.chains])
    ends = (ends + room) / np.tile(found.scale, 2) + np.tile(found.origin[::-1], 2)
    y1, x1 = (max(0, int(v)) for v in ends.min(0)[:2])
    y2, x2 = (min(n, int(v) + 1) for n, v in zip(shape, ends.max(0)[2:], strict=True))
    return y1, x1, y2, x2


def _scale(found: Map) -> float:
    """Pixels of the picture that was looked at, to a pixel of the page."""
    return CELL * float(np.mean(found.scale))


def _written(rows: Sequence[Chain]) -> float:
    """The length of all rows, in cells."""
    return sum(row.length for row in rows)


def _on_page(found: Map) -> float:
    """The length of all rows, in pixels of the page."""
    return _written(found.chains) / found.scale[1]


def _usual_spread(found: Map) -> float:
    """The median spread of the rows by their lengths, in pixels of what was looked at."""
    chains = sorted(found.chains, key=lambda c: c.spread)
    if not chains:
        return 0.0
    share = np.cumsum([c.length for c in chains])
    return CELL * chains[int(np.searchsorted(share, share[-1] / 2))].spread


def look(grey: Grey, model: Model, scale: float) -> Map:
    """The map of a page that is shrunk to `scale` times its size."""
    height, width = grey.shape
    h, w = (max(_STRIDE, round(n * scale)) for n in (height, width))
    small = _resized(grey, (h, w))
    padded = np.pad(small, ((0, -h % _STRIDE), (0, -w % _STRIDE)), mode="edge")
    out = network.forward(model.layers, model.weights, evened(padded)[None, :, :, None])[0]
    seen = slice(0, -(-h // CELL)), slice(0, -(-w // CELL))
    cells = _as_cells(out)[seen]
    kinds = np.exp(cells[..., :5] - cells[..., :5].max(-1, keepdims=True))
    kinds /= kinds.sum(-1, keepdims=True)
    spread = np.exp(np.clip(cells[..., 5], -1, 5)) / np.float32(CELL)
    contrast = cell_contrast(padded)[seen]
    return Map(kinds, spread, contrast, (h / height / CELL, w / width / CELL))


def _resized(grey: Grey, shape: tuple[int, int]) -> Grey:
    if shape == grey.shape:
        return grey
    image = Image.fromarray(np.ascontiguousarray(grey, np.float32))
    way = Image.Resampling.BOX if shape[0] < grey.shape[0] else Image.Resampling.BILINEAR
    return np.asarray(image.resize(shape[::-1], way), np.float32)


def _as_cells(out: Array) -> Array:
    """(h, w, 24) for 8 x 8 pixels to (2h, 2w, 6) for 4 x 4."""
    h, w, c = out.shape
    cells = out.reshape(h, w, 2, 2, c // 4).transpose(0, 2, 1, 3, 4)
    return cells.reshape(2 * h, 2 * w, c // 4)


def _course(chain: Chain, found: Map) -> Course:
    """A chain in the page's pixels, its ends half a letter further out."""
    down, across = found.scale
    x = np.concatenate([[chain.x[0] - 0.5], chain.x, [chain.x[-1] + 0.5]])
    y = np.concatenate([chain.y[:1], chain.y, chain.y[-1:]])
    points = np.stack([x / across + found.origin[0], y / down + found.origin[1]], 1)
    spread = chain.spread / float(np.sqrt(down * across))
    return Course(smoothed(points, spread), spread)
