"""Builds the corpus of the shipped language model, trains it, scores it, and saves it.

    python benchmarks/train_english.py ../shared/data/ink [--out models/english.npz]

Needs wordfreq (extra [language]), and words.npz and lines.npz in the folder. The same package,
folder and seed make the same file.
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ocr_cli.data import corpus
from ocr_cli.reading import language
from ocr_cli.reading.language import LanguageModel
from ocr_cli.reading.ngrams import BREAK, train_language


def main() -> None:
    """Corpus, model, file, and the rows of the card's table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("ink", type=Path, help="folder of words.npz and lines.npz")
    parser.add_argument("--out", type=Path, default=Path("models/english.npz"))
    parser.add_argument("--corpus", type=Path, help="write the corpus to this file as well")
    parser.add_argument("--order", type=int, default=8)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--method", default="kneser-ney")
    parser.add_argument("--seed", type=int, default=4)
    args = parser.parse_args()

    lines = list(corpus.english(args.ink, np.random.default_rng(args.seed)))
    if args.corpus:
        args.corpus.write_text("\n".join(lines) + "\n", encoding="utf-8")
    record = {
        "command": f"python benchmarks/train_english.py INK --order {args.order}"
        f" --entries {args.entries} --method {args.method} --seed {args.seed}",
        "data": f"wordfreq {version('wordfreq')}; UNIPEN train transcripts; made-up strings",
        "lines": len(lines),
    }
    model = train_language(
        lines, order=args.order, entries=args.entries, method=args.method, record=record
    )
    language.save(args.out, model)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB, {len(model.codes):,} n-grams")
    for name, texts in held_out(args.ink).items():
        show(name, texts, model)


def held_out(ink: Path) -> dict[str, list[str]]:
    """Texts of the valid split, each once: all, and those that no train writer wrote."""
    sets = {}
    for kind in ("lines", "words"):
        seen, texts = (_texts(ink, kind, split) for split in ("train", "valid"))
        sets[f"{kind}, valid"] = sorted(texts)
        sets[f"{kind}, valid, not in train"] = sorted(texts - seen)
    return sets


def _texts(ink: Path, kind: str, split: str) -> set[str]:
    lines = corpus.transcripts(ink, split)
    pieces = {"lines": False, "words": True}[kind]
    return {line.strip(f"{BREAK} ") for line in lines if line.startswith(BREAK) == pieces}


def show(name: str, texts: list[str], model: LanguageModel) -> None:
    """One row of the card's table: as written, and in capitals."""
    bits = [language.bits_per_character(model, t) for t in (texts, [t.upper() for t in texts])]
    print(f"| {name} | {len(texts)} | {bits[0]:.2f} | {bits[1]:.2f} |")


if __name__ == "__main__":
    main()
