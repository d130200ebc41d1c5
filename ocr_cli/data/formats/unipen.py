"""UNIPEN files: pen trajectories with the text that they write, as plain text.

The format is that of I. Guyon, UNIPEN 1.0 Format Definition, 1994 (unipen.def). Statements
begin with a keyword at the start of a line. Pen-down and pen-up components are numbered from
0, empty ones not counted; segments name components, or parts of them, and what is written.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.formats import ink as archives
from ocr_cli.data.formats.ink import Ink, Strokes
from ocr_cli.errors import InputError
from ocr_cli.input import SUFFIXES

KINDS = ("chars", "words", "lines")  # what items are, and the archives that hold them
UNIT = 1000  # how tall a usual letter is, or the ink of a word or line
WIDEST = {"chars": 30_000, "words": 4000, "lines": 30_000}  # units; 16 bits hold no more

LONGEST_SEGMENT = 20_000  # characters: the components of a page and its text
_STATEMENT = re.compile(r"^\.([A-Z_]+)(.*?)(?=^\.[A-Z_]|\Z)", re.MULTILINE | re.DOTALL)
_OWN = re.compile(
    rb"^\.(VERSION|INCLUDE|COORD|HIERARCHY|PEN_DOWN|PEN_UP|SEGMENT|START_SET)\b", re.MULTILINE
)
_SEGMENT = re.compile(
    r"\s*(?P<level>\S+)(?:\s+(?P<where>[^\s\"]+))?(?:\s+(?P<quality>[^\s\"]+))?"
    r"(?:\s+\"(?P<label>(?:[^\"\\]|\\.)*)\")?",
    re.DOTALL,
)
_PIECE = re.compile(r"(\d+)(?::(\d+))?(?:-(\d+)(?::(\d+))?)?")
_STYLES = {"PRINT": 1, "MIXED": 2, "CURSI": 3}
_RESOLUTIONS = {f"{axis}_POINTS_PER_{unit}" for axis in "XY" for unit in ("MM", "INCH")}
_CHARACTERS = {"CHARACTER", "CHAR", "LETTER", "DIGIT", "GLYPH", "SYMBOL"}
_SEVERAL_LINES = {"PAGE", "PARAGRAPH", "DOCUMENT"}
_PARTS_OF_LETTERS = {"STROKE", "DIACRITICAL"}


@dataclass(frozen=True)
class Item:
    """A piece of writing: strokes, each (n, 2) with y down, in the device's own units.

    kind : one of KINDS. writer : a name. style : as in `ink.Ink`.
    """

    kind: str
    label: str
    writer: str
    style: int
    strokes: Strokes = field(repr=False, compare=False)


@dataclass(frozen=True)
class _Segment:
    """A .SEGMENT and what held where it stood; `first` is the next component's number there."""

    level: str
    where: str
    label: str
    first: int
    writer: str
    style: int


@dataclass
class _Set:
    """The state of a file since it, or the last .START_SET, began."""

    name: str
    components: list[tuple[bool, NDArray[np.float64]]] = field(default_factory=list)  # down, (n,)
    segments: list[_Segment] = field(default_factory=list)
    coordinates: list[str] = field(default_factory=lambda: ["X", "Y"])
    hierarchy: list[str] = field(default_factory=list)
    resolution: dict[str, float] = field(default_factory=dict)
    source: str = ""
    writer: str = ""
    style: int = 0


def is_unipen(path: Path) -> bool:
    """Whether `path` is such a file, or a folder that holds one at any depth."""
    return any(True for _ in _unipen_files(path))


def items_in(path: Path) -> list[Item]:
    """All that is written, labelled and legible in a file, or in the files of a folder.

    Segments whose ink is not there are left out. InputError where nothing is left, or a
    file is damaged.
    """
    files = list(_unipen_files(path.absolute()))  # what is included may lie above
    included = {found for file in files for found in _included(file, file.read_text("latin-1"))}
    by_folder: dict[Path, list[Item]] = defaultdict(list)
    for file in files:
        if file not in included:
            by_folder[file.parent] += _items_of(file)
    items = [item for folder in by_folder.values() for item in _upright(folder)]
    if not items:
        wanted = "expected .SEGMENT statements with labels, and the ink that they name"
        raise InputError("UNIPEN without anything labelled", wanted, str(path))
    return items


def to_ink(items: Iterable[Item], kind: str) -> tuple[Ink, tuple[str, ...]]:
    """The items of one kind, scaled, and the names of their writers.

    A writer's median letter or figure, or else the ink of each word or line, becomes 1,000
    units tall, unless it would be wider than WIDEST; each item's ink begins at 0.
    """
    chosen = [item for item in items if item.kind == kind]
    names = tuple(sorted({item.writer for item in chosen}))
    number = {name: i for i, name in enumerate(names)}
    heights = np.array([_extent(item.strokes)[1] for item in chosen])
    writer = np.array([number[item.writer] for item in chosen], np.int64)
    if kind == "chars":
        heights = _usual_heights(heights, writer, [item.label for item in chosen])
    strokes = [
        _scaled(item.strokes, height, WIDEST[kind])
        for item, height in zip(chosen, heights, strict=True)
    ]
    drawn = archives.from_strokes(strokes, [item.label for item in chosen])
    style = np.array([item.style for item in chosen], np.int64)
    return replace(drawn, writer=writer, style=style), names


def convert(path: Path, folder: Path, rng: np.random.Generator) -> dict[str, Ink]:
    """Writes UNIPEN files as chars.npz, words.npz and lines.npz; gives what went into each.

    The split is by writer, the same for a writer in all three.
    """
    items = items_in(path)
    held = archives.splits_of_writers({item.writer for item in items}, rng)
    written = {}
    for kind in KINDS:
        ink, names = to_ink(items, kind)
        if len(ink):
            archives.save(folder / f"{kind}.npz", ink, names, archives.split(ink, names, held, rng))
            written[f"{kind}.npz"] = ink
    return written


def _unipen_files(path: Path) -> Iterator[Path]:
    files = [path] if path.is_file() else sorted(path.rglob("*")) if path.is_dir() else []
    for file in files:
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        # opening each of many pictures would take long, and they are none
        if not hidden and file.suffix.lower() not in SUFFIXES and _begins_as_unipen(file):
            yield file


def _begins_as_unipen(file: Path) -> bool:
    if not file.is_file():
        return False
    try:
        with file.open("rb") as opened:
            head = opened.read(1 << 14)
    except OSError:  # it is told when it is named, not when it is come across
        return False
    return b"\0" not in head and _OWN.search(head) is not None


def _included(file: Path, text: str) -> list[Path]:
    """The files that a text names by .INCLUDE and that are there.

    Collections keep them beside, above, or in a folder `include` above.
    """
    found = []
    for name in re.findall(r"^\.INCLUDE[ \t]+(\S+)", text, re.MULTILINE):
        places = [place / name for above in file.parents for place in (above, above / "include")]
        found += [place for place in places if place.is_file()][:1]
    return found


def _items_of(file: Path) -> list[Item]:
    found: list[Item] = []
    state = _Set(f"{file.parent.name}/{file.stem}")
    for keyword, argument in _statements(file, ()):
        if keyword == "START_SET":
            found += _items(state)
            state.components, state.segments = [], []
        else:
            _take(state, keyword, argument, file)
    return found + _items(state)


def _statements(file: Path, above: tuple[Path, ...]) -> Iterator[tuple[str, str]]:
    """Keywords and arguments of a file, and of the files that it includes in their places."""
    for match in _STATEMENT.finditer(file.read_text("latin-1")):
        if match[1] == "INCLUDE":
            for inner in _included(file, match[0]):
                if inner not in above:
                    yield from _statements(inner, (*above, file))
        else:
            yield match[1], match[2]


def _take(state: _Set, keyword: str, argument: str, file: Path) -> None:
    """Adds what one statement says."""
    if keyword in ("PEN_DOWN", "PEN_UP"):
        numbers = _numbers(argument.split())
        if numbers is None:
            wanted = f"expected numbers after .{keyword}, the component {len(state.components)}"
            raise InputError("damaged UNIPEN file", wanted, str(file))
        if len(numbers):
            state.components.append((keyword == "PEN_DOWN", numbers))
    elif keyword == "SEGMENT":
        if len(argument) > LONGEST_SEGMENT:
            told = f"a .SEGMENT of {len(argument):,} characters"
            raise InputError("damaged UNIPEN file", f"{told}; is a quote missing?", str(file))
        _take_segment(state, argument)
    else:
        _take_header(state, keyword, argument.split())


def _numbers(words: list[str]) -> NDArray[np.float64] | None:
    """The words as numbers; None where one is none."""
    try:
        numbers = np.array(words, float)
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def _take_header(state: _Set, keyword: str, words: list[str]) -> None:
    if keyword == "COORD":
        state.coordinates = [word.upper() for word in words]
    elif keyword == "HIERARCHY":
        state.hierarchy = [word.upper() for word in words]
    elif keyword in _RESOLUTIONS:
        numbers = _numbers(words[:1])
        if numbers is not None and (numbers > 0).any():
            state.resolution[keyword[0]] = float(numbers[0])
    elif keyword == "DATA_SOURCE":
        state.source = " ".join(words)
    elif keyword == "WRITER_ID":
        state.writer = "/".join(filter(None, [state.source, *words]))
    elif keyword == "STYLE" and words:
        state.style = _STYLES.get(words[0][:5].upper(), 0)


def _take_segment(state: _Set, argument: str) -> None:
    match = _SEGMENT.match(argument)
    if match is None:
        return
    label = match["label"] or ""
    legible = 0 < len(label) <= archives.LONGEST_LABEL and match["quality"] != "BAD"
    state.segments.append(
        _Segment(
            match["level"].upper(),
            match["where"] or "?",
            _unescaped(label) if legible else "",
            len(state.components),
            state.writer or state.name,
            state.style,
        )
    )


def _unescaped(label: str) -> str:
    plain = re.sub(r"\s", " ", label)
    return re.sub(
        r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), plain
    ).strip()


def _items(state: _Set) -> list[Item]:
    """The items of a set that is complete, y as in the file but as long as x."""
    found = []
    for i, segment in enumerate(state.segments):
        kind = _kind(segment)
        if not kind:
            continue
        strokes = _strokes(state, _pieces(state, i))
        if strokes:
            found.append(Item(kind, segment.label, segment.writer, segment.style, strokes))
    return found


def _kind(segment: _Segment) -> str:
    """The kind of a segment, one of KINDS; empty where it is none."""
    level, label = segment.level, segment.label
    if not label or "\n" in label or level in _SEVERAL_LINES | _PARTS_OF_LETTERS:
        return ""
    if level in _CHARACTERS:
        return "chars" if len(label) == 1 else ""
    return "words" if " " not in label and level in ("WORD", "DIGITS") else "lines"


def _pieces(state: _Set, number: int) -> list[tuple[int, int, int | None]]:
    """(component, its first point, its last or None) of what a segment names, in order."""
    segment = state.segments[number]
    if segment.where == "?":
        return [(c, 0, None) for c in range(segment.first, _end(state, number))]
    pieces = []
    for part in segment.where.split(","):
        match = _PIECE.fullmatch(part)
        if match is None:
            return []
        first, last = int(match[1]), int(match[3] or match[1])
        for c in range(first, min(last, len(state.components)) + 1):
            begin = int(match[2] or 0) if c == first else 0
            pieces.append((c, begin, int(match[4]) if c == last and match[4] else None))
    return pieces


def _end(state: _Set, number: int) -> int:
    """The component at which the next segment of the same level, or of one above, begins."""
    level = state.segments[number].level
    names = state.hierarchy
    above = set(names[: names.index(level) + 1]) if level in names else {level}
    later = (s.first for s in state.segments[number + 1 :] if s.level in above)
    return next(later, len(state.components))


def _strokes(state: _Set, pieces: list[tuple[int, int, int | None]]) -> Strokes:
    """The pen-down strokes of these pieces; none where a component is not there."""
    names = state.coordinates
    if any(c >= len(state.components) for c, _, _ in pieces) or not {"X", "Y"} <= set(names):
        return []
    x, y = names.index("X"), names.index("Y")
    longer = state.resolution.get("X", 1.0) / state.resolution.get("Y", 1.0)
    strokes = []
    for component, begin, end in pieces:
        is_down, numbers = state.components[component]
        points = numbers[: len(numbers) // len(names) * len(names)].reshape(-1, len(names))
        points = points[begin : None if end is None else end + 1]
        if is_down and len(points):
            strokes.append((points[:, [x, y]] * (1.0, longer)).astype(np.float32))
    return strokes


def _upright(items: list[Item]) -> list[Item]:
    """Items with y down. By the definition y goes up, but some devices' went down.

    Most strokes of Latin letters begin near the top (six in seven of UNIPEN's), which tells.
    """
    starts = [
        (y[0] - (y.min() + y.max()) / 2) / np.ptp(y)
        for item in items
        for y in (stroke[:, 1] for stroke in item.strokes)
        if np.ptp(y) > 0.3 * _extent(item.strokes)[1]
    ]
    if len(starts) >= 10 and np.mean(starts) < 0:
        return items
    return [replace(item, strokes=[stroke * (1, -1) for stroke in item.strokes]) for item in items]


def _extent(strokes: Strokes) -> tuple[float, float]:
    """(width, height) of an item's ink."""
    width, height = np.ptp(np.concatenate(strokes), axis=0)
    return float(width), float(height)


def _usual_heights(
    heights: NDArray[np.float64], writer: NDArray[np.int64], labels: list[str]
) -> NDArray[np.float64]:
    """(N,) the median height of the letters and figures of each item's writer."""
    is_usual = np.array([label.isalnum() for label in labels], bool)
    usual = np.ones(len(heights))
    for one in np.unique(writer):
        own = writer == one
        usual[own] = np.median(heights[own & is_usual] if (own & is_usual).any() else heights[own])
    return usual


def _scaled(strokes: Strokes, height: float, widest: int) -> Strokes:
    corner = np.concatenate(strokes).min(0)
    longest = max(*_extent(strokes), 1e-9)
    scale = min(UNIT / max(height, 1e-9), widest / longest)
    return [((stroke - corner) * scale).astype(np.float32) for stroke in strokes]
