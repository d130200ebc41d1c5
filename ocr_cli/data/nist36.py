"""NIST36 files: nist36_train.mat and its like, 32x32 pictures of A-Z and 0-9."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ocr_cli.data.sets import NIST36, CharacterSet
from ocr_cli.errors import InputError

SPLITS = ("train", "valid", "test")


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
    column order; {split}_labels (N, 36), one-hot. InputError where that is not found.
    """
    from scipy.io import loadmat

    file = path / f"nist36_{split}.mat" if path.is_dir() else path
    try:
        content = loadmat(file, variable_names=[f"{split}_data", f"{split}_labels"])
    except FileNotFoundError as error:
        raise InputError("no such file", "give a NIST36 folder or .mat file", str(file)) from error
    except Exception as error:  # scipy raises many kinds on a damaged file
        raise InputError("not a readable MATLAB file", "is it cut short?", str(file)) from error
    try:
        data, onehot = content[f"{split}_data"], content[f"{split}_labels"]
    except KeyError as error:
        wanted = f"it must hold {split}_data and {split}_labels"
        raise InputError(f"no {split} set in this file", wanted, str(file)) from error
    if data.ndim != 2 or data.shape[1] != 1024 or onehot.shape != (len(data), len(NIST36)):
        shapes = f"{data.shape} and {onehot.shape}"
        wanted = "expected (N, 1024) and (N, 36)"
        raise InputError(f"data and labels are {shapes}", wanted, str(file))
    images = data.astype(np.float32).reshape(-1, 32, 32).transpose(0, 2, 1)
    return CharacterSet(np.ascontiguousarray(images), onehot.argmax(1).astype(np.int64))


def splits_in(path: Path) -> list[str]:
    """Which of train, valid and test a folder or file holds."""
    if path.is_dir():
        return [split for split in SPLITS if (path / f"nist36_{split}.mat").is_file()]
    from scipy.io import whosmat

    try:
        names = {name for name, _, _ in whosmat(path)}
    except FileNotFoundError as error:
        raise InputError("no such file", "give a NIST36 folder or .mat file", str(path)) from error
    except Exception as error:  # scipy raises many kinds on a damaged file
        raise InputError("not a readable MATLAB file", "is it cut short?", str(path)) from error
    return [split for split in SPLITS if f"{split}_data" in names]
