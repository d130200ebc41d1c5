"""Every plausible way to group a row's pieces of ink into letters, scored by the classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ocr_cli import layout
from ocr_cli.data.charset import NON_LETTER
from ocr_cli.layout.cuts import cut_row
from ocr_cli.layout.letters import merge
from ocr_cli.layout.spacing import letter_gaps
from ocr_cli.modelfiles.weights import Model
from ocr_cli.nn.losses import log_softmax
from ocr_cli.page import Box, Glyph, Row, union
from ocr_cli.recognition.letters import geometry

MOST_ATOMS = 5  # pieces to a letter
WIDEST = 2.4  # x-heights that a letter of several pieces may span
EVEN = 0.4  # where a row has one word: so much wider than its gaps a space would be, in x-heights
SOFT = 0.08  # x-heights that change the odds of a space by a factor e, at least
MOST_ODDS = 6.0
STRAIN = 2.6  # log-probability lost for a gap of an x-height inside a letter
GEOMETRY = 0.5  # weight of size and place against shape
ODDS = 0.55  # weight of the odds that an edge is a letter at all
MOST_SURE = -6.0  # log-probability of being none below which all count alike


@dataclass(frozen=True)
class Lattice:
    """A row's edges, each a letter that its pieces may make up.

    Attributes
    ----------
    atoms : the row's pieces of ink; edges run between the places 0 to len(atoms).
    starts, ends : (E,) places where each edge begins and ends, sorted by end.
    scores : (E, C) log-probability of each character, size, place and the odds that the edge
        is a letter included.
    space_odds : (atoms + 1,) log-odds of a space before the piece at each place.
    classes : the characters of `scores`.
    """

    atoms: tuple[Glyph, ...] = field(repr=False)
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    scores: NDArray[np.float32] = field(repr=False)
    space_odds: NDArray[np.float32] = field(repr=False)
    classes: tuple[str, ...] = field(repr=False)

    def glyph(self, edge: int) -> Glyph:
        """The ink of an edge."""
        return merge(self.atoms[self.starts[edge] : self.ends[edge]])


@dataclass(frozen=True)
class Atoms:
    """A row taken apart: its atoms, and which runs of them may be letters, made upright."""

    row: Row
    atoms: tuple[Glyph, ...]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    upright: tuple[Glyph, ...]
    space_odds: NDArray[np.float32]


def take_whole(row: Row) -> Atoms:
    """The row with every glyph one letter, for a model that cannot tell what is none."""
    atoms = tuple(glyph for word in row.words for glyph in word.glyphs)
    starts = np.arange(len(atoms), dtype=np.int64)
    spaces = space_odds_of(row, [[atom] for atom in atoms])
    straight = tuple(upright(atom, row) for atom in atoms)
    return Atoms(row, atoms, starts, starts + 1, straight, spaces)


def take_apart(row: Row, stroke_width: float) -> Atoms:
    """The row's atoms, and every run of them that is narrow enough to be one letter."""
    slices = cut_row(row, stroke_width)
    atoms = [atom for part in slices for atom in part]
    straight = [upright(atom, row) for atom in atoms]
    runs = [
        (start, end)
        for end in range(1, len(atoms) + 1)
        for start in range(max(0, end - MOST_ATOMS), end)
        if end - start == 1 or _span(straight[start:end]) <= WIDEST * row.x_height
    ]
    starts, ends = np.array(runs, np.int64).reshape(-1, 2).T
    glyphs = tuple(merge(straight[start:end]) for start, end in runs)
    return Atoms(row, tuple(atoms), starts, ends, glyphs, space_odds_of(row, slices))


def _span(run: Sequence[Glyph]) -> int:
    return union([glyph.box for glyph in run]).width


def upright(glyph: Glyph, row: Row) -> Glyph:
    """The glyph with the row's slant taken out by a shear about the baseline."""
    y, x = np.nonzero(glyph.ink)
    foot = row.baseline + row.slope * (glyph.box.x1 + glyph.box.x2) / 2
    shift = np.rint(row.slant * (glyph.box.y1 + np.arange(glyph.box.height) - foot))
    x = x + shift.astype(np.int64)[y]
    left, right = int(x.min()), int(x.max()) + 1
    ink = np.zeros((glyph.box.height, right - left), bool)
    ink[y, x - left] = True
    y1, x1, y2, _ = glyph.box
    return Glyph(Box(y1, x1 + left, y2, x1 + right), ink)


def score_arcs(pieces: Sequence[Atoms], model: Model, stroke_width: float) -> list[Lattice]:
    """A lattice for each row; all rows' letters pass the classifier together.

    A path says of its edges that they are letters, and of all others that they are none. So
    what counts for an edge are its odds: how likely it is a character, over how likely none.
    """
    glyphs = [glyph for row in pieces for glyph in row.upright]
    log_p = log_softmax(model.logits(layout.letter_crops(glyphs, stroke_width)))
    if NON_LETTER in model.classes:
        none = log_p[:, model.classes.index(NON_LETTER), None]
        log_p = log_p - np.float32(ODDS) * np.maximum(none, np.float32(MOST_SURE))
    kept = [i for i, c in enumerate(model.classes) if c != NON_LETTER]
    classes = tuple(model.classes[i] for i in kept)
    rows = np.split(log_p[:, kept], np.cumsum([len(row.upright) for row in pieces])[:-1])
    return [
        Lattice(
            row.atoms,
            row.starts,
            row.ends,
            part + np.float32(GEOMETRY) * _fit(row, classes) - _strain(row)[:, None],
            row.space_odds,
            classes,
        )
        for row, part in zip(pieces, rows, strict=True)
    ]


def _fit(pieces: Atoms, classes: tuple[str, ...]) -> NDArray[np.float32]:
    boxes = [glyph.box for glyph in pieces.upright]
    return geometry.log_fit(classes, geometry.place(pieces.row, boxes))


def _strain(pieces: Atoms) -> NDArray[np.float32]:
    """(E,) what it costs that the pieces of a letter stand apart, such as a 2 and its full stop."""
    alone = np.flatnonzero(pieces.ends - pieces.starts == 1)  # the atoms, from left to right
    sides = np.array([pieces.upright[edge].box for edge in alone], float)
    right = np.maximum.accumulate(sides[:, 3])
    gaps = np.maximum(0, sides[1:, 1] - right[:-1]) / pieces.row.x_height
    gone = np.concatenate([[0.0], np.cumsum(gaps)])
    return np.asarray(STRAIN * (gone[pieces.ends - 1] - gone[pieces.starts]), np.float32)


def space_odds_of(row: Row, slices: Sequence[Sequence[Glyph]]) -> NDArray[np.float32]:
    """(atoms + 1,) log-odds of a space before each piece, from the gaps of the row as a whole.

    The page analysis has parted the row into words; the odds are even half way between its
    widest gap inside a word and its narrowest between two. Inside a glyph there is no space.
    """
    gaps = letter_gaps(row) / row.x_height
    lengths = [len(word.glyphs) for word in row.words]
    between = np.zeros(len(gaps), bool)
    between[np.cumsum(lengths)[:-1] - 1] = True
    inside = float(gaps[~between].max(initial=0.0))
    apart = float(gaps[between].min()) if between.any() else inside + 2 * EVEN
    middle = (inside + apart) / 2
    steep = max(SOFT, (apart - inside) / 6)
    odds = np.clip((gaps - middle) / steep, -MOST_ODDS, MOST_ODDS)
    result = np.full(sum(map(len, slices)) + 1, -np.inf, np.float32)
    starts = np.cumsum([len(part) for part in slices])[:-1]
    result[starts] = odds
    return result
