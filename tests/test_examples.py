"""The pictures of examples/ are what their script makes, light to clone, and read well."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from ocr_cli import input as images
from ocr_cli import layout, recognition
from ocr_cli.evaluation import metrics

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
PICTURES = sorted(p for p in EXAMPLES.iterdir() if p.suffix in {".jpg", ".png"})
SHIPPED = sorted((ROOT / "models").glob("*.npz"))

each_picture = pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    name = "make_examples"
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def truth(picture: Path) -> str:
    return picture.with_suffix(".txt").read_text(encoding="utf-8")


def analysed(picture: Path):
    return layout.analyse(next(iter(images.load_pages(str(picture), picture.name))))


def test_every_sheet_has_its_picture_and_text(script: ModuleType) -> None:
    assert sorted(sheet.file for sheet in script.SHEETS) == [p.name for p in PICTURES]
    for sheet in script.SHEETS:
        assert truth(EXAMPLES / sheet.file) == sheet.text + "\n"


def test_at_least_three_pictures_hold_capitals_and_figures_alone() -> None:
    assert sum(truth(picture) == truth(picture).upper() for picture in PICTURES) >= 3


@each_picture
def test_the_picture_is_what_the_script_makes(picture: Path, script: ModuleType) -> None:
    """Not to the byte: that's up to the versions of numpy and Pillow."""
    sheet = next(sheet for sheet in script.SHEETS if sheet.file == picture.name)
    stored = np.asarray(Image.open(picture).convert("L"), np.float32)
    made = np.asarray(script.make(sheet).convert("L"), np.float32)
    assert made.shape == stored.shape
    assert np.abs(made - stored).mean() < 3
    assert picture.stat().st_size < 150_000


@each_picture
def test_every_letter_is_found_in_its_row_and_word(picture: Path) -> None:
    found = [[len(word.glyphs) for word in row.words] for row in analysed(picture).rows]
    assert found == [[len(word) for word in line.split()] for line in truth(picture).splitlines()]


@pytest.mark.skipif(not SHIPPED, reason="no model is shipped yet")
@each_picture
def test_the_default_reader_reads_it(picture: Path) -> None:
    text = recognition.read_page(analysed(picture), recognition.load_reader()).text
    assert metrics.score(text, truth(picture)).bare.rate <= 0.05


@pytest.mark.skipif(not SHIPPED, reason="no model is shipped yet")
def test_rows_tell_which_is_the_ink_where_most_thin_marks_are_light(tmp_path: Path) -> None:
    """A sheet on a dark table with light stripes."""
    sheet = np.asarray(Image.open(EXAMPLES / "todo.jpg").convert("L"))
    table = np.full((len(sheet), 600), 40, np.uint8)
    for k in range(6):
        table[:, 20 + k :: 40] = 235
    path = tmp_path / "table.png"
    Image.fromarray(np.concatenate([sheet, table], axis=1)).save(path)
    page = images.load_page(images.Picture(str(path)))
    assert layout.dark_on_light(page) is not page  # it is deceived, the rows are not
    text = recognition.read_page(layout.locate(page), recognition.load_reader()).text
    assert text.split() == truth(EXAMPLES / "todo.jpg").split()


@pytest.mark.skipif(shutil.which("awk") is None, reason="no awk")
def test_the_recipe_for_doubtful_words_finds_them(untrained: Path, run_ocr) -> None:
    recipe = (EXAMPLES / "recipes.md").read_text(encoding="utf-8")
    form, program = re.findall(r"-f (\w+) \| awk -F '\\t' '([^']*)'", recipe)[0]
    read = run_ocr("read", "-m", untrained, "-l", "none", EXAMPLES / "meter.png", "-f", form)
    printed = subprocess.run(
        ["awk", "-F", "\t", program], input=read.stdout, capture_output=True, check=True
    )
    assert len(printed.stdout.splitlines()) == 9  # all words: it knows nothing


@pytest.mark.skipif(shutil.which("jq") is None, reason="no jq")
def test_the_recipes_for_jq_fit_what_ocr_prints(untrained: Path, run_ocr) -> None:
    """Every filter of recipes.md that reads `ocr read -f jsonl` runs, and each finds the rows."""
    read = run_ocr("read", "-m", untrained, "-l", "none", EXAMPLES / "meter.png", "-f", "jsonl")
    assert read.returncode == 0, read.stderr.decode()
    blocks = (EXAMPLES / "recipes.md").read_text(encoding="utf-8").split("```sh\n")[1:]
    filters = [
        block.split("jq -r '")[1].split("'")[0]
        for block in (block.split("```")[0] for block in blocks)
        if "jsonl" in block and "jq -r '" in block
    ]
    assert len(filters) >= 3
    for program in filters:
        anything = program.replace('test("milk"; "i")', 'test("")')
        printed = subprocess.run(
            ["jq", "-r", anything], input=read.stdout, capture_output=True, check=True
        )
        assert len(printed.stdout.splitlines()) in {1, 3, 9}  # pages, rows, words
