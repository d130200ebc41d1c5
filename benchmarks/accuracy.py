"""How often the shipped models err: photos, pages by kind of hand, and single characters.

Pages go through `ocr eval` as a user would call it; characters through the library.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ocr_cli import training, weights
from ocr_cli.data import ink, nist36, sources
from ocr_cli.data.sets import NIST36, CharacterSet
from ocr_cli.errors import ModelError

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("OCR_DATA") or ROOT.parent / "shared" / "data")


def main() -> None:
    """Prints a Markdown table for pages and one for characters, line by line as they are done."""
    models = dict(shipped_classifiers())
    if not models:
        print("no models in models/: nothing to score")
    if not DATA.is_dir():
        print(f"no data at {DATA} (set OCR_DATA): only the project's own pictures are scored\n")
    print_table(("pages", "model", "files", "CER", "bare CER", "WER"), page_rows(models))
    print_table(("characters", "model", "items", "accuracy", "loss"), character_rows(models))


def shipped_classifiers() -> Iterator[tuple[str, weights.Model]]:
    """The shipped models that read letters, by name, the default one first."""
    names = sorted(weights.shipped_models(), key=lambda name: (name != weights.DEFAULT, name))
    for name in names:
        try:
            yield name, weights.load_model(name)
        except ModelError:
            continue  # of another kind


def print_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """A Markdown table; a row is printed as soon as it is known."""
    widths = (22, 10, 7, 9, 9, 9)
    rule = ("-" * widths[0], "-" * widths[1], *("-" * (width - 1) + ":" for width in widths[2:]))
    for row in (head, rule[: len(head)]):
        print(_line(row, widths))
    for row in rows:
        print(_line(row, widths), flush=True)
    print()


def _line(cells: tuple[str, ...], widths: tuple[int, ...]) -> str:
    left = [f"{cell:{width}}" for cell, width in zip(cells[:2], widths, strict=False)]
    right = [f"{cell:>{width}}" for cell, width in zip(cells[2:], widths[2:], strict=False)]
    return "| " + " | ".join(left + right) + " |"


def page_rows(models: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """A row for each folder of transcribed pictures and each model."""
    folders = [ROOT / "examples", DATA / "photos", *sorted(DATA.glob("pages/*/*/"))]
    for folder in folders:
        if not any(picture.suffix != ".txt" for picture in folder.glob("*")):
            continue
        known = ROOT if folder.is_relative_to(ROOT) else DATA
        for model in models:
            command = ("-m", "ocr_cli", "eval", str(folder), "-m", model, "--json", "-q", "-j0")
            run = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, check=True)
            found = json.loads(run.stdout)
            rates = (found["total"][name] for name in ("cer", "bare_cer", "wer"))
            percents = (f"{100 * rate:.2f} %" for rate in rates)
            name = folder.relative_to(known).as_posix()
            yield (name, model, str(len(found["files"])), *percents)


def character_rows(models: dict[str, weights.Model]) -> Iterator[tuple[str, ...]]:
    """A row for each character set and each model that knows its classes."""
    for name, model in models.items():
        for title, data in character_sets(model.classes):
            loss, accuracy = training.evaluate(model, data)
            yield title, name, f"{len(data):,}", f"{100 * accuracy:.2f} %", f"{loss:.3f}"


def character_sets(classes: tuple[str, ...]) -> Iterator[tuple[str, CharacterSet]]:
    """The sets whose classes are `classes`: NIST36's files, and pen strokes that are rendered."""
    folder, strokes = DATA / "nist36-standin", DATA / "ink" / "chars.npz"
    for split in ("valid", "test"):
        if classes == NIST36 and nist36.is_nist36(folder):
            yield f"nist36-standin {split}", nist36.load(folder, split)
        if strokes.is_file():
            known = sources.of_classes(ink.load(strokes, split), classes)
            yield f"ink/chars {split} ({len(classes)})", sources.rendered(known, classes)


if __name__ == "__main__":
    main()
