"""Numbers that were read with letters in them, letters in cells, and mirrored pages."""

import numpy as np
import pytest
from PIL import ImageOps

from ocr_cli.page import Box, Glyph, Row, Word
from ocr_cli.recognition import cells, figures, mirrors

CLASSES = tuple(" SZOI0125678ABg")


def row_of(text: str, centres: list[float] | None = None) -> Row:
    words, at = [], 0
    for word in text.split(" "):
        glyphs = []
        for c in word:
            x = int(centres[at]) if centres else 10 * at
            glyphs.append(Glyph(Box(0, x - 3, 20, x + 3), np.ones((20, 6), bool), c, 0.9))
            at += 1
        words.append(Word(glyphs[0].box, tuple(glyphs), word, 0.9))
    return Row(Box(0, 0, 20, 200), tuple(words), 20.0, 10.0, text=text, confidence=0.9)


def scores_of(text: str, other: dict[str, tuple[str, float]]) -> np.ndarray:
    """A network that sees a text, and for some characters another one that much less likely."""
    out = np.full((3 * len(text), len(CLASSES) + 1), np.log(1e-5), np.float32)
    out[:, -1] = np.log(0.999)
    for i, c in enumerate(text):
        out[3 * i + 1] = np.log(1e-5)
        out[3 * i + 1, CLASSES.index(c)] = np.log(0.7)
        if c in other:
            out[3 * i + 1, CLASSES.index(other[c][0])] = np.log(0.7) - other[c][1]
    return out


@pytest.mark.parametrize(
    ("text", "less", "right"),
    [("S2S", 2.0, "525"), ("1S:OO", 2.0, "15:00"), ("S2S", 6.0, "S2S"), ("SS", 1.0, "SS")],
)
def test_letters_among_figures_are_figures_where_the_network_nearly_says_so(
    text: str, less: float, right: str
) -> None:
    scores = scores_of(text.replace(":", "8"), {"S": ("5", less), "O": ("0", less)})
    classes = tuple(":" if c == "8" else c for c in CLASSES)
    assert figures.settled(row_of(text), scores, classes).text == right


@pytest.mark.parametrize("text", ["Bg7", "B12", "2nd", "A4", "WORD", "525"])
def test_codes_and_words_are_left_alone(text: str) -> None:
    assert not figures.is_mixed(text)


def test_figures_that_another_reading_has_as_letters_are_told() -> None:
    assert figures.are_lost("525 KM", "SZSKM")
    assert figures.are_lost("1,250.00", "1,2SO.OO")
    assert not figures.are_lost("525 KM", "526 KM")
    assert not figures.are_lost("SIZES", "5IZES")


def test_letters_in_cells_form_words_that_empty_cells_part() -> None:
    places = [(20.0 * k, 20.0 * k + 20) for k in range(7)]
    row = row_of("A B 1 2", [10, 30, 90, 110])
    assert cells.joined_in_cells(row, places).text == "AB 12"
    assert cells.joined_in_cells(row, ()).text == "A B 1 2"
    # of black cells nothing is known: what they part is one word
    assert cells.joined_in_cells(row, [places[0], places[1], places[4], places[5]]).text == "AB12"


def test_of_two_readings_in_one_cell_the_surer_one_counts() -> None:
    row = row_of("A S", [10, 12])
    glyph = row.words[1].glyphs[0]
    surer = Word(glyph.box, (Glyph(glyph.box, glyph.ink, "S", 0.99),), "S", 0.99)
    sure = Row(row.box, (row.words[0], surer), 20.0, 10.0, text="A S")
    assert cells.joined_in_cells(sure, [(0.0, 20.0)]).text == "S"


def test_a_mirrored_page_is_read(handwriting, tmp_path, run_ocr) -> None:
    """As a scan through the back of the sheet is: rows are more legible the other way round."""
    page = handwriting("WALK THE DOG", "PAINT THE FENCE", "BAKE SOME BREAD", seed=1)
    ImageOps.mirror(page).save(tmp_path / "mirrored.png")
    read = run_ocr("read", str(tmp_path / "mirrored.png")).stdout.decode()
    assert sum(word in read for word in ("WALK", "DOG", "PAINT", "FENCE", "BAKE", "BREAD")) >= 5


@pytest.mark.parametrize(("text", "share"), [("ABS", 1.0), ("5225", 0.0), ("AB25", 0.5), ("", 0.0)])
def test_figures_do_not_tell_that_a_page_is_mirrored(text: str, share: float) -> None:
    assert mirrors.share_of_letters([scores_of(text or " ", {})], CLASSES) == share
    assert mirrors.LETTERS > 0.5


@pytest.mark.parametrize(("among", "right"), [(True, "525"), (False, "SZS")])
def test_a_word_of_letters_like_figures_is_a_number_among_figures(among: bool, right: str) -> None:
    scores = scores_of("SZS", {"S": ("5", 2.0), "Z": ("2", 2.0)})
    assert figures.settled(row_of("SZS"), scores, CLASSES, among).text == right


@pytest.mark.parametrize(
    ("texts", "many"),
    [(["SZS KM", "5.5 H", "15:35"], True), (["READ PAGE 7", "OF 12"], True), (["IT IS SO"], False)],
)
def test_pages_full_of_figures_are_told(texts: list[str], many: bool) -> None:
    assert figures.are_many(texts) == many
