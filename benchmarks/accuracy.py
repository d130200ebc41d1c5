"""How often the shipped models err: photos, pages by kind of hand, and single characters.

Pages go through `ocr eval` as a user would call it; characters through the library.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ocr_cli import evaluation, reading, weights
from ocr_cli.data import ink, nist36, sources
from ocr_cli.data.sets import ASCII94, NIST36, CharacterSet
from ocr_cli.errors import ModelError

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("OCR_DATA") or ROOT.parent / "shared" / "data")


def main() -> None:
    """Prints a Markdown table for pages and one for characters, line by line as they are done."""
    if not DATA.is_dir():
        print(f"no data at {DATA} (set OCR_DATA): only the project's own pictures are scored\n")
    print_table(("pages", "model", "files", "CER", "bare CER", "WER"), page_rows())
    print_table(("characters", "model", "items", "accuracy", "loss"), character_rows())


def readers() -> Iterator[tuple[str, str]]:
    """(model, language) of every way to read pages that is scored, the default one first."""
    yield "default", "en"
    yield "default", "none"
    for name in weights.shipped_models():
        try:
            reading.load_reader(name, "none")
        except ModelError:
            continue  # of another kind
        yield name, "en"


def print_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """A Markdown table; a row is printed as soon as it is known."""
    widths = (21, 16, 7, 9, 9, 9)
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


def page_rows() -> Iterator[tuple[str, ...]]:
    """A row for each folder of transcribed pictures and each way to read them."""
    folders = [ROOT / "examples", DATA / "photos", *sorted(DATA.glob("pages/*/*/"))]
    for folder in folders:
        if not any(picture.suffix != ".txt" for picture in folder.glob("*")):
            continue
        known = ROOT if folder.is_relative_to(ROOT) else DATA
        for model, language in readers():
            options = ("-m", model, "-l", language, "--json", "-q", "-j0")
            command = (sys.executable, "-m", "ocr_cli", "eval", str(folder), *options)
            run = subprocess.run(command, stdout=subprocess.PIPE, check=True)
            found = json.loads(run.stdout)
            rates = (found["total"][name] for name in ("cer", "bare_cer", "wer"))
            percents = (f"{100 * rate:.2f} %" for rate in rates)
            name = folder.relative_to(known).as_posix()
            title = model if language != "none" else f"{model}, -l none"
            yield (name, title, str(len(found["files"])), *percents)


def character_rows() -> Iterator[tuple[str, ...]]:
    """A row for each classifier of letters and each set that it is asked about."""
    for name in weights.shipped_models():
        try:
            model = weights.load_model(name)
        except ModelError:
            continue
        for title, data in character_sets(model.classes):
            scores = evaluation.evaluate_characters(model, data)
            accuracy = f"{100 * scores.accuracy:.2f} %"
            yield title, name, f"{scores.items:,}", accuracy, f"{scores.loss:.3f}"


def character_sets(known: tuple[str, ...]) -> Iterator[tuple[str, CharacterSet]]:
    """The sets for a model of those classes: NIST36's files, and pen strokes that are rendered.

    A model that knows more than 36 classes chooses among the set's.
    """
    folder, strokes = DATA / "nist36-standin", DATA / "ink" / "chars.npz"
    for split in ("valid", "test"):
        if nist36.is_nist36(folder):
            yield f"nist36-standin {split}", nist36.load(folder, split)
        for classes in (NIST36, ASCII94):
            if strokes.is_file() and set(classes) <= set(known):
                items = sources.of_classes(ink.load(strokes, split), classes)
                yield f"ink/chars {split}, {len(classes)}", sources.rendered(items, classes)


if __name__ == "__main__":
    main()
