"""Forced alignment: against all alignments counted one by one, and on drawn pages."""

from collections.abc import Iterator
from itertools import pairwise, product

import numpy as np
import pytest
from PIL import Image

from ocr_cli import layout
from ocr_cli.modelfiles.weights import load_model
from ocr_cli.page import Box, Glyph, Page
from ocr_cli.recognition.letters import align, lattice
from ocr_cli.recognition.letters.lattice import Lattice

LINES = ("Stand by the old mill", "and count 27 grey boats", "Quick foxes jump")


def small_lattice(rng: np.random.Generator) -> Lattice:
    """Three pieces in a row, of which any two neighbours may be one letter."""
    runs = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]
    starts, ends = np.array(runs).T
    atoms = tuple(Glyph(Box(0, 10 * i, 10, 10 * i + 8), np.ones((10, 8), bool)) for i in range(3))
    scores = rng.normal(-4, 3, (len(runs), 3)).astype(np.float32)
    space_odds = np.array([-np.inf, 1.0, -2.0, -np.inf], np.float32)
    return Lattice(atoms, starts, ends, scores, space_odds, ("a", "b", "c"))


def every_way(row: Lattice, line: str) -> Iterator[tuple[tuple[int, ...], float]]:
    """(edge of each character or -1, log-probability) of every way to write the line."""
    characters, space_before = line.replace(" ", ""), [c == " " for c in " " + line]
    space_before = [b for b, c in zip(space_before, line, strict=False) if c != " "]
    space_before[0] = False
    for edges in product([-1, *range(len(row.starts))], repeat=len(characters)):
        used = [e for e in edges if e >= 0]
        if any(row.ends[a] > row.starts[b] for a, b in pairwise(used)):
            continue
        stray = len(row.atoms) - sum(row.ends[e] - row.starts[e] for e in used)
        total = align.STRAY * stray + align.UNWRITTEN * edges.count(-1)
        for edge, character, space in zip(edges, characters, space_before, strict=True):
            if edge < 0:
                continue
            total += np.logaddexp(row.scores[edge, row.classes.index(character)], align.ODD)
            place = row.starts[edge]
            if place:
                odds = np.clip(row.space_odds[place], -align.MOST_ODDS, align.MOST_ODDS)
                total -= align.GAPS * np.logaddexp(0, -odds if space else odds)
        yield edges, total


@pytest.mark.parametrize("line", ["ab", "a b", "cab", "b", "a bc", "abcabc"])
def test_confidence_is_the_share_of_all_ways(line: str) -> None:
    row = small_lattice(np.random.default_rng(len(line)))
    ways, odds = zip(*every_way(row, line), strict=True)
    share = np.exp(odds) / np.exp(odds).sum()
    found = align.align(row, line)
    for at, (edge, confidence) in enumerate(zip(found.edges, found.confidence, strict=True)):
        per_edge = [share[[way[at] == e for way in ways]].sum() for e in range(len(row.starts))]
        assert edge == np.argmax(per_edge)
        assert confidence == pytest.approx(per_edge[edge], rel=1e-5)


def lattices(picture: Image.Image) -> list[Lattice]:
    """The rows of a picture, scored by the model that is shipped."""
    grey = np.asarray(picture, np.float32) / 255
    page = layout.analyse(Page(grey, file_shape=grey.shape))
    pieces = [lattice.take_apart(row, page.stroke_width) for row in page.rows]
    return lattice.score_arcs(pieces, load_model("letters"), page.stroke_width)


@pytest.fixture(scope="module")
def rows(handwriting) -> list[Lattice]:
    return lattices(handwriting(*LINES, seed=3))


def test_letters_lie_in_order_and_use_up_the_ink(rows: list[Lattice]) -> None:
    for row, line in zip(rows, LINES, strict=True):
        found = align.align(row, line)
        assert found.plausible
        assert found.found.mean() > 0.8
        assert "".join(found.words) == line.replace(" ", "")
        clear = found.edges[found.found]
        assert (row.ends[clear][:-1] <= row.starts[clear][1:]).all()
        assert (row.ends - row.starts)[clear].sum() > 0.75 * len(row.atoms)


def test_rows_find_their_lines(rows: list[Lattice]) -> None:
    assert align.match_lines(rows, LINES) == [0, 1, 2]
    assert align.match_lines(rows, [LINES[0], "seven words that nobody wrote", *LINES[1:]]) == [
        0,
        2,
        3,
    ]
    assert align.match_lines(rows, [LINES[0], LINES[2]]) in ([0, -1, 1], [0, 1, -1])
    assert align.match_lines(rows, []) == [-1, -1, -1]
    assert align.match_lines([], LINES) == []


def test_another_text_is_not_plausible(rows: list[Lattice]) -> None:
    for row, line in zip(rows, LINES[1:] + LINES[:1], strict=True):
        assert not align.align(row, line).plausible


def test_a_word_that_is_not_there_is_lost_and_the_others_are_not(rows: list[Lattice]) -> None:
    found = align.align(rows[0], "Stand by the wonderful old mill")
    assert found.plausible
    assert "wonderful" in found.lost()
    assert {"Stand", "by", "old", "mill"}.isdisjoint(found.lost())


def test_stray_ink_stays_out(handwriting) -> None:
    row = lattices(handwriting("Stand by the %%% old mill", seed=3))[0]
    found = align.align(row, LINES[0])
    assert found.lost() == ()
    assert (row.ends - row.starts)[found.edges].sum() < len(row.atoms) - 2


def test_nothing_is_found_in_nothing() -> None:
    row = small_lattice(np.random.default_rng(0))
    none = np.zeros(0, np.int64)
    empty = Lattice((), none, none, np.zeros((0, 3), np.float32), row.space_odds[:1], row.classes)
    assert align.align(empty, "ab").lost() == ("ab",)
    assert not align.align(empty, "ab").plausible
    assert not align.align(row, "").plausible
    assert align.align(row, "x").fit[0] == -np.inf
