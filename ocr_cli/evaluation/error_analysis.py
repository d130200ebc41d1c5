"""Causes of errors: each wrong word, and the stage that each of its errors is due to.

The text that was read is aligned with its truth. What differs is told apart by the ink that
the letters were read from, and by what the same page reads as without language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import folded
from ocr_cli.evaluation import metrics
from ocr_cli.evaluation.wrong_words import Column, Mark, WrongWord, cut
from ocr_cli.page import Box, Glyph, Page, union

WIDE = 1.4  # a letter so many times as wide as the row's usual one may be two
ROOM = 0.7  # usual widths of a letter that are free where one was missed
CLOSE = 0.5  # usual gaps from one part of a split letter to the next, at most
SPOT = 8.0  # squares of the stroke width in a letter, more than in a dot
MARGIN, WIDER = 0.5, 2.0  # x-heights around a word's picture, and beside what may lack a letter


class _Letter(NamedTuple):
    """A character that was read: its page and row, from 0, and its glyph; a space has the next."""

    text: str
    page: int
    row: int
    glyph: Glyph


@dataclass(frozen=True)
class _Site:
    """The letters of a part of what was read, and their neighbours in the row, if any."""

    inside: list[_Letter]
    before: _Letter | None
    after: _Letter | None

    @property
    def known(self) -> list[_Letter]:
        """All of them; the first is of the site's own row, if it has letters."""
        return [x for x in (*self.inside, self.before, self.after) if x]


def find_errors(pages: Sequence[Page], plain: Sequence[Page], truth: str) -> list[WrongWord]:
    """The wrong words of a file, in reading order.

    pages, plain : its pages as they were read, and as they read without language. truth : the
    transcript of them all. The words' edits sum up to those that `metrics.score` counts.
    """
    truth = metrics.normalise(truth)
    without = "".join(letter.text for letter in _letters(plain))
    file = _File(pages, _letters(pages), truth, _Right.of(without, truth))
    return [file.wrong_word(piece) for piece in file.wrong_pieces()]


def _letters(pages: Sequence[Page]) -> list[_Letter]:
    """The characters that were read, one by one, as `metrics.normalise` has the pages' text."""
    found: list[_Letter] = []
    rows = ((p, r, row) for p, page in enumerate(pages) for r, row in enumerate(page.rows))
    for p, r, row in rows:
        between = "\n"
        for word in row.words:
            read = [
                _Letter(character, p, r, glyph)
                for glyph in word.glyphs
                for character in folded(glyph.text)
                if not character.isspace()
            ]
            if read:
                found += [read[0]._replace(text=between), *read] if found else read
                between = " "
    return found


class _Right(NamedTuple):
    """The right parts of a text: (n,) each character of the truth, (n + 1,) nothing before it."""

    found: NDArray[np.bool_]
    clear: NDArray[np.bool_]

    @classmethod
    def of(cls, text: str, truth: str) -> _Right:
        found, clear = np.zeros(len(truth), bool), np.ones(len(truth) + 1, bool)
        place = 0
        for i, j in metrics.alignment(text, truth).tolist():
            if j < 0:
                clear[place] = False
            else:
                found[j] = i >= 0 and text[i] == truth[j]
                place = j + 1
        return cls(found, clear)

    def all_of(self, start: int, end: int) -> bool:
        """Whether the truth from start up to end was read, and nothing besides."""
        return bool(self.found[start:end].all() and self.clear[start : end + 1].all())


class _File:
    """A file's text aligned with its truth; a piece or a run is a range of the columns."""

    def __init__(
        self, pages: Sequence[Page], letters: list[_Letter], truth: str, plain: _Right
    ) -> None:
        self.pages, self.letters, self.truth, self.plain = pages, letters, truth, plain
        pairs = metrics.alignment("".join(letter.text for letter in letters), truth)
        self.columns = [
            (letters[i].text if i >= 0 else "", truth[j] if j >= 0 else "")
            for i, j in pairs.tolist()
        ]
        before = np.zeros((len(pairs) + 1, 2), np.int64)  # how much stands before each column
        np.cumsum(pairs >= 0, axis=0, out=before[1:])
        self.read_before, self.truth_before = before.T.tolist()

    def wrong_pieces(self) -> Iterator[range]:
        """Words with errors, parted where both texts have a space.

        A space that only one text has ties the words beside it together. But words that were
        missed, or that are not there, are a piece of their own, with their spaces.
        """
        spaces = [k for k, both in enumerate(self.columns) if both in {(" ", " "), ("\n", "\n")}]
        for before, end in pairwise([-1, *spaces, len(self.columns)]):
            for piece in self._parted(range(before + 1, end)):
                if any(read != right for read, right in self.columns[piece.start : piece.stop]):
                    yield piece

    def _parted(self, piece: range) -> list[range]:
        runs = _runs(piece, self._is_lone_space)
        words = [run for run in runs if not self._is_lone_space(run.start)]
        cuts = [
            right.start if self._lacks(left) else left.stop
            for left, right in pairwise(words)
            if self._lacks(left) != self._lacks(right)
        ]
        return [range(start, end) for start, end in pairwise([piece.start, *cuts, piece.stop])]

    def _is_lone_space(self, k: int) -> bool:
        read, right = self.columns[k]
        return read != right and (read + right).isspace()

    def _lacks(self, piece: range) -> str:
        """The text that has nothing of this piece, "read" or "truth"; empty for neither."""
        read, right = (any(side) for side in zip(*self._of(piece), strict=True))
        return "" if read and right else "truth" if read else "read"

    def _of(self, piece: range) -> list[tuple[str, str]]:
        return self.columns[piece.start : piece.stop]

    def wrong_word(self, piece: range) -> WrongWord:
        """The report on a piece with errors."""
        causes = {k: self._cause(slip, piece) for slip in self._slips(piece) for k in slip}
        page, box, x_height = self._place(piece)
        picture, scale = cut(page.grey, box, x_height)
        marks = []
        for k in (k for k in piece if self.columns[k][0].strip()):
            letter = self.letters[self.read_before[k]]
            if self.pages[letter.page] is page:
                x1, x2 = (scale * (x - box.x1) for x in (letter.glyph.box.x1, letter.glyph.box.x2))
                marks.append(Mark(round(x1), round(x2), k in causes))
        columns = tuple(Column(*self.columns[k], causes.get(k, "")) for k in piece)
        first = next((k for k in piece if self.columns[k][1].strip()), piece.start)
        line = 1 + self.truth[: self.truth_before[first]].count("\n")
        return WrongWord(page.source, line, columns, picture, tuple(marks))

    def _slips(self, piece: range) -> list[range]:
        """The runs of columns that differ, spaces apart from letters."""

        def kind(k: int) -> str:
            read, right = self.columns[k]
            return "" if read == right else "space" if self._is_lone_space(k) else "letter"

        return [run for run in _runs(piece, kind) if kind(run.start)]

    def _cause(self, slip: range, piece: range) -> str:
        if self.plain.all_of(self.truth_before[slip.start], self.truth_before[slip.stop]):
            return "language"
        read, right = map("".join, zip(*self._of(slip), strict=True))
        if self._lacks(piece) or "\n" in read + right:
            return "box"
        if (read + right).isspace():
            return "space"
        site = self._site(slip)
        page = self.pages[site.known[0].page]
        more = len(site.inside) - len(right.replace(" ", ""))
        if more == 0:
            return "class"
        if more < 0:
            return _why_fewer(page, site, -more)
        return "grouping" if right.strip() else _why_more(page, site)

    def _site(self, piece: range) -> _Site:
        start, end = self.read_before[piece.start], self.read_before[piece.stop]
        inside = [letter for letter in self.letters[start:end] if letter.text.strip()]
        before, after = reversed(self.letters[:start]), iter(self.letters[end:])
        return _Site(inside, _first_in_row(before), _first_in_row(after))

    def _place(self, piece: range) -> tuple[Page, Box, float]:
        """The place of a piece: its page, a box there, and the x-height of its row."""
        site = self._site(piece)
        whole_rows = any("\n" in both for both in self._of(piece))
        if not site.known or (whole_rows and not site.inside and not (site.before and site.after)):
            return self._place_between_rows(self.read_before[piece.start])
        at = site.known[0]
        page = self.pages[at.page]
        row = page.rows[at.row]
        margin, wider = MARGIN * row.x_height, WIDER * row.x_height
        if site.inside:
            lacks = any(not read.strip() for read, right in self._of(piece) if read != right)
            box = union([x.glyph.box for x in site.inside if x.page == at.page])
            return page, _grown(box, margin, wider if lacks else margin), row.x_height
        x1 = site.before.glyph.box.x2 if site.before else 0
        x2 = site.after.glyph.box.x1 if site.after else page.grey.shape[1]
        room = Box(row.box.y1, min(x1, x2), row.box.y2, max(x1, x2))
        return page, _grown(room, margin, margin), row.x_height

    def _place_between_rows(self, place: int) -> tuple[Page, Box, float]:
        """The place of rows of which nothing was read: across the page, between the others."""
        last = self.letters[place - 1] if place else None
        page = self.pages[last.page if last else 0]
        height, width = page.grey.shape
        above = page.rows[: last.row + 1] if last else ()
        below = page.rows[len(above) :]
        y1 = above[-1].box.y2 if above else 0
        y2 = below[0].box.y1 if below else height
        x_height = page.rows[0].x_height if page.rows else 0.0
        return page, _grown(Box(min(y1, y2), 0, max(y1, y2), width), x_height, 0), x_height


def _runs(piece: range, key: Callable[[int], bool | str]) -> list[range]:
    """The runs of columns that have the same key."""
    runs = (list(run) for _, run in groupby(piece, key))
    return [range(run[0], run[-1] + 1) for run in runs]


def _first_in_row(letters: Iterable[_Letter]) -> _Letter | None:
    """The first that is no space, unless the row ends before it."""
    for letter in letters:
        if letter.text == "\n":
            return None
        if letter.text != " ":
            return letter
    return None


def _why_fewer(page: Page, site: _Site, missing: int) -> str:
    """Causes where letters are missing at a site: no box was there, or others have their ink."""
    glyphs = [letter.glyph for letter in site.inside]
    around = [letter.glyph for letter in (site.before, site.after) if letter]
    row = page.rows[site.known[0].row]
    usual = float(np.median([g.box.width for word in row.words for g in word.glyphs]))
    if site.before and site.after:
        free = site.after.glyph.box.x1 - site.before.glyph.box.x2
        if free - sum(g.box.width for g in glyphs) > ROOM * usual * (missing + 1):
            return "box"
    box = union([g.box for g in (*glyphs, *around)])
    x1 = site.before.glyph.box.x2 if site.before else int(box.x1 - WIDER * row.x_height)
    x2 = site.after.glyph.box.x1 if site.after else int(box.x2 + WIDER * row.x_height)
    least = SPOT if glyphs else 1.0  # beside letters that were read, the dot of an i is not it
    if _unread(page, Box(box.y1, x1, box.y2, x2)) > least * page.stroke_width**2:
        return "box"
    pieces = page.letters
    swollen = any(
        g.box.width > WIDE * usual or sum(_holds(g.box, piece.box) for piece in pieces) > 1
        for g in around
    )
    return "grouping" if glyphs or swollen else "box"


def _why_more(page: Page, site: _Site) -> str:
    """Causes where letters are read that are not there: one was split, or there is a stray mark.

    Parts of a letter come of one piece of ink, or are closer to each other than letters are.
    """
    if not site.before and not site.after:
        return "box"
    row = page.rows[site.known[0].row]
    boxes = [word.glyphs for word in row.words]
    gaps = [b.box.x1 - a.box.x2 for glyphs in boxes for a, b in pairwise(glyphs)]
    usual = float(np.median(gaps)) if gaps else 0.0
    close = usual - (1 - CLOSE) * abs(usual)  # letters may overlap as a rule
    letters = [x.glyph.box for x in (site.before, *site.inside, site.after) if x]
    split = any(
        b.x1 - a.x2 < close or any(_holds(p.box, a) and _holds(p.box, b) for p in page.letters)
        for a, b in pairwise(letters)
    )
    return "grouping" if split else "box"


def _unread(page: Page, box: Box) -> int:
    """The pixels of ink in a box that are part of no letter."""
    if page.ink is None:
        return 0
    left = page.ink.copy()
    for glyph in (g for row in page.rows for word in row.words for g in word.glyphs):
        y1, x1, y2, x2 = glyph.box
        left[y1:y2, x1:x2] &= ~glyph.ink
    return int(left[max(0, box.y1) : box.y2, max(0, box.x1) : box.x2].sum())


def _holds(outer: Box, inner: Box) -> bool:
    """Whether the middle of `inner` is in `outer`."""
    y, x = (inner.y1 + inner.y2) / 2, (inner.x1 + inner.x2) / 2
    return outer.y1 <= y < outer.y2 and outer.x1 <= x < outer.x2


def _grown(box: Box, above: float, beside: float) -> Box:
    y, x = max(1, round(above)), max(1, round(beside))
    return Box(box.y1 - y, box.x1 - x, box.y2 + y, box.x2 + x)
