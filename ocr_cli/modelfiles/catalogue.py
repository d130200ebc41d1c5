"""Catalogue of the models: from their files' own metadata, and from their cards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr_cli.errors import shown
from ocr_cli.modelfiles import weights

_ROW = re.compile(r"^\| *([a-z ]+?) *\| *(.*?) *\|$", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """A shipped model: its number of `classes`, its `size` in bytes, and facts of its card.

    What neither the file nor the card tells is empty.
    """

    name: str
    kind: str
    classes: int
    size: int
    scores: str
    data: str
    licence: str


def entries() -> list[Entry]:
    """The models that came with the program, by name; ModelError where one is damaged."""
    return [_entry(name, path) for name, path in weights.shipped_models().items()]


def describe(name: str) -> str:
    """A shipped model's card, or what the file of a model of one's own says of it.

    ModelError where there is no such model.
    """
    path = weights.model_path(name)
    card = path.with_suffix(".md")
    if path in weights.shipped_models().values() and card.is_file():
        return card.read_text(encoding="utf-8").rstrip()
    return "\n".join(_record_lines(path))


def _entry(name: str, path: Path) -> Entry:
    meta = weights.read_meta(path)
    rows = _card_rows(path.with_suffix(".md"))
    record = meta.get("record", {})
    return Entry(
        name=name,
        kind=str(meta["kind"]),
        classes=len(_classes(meta)),
        size=path.stat().st_size,
        scores=_scores(record) or _in_short(rows.get("scores", "")),
        data=_in_short(rows.get("data", "") or str(record.get("data", ""))),
        licence=_in_short(rows.get("licence", "")),
    )


def _card_rows(card: Path) -> dict[str, str]:
    """The two-column rows of a card: what a fact is called, and the fact."""
    return dict(_ROW.findall(card.read_text(encoding="utf-8"))) if card.is_file() else {}


def _in_short(text: str) -> str:
    """The first clause, without what is in brackets."""
    return re.split(r"[;,] ", re.sub(r" *\([^)]*\)", "", text))[0]


def _classes(meta: dict[str, Any]) -> list[str]:
    """The characters that a model knows: no class for what is none, no end of a line."""
    return [str(c) for c in meta.get("classes", meta.get("alphabet", "")) if c not in ("", "\n")]


def _scores(record: dict[str, Any]) -> str:
    accuracies = [
        f"{split} {100 * accuracy:.1f} %"
        for split in ("valid", "test")
        if isinstance(accuracy := record.get(f"{split}_accuracy"), int | float)
    ]
    errors = [
        f"{what} {100 * rate:.1f} %"
        for what in ("words", "lines")
        if isinstance(rates := record.get(what), dict)
        and isinstance(rate := rates.get("all"), int | float)
    ]
    return ", ".join(accuracies) or ("CER: " + ", ".join(errors) if errors else "")


def _record_lines(path: Path) -> Iterator[str]:
    """The metadata of a model file, a fact a line."""
    meta = weights.read_meta(path)
    classes = _classes(meta)
    facts = {
        "kind": meta["kind"],
        **({"classes": f"{len(classes)}: {' '.join(classes)}"} if classes else {}),
        "size": f"{path.stat().st_size / 1e6:.2f} MB",
        **meta.get("record", {}),
    }
    wide = max(map(len, facts)) + 2
    yield shown(str(path))
    for fact, value in facts.items():
        yield shown(f"{fact:{wide}}{_told(value)}")


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_told(inner)}" for name, inner in value.items())
    return ", ".join(map(_told, value)) if isinstance(value, list) else str(value)
