"""No name means two things: a public function or class stands in one module."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
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


TICKED = re.compile(r"`([a-z_]+(?:\.\w+)+)`")
ELSEWHERE = {
    *("scan.ocr.json", "ocr_cli.read"),  # a file, and what the package imports when it is asked
    *("numpy.median", "skimage.metrics.peak_signal_noise_ratio"),
    "recipe.batch_size",
}


def test_dotted_names_in_docstrings_stand_for_something() -> None:
    """`losses.LOSSES` is a module's end and what it has; a module's own name stands alone, too."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    there = {dotted(path): names_in(tree) for path, tree in trees.items()}
    lost = [
        (str(path.relative_to(PACKAGE)), name)
        for path, tree in trees.items()
        for text in docstrings(tree)
        for name in TICKED.findall(text)
        if name not in ELSEWHERE
        and not (resolves(name, there) or resolves(as_imported(name, tree), there))
    ]
    assert lost == []


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
        ".__init__"
    )


def names_in(tree: ast.Module) -> set[str]:
    """What a module has: its functions, classes, constants, and what it imports."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            found |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return found


def as_imported(name: str, tree: ast.Module) -> str:
    """The name with its module's own, where the file calls that otherwise."""
    imports = (node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    others = {alias.asname: alias.name for node in imports for alias in node.names if alias.asname}
    first, dot, rest = name.partition(".")
    return others.get(first, first) + dot + rest


def docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def resolves(name: str, there: dict[str, set[str]]) -> bool:
    parts = name.split(".")
    for cut in range(1, len(parts) + 1):
        end = "." + ".".join(parts[:cut])
        for module, names in there.items():
            if f".{module}".endswith(end) and (cut == len(parts) or parts[cut] in names):
                return True
    return False
