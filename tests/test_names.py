"""No name means two things: a public function or class stands in one module."""

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "ocr_cli"

# What every module of a room has, as each does the same for another format or command.
SHARED = {"check", "load", "page", "run", "save", "splits_in"}
# What is still to be renamed. Take out of it, and put nothing in.
LEFT = {
    *("Batch", "Columns", "Format", "Frame", "Known", "Output"),
    *("Page", "Pieces", "Recipe", "Run", "Sheet", "Tally"),
    *("Variation", "Writer", "align", "as_bytes", "bare", "box_of"),
    *("chosen", "course_of", "describe", "draw_batch", "dumps", "faces_in"),
    *("find_letters", "find_pictures", "learn", "line", "load_pages", "load_reader"),
    *("locate", "measure", "near", "opened", "outline", "page_of"),
    *("prepare", "read", "read_page", "read_picture", "read_rows", "reader"),
    *("reduced", "score", "told", "train"),
}


def test_a_public_name_stands_in_one_module() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].add(str(path.relative_to(PACKAGE)))
    twice = {name: places for name, places in found.items() if len(places) > 1}
    new = {name: places for name, places in twice.items() if name not in SHARED | LEFT}
    assert new == {}
