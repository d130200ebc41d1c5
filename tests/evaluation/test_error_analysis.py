"""Drawn pages, read with known mistakes: each is put down to the stage that made it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ocr_cli.data.synthesis import synthetic
from ocr_cli.evaluation import metrics
from ocr_cli.evaluation.error_analysis import find_errors
from ocr_cli.evaluation.wrong_words import LARGEST, Column, WrongWord
from ocr_cli.layout.letters import merge
from ocr_cli.page import Box, Glyph, Page, Row, Word, union

LINES = ("NAME THE UNIT", "MAKE NO LUNCH", "LET ME KNOW")
TRUTH = "\n".join(LINES)


@pytest.fixture(scope="module")
def page() -> Page:
    """LINES drawn in capitals of 60 pixels with gaps of 10, read without an error."""
    rng = np.random.default_rng(0)
    ink = np.zeros((440, 900), bool)
    rows = []
    for number, line in enumerate(LINES):
        x, glyphs = 40, []
        for character in line:
            if character == " ":
                x += 50
                continue
            mask = drawn(character, rng)
            height, width = mask.shape
            y = 120 * (number + 1) - height
            ink[y : y + height, x : x + width] |= mask
            glyphs.append(Glyph(Box(y, x, y + height, x + width), mask))
            x += width + 10
        word = Word(union([g.box for g in glyphs]), tuple(glyphs))
        rows.append(row_of(Row(word.box, (word,), 120.0 * (number + 1), 40.0), glyphs, line))
    grey = np.where(ink, 0, 1).astype(np.float32)
    letters = tuple(replace(g, text="") for row in rows for g in glyphs_of(row))
    shape = (440, 900)
    return Page(grey, "note.png", 0, np.eye(3), shape, ink, 4.0, letters, tuple(rows))


def drawn(character: str, rng: np.random.Generator) -> np.ndarray:
    """The ink of a character, in a mask without margins."""
    picture = Image.new("L", (200, 200))
    for stroke in synthetic.draw_character(character, rng):
        points = stroke * 0.06 + (60, 120)
        ImageDraw.Draw(picture).line([tuple(point) for point in points.tolist()], 255, width=4)
    mask = np.asarray(picture) > 0
    y, x = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return mask[y[0] : y[-1] + 1, x[0] : x[-1] + 1]


def row_of(row: Row, glyphs: list[Glyph], text: str) -> Row:
    """The row, its glyphs read as the words of `text`."""
    assert len(glyphs) == len(text.replace(" ", ""))
    rest = iter(glyphs)
    words = []
    for word in text.split():
        read = tuple(replace(next(rest), text=character) for character in word)
        words.append(Word(union([g.box for g in read]), read, word))
    return replace(row, words=tuple(words), text=text)


def glyphs_of(row: Row) -> list[Glyph]:
    return [glyph for word in row.words for glyph in word.glyphs]


def misread(page: Page, number: int, text: str, glyphs: list[Glyph] | None = None) -> Page:
    """The page with a row (from 0) that says something else, maybe from other pieces of ink."""
    row = page.rows[number]
    changed = row_of(row, glyphs_of(row) if glyphs is None else glyphs, text)
    return replace(page, rows=(*page.rows[:number], changed, *page.rows[number + 1 :]))


def only_error(page: Page, plain: Page | None = None) -> WrongWord:
    errors = find_errors([page], [plain or page], TRUTH)
    assert sum(e.edits for e in errors) == metrics.score(page.text, TRUTH).characters.edits
    assert len(errors) == 1
    return errors[0]


def test_without_errors_there_is_nothing_to_tell(page: Page) -> None:
    assert page.text == TRUTH
    assert find_errors([page], [page], TRUTH) == []
    assert find_errors([], [], "") == []


def test_one_letter_for_another(page: Page) -> None:
    error = only_error(misread(page, 1, "MAKE NO LUMCH"))
    assert error.cause == "class"
    assert error.slips == (Column("M", "N", "class"),)
    assert (error.source, error.line, error.edits) == ("note.png", 2, 1)
    assert "".join(c.read for c in error.columns) == "LUMCH"
    assert [mark.wrong for mark in error.marks] == [False, False, True, False, False]


def test_the_picture_shows_the_word(page: Page) -> None:
    error = only_error(misread(page, 1, "MAKE NO LUMCH"))
    height, width = error.picture.shape
    assert height <= LARGEST[0]
    assert width <= LARGEST[1]
    ink = error.picture < 128
    for mark in error.marks:  # ink above each bar, and none between the first letters
        assert ink[:, mark.x1 : mark.x2].any()
    assert not ink[:, error.marks[0].x2 + 1 : error.marks[1].x1 - 1].any()
    assert ink[:, : error.marks[0].x1 - 1].sum() + ink[:, error.marks[-1].x2 + 1 :].sum() == 0


def test_the_language_model_bent_it(page: Page) -> None:
    error = only_error(misread(page, 1, "MAKE NO LYNCH"), plain=page)
    assert (error.cause, error.slips) == ("language", (Column("Y", "U", "language"),))


def test_both_wrong_is_not_the_language_models_fault(page: Page) -> None:
    bent = misread(page, 1, "MAKE NO LYNCH")
    assert only_error(bent, plain=misread(page, 1, "MAKE NO LVNCH")).cause == "class"


def test_language_joined_two_words(page: Page) -> None:
    error = only_error(misread(page, 1, "MAKENO LUNCH"), plain=page)
    assert error.cause == "language"


def test_two_letters_taken_for_one(page: Page) -> None:
    glyphs = glyphs_of(page.rows[0])
    joined = [*glyphs[:-2], merge(glyphs[-2:])]
    for text, slip in (("NAME THE UNH", ("H", "IT")), ("NAME THE UNI", ("", "T"))):
        error = only_error(misread(page, 0, text, joined))
        assert error.slips == (Column(*slip, "grouping"),)


def test_one_letter_taken_for_two(page: Page) -> None:
    glyphs = glyphs_of(page.rows[2])
    at = "LETMEKNOW".index("K")
    whole = glyphs[at]
    half = whole.box.width // 2
    y1, x1, y2, x2 = whole.box
    halves = [
        Glyph(Box(y1, x1, y2, x1 + half), whole.ink[:, :half]),
        Glyph(Box(y1, x1 + half, y2, x2), whole.ink[:, half:]),
    ]
    split = [*glyphs[:at], *halves, *glyphs[at + 1 :]]
    assert only_error(misread(page, 2, "LET ME ICNOW", split)).cause == "grouping"
    assert only_error(misread(page, 2, "LET ME IKNOW", split)).cause == "grouping"


def test_wrong_gaps(page: Page) -> None:
    missed = only_error(misread(page, 0, "NAMETHE UNIT"))
    assert (missed.cause, missed.slips) == ("space", (Column("", " ", "space"),))
    assert "".join(c.truth for c in missed.columns) == "NAME THE"
    added = only_error(misread(page, 2, "LET ME KN OW"))
    assert (added.cause, added.slips) == ("space", (Column(" ", "", "space"),))


def test_missed_letter_word_and_row(page: Page) -> None:
    glyphs = glyphs_of(page.rows[1])
    at = "MAKENOLUNCH".index("U")
    letter = only_error(misread(page, 1, "MAKE NO LNCH", [*glyphs[:at], *glyphs[at + 1 :]]))
    assert letter.slips == (Column("", "U", "box"),)
    word = only_error(misread(page, 1, "MAKE LUNCH", [*glyphs[:4], *glyphs[6:]]))
    assert (word.cause, word.edits, word.line) == ("box", 3, 2)
    assert (word.picture < 128).any(), "the picture shows what was missed"
    row = only_error(replace(page, rows=(page.rows[0], page.rows[2])))
    assert (row.cause, row.edits, row.line) == ("box", 14, 2)
    assert {c.read for c in row.columns} == {""}
    assert (row.picture < 128).mean() > 0.01


def test_a_missed_letter_that_left_no_ink_behind(page: Page) -> None:
    glyphs = glyphs_of(page.rows[1])
    at = "MAKENOLUNCH".index("U")
    faint = replace(page, ink=np.zeros_like(page.ink))
    fewer = misread(faint, 1, "MAKE NO LNCH", [*glyphs[:at], *glyphs[at + 1 :]])
    assert only_error(fewer).cause == "box"


def test_stray_letter_word_and_row(page: Page) -> None:
    spot = Glyph(Box(0, 0, 6, 6), np.ones((6, 6), bool))

    def at(row: Row, x: int) -> Glyph:
        y = row.box.y2 - 6
        return replace(spot, box=Box(y, x, y + 6, x + 6))

    first = page.rows[0]
    far = first.box.x2 + 60
    glyphs = [*glyphs_of(first), at(first, far)]
    letter = only_error(misread(page, 0, "NAME THE UNIT.", glyphs))
    assert letter.slips == (Column(".", "", "box"),)
    word = only_error(misread(page, 0, "NAME THE UNIT .", glyphs))
    assert (word.cause, word.edits) == ("box", 2)
    stray = row_of(first, [at(first, 20), at(first, 40)], "--")
    row = only_error(replace(page, rows=(*page.rows, stray)))
    assert (row.cause, row.edits) == ("box", 3)


def test_rows_run_into_one_another(page: Page) -> None:
    first, second, third = page.rows
    joined = replace(first, words=first.words + second.words, text=f"{first.text} {second.text}")
    error = only_error(replace(page, rows=(joined, third)))
    assert error.slips == (Column(" ", "\n", "box"),)


def test_a_word_goes_with_the_cause_of_most_of_its_errors(page: Page) -> None:
    plain = misread(page, 1, "MAKE NO LVHCH")
    error = only_error(misread(page, 1, "MAKE NO LVHCM"), plain)
    assert [slip.cause for slip in error.slips] == ["class", "language"]
    assert error.cause == "class"


def test_nothing_was_read_at_all(page: Page) -> None:
    error = only_error(replace(page, rows=()))
    assert (error.cause, error.edits) == ("box", len(TRUTH))
    assert (error.picture < 128).any()


def test_frames_of_one_file_are_one_text(page: Page) -> None:
    second = misread(page, 0, "NAME TNE UNIT")
    (error,) = find_errors([page, second], [page, second], f"{TRUTH}\n{TRUTH}")
    assert (error.cause, error.line) == ("class", 4)
    missed = replace(page, rows=())
    (error,) = find_errors([page, missed], [page, missed], f"{TRUTH}\n{TRUTH}")
    assert (error.cause, error.edits) == ("box", len(TRUTH) + 1)


@given(st.text("AB \n", max_size=30), st.text("AB \n", max_size=30))
def test_all_errors_are_told_once(read: str, truth: str) -> None:
    ink = np.ones((20, 10), bool)
    rows = []
    for y, line in enumerate(read.splitlines()):
        glyphs = [
            Glyph(Box(40 * y, 14 * x, 40 * y + 20, 14 * x + 10), ink, character)
            for x, character in enumerate(line)
            if character != " "
        ]
        if glyphs:
            words = [Word(union([g.box for g in glyphs]), tuple(glyphs))]
            row = Row(words[0].box, tuple(words), 40.0 * y + 20, 14.0)
            rows.append(row_of(row, glyphs, " ".join(line.split())))
    drawn = Page(np.ones((1300, 460), np.float32), rows=tuple(rows), stroke_width=3.0)
    errors = find_errors([drawn], [drawn], truth)
    assert sum(e.edits for e in errors) == metrics.score(read, truth).characters.edits
    told = "".join(c.truth for e in errors for c in e.columns if c.cause)
    right = "".join(c.truth for e in errors for c in e.columns if not c.cause)
    assert len(told) + len(right) <= len(metrics.normalise(truth))
    assert all(e.edits for e in errors)
