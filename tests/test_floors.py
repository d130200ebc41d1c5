"""How well the shipped reader reads: photos, some drawn pages, and what its confidence is worth.

The figures are README's: whoever makes the reader better writes the better ones there.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from ocr_cli.evaluation import pages
from ocr_cli.evaluation.pages import Scored, Total, Transcribed

ROOT = Path(__file__).resolve().parent.parent
PHOTOS = ("01_list", "02_letters", "03_haiku", "04_deep")
STYLES = ("capitals", "print", "mixed", "cursive")
PAGES = ("00", "04", "07")  # of each style
ROOM = 0.005  # half a point


def scored(picture: Path) -> Scored:
    assert picture.is_file(), f"{picture} is missing: the data folder is not whole"
    return pages.score_picture(Transcribed(str(picture)), "default", "auto")


@pytest.fixture(scope="module")
def drawn(data: Path) -> dict[str, list[Scored]]:
    """What is read of twelve drawn pages, by style."""
    return {
        style: [scored(data / "pages" / "dev" / style / f"{style}-{page}.jpg") for page in PAGES]
        for style in STYLES
    }


def readmes(style: str) -> float:
    """The error rate that README gives for a style's pages."""
    row = re.search(rf"^\| {style}, pages .*\| ([\d.]+) % \|$", (ROOT / "README.md").read_text(), re.M)
    assert row, f"README has no row for {style}"
    return float(row[1]) / 100


@pytest.mark.parametrize("photo", PHOTOS)
def test_the_homeworks_photos_are_read_without_an_error(data: Path, photo: str) -> None:
    assert scored(data / "photos" / f"{photo}.jpg").score.characters.edits == 0


@pytest.mark.parametrize("style", STYLES)
def test_drawn_pages_are_read_as_well_as_readme_says(
    drawn: dict[str, list[Scored]], style: str
) -> None:
    assert Total.of(drawn[style]).score.characters.rate <= readmes(style) + ROOM


def test_confidence_is_the_share_of_words_that_are_right(drawn: dict[str, list[Scored]]) -> None:
    """The expected calibration error in ten bins (M. Naeini, G. Cooper, M. Hauskrecht 2015)."""
    words = [word for style in drawn.values() for one in style for word in one.words]
    sure, right = np.array(words, float).T
    assert len(words) > 300
    part = np.minimum((10 * sure).astype(int), 9)
    gaps = [abs(sure[part == k].mean() - right[part == k].mean()) for k in np.unique(part)]
    assert np.average(gaps, weights=np.bincount(part)[np.unique(part)]) < 0.1
