"""Trains the shipped row finder, scores it on the valid pages, and saves it.

    python benchmarks/train_finder.py ../shared/data [--faces DIR] [--minutes 75]

Needs torch and matplotlib (for its typefaces), and in the folder real/ (pages with ALTO or PAGE
XML, see SETS) and ink/ (UNIPEN words, lines and characters). Letter heads and typescripts are
drawn in the fonts of --faces as well, a folder of @fontsource packages (the model's card names
them). The pages that are drawn depend on the seed alone; how many steps fit into the minutes, on
the machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ocr_cli.data.rowcrops import PageSizes
from ocr_cli.data.rowpages import RowPage, load_row_pages, load_transcribed, save_row_pages
from ocr_cli.data.synthesis.drawnpages import draw_page, load_source
from ocr_cli.data.synthesis.typesetting import print_faces
from ocr_cli.evaluation.rows import score_rows
from ocr_cli.layout import finder
from ocr_cli.layout.courses import Pyramid, placed
from ocr_cli.modelfiles.weights import Model, for_use, save_model
from ocr_cli.nn.network import Weights
from ocr_cli.nn.torch.backend import import_torch
from ocr_cli.training.finder import FinderRecipe, finder_layers, train_finder

# Shares of the crops. hooker is left out: its licence would pass on to the weights.
SETS = {
    "copiste/train": 0.14,
    "gnhk/train": 0.18,
    "poilus/train": 0.11,
    "memorials/train": 0.05,
    "drawn": 0.52,
}
VALID = ("copiste/valid", "gnhk/valid")


def main() -> None:
    """Pages, training, scores, file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path, help="folder with real/ and ink/")
    parser.add_argument("--out", type=Path, default=Path("models/rows.npz"))
    parser.add_argument("--cache", type=Path, default=Path("build/finder"))
    parser.add_argument("--minutes", type=float, default=75)
    parser.add_argument("--drawn", type=int, default=760, help="pages that are drawn")
    parser.add_argument("--faces", type=Path, help="folder of fonts for print")
    parser.add_argument("--seed", type=int, default=19)
    args = parser.parse_args()

    import_torch().set_num_threads(1)
    parts = [(share, _sheets(args, name)) for name, share in SETS.items()]
    fills = [sheet for sheet in parts[-1][1] if not sheet.page.courses]
    recipe = FinderRecipe(60 * args.minutes, seed=args.seed)
    record = {
        "command": f"python benchmarks/train_finder.py DATA --minutes {args.minutes:g}"
        f" --drawn {args.drawn} --seed {args.seed}",
        "data": "Copiste d'un jour, GNHK, Testaments de poilus, Memorials for Jane Lathrop"
        " Stanford; pages drawn from UNIPEN strokes",
    }

    def save(weights: Weights) -> Model:
        model = for_use(Model(finder.KIND, (), finder_layers(), weights, record))
        save_model(args.out, model, half=True)
        return model

    def report(step: int, kind: float, size: float, seconds: float) -> None:
        print(f"{step:6} {kind:.4f} {size:.4f} {seconds:6.0f} s", flush=True)

    model = save(train_finder(parts, fills, recipe, report, save))
    for name in VALID:
        show(name, _pages(args, name), model)


def _sheets(args: argparse.Namespace, name: str) -> list[PageSizes]:
    return [PageSizes(page) for page in _pages(args, name)]


def _pages(args: argparse.Namespace, name: str) -> list[RowPage]:
    """A set's pages, from the cache where they are there already."""
    path = args.cache / f"{name.replace('/', '-')}.npz"
    if not path.exists():
        if name == "drawn":
            rng = np.random.default_rng(args.seed)
            source = load_source(args.data / "ink", 6000, rng)
            faces = print_faces(args.faces)
            pages = [draw_page(source, rng, faces) for _ in range(args.drawn)]
        else:
            files = sorted((args.data / "real" / name).glob("*.xml"))
            pages = [load_transcribed(file) for file in files]
        save_row_pages(path, pages)
    return load_row_pages(path)


def show(name: str, pages: Sequence[RowPage], model: Model) -> None:
    """One row of the card's table."""
    total = np.zeros(4)
    for page in pages:
        grey = page.grey.astype(np.float32) / np.float32(255)
        pyramid = Pyramid(grey)
        seen = [placed(pyramid, course) for course in finder.find_courses(grey, model)]
        scores = score_rows(seen, page.courses)
        total += scores.found, scores.given, scores.right, scores.seen
    found, given, right, seen_count = total
    recall, precision = 100 * found / given, 100 * right / seen_count
    print(f"| {name} | {len(pages)} ({given:.0f}) | {recall:.1f} % | {precision:.1f} % |")


if __name__ == "__main__":
    main()
