"""What arrives in a folder is told once it is whole, and anew where it is changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ocr_cli.batch.watch import LOOK, SETTLED, arrivals
from ocr_cli.errors import InputError

Step = Callable[[], object]
WAIT: list[Step] = [lambda: None] * int(SETTLED / LOOK)


class OverError(Exception):
    pass


def told(folder: Path, steps: list[Step], recursive: bool = False) -> list[list[str]]:
    """The names told, while each of `steps` is done between two looks."""
    now, left = 0.0, list(steps)

    def pause(seconds: float) -> None:
        nonlocal now
        now += seconds
        if not left:
            raise OverError
        left.pop(0)()

    found: list[list[str]] = []
    with suppress(OverError):
        for names in arrivals(str(folder), recursive, lambda: now, pause):
            found.append([os.path.relpath(name, folder) for name in names])  # noqa: PERF401
    return found


def test_what_is_there_is_told_once_and_only_pictures(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", ".hidden.png", "a.txt", "below/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert told(tmp_path, WAIT * 3) == [["a.JPG", "b.png"]]
    assert told(tmp_path, WAIT * 3, recursive=True) == [["a.JPG", "b.png", "below/c.png"]]


def test_a_file_that_grows_is_waited_for(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    sizes: list[int] = []

    def grow() -> None:
        with picture.open("a") as file:
            file.write("x")
        sizes.append(picture.stat().st_size)

    steps = [picture.touch, *WAIT, grow, *WAIT[1:], grow, *WAIT[1:], grow]
    assert told(tmp_path, [*steps, *WAIT[1:]]) == []
    picture.unlink()
    assert told(tmp_path, [*steps, *WAIT, *WAIT]) == [["a.png"]]
    assert sizes[-1] == 3


def test_one_that_is_changed_or_comes_back_is_told_again(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    write, change = (lambda: picture.write_text("one")), (lambda: picture.write_text("other"))
    steps: list[Step] = [write, *WAIT, change, *WAIT, picture.unlink, *WAIT, write, *WAIT, *WAIT]
    assert told(tmp_path, steps) == [["a.png"]] * 3


def test_a_folder_may_go_and_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    steps: list[Step] = [
        lambda: shutil.rmtree(folder),
        *WAIT,
        folder.mkdir,
        lambda: (folder / "a.png").write_text("x"),
        *WAIT,
        *WAIT,
    ]
    assert told(folder, steps) == [["a.png"]]


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        next(arrivals(str(tmp_path / "inbox"), recursive=False))
