"""From what the user named to sets for training: which data it is, found by looking."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ocr_cli.data import ink, nist36, render, sources
from ocr_cli.data.distort import Distortion
from ocr_cli.data.nonletters import NON_LETTER
from ocr_cli.data.sets import ASCII94, NIST36, CharacterSet
from ocr_cli.errors import InputError

CLASSES = {"capitals": NIST36, "ascii": ASCII94, "ascii+": (*ASCII94, NON_LETTER)}


@dataclass(frozen=True)
class Splits:
    """What a training needs, and a name for it to tell the user.

    test is None where the data has no such split.
    """

    name: str
    train: sources.Source
    valid: CharacterSet
    test: CharacterSet | None


def default_path(folder: Path | None, kind: str) -> Path | None:
    """The set in a data folder that suits a kind of model; None where there is none."""
    if folder is None:
        return None
    path = folder / ("ink/chars.npz" if kind == "convnet" else "nist36-standin")
    return path if path.exists() else None


def open_splits(path: Path | None, classes: str, augment: bool, rng: np.random.Generator) -> Splits:
    """Train, valid and test of a NIST36 set, an ink archive, or (None) synthetic writing.

    InputError where the path is none of these or lacks the train split.
    """
    if path is None:
        return _synthetic(CLASSES[classes], augment, rng)
    if not path.exists():
        raise InputError("no such file or folder", "give NIST36 files or strokes.npz", str(path))
    if path.suffix == ".npz":
        return _strokes(path, CLASSES[classes], augment)
    if nist36.is_nist36(path):
        return _nist36(path, augment, rng)
    wanted = "expected a folder with nist36_train.mat, a .mat file or an .npz of pen strokes"
    raise InputError("no training data that ocr knows", wanted, str(path))


def _nist36(path: Path, augment: bool, rng: np.random.Generator) -> Splits:
    found = nist36.splits_in(path)
    if "train" not in found:
        raise InputError("no train split here", "expected nist36_train.mat", str(path))
    train = nist36.load(path, "train")
    if "valid" in found:
        valid = nist36.load(path, "valid")
    else:
        train, valid = _held_out(train, rng)
    test = nist36.load(path, "test") if "test" in found else None
    source = sources.SetSource(train, Distortion() if augment else None)
    return Splits(f"NIST36 set {path}", source, valid, test)


def _held_out(data: CharacterSet, rng: np.random.Generator) -> tuple[CharacterSet, CharacterSet]:
    """A tenth of a set that has no valid split of its own, chosen at random, apart."""
    order = rng.permutation(len(data))
    cut = max(1, len(data) // 10)
    rest, valid = order[cut:], order[:cut]
    return (
        CharacterSet(data.images[rest], data.labels[rest], data.classes),
        CharacterSet(data.images[valid], data.labels[valid], data.classes),
    )


def _strokes(path: Path, classes: tuple[str, ...], augment: bool) -> Splits:
    parts = {s: sources.of_classes(ink.load(path, s), classes) for s in ("train", "valid", "test")}
    if not len(parts["train"]) or not len(parts["valid"]):
        raise InputError("no single characters in its train or valid split", "", str(path))
    variation = render.Variation() if augment else render.NO_VARIATION
    return Splits(
        f"pen strokes {path}",
        sources.InkSource(parts["train"], classes, variation),
        sources.rendered(parts["valid"], classes),
        sources.rendered(parts["test"], classes) if len(parts["test"]) else None,
    )


def _synthetic(classes: tuple[str, ...], augment: bool, rng: np.random.Generator) -> Splits:
    from ocr_cli.data import synthetic

    def drawn(per_class: int) -> ink.Ink:
        known = [c for c in classes if c != NON_LETTER]
        labels = [c for c in known for _ in range(per_class)]
        hands = [synthetic.sample_hand(rng) for _ in range(per_class)]
        items = [synthetic.draw_character(c, rng, hand) for c in known for hand in hands]
        return ink.from_strokes(items, labels)

    variation = render.Variation() if augment else render.NO_VARIATION
    valid, test = (sources.rendered(drawn(40), classes) for _ in range(2))
    source = sources.InkSource(drawn(300), classes, variation)
    return Splits("built-in synthetic handwriting", source, valid, test)
