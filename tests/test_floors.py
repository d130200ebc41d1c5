"""How well the shipped reader reads: photos, some drawn pages, and what its confidence is worth.

Whoever makes the reader better writes the better figures here, and in README.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from ocr_cli.evaluation import pages
from ocr_cli.evaluation.pages import Scored, Total, Transcribed

ROOT = Path(__file__).resolve().parent.parent
PHOTOS = ("01_list", "02_letters", "03_haiku", "04_deep")
PAGES = ("00", "05", "07")  # of each style
MEASURED = {"capitals": 0.006, "print": 0.005, "mixed": 0.09, "cursive": 0.074}  # CER of these
README = {
    "capitals": "pages of capitals",
    "print": "printed",
    "mixed": "mixed",
    "cursive": "joined up",
}
ROOM = 0.005  # half a point


def scored(picture: Path) -> Scored:
    assert picture.is_file(), f"{picture} is missing: the data folder is not whole"
    return pages.score_picture(Transcribed(str(picture)), "default", "auto")


@pytest.fixture(scope="module")
def drawn(data: Path) -> dict[str, list[Scored]]:
    """What is read of twelve drawn pages, by style."""
    return {
        style: [scored(data / "pages" / "dev" / style / f"{style}-{page}.jpg") for page in PAGES]
        for style in MEASURED
    }


def readmes(style: str) -> float:
    """The error rate that README gives for this style's test pages."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| {README[style]} \| \d+ \| ([\d.]+) % \|", text, re.MULTILINE)
    assert row, f"README has no row for {style}"
    return float(row[1]) / 100


@pytest.mark.parametrize("photo", PHOTOS)
def test_the_homeworks_photos_are_read_without_an_error(data: Path, photo: str) -> None:
    assert scored(data / "photos" / f"{photo}.jpg").score.characters.edits == 0


@pytest.mark.parametrize("style", MEASURED)
def test_drawn_pages_are_read_as_well_as_they_were(
    drawn: dict[str, list[Scored]], style: str
) -> None:
    errors = Total.of(drawn[style]).score.characters.rate
    assert errors <= min(MEASURED[style], readmes(style)) + ROOM


def test_confidence_is_the_share_of_words_that_are_right(drawn: dict[str, list[Scored]]) -> None:
    """The expected calibration error in ten bins (M. Naeini, G. Cooper, M. Hauskrecht 2015)."""
    words = [word for style in drawn.values() for one in style for word in one.words]
    sure, right = np.array(words, float).T
    assert len(words) > 300
    part = np.minimum((10 * sure).astype(int), 9)
    gaps = [abs(sure[part == k].mean() - right[part == k].mean()) for k in np.unique(part)]
    assert np.average(gaps, weights=np.bincount(part)[np.unique(part)]) < 0.1
