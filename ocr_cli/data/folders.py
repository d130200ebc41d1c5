"""Pictures in folders, one folder a class: A/1.png, A/2.png, B/1.png…, or train/A/1.png…"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ocr_cli import input as images
from ocr_cli.data import pictures
from ocr_cli.data.pagexml import FOLDERS
from ocr_cli.data.sets import CharacterSet
from ocr_cli.errors import InputError

TRANSCRIPTS = (".txt", ".xml")  # NAME.gt.txt too
SPLITS = {
    "train": ("train", "training"),
    "valid": ("valid", "val", "validation"),
    "test": ("test", "testing"),
}


def is_folders(path: Path) -> bool:
    """Whether `path` holds pictures by class; not where a transcript beside makes them pages."""
    parts = _parts(path)
    inside = [folder for part in parts.values() for folder in _classes_in(part)]
    if not inside or _pictures_in(path):
        return False
    return not any(_has_transcripts(folder) for folder in inside)


def splits_in(path: Path) -> list[str]:
    """Which of train, valid and test a folder holds: all of it is train where it names none."""
    return list(_parts(path))


def load(path: Path, split: str) -> CharacterSet:
    """The `split` of such a folder, grey, 32x32, 0 ink to 1 paper; a class is its folder's name.

    InputError where the split is not there, or a picture is damaged.
    """
    parts = _parts(path)
    if split not in parts:
        raise InputError(f"no {split} split here", f"found {', '.join(parts)}", str(path))
    classes = tuple(sorted({f.name for part in parts.values() for f in _classes_in(part)}))
    files, labels = [], []
    for folder in _classes_in(parts[split]):
        inside = _pictures_in(folder)
        files += inside
        labels += [classes.index(folder.name)] * len(inside)
    greys = [pictures.reduced(images.load_page(images.Picture(str(f))).grey) for f in files]
    characters = all(len(name) == 1 for name in classes)
    return CharacterSet(pictures.to_network(greys, characters), np.array(labels, np.int64), classes)


def _parts(path: Path) -> dict[str, Path]:
    """Split → folder of classes."""
    inside = {entry.name.lower(): entry for entry in _folders_in(path)}
    found = {
        split: inside[name]
        for split, names in SPLITS.items()
        for name in names
        if name in inside and _classes_in(inside[name])
    }
    return found or {"train": path}


def _folders_in(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    return sorted(e for e in path.iterdir() if e.is_dir() and not e.name.startswith("."))


def _classes_in(path: Path) -> list[Path]:
    return [folder for folder in _folders_in(path) if _pictures_in(folder)]


def _pictures_in(folder: Path) -> list[Path]:
    return sorted(
        entry
        for entry in folder.iterdir()
        if entry.suffix.lower() in images.SUFFIXES and not entry.name.startswith(".")
    )


def _has_transcripts(folder: Path) -> bool:
    if any(any((folder / name).glob("*.xml")) for name in FOLDERS):
        return True
    texts = {
        entry.stem.removesuffix(".gt") for entry in folder.iterdir() if entry.suffix in TRANSCRIPTS
    }
    return bool(texts) and any(file.stem in texts for file in _pictures_in(folder))
