"""What is kept beside a picture: whole at any time, and by whomever it is opened."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ocr_cli.errors import InputError, OcrError
from ocr_cli.input import Picture
from ocr_cli.review import store as stores
from ocr_cli.review.document import ConflictError
from ocr_cli.review.store import FAILED, READY, Store


def opened(*pictures: Path) -> Store:
    """A store whose pages are all kept already: whoever reads one fails."""

    def nothing_reads() -> Any:
        raise AssertionError("nothing is to be read here")

    store = Store([Picture(str(path)) for path in pictures], nothing_reads)
    store.open_all()
    return store


def typed(make: Any, text: str, name: str = "r1") -> dict[str, Any]:
    """A row whose first word says something else."""
    row: dict[str, Any] = make.plain(id=name)
    row["words"][0]["typed"] = text
    return row


def test_a_page_that_is_opened_twice_loses_nothing(make: Any, tmp_path: Path) -> None:
    picture = make.kept(tmp_path)
    one, other = opened(picture), opened(picture)
    base = one.document(0).revision
    one.patch(0, {"base": base, "rows": {"r1": typed(make, "THE")}, "order": None})
    other.patch(0, {"base": base, "rows": {"r2": typed(make, "AND", "r2")}, "order": None})
    for store in (one, other):
        texts = [row.text for row in store.document(0).rows]
        assert texts == ["THE quick brown fox", "AND quick brown fox", "a lazy dog"]
    with pytest.raises(ConflictError):
        other.patch(0, {"base": base, "rows": {"r1": typed(make, "An")}, "order": None})
    assert one.document(0).rows[0].text == "THE quick brown fox"


def test_the_file_is_whole_if_saving_is_broken_off(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = make.kept(tmp_path)
    store, path = opened(picture), tmp_path / "scan.ocr.json"
    before = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises((OcrError, OSError)):
        store.patch(0, {"base": 1, "rows": {"r1": typed(make, "THE")}, "order": None})
    assert path.read_bytes() == before
    monkeypatch.undo()
    store.patch(0, {"base": 1, "rows": {"r1": typed(make, "THE")}, "order": None})
    assert stores.load(path).rows[0].text == "THE quick brown fox"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["scan.ocr.json", "scan.png"]


def test_a_file_that_was_removed_is_written_again(make: Any, tmp_path: Path) -> None:
    picture = make.kept(tmp_path)
    store, path = opened(picture), tmp_path / "scan.ocr.json"
    path.unlink()
    store.patch(0, {"base": 1, "rows": {"r1": typed(make, "THE")}, "order": None})
    assert stores.load(path).rows[0].text == "THE quick brown fox"


def test_another_pictures_page_is_told_and_left(make: Any, tmp_path: Path) -> None:
    picture, path = make.kept(tmp_path), tmp_path / "scan.ocr.json"
    stores.save(path, replace(stores.load(path), frame=3))
    before = path.read_bytes()
    store = opened(picture, make.kept(tmp_path, "fine.png"))
    assert [sheet.state for sheet in store.sheets] == [FAILED, READY]
    assert "is of another picture" in store.problems()[0]
    assert path.read_bytes() == before


def test_pictures_of_one_name_have_a_file_each(make: Any, tmp_path: Path) -> None:
    make.kept(tmp_path, "scan.png")
    make.kept(tmp_path, "scan.jpg")
    names = [
        stores.kept_beside(Picture(str(tmp_path / f"scan.{end}"))).name for end in ("png", "jpg")
    ]
    assert names == ["scan.ocr.json", "scan.jpg.ocr.json"]


def test_a_page_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "odd.ocr.json").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="no UTF-8"):
        stores.load(tmp_path / "odd.ocr.json")
