"""Builds the corpus of a shipped language model, trains it, scores it, and saves it.

    python benchmarks/prose.py PROSE
    python benchmarks/train_language.py --language fr --prose PROSE ../shared/data

Needs wordfreq (extra [language]); in the folder of data real/, for English ink/words.npz and
lines.npz as well. The same packages, folders and seed make the same file.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ocr_cli.data import corpus
from ocr_cli.data.charset import LANGUAGES
from ocr_cli.recognition import language
from ocr_cli.recognition.language import LanguageModel, languages
from ocr_cli.recognition.language.lexicon import make_lexicon
from ocr_cli.recognition.language.ngrams import BREAK, train_language

HERE = Path(__file__).resolve().parent
# Real texts that a language is scored on, and never learns from.
HELD_OUT = {"en": ("gnhk",), "fr": ("copiste",), "de": ("dhsd",), "es": ()}


def asked() -> argparse.Namespace:
    """What is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path, help="folder of ink/ and real/")
    parser.add_argument("--prose", type=Path, required=True, help="folder that prose.py filled")
    parser.add_argument("--language", choices=tuple(corpus.RECIPES), required=True)
    parser.add_argument("--out", type=Path, help="models/NAME.npz unless told")
    parser.add_argument("--corpus", type=Path, help="write the corpus to this file as well")
    parser.add_argument("--order", type=int, default=8)
    parser.add_argument("--entries", type=int, default=850_000)
    parser.add_argument("--method", default="kneser-ney")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--words", type=float, default=1.5, help="millions drawn by frequency")
    parser.add_argument("--strings", type=int, default=60_000, help="made up, no words")
    return parser.parse_args()


def main() -> None:
    """Corpus, model, file, and the rows of the card's table."""
    args = asked()
    name = args.language
    out = args.out or Path("models") / f"{LANGUAGES[name].file}.npz"
    lines = list(
        corpus.corpus(
            name,
            args.data,
            HERE / "phrases" / f"{name}.txt",
            np.random.default_rng(args.seed),
            prose=args.prose,
            words=args.words,
            strings=args.strings,
        )
    )
    if args.corpus:
        args.corpus.write_text("\n".join(lines) + "\n", encoding="utf-8")
    recipe = corpus.RECIPES[name]
    sets, prose = ", ".join(recipe.sets), ", ".join(recipe.prose)
    options = ("order", "entries", "method", "seed", "words", "strings")
    told = " ".join(f"--{option} {getattr(args, option)}" for option in options)
    record = {
        "command": f"python benchmarks/train_language.py DATA --prose PROSE --language {name}"
        f" {told}",
        "data": f"wordfreq {version('wordfreq')}; train transcripts of {sets or 'none'}; running"
        f" text of {prose}; phrases; made-up strings",
        "lines": len(lines),
    }
    model = train_language(
        lines, order=args.order, entries=args.entries, method=args.method, record=record
    )
    words = make_lexicon(corpus.frequencies(name))
    model = replace(model, lexicon=words)
    language.save(out, model, {languages.PROFILE: languages.make_profile(lines)})
    size = out.stat().st_size / 1e6
    print(f"{out}: {size:.2f} MB, {len(model.codes):,} n-grams, {len(words.keys):,} words")
    for what, texts in held_out(name, args.data).items():
        show(what, texts, model)


def held_out(name: str, data: Path) -> dict[str, list[str]]:
    """Texts of valid splits: of real rows all, of pen strokes those that no train writer wrote."""
    sets = {
        f"{folder}, valid": [
            row
            for text in corpus.real_texts(data / "real", [folder], "valid")
            for row in map(str.strip, text.splitlines())
            if row
        ]
        for folder in HELD_OUT[name]
    }
    for kind in ("lines", "words") if name == "en" else ():
        seen, texts = (_texts(data / "ink", kind, split) for split in ("train", "valid"))
        sets[f"pen strokes, {kind}, valid"] = sorted(texts)
        sets[f"pen strokes, {kind}, valid, not in train"] = sorted(texts - seen)
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
