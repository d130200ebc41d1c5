"""A file is whole or not there."""

import os
from pathlib import Path

import pytest

from ocr_cli.errors import OcrError
from ocr_cli.files import replacing


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["out.txt"]  # noqa: PTH208


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")

    def write_half() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_a_symlink_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real" / "out")
    with replacing(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert (tmp_path / "real" / "out").read_text() == "new"


def test_a_device_is_written_to_directly() -> None:
    with replacing(Path(os.devnull)) as file:
        file.write(b"new")
    assert Path(os.devnull).is_char_device()


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(OcrError, match="cannot be written"), replacing(tmp_path / "no" / "f"):
        pass
