"""No name means two things: a public function or class stands in one module."""

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "ocr_cli"

# What each module of a room has, as it does the same for another format or command.
DOORS = {
    "page": "output",  # writes a page in a format
    "run": "cli",  # carries out a command
    "splits_in": "data/formats",  # of a set of pictures
}
# Why a name stands in two places all the same.
MEANT = {
    "load": "a file format's way in, called with its module: ink.load, language.load, store.load",
    "save": "and its way out",
    "Page": "api.Page is the page as users of the library see it",
    "load_reader": "the library's door to recognition.load_reader",
    "read": "the library's api.read, and the command of that name",
    "train": "the command, and the loop that it comes to",
    "find_letters": "the homework's stages are called as ours are, to be compared",
    "read_page": "as find_letters",
}


def test_a_public_name_stands_in_one_module() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            defines = isinstance(node, ast.FunctionDef | ast.ClassDef)
            if defines and not node.name.startswith("_") and not is_door(node.name, place):
                found[node.name].add(str(place))
    twice = {name: places for name, places in found.items() if len(places) > 1}
    assert {name: places for name, places in twice.items() if name not in MEANT} == {}
    assert set(MEANT) == set(twice)  # no reason without its case


def is_door(name: str, place: Path) -> bool:
    """Whether each module of this room has a function of that name."""
    return name in DOORS and place.is_relative_to(DOORS[name])
