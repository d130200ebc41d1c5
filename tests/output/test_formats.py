"""Text, JSON lines and TSV of a page made by hand, and of any text at all."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ocr_cli.output
from ocr_cli.output import boxes, formats, jsonl, letters, text, words
from ocr_cli.page import Box, Glyph, Page, Row, Word

SCHEMA = json.loads(
    (Path(ocr_cli.output.__file__).parent / "page.schema.json").read_text(encoding="utf-8")
)


def glyph(character: str, x: int, y: int = 0) -> Glyph:
    return Glyph(Box(y, x, y + 10, x + 8), np.ones((10, 8), bool), character, 0.5)


def word(characters: str, x: int, y: int = 0) -> Word:
    glyphs = tuple(glyph(c, x + 10 * i, y) for i, c in enumerate(characters))
    return Word(Box(y, x, y + 10, x + 10 * len(characters)), glyphs, characters, 0.75)


def row(*words: str, y: int = 0) -> Row:
    parts = tuple(word(characters, 50 * i, y) for i, characters in enumerate(words))
    whole = Box(y, 0, y + 10, 50 * len(words))
    return Row(whole, parts, y + 10, 8, text=" ".join(words), confidence=0.123456789)


PAGE = Page(
    np.ones((100, 200), np.float32),
    source="scan.tif",
    frame=2,
    to_file=np.diag([2.0, 2.0, 1.0]),
    file_shape=(200, 400),
    rows=(row("TO", "DO"), row("1", y=40)),
)
BLANK = replace(PAGE, rows=())


def test_text_is_a_line_a_row() -> None:
    assert text.page(PAGE) == "TO DO\n1\n"
    assert text.page(BLANK) == ""


def test_a_json_line_holds_the_page_as_the_schema_says() -> None:
    line = jsonl.page(PAGE)
    assert line.endswith("}\n")
    assert line.count("\n") == 1
    page = json.loads(line)
    jsonschema.validate(page, SCHEMA)
    assert {k: page[k] for k in ("source", "frame", "width", "height", "text")} == {
        "source": "scan.tif",
        "frame": 2,
        "width": 400,
        "height": 200,
        "text": "TO DO\n1",
    }
    assert [r["text"] for r in page["rows"]] == ["TO DO", "1"]
    assert page["rows"][0]["confidence"] == 0.1235
    assert page["rows"][1]["box"] == [80, 0, 100, 100]
    assert page["rows"][0]["words"][1]["glyphs"][1] == {
        "text": "O",
        "confidence": 0.5,
        "box": [0, 120, 20, 136],
    }
    jsonschema.validate(json.loads(jsonl.page(BLANK)), SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"frame": -1},
        {"text": None},
        {"more": 1},
        {"rows": [{"text": "x"}]},
        {"rows": [{"text": "x", "confidence": 2, "box": [0, 0, 1, 1], "words": []}]},
        {"rows": [{"text": "x", "confidence": 1, "box": [0, 0, 1], "words": []}]},
    ],
)
def test_the_schema_refuses_what_is_no_page(change: dict[str, object]) -> None:
    page = json.loads(jsonl.page(PAGE)) | change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(page, SCHEMA)


def test_words_are_a_line_each_under_a_header() -> None:
    lines = (formats.READ["words"].header + words.page(PAGE)).splitlines()
    assert [line.split("\t") for line in lines] == [
        ["source", "page", "row", "word", "y1", "x1", "y2", "x2", "confidence", "text"],
        ["scan.tif", "3", "1", "1", "0", "0", "20", "40", "0.7500", "TO"],
        ["scan.tif", "3", "1", "2", "0", "100", "20", "140", "0.7500", "DO"],
        ["scan.tif", "3", "2", "1", "80", "0", "100", "20", "0.7500", "1"],
    ]
    assert words.page(BLANK) == ""


def test_letters_come_in_reading_order_under_their_own_header() -> None:
    table = formats.EXTRACT["tsv"].header + letters.page(PAGE)
    found = list(csv.DictReader(io.StringIO(table), delimiter="\t"))
    assert [(f["row"], f["word"], f["letter"]) for f in found] == [
        ("1", "1", "1"),
        ("1", "1", "2"),
        ("1", "2", "1"),
        ("1", "2", "2"),
        ("2", "1", "1"),
    ]
    assert [found[3][k] for k in ("y1", "x1", "y2", "x2")] == ["0", "120", "20", "136"]
    page = json.loads(boxes.page(PAGE))
    assert page["rows"][0]["words"][1]["glyphs"][1] == {"box": [0, 120, 20, 136]}


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_and_any_name_stay_on_one_line(written: str, name: str) -> None:
    page = replace(PAGE, source=name, rows=(replace(row("x"), words=(word(written, 0),)),))
    line = words.page(page)
    assert line.count("\n") == 1
    cells = line.removesuffix("\n").split("\t")
    assert len(cells) == len(words.COLUMNS)
    assert [unescape(cells[0]), unescape(cells[-1])] == [name, written]
    assert json.loads(jsonl.page(page))["rows"][0]["words"][0]["text"] == written
    assert jsonl.page(page).count("\n") == 1


def unescape(cell: str) -> str:
    named = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}
    return re.sub(
        r"\\(x..|u.{4}|U.{8}|.)",
        lambda m: chr(int(m[1][1:], 16)) if m[1][0] in "xuU" else named[m[1]],
        cell,
    )
