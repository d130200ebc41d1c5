"""Pictures in folders, one folder a class: A/1.png, A/2.png, B/1.png…, or train/A/1.png…"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr_cli import input as images
from ocr_cli.data.formats import pictures
from ocr_cli.data.formats.given import FOLDERS
from ocr_cli.data.orientation import check_pictures
from ocr_cli.data.sets import CharacterSet
from ocr_cli.errors import InputError

MOST_JUNK = 10  # one picture in so many may be none; a single one may always
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
    """The splits (train, valid, test) of a folder: all of it is train where it names none."""
    return list(_parts(path))


def load(path: Path, split: str) -> CharacterSet:
    """The `split` of such a folder, grey, 32x32, 0 ink to 1 paper; a class is its folder's name.

    Pictures that cannot be read are left out and named. InputError where the split is not
    there, more than one picture in MOST_JUNK cannot be read, or none of a class can.
    """
    parts = _parts(path)
    if split not in parts:
        raise InputError(f"no {split} split here", f"found {', '.join(parts)}", str(path))
    classes = tuple(sorted({f.name for part in parts.values() for f in _classes_in(part)}))
    greys: list[pictures.Grey] = []
    labels: list[int] = []
    junk: list[InputError] = []
    for folder in _classes_in(parts[split]):
        before = len(greys)
        for file in _pictures_in(folder):
            try:
                greys.append(pictures.letter_sized(_whole_page(file)))
                labels.append(classes.index(folder.name))
            except InputError as failure:
                junk.append(failure)
        if len(greys) == before:
            raise InputError("none of its pictures can be read", str(junk[-1]), str(folder))
    if len(junk) > max(1, (len(greys) + len(junk)) // MOST_JUNK):
        counted = f"{len(junk)} of {len(greys) + len(junk)} pictures cannot be read"
        raise InputError(counted, f"the first: {junk[0]}", str(path))
    characters = all(len(name) == 1 for name in classes)
    images = pictures.to_network(greys, characters)
    left_out = tuple(f"left out: {failure}" for failure in junk)
    data = CharacterSet(images, np.array(labels, np.int64), classes, left_out=left_out)
    check_pictures(data, str(path))
    return data


def _whole_page(file: Path) -> NDArray[np.float32]:
    """The grey picture in a file; InputError where it is damaged, though some of it be there."""
    page = images.load_page(images.Picture(str(file)))
    if page.fault:
        raise InputError("the picture is damaged or cut short", "", str(file))
    return page.grey


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
