"""Imports point one way, nn knows nothing of ours, and heavy packages wait until they're used."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "ocr_cli").rglob("*.py"))
}

# A room imports its own level or lower ones. A new room has to say where it stands.
LEVELS = (
    {"errors", "files", "npz", "page", "input", "parallel"},
    {"layout", "nn", "modelfiles", "models"},
    {"recognition", "output", "data"},
    {"api", "ocrmypdf", "pipeline", "batch", "training", "evaluation"},
    {"cli", "__main__"},
)
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
BACK_ENDS = {"ocr_cli.nn.torch.backend"}  # says which extra is missing
HEAVY = {"scipy", "skimage", "matplotlib", "torch", "distributed"}


def imports(module: str, source: str) -> Iterator[tuple[str, int, bool]]:
    """(dotted name, line, whether it's carried out when the module is loaded) of each import."""
    package = module if MODULES.get(module, Path()).name == "__init__.py" else _parent(module)

    def walk(node: ast.AST, at_load: bool) -> Iterator[tuple[str, int, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((alias.name, child.lineno, at_load) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = _absolute(package, child)
                for alias in child.names:
                    name = f"{base}.{alias.name}"
                    is_module = name in MODULES or (base == "ocr_cli" and alias.name in LEVEL)
                    yield (name if is_module else base), child.lineno, at_load
            else:
                later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
                yield from walk(child, at_load and not later and not for_types)

    return walk(ast.parse(source), True)


def _parent(module: str) -> str:
    return module.rpartition(".")[0]


def _absolute(package: str, node: ast.ImportFrom) -> str:
    for _ in range(node.level - 1):
        package = _parent(package)
    return ".".join(filter(None, [package if node.level else "", node.module or ""]))


def room(module: str) -> str:
    """The part of a dotted name that the levels speak of; empty for the package itself."""
    return ".".join(module.split(".")[1:2])


def wrongs(module: str, source: str) -> list[str]:
    """What `source` imports against the rules, a line each."""
    found = []
    for name, line, at_load in imports(module, source):
        here, top, there = room(module), name.split(".")[0], room(name)
        where = f"{module}:{line} imports {name}"
        if top in HEAVY and at_load:
            found.append(f"{where} when it is loaded, not when it is used")
        if top == "click" and here not in LEVELS[-1]:
            found.append(f"{where}, which is the command line's")
        if top != "ocr_cli" or not there:
            continue
        if here == "nn" != there and not (module in BACK_ENDS and there == "errors"):
            found.append(f"{where}, and nn imports nothing of ours")
        elif here and LEVEL[there] > LEVEL[here]:
            found.append(f"{where}, a higher level")
    return found


@pytest.mark.parametrize("module", MODULES)
def test_imports_follow_the_rules(module: str) -> None:
    assert not wrongs(module, MODULES[module].read_text())


def test_every_room_has_a_level() -> None:
    assert {room(module) for module in MODULES if room(module)} <= set(LEVEL)


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = {
        module: {name for name, _, _ in imports(module, path.read_text()) if name in MODULES}
        - {module, _parent(module)}
        for module, path in MODULES.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ocr_cli.page", "from ocr_cli import layout"),
        ("ocr_cli.page", "def f():\n    from ocr_cli.layout.ink import find_ink"),
        ("ocr_cli.layout.ink", "from ..recognition import read_page"),
        ("ocr_cli.nn.layers", "from ocr_cli.errors import OcrError"),
        ("ocr_cli.layout.ink", "from scipy import ndimage"),
        ("ocr_cli.layout.ink", "try:\n    import skimage.filters\nexcept ImportError:\n    pass"),
        ("ocr_cli.modelfiles.weights", "import click"),
    ],
)
def test_the_rules_catch(module: str, source: str) -> None:
    assert len(wrongs(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ocr_cli.cli.read", "import click\nfrom ocr_cli import __version__, batch, errors"),
        ("ocr_cli.nn.layers", "from .losses import x\nfrom ocr_cli.nn import network"),
        ("ocr_cli.layout.ink", "def f():\n    from scipy import ndimage"),
        ("ocr_cli.layout.ink", "if TYPE_CHECKING:\n    import torch"),
        ("ocr_cli.modelfiles.weights", "import ocr_cli.nn.network, numpy"),
    ],
)
def test_the_rules_allow(module: str, source: str) -> None:
    assert not wrongs(module, source)
