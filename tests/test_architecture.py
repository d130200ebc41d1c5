"""ARCHITECTURE.md against the code: the way of a picture, and the rooms."""

import inspect
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from ocr_cli.cli.main import cli
from ocr_cli.recognition import lines

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "ocr_cli"
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
HOPS = re.findall(r"^\d\. `([\w/.]+)` `(\w+)`", TEXT, re.MULTILINE)


def test_the_way_from_command_to_text_is_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every function that is named calls the next, and no other file comes in between."""
    stacks: list[list[tuple[Path, str]]] = []
    real = lines.decoded

    def decoded(*arguments: object) -> object:
        stacks.append(
            [
                (Path(frame.filename).relative_to(PACKAGE), frame.function)
                for frame in reversed(inspect.stack(context=0))
                if Path(frame.filename).is_relative_to(PACKAGE)
            ]
        )
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(lines, "decoded", decoded)
    result = CliRunner().invoke(cli, ["read", str(ROOT / "examples" / "meter.png")])
    assert result.exit_code == 0, result.output
    assert result.stdout.strip()
    way = stacks[0]  # capitals are decoded once more
    begun = next(i for i, (file, _) in enumerate(way) if file == Path("cli/read.py"))
    way = [*way[begun:], (Path("recognition/lines/__init__.py"), "decoded")]
    told = [(Path(place), function) for place, function in HOPS]
    assert len(told) <= 6
    rest = iter(way)
    for place, function in told:
        assert any(_is(place, file) and function == name for file, name in rest), function
    # output writes as pages come, and so pulls them
    assert {_room(file) for file, _ in way} - {"output"} == {_room(place) for place, _ in told}


def _is(place: Path, file: Path) -> bool:
    """Whether a file is the one that is named, or belongs to the folder or module named."""
    return file == place or file.with_suffix("") == place or place in file.parents


def _room(place: Path) -> str:
    return place.parts[0].removesuffix(".py")


def test_every_room_is_told() -> None:
    table = TEXT.partition("## Rooms")[2].partition("## ")[0]
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    modules = {path.name for path in PACKAGE.glob("*.py") if not path.name.startswith("__")}
    assert rooms | modules <= set(re.findall(r"`([a-z]+(?:\.py)?)`", table))


def test_every_place_to_add_something_is_there() -> None:
    table = TEXT.partition("## Where to add")[2].partition("## ")[0]
    places = re.findall(r"`([a-z]+(?:/\w+)+(?:\.py)?)`", table)
    assert len(places) >= 8
    assert [place for place in places if not (PACKAGE / place).exists()] == []


def test_it_is_a_page() -> None:
    assert len(TEXT.splitlines()) < 90


def test_no_file_is_longer_than_400_lines() -> None:
    folders = (PACKAGE, *(ROOT / name for name in ("tests", "benchmarks", "docs", "examples")))
    files = [
        path for folder in folders for path in folder.rglob("*") if path.suffix in {".py", ".js"}
    ]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {str(path): length for path, length in lengths.items() if length > 400} == {}
