"""Rows that were found, and the scores of pages, of given rows and of pictures of rows."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr_cli import recognition
from ocr_cli.data.formats.given import GivenRow, TranscribedPage
from ocr_cli.errors import InputError
from ocr_cli.evaluation import pages as scoring
from ocr_cli.evaluation.metrics import RowTally
from ocr_cli.evaluation.pages import Transcribed
from ocr_cli.page import Box, Course, Page, Row

SIZE = (400, 600)  # height, width


def given_row(x1: float, x2: float, y: float, text: str = "x") -> GivenRow:
    """A row of small letters 20 pixels tall, in an outline 48 pixels tall."""
    outline = np.array([[x1, y - 34], [x2, y - 34], [x2, y + 14], [x1, y + 14]])
    return GivenRow(text, np.array([[x1, y], [x2, y]]), outline, legible=bool(text))


def read_row(x1: int, x2: int, y: float, text: str = "x") -> Row:
    return Row(Box(round(y) - 30, x1, round(y) + 10, x2), (), y, 20.0, text=text)


def counted(given: list[GivenRow], read: list[Row], shape: tuple[int, int] = SIZE) -> RowTally:
    page = Page(np.ones(SIZE, np.float32), file_shape=SIZE, rows=tuple(read))
    return scoring.count_rows(page, TranscribedPage(Path("a.xml"), Path("a"), shape, tuple(given)))


@pytest.mark.parametrize(
    ("given", "read", "tally"),
    [
        ([(10, 500, 100)], [(10, 500, 100)], (1, 1, 1)),
        ([(10, 500, 100)], [(10, 500, 112)], (1, 1, 1)),  # half an x-height off
        ([(10, 500, 100)], [(10, 500, 130)], (1, 1, 0)),  # the row below
        ([(10, 500, 100)], [(200, 500, 100)], (1, 1, 1)),  # its greater part
        ([(10, 500, 100)], [(300, 500, 100)], (1, 1, 0)),
        ([(10, 500, 100)], [(10, 300, 100), (300, 500, 100)], (1, 2, 1)),  # split
        ([(10, 250, 100), (350, 590, 100)], [(10, 590, 100)], (2, 1, 1)),  # joined
        ([(10, 500, 100), (10, 500, 150)], [(10, 500, 150), (10, 500, 100)], (2, 2, 2)),
        ([(10, 500, 100)], [], (1, 0, 0)),
        ([(10, 500, 100)], [(10, 500, 100), (10, 500, 300), (10, 99, 350)], (1, 3, 1)),
        ([(10, 500, 100, ""), (10, 500, 200)], [(10, 500, 100), (10, 500, 200)], (1, 1, 1)),
        ([(10, 500, 100, ""), (10, 500, 200)], [], (1, 0, 0)),
        ([(10, 500, 100)], [(10, 500, 100, " ")], (1, 0, 0)),  # read as nothing
    ],
)
def test_a_row_is_found_where_one_that_was_read_covers_most_of_it(given, read, tally) -> None:
    found = counted([given_row(*row) for row in given], [read_row(*row) for row in read])
    assert found == RowTally(*tally)


def test_a_curved_course_counts_for_more_than_the_straight_baseline() -> None:
    x = np.linspace(10, 500, 20)
    y = 100 + 60 * np.sin(x / 150)
    baseline = np.stack([x, y], 1)
    outline = np.concatenate([baseline - [0, 34], baseline[::-1] + np.array([0, 14])])
    row = read_row(10, 500, 100)
    bent = replace(row, course=Course(baseline - [0, 10], 6.0))
    assert counted([GivenRow("x", baseline, outline)], [row]).found == 0
    assert counted([GivenRow("x", baseline, outline)], [bent]).found == 1


def test_shares_of_no_rows() -> None:
    assert (RowTally().recall, RowTally().precision) == (1, 1)
    total = RowTally(4, 2, 1) + RowTally(0, 2, 0)
    assert (total.recall, total.precision) == (1 / 4, 1 / 4)


PAGE = """<PcGts><Page imageFilename="a.png" imageWidth="600" imageHeight="400"><TextRegion>
{}</TextRegion></Page></PcGts>"""
LINE = """<TextLine><Coords points="10,{0} 500,{0} 500,{1} 10,{1}"/>
<Baseline points="10,{2} 500,{2}"/>
<TextEquiv><Unicode>{3}</Unicode></TextEquiv></TextLine>"""


def sheet(folder: Path, *texts: str) -> Path:
    Image.new("L", SIZE[::-1], 255).save(folder / "a.png")
    feet = range(80, 400, 80)
    lines = [LINE.format(y - 34, y + 14, y, escape(x)) for y, x in zip(feet, texts, strict=False)]
    (folder / "a.xml").write_text(PAGE.format("".join(lines)))
    return folder / "a.xml"


@pytest.fixture
def read_as(monkeypatch: pytest.MonkeyPatch):
    """Whatever is given along courses is read as these texts; the courses are kept."""
    seen: list[Course] = []

    def install(*texts: str) -> list[Course]:
        def read_courses(page: Page, courses: tuple[Course, ...], reader: object) -> Page:
            seen[:] = courses
            rows = [read_row(10, 500, 80 * i, text) for i, text in enumerate(texts, 1)]
            return replace(page, rows=tuple(rows))

        monkeypatch.setattr(recognition, "read_courses", read_courses)
        return seen

    return install


def test_given_rows_are_read_and_scored_by_what_is_written(
    tmp_path: Path, untrained: Path, read_as
) -> None:
    xml = sheet(tmp_path, "M^r X >no<", "", "“yes”")
    (tmp_path / "a.txt").write_text("something else")
    courses = read_as("Mr X", '"yet"')
    scored = scoring.score_picture(
        Transcribed(str(tmp_path / "a.png"), xml), str(untrained), "none", rows="given"
    )
    assert [round(float(course.points[:, 1].mean()), -1) for course in courses] == [70, 230]
    assert scored.score.characters.edits == 1
    assert scored.score.characters.length == len('Mr X\n"yes"')
    assert scored.rows is None


def test_a_page_is_scored_by_its_xml_where_there_is_no_text_file(
    tmp_path: Path, untrained: Path
) -> None:
    xml = sheet(tmp_path, "one >two<", "three")
    wanted = Transcribed(str(tmp_path / "a.png"), xml)
    scored = scoring.score_picture(wanted, str(untrained), "none", examine=True)
    assert scored.score.characters.length == len("one\nthree")
    assert scored.rows == RowTally(2, 0, 0)
    assert sum(word.edits for word in scored.errors) == scored.score.characters.edits
    (tmp_path / "a.txt").write_text("one")
    scored = scoring.score_picture(wanted, str(untrained), "none")
    assert scored.score.characters.length == 3


def test_a_row_picture_is_one_row_that_fills_it(tmp_path: Path, untrained: Path, read_as) -> None:
    Image.new("L", (300, 60), 255).save(tmp_path / "w.png")
    (tmp_path / "w.gt.txt").write_text("Weg\n")
    courses = read_as("Weq")
    scored = scoring.score_picture(
        Transcribed(str(tmp_path / "w.png")), str(untrained), "none", rows="given"
    )
    assert (scored.score.characters.edits, len(courses)) == (1, 1)
    assert courses[0].length == pytest.approx(300, abs=5)


def test_a_page_whose_rows_are_not_given(tmp_path: Path, untrained: Path) -> None:
    Image.new("L", (300, 60), 255).save(tmp_path / "w.png")
    (tmp_path / "w.txt").write_text("two\nrows\n")
    with pytest.raises(InputError, match="has 2 rows, and none is marked; put ALTO or PAGE"):
        scoring.score_picture(
            Transcribed(str(tmp_path / "w.png")), str(untrained), "none", rows="given"
        )


def test_what_is_transcribed_in_folders(tmp_path: Path) -> None:
    xml = sheet(tmp_path, "x")
    for name in ("b.png", "c.png", "row.png", "none.png"):
        Image.new("L", (9, 9)).save(tmp_path / name)
    (tmp_path / "b.txt").write_text("b")
    (tmp_path / "row.gt.txt").write_text("row")
    (tmp_path / "gone.xml").write_text(PAGE.format(LINE.format(1, 9, 8, "x")).replace("a.png", "-"))
    (tmp_path / "c.xml").write_text("<alto")
    found = scoring.find_transcribed([str(tmp_path), str(tmp_path / "none.png")])
    told = [
        str(one) if isinstance(one, InputError) else (Path(one.source).name, one.xml, one.path)
        for one in found
    ]
    at = str(tmp_path)
    assert told == [
        ("a.png", xml, at),
        ("b.png", None, at),
        ("c.png", tmp_path / "c.xml", at),  # its fault is told when it is read
        ("row.png", None, at),
        f"{tmp_path / 'gone.xml'}: its picture is missing: -; put it beside",
        ("none.png", None, str(tmp_path / "none.png")),
    ]
