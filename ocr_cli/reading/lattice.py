"""Every plausible way to group a row's pieces of ink into letters, scored by the classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ocr_cli import layout
from ocr_cli.data.nonletters import NON_LETTER
from ocr_cli.layout.cuts import cut_row
from ocr_cli.layout.letters import merge
from ocr_cli.layout.rows import letter_gaps
from ocr_cli.nn.losses import log_softmax
from ocr_cli.page import Glyph, Row, union
from ocr_cli.reading import geometry
from ocr_cli.weights import Model

MOST_ATOMS = 5  # pieces to a letter
WIDEST = 2.4  # x-heights that a letter of several pieces may span
EVEN = 0.4  # where a row has one word: so much wider than its gaps a blank would be, in x-heights
SOFT = 0.08  # x-heights that change the odds of a blank by a factor e, at least
MOST_ODDS = 6.0
GEOMETRY = 0.7  # weight of size and place against shape


@dataclass(frozen=True)
class Lattice:
    """A row's edges, each a letter that its pieces may make up.

    Attributes
    ----------
    atoms : how many pieces there are; edges run between the places 0 to `atoms`.
    starts, ends : (E,) places where each edge begins and ends, sorted by end.
    glyphs : the ink of each edge.
    scores : (E, C) log-probability of each character, size and place included.
    blanks : (atoms + 1,) log-odds of a blank before the piece at each place.
    classes : the characters of `scores`.
    """

    atoms: int
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    glyphs: tuple[Glyph, ...] = field(repr=False)
    scores: NDArray[np.float32] = field(repr=False)
    blanks: NDArray[np.float32] = field(repr=False)
    classes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Pieces:
    """A row taken apart: its atoms, and which runs of them may be letters."""

    row: Row
    atoms: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    glyphs: tuple[Glyph, ...]
    blanks: NDArray[np.float32]


def take_apart(row: Row, stroke_width: float) -> Pieces:
    """The row's atoms, and every run of them that is narrow enough to be one letter."""
    slices = cut_row(row, stroke_width)
    atoms = [atom for part in slices for atom in part]
    starts, ends, glyphs = [], [], []
    for end in range(1, len(atoms) + 1):
        for start in range(end - 1, max(-1, end - 1 - MOST_ATOMS), -1):
            run = atoms[start:end]
            if len(run) > 1 and _span(run) > WIDEST * row.x_height:
                break
            starts.append(start)
            ends.append(end)
            glyphs.append(merge(run))
    odds = blank_odds(row, slices)
    return Pieces(row, len(atoms), tuple(starts), tuple(ends), tuple(glyphs), odds)


def _span(run: Sequence[Glyph]) -> int:
    return union([glyph.box for glyph in run]).width


def score(pieces: Sequence[Pieces], model: Model, stroke_width: float) -> list[Lattice]:
    """A lattice for each row; all rows' letters pass the classifier together."""
    glyphs = [glyph for row in pieces for glyph in row.glyphs]
    logits = model.logits(layout.letter_crops(glyphs, stroke_width))
    log_p = log_softmax(logits)
    kept = [i for i, c in enumerate(model.classes) if c != NON_LETTER]
    classes = tuple(model.classes[i] for i in kept)
    lattices, first = [], 0
    for row in pieces:
        part = log_p[first : first + len(row.glyphs), kept]
        first += len(row.glyphs)
        boxes = [glyph.box for glyph in row.glyphs]
        fit = geometry.log_fit(classes, geometry.place(row.row, boxes))
        lattices.append(
            Lattice(
                row.atoms,
                np.array(row.starts, np.int64),
                np.array(row.ends, np.int64),
                row.glyphs,
                part + np.float32(GEOMETRY) * fit,
                row.blanks,
                classes,
            )
        )
    return lattices


def blank_odds(row: Row, slices: Sequence[Sequence[Glyph]]) -> NDArray[np.float32]:
    """(atoms + 1,) log-odds of a blank before each piece, from the gaps of the row as a whole.

    The page analysis has parted the row into words; the odds are even half way between its
    widest gap inside a word and its narrowest between two. Inside a glyph there is no blank.
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
