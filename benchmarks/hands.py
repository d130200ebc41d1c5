"""What learning a hand brings: from a writer's first page, measured on the second.

`hands.py FOLDER…` takes pages NAME_1 and NAME_2 with their ALTO files; the default are the valid
and test writers of copiste. Rows are given, as they are once a page was corrected. The seconds are
those of one processor; two do it in little more than half of them.
"""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ocr_cli import input as images
from ocr_cli import layout, parallel, recognition
from ocr_cli.data.formats.pagexml import load_page_xml
from ocr_cli.data.formats.transcribed import given_courses
from ocr_cli.evaluation import metrics
from ocr_cli.page import Page
from ocr_cli.training.adaptation import hand
from ocr_cli.training.adaptation.copies import Copy

ENDS = ("before", "after")
DATA = Path(os.environ.get("OCR_DATA", "../shared/data"))


@dataclass(frozen=True)
class Gain:
    """A writer's edits on the second page before and after, and the processor's seconds."""

    before: int
    after: int
    length: int
    seconds: float


def main() -> None:
    """A row a writer, then by how much the errors fall on average, and rise at most."""
    ours = [DATA / "real" / "copiste" / split for split in ("valid", "test")]
    folders = [Path(name) for name in sys.argv[1:]] or ours
    parallel.cap_threads(1)
    print(f"{'writer':24} {'before':>7} {'after':>7} {'length':>7} {'share':>6} {'seconds':>8}")
    gains = []
    for first in sorted(path for folder in folders for path in folder.glob("*_1.webp")):
        second = first.with_name(first.name.replace("_1.webp", "_2.webp"))
        if second.exists():
            gains.append(measured(first, second))
    before, after = (np.array([getattr(g, name) / g.length for g in gains]) for name in ENDS)
    less = 1 - after.mean() / before.mean()
    print(f"mean CER {before.mean():.2%} to {after.mean():.2%}: {less:.0%} less")
    print(f"largest rise {100 * (after - before).max():.2f} points")


def measured(first: Path, second: Path) -> Gain:
    """Learns one writer's hand and reads the other page."""
    reader = recognition.load_reader()
    copy, (page, text) = Copy(*given(first), aligned=True), given(second)
    began = time.process_time()
    learnt = hand.learn_hand([copy], reader, np.random.default_rng(0))
    seconds = time.process_time() - began
    before, after = (
        metrics.score(recognition.read_page(page, one).text, text).characters
        for one in (reader, learnt.reader)
    )
    figures = f"{before.rate:7.2%} {after.rate:7.2%} {before.length:7} {learnt.share:6}"
    print(f"{first.stem:24} {figures} {seconds:8.0f}", flush=True)
    return Gain(before.edits, after.edits, before.length, seconds)


def given(picture: Path) -> tuple[Page, str]:
    """A page with the rows that its file gives, and their text."""
    page = images.load_page(images.Picture(str(picture)))
    sheet = load_page_xml(picture.with_suffix(".xml"))
    rows = [
        (row.written, course)
        for row, course in zip(sheet.rows, given_courses(page, sheet), strict=True)
        if row.legible and course is not None and row.written.strip()
    ]
    page = layout.place_rows(page, [course for _, course in rows])
    return page, "\n".join(text for text, _ in rows)


if __name__ == "__main__":
    main()
