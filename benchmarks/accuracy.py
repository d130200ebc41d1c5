"""How often the shipped models err: real and drawn pages, photos, and single characters.

Pages go through `ocr eval` as a user would call it; characters through the library.
`accuracy.py real hands` prints these tables alone, see TABLES.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr_cli import recognition
from ocr_cli.data import sources
from ocr_cli.data.charset import ASCII94, NIST36
from ocr_cli.data.formats import ink, nist36
from ocr_cli.data.sets import CharacterSet
from ocr_cli.errors import ModelError
from ocr_cli.evaluation import characters as evaluation
from ocr_cli.modelfiles import weights

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("OCR_DATA") or ROOT.parent / "shared" / "data")


@dataclass(frozen=True)
class Aim:
    """A set that the default command is measured on, and the figure that it is to reach.

    folder : below the data. measure : of the total that `ocr eval --json` prints; `accuracy`
    is to be `most` or more, all others at most that.
    """

    name: str
    folder: str
    measure: str
    most: float
    rows: str = "found"


MEASURES = {"cer": "CER", "bare_cer": "bare CER", "accuracy": "accuracy"}
AIMS = (
    Aim("gnhk/test, whole photos", "real/gnhk/test", "cer", 0.20),
    Aim("copiste/test, whole pages", "real/copiste/test", "cer", 0.09),
    Aim("copiste/test, rows given", "real/copiste/test", "cer", 0.06, rows="given"),
    Aim("memorials/test", "real/memorials/test", "cer", 0.22),
    Aim("inkbench/test", "real/inkbench/test", "accuracy", 0.65),
    Aim("code/test", "real/code/test", "bare_cer", 0.15),
    Aim("dhsd/test, words", "real/dhsd/test", "cer", 0.10),
    Aim("dhsd/test, words filling", "real/dhsd/test", "cer", 0.10, rows="given"),
    Aim("desk", "real/desk", "cer", 0.10),
    Aim("pages/test, capitals", "pages/test/capitals", "cer", 0.011),
    Aim("pages/test, print", "pages/test/print", "cer", 0.049),
    Aim("pages/test, mixed", "pages/test/mixed", "cer", 0.116),
    Aim("pages/test, cursive", "pages/test/cursive", "cer", 0.136),
    Aim("photos", "photos", "cer", 0.0),
)


def main() -> None:
    """Prints Markdown tables, those named on the command line or all, row by row as they are done.

    Merged accuracy takes 0 and O, 1 and I for one.
    """
    if not DATA.is_dir():
        print(f"no data at {DATA} (set OCR_DATA): only the project's own pictures are scored\n")
    wanted = sys.argv[1:] or list(TABLES)
    if unknown := set(wanted) - set(TABLES):
        sys.exit(f"no table {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
    for name in wanted:
        head, rows, widths = TABLES[name]
        print_table(head, rows(), widths)


def readers() -> Iterator[tuple[str, str]]:
    """(model, language) of every way to read pages that is scored, the default one first."""
    yield "default", "auto"
    yield "default", "none"
    for name in weights.shipped_models():
        try:
            recognition.load_reader(name, "none")
        except ModelError:
            continue  # of another kind
        yield name, "auto"


def print_table(
    head: tuple[str, ...], rows: Iterable[tuple[str, ...]], widths: tuple[int, ...]
) -> None:
    """A Markdown table; a row is printed as soon as it is known."""
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


def evaluated(folder: Path, *options: str) -> dict[str, Any]:
    """What `ocr eval` prints of a folder; pages that cannot be scored are told on stderr."""
    command = (sys.executable, "-m", "ocr_cli", "eval", str(folder), "--json", "-q", "-j0")
    run = subprocess.run((*command, *options), stdout=subprocess.PIPE, check=False)
    if not run.stdout:  # one page's failure leaves the others
        sys.exit(run.returncode)
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def real_rows() -> Iterator[tuple[str, ...]]:
    """A row for each of AIMS whose folder is there, as the default command reads it."""
    for aim in AIMS:
        folder = DATA / aim.folder
        if not folder.is_dir():
            continue
        found = evaluated(folder, "--rows", aim.rows)
        if not found["files"]:
            continue
        total = found["total"]
        rows = total.get("rows")
        shares = (rows["recall"], rows["precision"]) if rows else ()
        cells = [f"{100 * share:.1f} %" for share in shares] or ["", ""]
        yield (
            *(aim.name, MEASURES[aim.measure], str(len(found["files"]))),
            *(_figure(aim.measure, value) for value in (total[aim.measure], aim.most)),
            *(_figure(name, total[name]) for name in ("cer", "wer")),
            *cells,
        )


def _figure(measure: str, value: float) -> str:
    return f"{value:.3f}" if measure == "accuracy" else f"{100 * value:.2f} %"


def page_rows() -> Iterator[tuple[str, ...]]:
    """A row for each folder of transcribed pictures and each way to read them."""
    folders = [ROOT / "examples", DATA / "photos", *sorted(DATA.glob("pages/*/*/"))]
    for folder in folders:
        if not any(picture.suffix != ".txt" for picture in folder.glob("*")):
            continue
        known = ROOT if folder.is_relative_to(ROOT) else DATA
        for model, language in readers():
            found = evaluated(folder, "-m", model, "-l", language)
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
            right = (scores.accuracy, scores.merged_accuracy)
            percents = (f"{100 * share:.2f} %" for share in right)
            yield title, name, f"{scores.items:,}", *percents, f"{scores.loss:.3f}"


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


def hand_rows() -> Iterator[tuple[str, ...]]:
    """What `ocr train --page` brings on printed pages, in lines that it did not learn from."""
    pages = sorted(DATA.glob("pages/test/print/*.jpg"))
    for name in ("default", "lines", "letters") if pages else ():
        before, after, worst = 0.0, 0.0, 0.0
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "hand.npz"
            for page in pages:
                options = ("--page", str(page), "--from", name, "--out", str(out))
                command = (sys.executable, "-m", "ocr_cli", "train", *options)
                subprocess.run(command, capture_output=True, check=True)
                record = weights.read_archive(out, None)[0]["record"]
                rates = record["cross_validated_cer"]
                before, after = before + rates["before"], after + rates["after"]
                worst = max(worst, rates["after"] - rates["before"])
        means = (f"{100 * total / len(pages):.2f} %" for total in (before, after))
        fall = f"{100 * (1 - after / before):.0f} %"
        title = f"pages/test/print, worst {100 * worst:+.1f}"
        yield (title, name, str(len(pages)), *means, fall)


USUAL = (28, 16, 7, 9, 9, 9)
# name: head, rows, and widths of the columns
TABLES = {
    "real": (
        ("set", "measure", "files", "default", "aim", "CER", "WER", "rows found", "precision"),
        real_rows,
        (28, 9, 7, 9, 9, 9, 9, 10, 9),
    ),
    "pages": (("pages", "model", "files", "CER", "bare CER", "WER"), page_rows, USUAL),
    "characters": (
        ("characters", "model", "items", "accuracy", "merged", "loss"),
        character_rows,
        USUAL,
    ),
    "hands": (("a hand learnt", "model", "pages", "before", "after", "gain"), hand_rows, USUAL),
}

if __name__ == "__main__":
    main()
