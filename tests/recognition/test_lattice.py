"""Rows taken apart, scored and read: what the lattice holds and what the search finds in it."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ocr_cli.page import Box, Glyph, Row, Word, union
from ocr_cli.recognition.letters import filled, geometry
from ocr_cli.recognition.letters.lattice import Lattice, take_apart, upright
from ocr_cli.recognition.letters.search import LatticeDecoding, NoLanguage, best_paths

CLASSES = ("A", "B", "C")


def block(y: int, x: int, height: int = 20, width: int = 10) -> Glyph:
    return Glyph(Box(y, x, y + height, x + width), np.ones((height, width), bool))


def row_of(*words: list[Glyph], slant: float = 0.0) -> Row:
    parts = tuple(Word(union([g.box for g in word]), tuple(word)) for word in words)
    box = union([word.box for word in parts])
    return Row(box, parts, baseline=120.0, x_height=20.0, slant=slant)


def lattice_of(
    scores: np.ndarray, edges: list[tuple[int, int]], space_odds: list[float]
) -> Lattice:
    starts, ends = np.array(edges).T
    atoms = tuple(block(100, 30 * i) for i in range(len(space_odds) - 1))
    return Lattice(atoms, starts, ends, scores.astype(np.float32), np.array(space_odds), CLASSES)


def text(lattice: Lattice, weights: LatticeDecoding, language=None) -> str:
    row = row_of(list(lattice.atoms))
    return filled(row, lattice, best_paths([lattice], language, weights)[0]).text


@given(st.integers(1, 5), st.integers(0, 2**32 - 1), st.floats(-1, 2))
def test_the_search_finds_the_best_of_all_paths(atoms: int, seed: int, reward: float) -> None:
    rng = np.random.default_rng(seed)
    edges = [(a, b) for b in range(1, atoms + 1) for a in range(max(0, b - 3), b)]
    scores = np.log(rng.dirichlet(np.ones(3), len(edges)))
    space_odds = [-np.inf, *rng.normal(0, 3, atoms - 1), -np.inf]
    lattice = lattice_of(scores, edges, space_odds)
    weights = LatticeDecoding(letter=reward, beam=50, choices=3)

    def paths(place: int):
        if place == atoms:
            yield 0.0, ""
        for edge, (start, end) in enumerate(edges):
            if start != place:
                continue
            odds = space_odds[place]
            options = [(0.0, "")]
            if np.isfinite(odds):
                options = [(-np.logaddexp(0, odds), ""), (-np.logaddexp(0, -odds), " ")]
            for (rest, tail), (cost, gap), k in product(paths(end), options, range(3)):
                value = scores[edge, k] + reward + weights.space * cost + rest
                yield value, gap + CLASSES[k] + tail

    assert text(lattice, weights) == max(paths(0))[1]


class Likes(NoLanguage):
    """A language in which B follows A, and anything else is rare."""

    def advance(self, states, chars):
        return np.asarray(chars)

    def log_probabilities(self, states):
        rows = super().log_probabilities(states) - 5
        after_a = np.flatnonzero(np.asarray(states) == self.alphabet.index("A"))
        rows[after_a, self.alphabet.index("B")] = 0
        return rows


def test_the_language_decides_what_shapes_leave_open() -> None:
    scores = np.log(np.array([[0.9, 0.05, 0.05], [0.05, 0.45, 0.5]]))
    lattice = lattice_of(scores, [(0, 1), (1, 2)], [-np.inf, -5.0, -np.inf])
    assert text(lattice, LatticeDecoding()) == "AC"
    assert text(lattice, LatticeDecoding(), Likes()) == "AB"


class GoesOn(NoLanguage):
    """A language in which no line ends with A."""

    def advance(self, states, chars):
        return np.asarray(chars)

    def log_probabilities(self, states):
        rows = super().log_probabilities(states)
        after_a = np.flatnonzero(np.asarray(states) == self.alphabet.index("A"))
        rows[after_a, self.alphabet.index("\n")] = -50
        return rows


def test_a_row_may_end_where_no_line_does() -> None:
    """Writing wraps anywhere: clear ink outweighs that the language would go on."""
    lattice = lattice_of(np.log([[0.98, 0.01, 0.01]]), [(0, 1)], [-np.inf, -np.inf])
    assert text(lattice, LatticeDecoding(), GoesOn()) == "A"
    doubtful = lattice_of(np.log([[0.5, 0.4, 0.1]]), [(0, 1)], [-np.inf, -np.inf])
    assert text(doubtful, LatticeDecoding(), GoesOn()) == "B"


def test_several_rows_read_as_each_alone() -> None:
    rng = np.random.default_rng(0)
    lattices = []
    for atoms in (3, 1, 5):
        edges = [(a, b) for b in range(1, atoms + 1) for a in range(max(0, b - 2), b)]
        scores = np.log(rng.dirichlet(np.ones(3), len(edges)))
        lattices.append(lattice_of(scores, edges, [-np.inf, *rng.normal(0, 2, atoms - 1), -np.inf]))
    together = best_paths(lattices, Likes(), LatticeDecoding())
    assert together == [
        best_paths([lattice], Likes(), LatticeDecoding())[0] for lattice in lattices
    ]


def test_spaces_follow_their_odds() -> None:
    scores = np.log(np.full((3, 3), 1 / 3))
    edges = [(0, 1), (1, 2), (2, 3)]
    lattice = lattice_of(scores, edges, [-np.inf, 4.0, -4.0, -np.inf])
    read = text(lattice, LatticeDecoding())
    assert read[1] == " "
    assert " " not in read[2:]


def test_an_empty_row_reads_as_nothing() -> None:
    empty = Lattice((), np.zeros(0, int), np.zeros(0, int), np.zeros((0, 3)), np.zeros(1), CLASSES)
    assert best_paths([empty], None, LatticeDecoding()) == [[]]


def test_edges_cover_every_place_in_order() -> None:
    row = row_of([block(100, 0), block(100, 14)], [block(100, 60)])
    pieces = take_apart(row, stroke_width=3.0)
    assert len(pieces.atoms) == 3
    edges = list(zip(pieces.starts, pieces.ends, strict=True))
    assert {(0, 1), (1, 2), (2, 3), (0, 2)} <= set(edges)
    assert (0, 3) not in edges  # far too wide for a letter
    assert list(pieces.ends) == sorted(pieces.ends)
    assert pieces.space_odds[1] < 0 < pieces.space_odds[2]


def test_slant_is_taken_out_about_the_baseline() -> None:
    slanted = np.zeros((40, 60), bool)
    for y in range(40):
        slanted[y, round((39 - y) * 0.5) : round((39 - y) * 0.5) + 4] = True
    glyph = Glyph(Box(80, 10, 120, 70), slanted)
    straight = upright(glyph, row_of([glyph], slant=0.5))
    assert straight.box.width <= 6
    assert straight.ink.sum() == slanted.sum()
    assert (straight.box.y1, straight.box.y2) == (80, 120)


def test_size_and_place_tell_like_shapes_apart() -> None:
    row = row_of([block(100, 0)])
    boxes = [Box(100, 0, 120, 18), Box(90, 20, 120, 40), Box(117, 50, 126, 54), Box(88, 60, 97, 64)]
    fit = geometry.log_fit(("c", "C", ",", "'"), geometry.place(row, boxes))
    assert [("c", "C", ",", "'")[k] for k in fit.argmax(1)] == ["c", "C", ",", "'"]
    assert (fit <= 0.02).all()
