"""The homework's way: what it finds and reads, and that nothing of it is there unless asked for."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from skimage import filters, measure

from ocr_cli import input as images
from ocr_cli import layout
from ocr_cli.evaluation import metrics
from ocr_cli.layout import ink, raster
from ocr_cli.modelfiles import weights
from ocr_cli.page import Page
from ocr_cli.recognition import homework

PHOTOS = ("01_list", "02_letters", "03_haiku", "04_deep")
TEXT = ("LOTUS", "OIL")


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory, handwriting) -> Path:
    path: Path = tmp_path_factory.mktemp("homework") / "sheet.png"
    handwriting(*TEXT).save(path)
    return path


def test_letters_and_rows_are_found(sheet: Path) -> None:
    page = homework.find_letters(next(images.load_pages(str(sheet))))
    assert [len(word.glyphs) for row in page.rows for word in row.words] == [5, 3]
    ours = layout.analyse(next(images.load_pages(str(sheet))))
    boxes = [
        sorted((g.box for g in one.letters), key=lambda b: b.x1 + b.y1) for one in (page, ours)
    ]
    np.testing.assert_allclose(*boxes, atol=6)


def test_it_reads_a_clean_sheet(sheet: Path, run_ocr) -> None:
    read = run_ocr("read", "--method", "homework", "-m", "homework", sheet)
    assert read.returncode == 0, read.stderr.decode()
    assert metrics.score(read.stdout.decode(), "\n".join(TEXT)).bare.rate < 0.4
    table = run_ocr("extract", "--method", "homework", sheet).stdout.decode()
    assert len(list(csv.DictReader(table.splitlines(), delimiter="\t"))) == 8


def test_its_crops_are_its_own(sheet: Path, tmp_path: Path, run_ocr) -> None:
    done = run_ocr("extract", "--method", "homework", "--crops", tmp_path / "crops", sheet)
    assert done.returncode == 0, done.stderr.decode()
    saved = sorted((tmp_path / "crops").iterdir())
    page = homework.find_letters(next(images.load_pages(str(sheet))))
    letters = [g for row in page.rows for word in row.words for g in word.glyphs]
    for path, crop in zip(saved, homework.crops(letters), strict=True):
        np.testing.assert_allclose(np.asarray(Image.open(path)), 255 * crop, atol=0.6)


def test_a_gap_wider_than_a_letter_parts_words() -> None:
    grey = np.full((80, 400), 0.9, np.float32)
    for x in (20, 60, 140, 180):  # 24 wide, 16 apart, and once 56
        grey[20:60, x : x + 24] = 0.1
    (row,) = homework.find_letters(Page(grey)).rows
    assert [len(word.glyphs) for word in row.words] == [2, 2]


def test_a_blank_sheet_has_nothing_on_it() -> None:
    page = homework.find_letters(Page(np.full((50, 60), 0.9, np.float32)))
    assert (page.letters, page.rows) == ((), ())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-l", "fr"), "--language says nothing to --method homework"),
        (("--keep-doubtful",), "--keep-doubtful says nothing to --method homework"),
    ],
)
def test_what_makes_no_difference_is_refused(sheet: Path, run_ocr, arguments, told: str) -> None:
    result = run_ocr("read", "--method", "homework", *arguments, sheet)
    assert result.returncode == 2
    assert told in result.stderr.decode()


def test_a_model_of_rows_is_refused(sheet: Path, run_ocr) -> None:
    result = run_ocr("read", "--method", "homework", "-m", "lines", sheet)
    assert result.returncode == 1
    assert "give -m homework" in result.stderr.decode()


@pytest.mark.parametrize("command", ["read", "extract"])
def test_scikit_image_is_not_loaded_unless_asked_for(root: Path, command: str) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from ocr_cli.cli.main import cli; "
        f"print(CliRunner().invoke(cli, ['{command}', 'examples/meter.png']).exit_code, "
        "[name for name in sys.modules if name.split('.')[0] == 'skimage'])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=root, check=True)
    assert ran.stdout.decode().split() == ["0", "[]"]


def test_what_lab_md_says_of_the_photos(data: Path, root: Path) -> None:
    """Boxes that are letters, false ones, and errors, by either method."""
    model, score, boxes = weights.load_model("homework"), metrics.TextScore(), 0
    for name in PHOTOS:
        photo = data / "photos" / f"{name}.jpg"
        page = homework.read_page(next(images.load_pages(str(photo))), model)
        score += metrics.score(page.text, photo.with_suffix(".txt").read_text(encoding="utf-8"))
        boxes += len(page.letters)
    lab = (root / "docs" / "lab.md").read_text(encoding="utf-8")
    row = next(line for line in lab.splitlines() if line.startswith("| the homework's"))
    assert f"| {boxes} of 250 | 0 |" in row
    assert f"{100 * score.characters.rate:.1f} %" in row


# As an oracle of our own steps.


@pytest.mark.parametrize("seed", range(4))
def test_our_components_are_scikit_images(seed: int) -> None:
    mask = np.random.default_rng(seed).random((60, 80)) < (0.2, 0.4, 0.5, 0.7)[seed]
    regions = measure.regionprops(measure.label(mask, connectivity=2))
    found = raster.label(mask)
    ours = {(*map(int, box), int(area)) for box, area in zip(found.boxes, found.area, strict=True)}
    assert ours == {(*region.bbox, int(region.area)) for region in regions}


@pytest.mark.parametrize("seed", range(3))
def test_our_hysteresis_is_scikit_images(seed: int) -> None:
    contrast = np.random.default_rng(seed).random((60, 80)).astype(np.float32)
    contrast = ndimage.gaussian_filter(contrast, 1)
    low, high = np.quantile(contrast, [0.6, 0.9])
    found = ink._hysteresis(contrast, float(low), float(high)).labels > 0
    expected = filters.apply_hysteresis_threshold(contrast, low, high)
    # of two pixels that touch at a corner, scikit-image takes one alone: ours are its at least
    assert (found >= expected).all()
    eight, _ = ndimage.label(contrast > low, np.ones((3, 3)))
    seeded = np.isin(eight, np.unique(eight[contrast > high])) & (eight > 0)
    np.testing.assert_array_equal(found, seeded)
