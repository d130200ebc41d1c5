"""MNIST and EMNIST: idx files of 28x28 pictures and of their labels, gzipped or not."""

from __future__ import annotations

import gzip
import math
import re
import string
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ocr_cli import npz
from ocr_cli.data.formats import pictures
from ocr_cli.data.orientation import check_pictures
from ocr_cli.data.sets import CharacterSet
from ocr_cli.errors import InputError
from ocr_cli.input import SUFFIXES

PICTURES, LABELS = b"\0\0\x08\x03", b"\0\0\x08\x01"  # bytes, in three dimensions and in one
SPLITS = {"train": "train", "valid": "valid", "val": "valid", "t10k": "test", "test": "test"}
MOST_UNPACKED = 200_000_000  # bytes of a file, unless it is large on the disk, too
_SPLIT_IN_NAME = re.compile(r"(.*?)[-_.]?(" + "|".join(SPLITS) + ")")

# What labels stand for where no mapping tells, by their range; others are plain numbers.
_UPPER, _FIGURES = string.ascii_uppercase, string.digits
_MEANINGS = {
    (1, 26): _UPPER,  # EMNIST letters
    (0, 46): _FIGURES + _UPPER + "abdefghnqrt",  # EMNIST balanced and bymerge
    (0, 61): _FIGURES + _UPPER + string.ascii_lowercase,  # EMNIST byclass
}

Parts = dict[str, tuple[Path, Path]]  # split → file of pictures, file of labels


def is_idx(path: Path) -> bool:
    """Whether `path` is a file of pictures, a folder with some, or the beginning of their names."""
    return any(_head(file) == PICTURES for file in _files(path))


def splits_in(path: Path) -> list[str]:
    """The splits (train, valid, test) that are there; InputError where more than one set is."""
    return list(_parts(path))


def load(path: Path, split: str) -> CharacterSet:
    """The `split` of an idx set, upright, 0 ink to 1 paper, as letters cut from a page look.

    EMNIST, known by its name or its mapping.txt, holds its pictures transposed. InputError
    where files are missing, damaged, or do not fit each other.
    """
    parts = _parts(path)
    if split not in parts:
        raise InputError(f"no {split} split here", f"found {', '.join(parts)}", str(path))
    images_file, labels_file = parts[split]
    labels = _read(labels_file, LABELS)
    images = _read_pictures(images_file, labels_file, len(labels))
    mapping = _mapping_file(images_file)
    if mapping is not None or "emnist" in f"{images_file.parent.name}/{images_file.name}".lower():
        images = images.transpose(0, 2, 1)
    numbers, classes = _classes(mapping, [labels_of for _, labels_of in parts.values()])
    place = np.full(256, -1)
    place[numbers] = np.arange(len(numbers))
    if (place[labels] < 0).any():
        stray = int(labels[place[labels] < 0][0])
        raise InputError(f"label {stray} is not in {mapping}", "", str(labels_file))
    characters = all(len(name) == 1 for name in classes)
    data = CharacterSet(pictures.to_network(list(images), characters), place[labels], classes)
    check_pictures(data, str(images_file))
    return data


def _read_pictures(file: Path, labels_file: Path, count: int) -> NDArray[np.uint8]:
    """(N, H, W) of a file that has as many pictures as there are labels."""
    try:
        found, *sides = _shape(file, PICTURES)
    except (OSError, EOFError, zlib.error) as error:
        raise _cut(file) from error
    if found != count:
        counts = f"{found} pictures and {count} labels"
        raise InputError(counts, f"is {labels_file.name} of this set?", str(file))
    if not found or not all(sides):
        raise InputError("no pictures in this file", "get a fresh copy of it", str(file))
    return _read(file, PICTURES)


def _files(path: Path) -> Iterator[Path]:
    """The possible idx files of `path`: a file, a folder's (or its folders'), or by prefix."""
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from _folder_files(path)
    elif path.parent.is_dir():
        yield from (file for file in _folder_files(path.parent) if file.name.startswith(path.name))


def _folder_files(folder: Path) -> Iterator[Path]:
    for place in [folder, *(entry for entry in _inside(folder) if entry.is_dir())]:
        for file in _inside(place):
            # opening each of many pictures would take long, and they are none
            if file.suffix.lower() not in SUFFIXES and file.is_file():
                yield file


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except PermissionError:
        return []


def _open(path: Path) -> IO[bytes]:
    file = path.open("rb")
    zipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.open(file) if zipped else file  # type: ignore[return-value]


def _head(path: Path) -> bytes:
    try:
        with _open(path) as file:
            return file.read(4)
    except (OSError, EOFError, zlib.error):
        return b""


def _plain_name(path: Path) -> str:
    return path.name.removesuffix(".gz").lower()


def _parts(path: Path) -> Parts:
    """The splits of the one set that `path` means."""
    sets: dict[str, Parts] = defaultdict(dict)
    for file in _files(path):
        name = _plain_name(file)
        if _head(file) != PICTURES:
            continue
        match = _SPLIT_IN_NAME.match(name)
        set_name, split = (match[1], SPLITS[match[2]]) if match else ("", "train")
        if split not in sets[set_name] or file.suffix != ".gz":
            sets[set_name][split] = file, _labels_beside(file)
    if len(sets) > 1:
        # MNIST's files have no name before that of the split, by which they could be told
        known = ", ".join(name or "one without a name" for name in sorted(sets))
        example = (path if path.is_dir() else path.parent) / max(sets)
        raise InputError(f"several sets: {known}", f"name one, such as {example}", str(path))
    if not sets:
        raise InputError("no idx files", "expected train-images-idx3-ubyte or the like", str(path))
    (parts,) = sets.values()
    return {split: parts[split] for split in ("train", "valid", "test") if split in parts}


def _labels_beside(pictures_file: Path) -> Path:
    """The file with the labels of a file of pictures."""
    wanted = re.sub("images?", "labels", _plain_name(pictures_file)).replace("idx3", "idx1")
    beside = [file for file in _folder_files(pictures_file.parent) if _head(file) == LABELS]
    named = [file for file in beside if _plain_name(file) == wanted]
    if not named and len(beside) == 1 and "images" not in _plain_name(pictures_file):
        named = beside
    if not named:
        raise InputError(
            "its labels are missing", f"expected {wanted} beside it", str(pictures_file)
        )
    return named[0]


def _read(path: Path, kind: bytes) -> NDArray[np.uint8]:
    """The array in an idx file: 4 bytes of kind, each length in 4 bytes, then the items."""
    try:
        shape = _shape(path, kind)
        count = math.prod(shape)
        with _open(path) as file:
            file.seek(4 + 4 * len(shape))
            data = file.read(count + 1)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise _cut(path) from error
    if len(data) != count:
        raise _cut(path)
    return np.frombuffer(data, np.uint8).reshape(shape)


def _shape(path: Path, kind: bytes) -> tuple[int, ...]:
    """The lengths that a file's head tells, checked against its size; ValueError if cut short."""
    with _open(path) as file:
        if file.read(4) != kind:
            raise InputError("not an idx file of bytes", "is it another file?", str(path))
        head = file.read(4 * kind[3])
    shape = struct.unpack(f">{kind[3]}I", head) if len(head) == 4 * kind[3] else ()
    length = 4 + len(head) + math.prod(shape)
    if not shape or length % (1 << 32) != _unpacked_size(path) % (1 << 32):
        raise _cut(path)
    stored = path.stat().st_size
    try:
        npz.check_unpacked(length, stored, MOST_UNPACKED)
    except npz.OversizeError as error:
        raise InputError(str(error), "no set is like that", str(path)) from error
    return shape


def _unpacked_size(path: Path) -> int:
    """The bytes in a file; of a gzipped one what its last four say, the remainder by 2 ** 32."""
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
        length = file.seek(0, 2)
        if not zipped:
            return length
        file.seek(max(0, length - 4))
        return int.from_bytes(file.read(4), "little")


def _cut(path: Path) -> InputError:
    return InputError("cut short or damaged", "get a fresh copy of it", str(path))


def _mapping_file(pictures_file: Path) -> Path | None:
    """emnist-SPLIT-mapping.txt beside the files of that split."""
    match = _SPLIT_IN_NAME.match(_plain_name(pictures_file))
    if not match or not match[1]:
        return None
    path = pictures_file.parent / f"{match[1]}-mapping.txt"
    return path if path.is_file() else None


def _classes(mapping: Path | None, of: Iterable[Path]) -> tuple[list[int], tuple[str, ...]]:
    """The numbers that are labels, and what each stands for."""
    if mapping is not None:
        try:
            rows = [
                line.split() for line in mapping.read_text("ascii").splitlines() if line.strip()
            ]
            # a third column is the small letter that shares the class
            return [int(row[0]) for row in rows], tuple(chr(int(row[1])) for row in rows)
        except (ValueError, IndexError, OverflowError) as error:
            wanted = "expected lines of a label and a character's code, such as 10 65"
            raise InputError("not a mapping of labels", wanted, str(mapping)) from error
    labels = np.concatenate([_read(file, LABELS) for file in of])
    if not len(labels):
        return [], ()
    lowest, highest = int(labels.min()), int(labels.max())
    numbers = list(range(lowest if (lowest, highest) == (1, 26) else 0, highest + 1))
    meaning = _MEANINGS.get((numbers[0], highest)) or [str(number) for number in numbers]
    return numbers, tuple(meaning)
