"""Print for drawn pages: its size, its typefaces, and a letter head's rows."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from ocr_cli.data.synthesis import printed, typesetting
from ocr_cli.data.synthesis.sheets import Sheet, SheetWriter

FACES = typesetting.print_faces(None)
SERIF = next(f for f in FACES if f.endswith("STIXGeneral.ttf"))
TYPED = next(f for f in FACES if f.endswith("DejaVuSansMono.ttf"))


@pytest.mark.parametrize("size", [10.0, 40.0])
def test_small_letters_are_about_as_high_as_asked_for(size: float) -> None:
    mask, rise = typesetting.set_in_type("xxxx", SERIF, size, np.random.default_rng(0))
    rows = np.flatnonzero(np.asarray(mask).max(1) > 100)
    assert 0.75 * size < rows[-1] - rows[0] + 1 < 1.3 * size
    assert abs(rows[-1] + 1 - rise) < 0.15 * size  # they stand on their foot


def test_a_typewriter_strikes_letters_unevenly() -> None:
    def darkest(face: str) -> list[int]:
        mask = typesetting.set_in_type("m" * 8, face, 30, np.random.default_rng(0))[0]
        return [int(part.max()) for part in np.array_split(np.asarray(mask), 8, axis=1)]

    assert typesetting.is_typewriter(TYPED)
    assert not typesetting.is_typewriter(SERIF)
    assert np.ptp(darkest(SERIF)) == 0
    assert np.ptp(darkest(TYPED)) > 30


def test_no_more_words_than_fit() -> None:
    assert printed.fitting("one two three four", 12.5) == "one two"
    assert printed.fitting("short", 100) == "short"


class Words(SheetWriter):
    """A writer that has no strokes, so that only print comes onto the sheet."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.rng, self.faces = sheet, sheet.rng, FACES

    def text(self, letters: int) -> str:
        return "Golden Gate School of the Bay and Sons Limited"[: max(3, letters)]

    def row(self, *_: object) -> None:
        return None


@pytest.mark.parametrize("seed", range(6))
def test_a_letter_head_is_rows_of_print_above_the_letter(seed: int) -> None:
    sheet = Sheet((1200, 900), np.random.default_rng(seed))
    foot = printed.letter_head(Words(sheet), (0.0, 0.0, 900.0, 1200.0))
    ink = sheet.ink()
    assert sheet.courses
    assert 0 < foot < 1200
    for course in sheet.courses:
        x, y = course.points.T
        assert y.max() < foot
        level, reach = round(float(y[0])), max(2, round(course.spread))
        seen = ink[level - reach : level + reach, max(0, int(x[0])) : int(x[-1])]
        assert (seen.max(0) > 0.2).mean() > 0.4  # the course runs through letters
