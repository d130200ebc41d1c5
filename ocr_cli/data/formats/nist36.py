"""NIST36 files: nist36_train.mat and its like, 32x32 pictures of A-Z and 0-9."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli import npz
from ocr_cli.data.charset import NIST36
from ocr_cli.data.orientation import check_pictures
from ocr_cli.data.sets import CharacterSet
from ocr_cli.errors import InputError

SPLITS = ("train", "valid", "test")
NUMBERS = {"double", "single", "logical"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}
HDF5 = b"\x89HDF\r\n"  # what MATLAB 7.3 writes, behind 512 bytes of its own
MOST_UNPACKED = 200_000_000  # bytes of a set, unless its file is large, too
BARE = 0.3  # the usual pixel at the edge of pictures of dark ink on white is lighter
COARSEST = 128  # what runs to less, and beyond 1, is not of 0 to 255
MOST_OF_IT = 0.999  # of the values: what a few of them are says nothing of all
UPRIGHT = "transpose each: data.reshape(-1, 32, 32).transpose(0, 2, 1).reshape(-1, 1024)"

Pixels = NDArray[np.float32]


def is_nist36(path: Path) -> bool:
    """Whether `path` is a MATLAB file, by name or by its first bytes, or a folder with NIST36's."""
    if path.is_dir():
        return any((path / f"nist36_{split}.mat").is_file() for split in SPLITS)
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return path.suffix == ".mat" or file.read(7) == b"MATLAB "


def load(path: Path, split: str) -> CharacterSet:
    """The `split` (train, valid or test) of a NIST36 folder, or of one file that holds it.

    Data in the file: {split}_data (N, 1024), 0 ink to 1 paper, each picture flattened in
    column order; {split}_labels (N, 36), one-hot. Values up to 255, and light ink on dark, are
    turned round, and noted. InputError where the arrays are not found, are no such pictures
    and labels, or the pictures are in row order.
    """
    from scipy.io import loadmat

    file = path / f"nist36_{split}.mat" if path.is_dir() else path
    names = f"{split}_data", f"{split}_labels"
    with _told(file):
        _check_shapes(_described(file), split, file)
        content = loadmat(file, variable_names=list(names))
        data, onehot = (_numbers(content[name], name) for name in names)
        images, notes = _as_pictures(data, names[0])
        labels = _classes(onehot, names[1])
        found = CharacterSet(images, labels, notes=notes)
        check_pictures(found, str(file), UPRIGHT)
    return replace(found, notes=tuple(f"{file}: {note}" for note in notes))


def splits_in(path: Path) -> list[str]:
    """The splits (train, valid, test) that a folder or file holds."""
    if path.is_dir():
        return [split for split in SPLITS if (path / f"nist36_{split}.mat").is_file()]
    with _told(path):
        names = _described(path)
    return [split for split in SPLITS if f"{split}_data" in names]


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """Whatever goes wrong inside as an InputError that names the file."""
    try:
        yield
    except InputError as error:
        raise InputError(error.problem, error.advice, str(file)) from error
    except npz.OversizeError as error:
        raise InputError(str(error), "no set is like that", str(file)) from error
    except FileNotFoundError as error:
        raise InputError("no such file", "give a NIST36 folder or .mat file", str(file)) from error
    except Exception as error:  # scipy raises many kinds on a damaged file
        raise InputError("not a readable MATLAB file", "is it cut short?", str(file)) from error


def _described(file: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and class of each array, without reading it."""
    from scipy.io import whosmat

    with file.open("rb") as opened:
        head = opened.read(520)
    if HDF5 in (head[:6], head[512:518]):
        raise InputError("a file of MATLAB 7.3", 'save it with "-v7"')
    return {name: (tuple(shape), kind) for name, shape, kind in whosmat(file)}


def _check_shapes(there: dict[str, tuple[tuple[int, ...], str]], split: str, file: Path) -> None:
    """Both arrays are there, and their sizes make sense, before any of them is unpacked."""
    try:
        (data, kind), (labels, kind_of_labels) = there[f"{split}_data"], there[f"{split}_labels"]
    except KeyError as error:
        wanted = f"it must hold {split}_data and {split}_labels; is it cut short?"
        raise InputError(f"no {split} set in this file", wanted) from error
    for name, found in ((f"{split}_data", kind), (f"{split}_labels", kind_of_labels)):
        if found not in NUMBERS:
            raise InputError(f"{name} is of class {found}", "save it as a full array of doubles")
    if data[1:] != (1024,) or labels != (data[0], len(NIST36)):
        raise InputError(
            f"data and labels are {data} and {labels}", "expected (N, 1024) and (N, 36)"
        )
    npz.check_unpacked(
        8 * (math.prod(data) + math.prod(labels)), file.stat().st_size, MOST_UNPACKED
    )


def _numbers(values: NDArray[Any], name: str) -> Pixels:
    """The array as numbers, which all are finite."""
    if np.iscomplexobj(values):
        raise InputError(f"{name} holds complex numbers", "save their real part")
    bad = np.flatnonzero(~np.isfinite(values).all(1))
    if len(bad):
        raise InputError(f"{name} has NaN or Inf in {_rows(bad)}", "leave these out")
    with np.errstate(over="ignore"):  # too large is told later
        return values.astype(np.float32)


def _rows(numbers: NDArray[np.int64]) -> str:
    """The rows of an array that are meant, counted from 1 as MATLAB does."""
    first = f"row {numbers[0] + 1}"
    return first if len(numbers) == 1 else f"{len(numbers)} rows, the first {first}"


def _as_pictures(data: Pixels, name: str) -> tuple[Pixels, tuple[str, ...]]:
    """(N, 32, 32) upright, 0 ink to 1 paper, and notes of what was done for it."""
    low, high = float(data.min(initial=1)), float(data.max(initial=0))
    notes: tuple[str, ...] = ()
    if low < 0 or high > 255 or 1 < high < COARSEST:
        raise InputError(f"{name} runs from {low:g} to {high:g}", "expected 0 (ink) to 1 (paper)")
    if high > 1:
        if float(np.quantile(data, MOST_OF_IT)) <= 1:
            problem = f"{name} runs from {low:g} to {high:g}, but nearly all of it to 1 at most"
            raise InputError(problem, "leave out what is odd")
        data = data / np.float32(255)
        notes += (f"{name} runs from {low:g} to {high:g}; it was taken as 0 to 255",)
    images = np.ascontiguousarray(data.reshape(-1, 32, 32).transpose(0, 2, 1))
    edge = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]])
    if len(images) and float(np.median(edge)) < BARE:
        images = 1 - images
        notes += (f"{name} is light ink on dark; it was turned round",)
    return images, notes


def _classes(onehot: Pixels, name: str) -> NDArray[np.int64]:
    """(N,) the class that each row marks."""
    whole = ((onehot == 0) | (onehot == 1)).all(1) & (onehot.sum(1) == 1)
    bad = np.flatnonzero(~whole)
    if len(bad):
        sum_ = onehot[bad[0]].sum()
        problem = f"{name} is not one-hot in {_rows(bad)} (its sum is {sum_:g})"
        raise InputError(problem, "a row has a 1 for its class, and 0 for the other 35")
    return onehot.argmax(1).astype(np.int64)
