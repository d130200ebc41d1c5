"""What is kept of a page: written and read again, checked, and changed row by row."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_cli.errors import InputError
from ocr_cli.input import Picture
from ocr_cli.review import document as documents
from ocr_cli.review.document import ConflictError, patched, reread
from ocr_cli.review.pages import page_of

PLAIN = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Zl", "Zp"]))


@settings(max_examples=40, deadline=None)
@given(PLAIN, PLAIN, st.floats(-1e6, 1e6), st.booleans())
def test_what_is_written_is_read_again(
    make, read: str, typed: str, x: float, accepted: bool
) -> None:
    old = make.document()
    first = old.rows[0]
    word = replace(first.words[0], read=read, typed=typed, box=(x, 0.0, x + 1, 5.0))
    changed = replace(old, rows=(replace(first, words=(word,), accepted=accepted), *old.rows[1:]))
    assert documents.loads(documents.document_text(changed)) == changed


@settings(max_examples=60, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_anything_else_is_told(make, value: Any) -> None:
    whole = documents.to_json(make.document())
    for name in whole:
        with pytest.raises((InputError, ValueError)):
            documents.from_json(json.loads(json.dumps({**whole, name: [value]})))


@pytest.mark.parametrize("picture", ["../scan.png", "/etc/passwd", "a\\b", "", "..", "a\0b"])
def test_no_document_leads_out_of_its_folder(make, picture: str) -> None:
    whole = json.loads(json.dumps(documents.to_json(make.document()))) | {"picture": picture}
    with pytest.raises(ValueError, match="picture"):
        documents.from_json(whole)


def test_rows_are_changed_deleted_added_and_moved(make) -> None:
    old = make.document()
    fresh = make.plain(id="n1-2", words=[])
    changes = {"r1": make.plain(accepted=True), "r2": None, "n1-2": fresh}
    now = patched(old, {"base": 1, "rows": changes, "order": ["n1-2", "r3", "r1"]})
    assert [one.id for one in now.rows] == ["n1-2", "r3", "r1"]
    assert [one.accepted for one in now.rows] == [False, False, True]
    assert [one.changed for one in now.rows] == [2, 0, 2]
    assert (now.revision, now.ordered) == (2, 2)


def test_two_windows_change_different_rows_but_not_the_same(make) -> None:
    once = patched(make.document(), {"base": 1, "rows": {"r1": make.plain()}, "order": None})
    twice = patched(once, {"base": 1, "rows": {"r2": make.plain()}, "order": None})
    assert [one.changed for one in twice.rows] == [2, 3, 0]
    with pytest.raises(ConflictError):
        patched(twice, {"base": 2, "rows": {"r2": None}, "order": None})
    moved = patched(twice, {"base": 3, "rows": {}, "order": ["r3", "r2", "r1"]})
    with pytest.raises(ConflictError):
        patched(moved, {"base": 3, "rows": {"r3": None}, "order": None})


ODD_ROWS = (
    {"points": [[0, 0]]},
    {"points": [[0, 0], [1, "x"]]},
    {"spread": 0},
    {"spread": True},
    {"accepted": 1},
    {"words": [{"read": "a\nb", "box": [0, 0, 1, 1]}]},
    {"words": [{"read": "a", "box": [0, 0, 1]}]},
)


@pytest.mark.parametrize("odd", ODD_ROWS)
def test_an_odd_row_changes_nothing(make, odd: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        patched(make.document(), {"base": 1, "rows": {"r1": make.plain(**odd)}, "order": None})


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"base": 1},
        {"base": "1", "rows": {}},
        {"base": 1, "rows": {"../x": None, "r1": 7}},
        {"base": 1, "rows": {}, "order": ["r1", "r1", "r2"]},
        {"base": 1, "rows": {}, "order": {"r1": 1}},
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(make, patch: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        patched(make.document(), patch)


def test_corrected_rows_are_never_read_over(make) -> None:
    old = make.document()
    typed = replace(old.rows[1], words=(replace(old.rows[1].words[0], typed="leaps"),))
    old = replace(old, rows=(replace(old.rows[0], accepted=True), typed, old.rows[2]))
    fresh = {one.id: make.row(one.id, "read anew", 10.0) for one in old.rows}
    now = reread(old, fresh)
    assert [one.text for one in now.rows] == ["the quick brown fox", "leaps", "read anew"]


def test_the_corrected_text_goes_into_every_format(make) -> None:
    old = make.document()
    first = replace(
        old.rows[0], words=(replace(old.rows[0].words[0], typed=""), *old.rows[0].words[1:])
    )
    page = page_of(replace(old, rows=(first, *old.rows[1:])), Picture("scan.png"))
    assert page.text.splitlines()[0] == "quick brown fox"
    assert [word.text for word in page.rows[0].words] == ["quick", "brown", "fox"]
    assert page.rows[0].words[0].box == (30, 90, 50, 150)
