"""The four photos of real handwriting: letter boxes against boxes drawn by eye, rows, words."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from ocr_cli import input as images
from ocr_cli import layout
from ocr_cli.page import Box

NAMES = ("01_list", "02_letters", "03_haiku", "04_deep")


def drawn_boxes():
    """Photo name → its boxes in the file's pixels, read off the photos by eye."""
    boxes = defaultdict(list)
    with (Path(__file__).parent / "photo_boxes.tsv").open(newline="") as table:
        for line in csv.DictReader(table, delimiter="\t"):
            boxes[line["photo"]].append(
                Box(*(int(line[side]) for side in ("y1", "x1", "y2", "x2")))
            )
    return boxes


def overlaps(truth, found):
    """(T, F) intersection over union of boxes."""
    t, f = np.array(truth, float)[:, None], np.array(found, float)[None]
    sides = np.minimum(t[..., 2:], f[..., 2:]) - np.maximum(t[..., :2], f[..., :2])
    shared = np.clip(sides, 0, None).prod(-1)
    return shared / (
        (t[..., 2:] - t[..., :2]).prod(-1) + (f[..., 2:] - f[..., :2]).prod(-1) - shared
    )


@pytest.fixture(scope="module")
def pages(data):
    if not (data / "photos").is_dir():
        pytest.skip("no photos in the data folder")
    return {
        name: layout.analyse(next(images.load_pages(str(data / "photos" / f"{name}.jpg"))))
        for name in NAMES
    }


def test_99_letters_of_100_are_found_and_99_of_100_found_are_letters(pages):
    boxes = drawn_boxes()
    hits = drawn = found = matched = 0
    for name, page in pages.items():
        table = overlaps(boxes[name], [page.box_in_file(g.box) for g in page.letters])
        hits += (table.max(1) >= 0.5).sum()
        matched += (table.max(0) >= 0.5).sum()
        drawn += table.shape[0]
        found += table.shape[1]
    assert drawn == 250
    assert hits / drawn >= 0.99
    assert matched / found >= 0.99


@pytest.mark.parametrize("name", NAMES)
def test_rows_and_words_are_the_transcript_s(pages, data, name):
    lines = (data / "photos" / f"{name}.txt").read_text(encoding="utf-8").strip().splitlines()
    rows = pages[name].rows
    assert [len(row.words) for row in rows] == [len(line.split()) for line in lines]
