"""Model files as archives of arrays: which there are, and checks before anything is unpacked."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli import npz
from ocr_cli.errors import ModelError, NoSuchModelError
from ocr_cli.files import make_folder, replacing
from ocr_cli.input import formats

FORMAT = 1
MOST_CLASSES = 10_000  # characters that a model can tell apart
DEFAULT = "letters"  # the reader that `ocr read` takes when it is not told
HAND = "hand"  # nor has a file of several models that know one hand
EXTRAS = "beside."  # before the names of what a hand's file has beside its models
_WANTED = "-m takes a name that `ocr models` lists, or an .npz that `ocr train` wrote"


def shipped_models() -> dict[str, Path]:
    """Name → file of every model that came with the program."""
    here = Path(__file__).resolve().parent.parent
    for folder in (here / "models", here.parent / "models"):  # installed, or a checkout
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.npz"))}
    return {}


def model_path(name: str) -> Path:
    """The file that `name` means: "default", a shipped model's name, or a path."""
    shipped = shipped_models()
    known = shipped.get(DEFAULT if name == "default" else name)
    if known is not None:
        return known
    path = Path(name)
    if not path.is_file():
        names = ", ".join(["default", *shipped])
        raise NoSuchModelError("no such model", f"give a .npz file or one of: {names}", name)
    return path


def write_archive(path: Path, meta: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """Writes metadata and arrays, see `files.replacing`: no reader sees half a file."""
    buffer = io.BytesIO()
    content: dict[str, Any] = {"meta": np.array(json.dumps(meta)), **arrays}
    np.savez_compressed(buffer, **content)
    make_folder(path.parent)
    with replacing(path) as file:
        file.write(buffer.getvalue())


def read_archive(
    path: Path, kinds: Collection[str] | None, without: str | None = None
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The metadata and arrays of a model file of one of `kinds` (None: of any).

    Of a file with several models, see `save_hand`, those of the one that is of these kinds.
    Arrays whose names begin with `without` are not read, which saves time. ModelError where it
    is not such a file.
    """
    with _opened(path, kinds) as (archive, meta):
        part = _part(meta, kinds)
        before = f"{part}." if part else ""
        names = [name.removeprefix(before) for name in archive.files if name.startswith(before)]
        left_out = ("meta", *([without] if without else []))
        arrays = {name: archive[before + name] for name in names if not name.startswith(left_out)}
        return meta["parts"][part] if part else meta, arrays


def read_array(path: Path, kinds: Collection[str], name: str) -> NDArray[Any]:
    """Read one array of a model file of one of `kinds`, quickly; ModelError where it has none."""
    with _opened(path, kinds) as (archive, _):
        return np.asarray(archive[name])


def read_meta(path: Path) -> dict[str, Any]:
    """The metadata alone, which is quick; ModelError where it is no model file."""
    with _opened(path, None) as (_, meta):
        return meta


def read_extras(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays beside the models in a hand's file, by name; ModelError where it is none."""
    with _opened(path, {HAND}) as (archive, _):
        names = [name for name in archive.files if name.startswith(EXTRAS)]
        return {name.removeprefix(EXTRAS): archive[name] for name in names}


def kind_of(path: Path) -> str:
    """Read the kind of a model from its file; ModelError where it is no model file."""
    return str(read_meta(path)["kind"])


def kinds_in(path: Path) -> set[str]:
    """The kinds of the models in a hand's file; ModelError where there are none."""
    with _opened(path, {HAND}) as (_, meta):
        if not meta["parts"]:
            raise ModelError("a hand's file without a model", "train it anew", str(path))
        return set(meta["parts"])


@contextmanager
def _opened(
    path: Path, kinds: Collection[str] | None
) -> Iterator[tuple[npz.Archive, dict[str, Any]]]:
    """The archive, whose members are read when asked for, and its metadata, checked."""
    try:
        with npz.opened_archive(path) as archive:
            meta = _meta(archive)
            _check(_part(meta, kinds) or str(meta["kind"]), meta["format"], kinds, path)
            yield archive, meta
    except ModelError:
        raise
    except npz.OversizeError as error:
        raise ModelError(str(error), "no model is like that: train it anew", str(path)) from error
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        advice = "-l takes en, none or a .npz file" if set(kinds or ()) == {"language"} else _WANTED
        raise ModelError(f"cannot be opened ({error.strerror})", advice, str(path)) from error
    except Exception as error:  # zipfile, numpy and json raise many kinds on a damaged file
        raise _no_model(path) from error


def _part(meta: dict[str, Any], kinds: Collection[str] | None) -> str | None:
    """The kind of a file's model that is of one of `kinds`, if the file has several models."""
    if kinds is None or str(meta["kind"]) != HAND:
        return None
    return next((str(kind) for kind in meta["parts"] if kind in kinds), None)


def _no_model(path: Path) -> ModelError:
    """A ModelError for a file that is no model."""
    with suppress(OSError), path.open("rb") as file:
        known = formats.sniff(file.read(formats.HEAD))
        if known is not None:
            return ModelError("a picture, not a model", _WANTED, str(path))
    return ModelError("not a model file, or a damaged one", "train it anew", str(path))


def _meta(archive: npz.Archive) -> dict[str, Any]:
    """The metadata; ValueError where they are none of a model's."""
    meta = json.loads(str(archive["meta"]))
    if not _makes_sense(meta):
        raise ValueError("metadata of another shape")
    return dict(meta)


def _makes_sense(meta: Any) -> bool:
    """Whether the metadata of a model, and of each of its parts, are of the types that they have.

    A class is a text, and so is the alphabet; neither is long.
    """
    if not isinstance(meta, dict):
        return False
    usual = {"kind": "", "classes": [], "alphabet": "", "layers": [], "record": {}, "parts": {}}
    if not all(isinstance(meta.get(name, value), type(value)) for name, value in usual.items()):
        return False
    classes, alphabet = meta.get("classes", []), meta.get("alphabet", "")
    return (
        all(isinstance(name, str) for name in classes)
        and max(len(classes), len(alphabet)) <= MOST_CLASSES
        and all(_makes_sense(part) for part in meta.get("parts", {}).values())
    )


def _check(kind: str, version: Any, kinds: Collection[str] | None, path: Path) -> None:
    if version != FORMAT:
        raise ModelError(f"written in format {version!r}", f"this ocr reads {FORMAT}", str(path))
    if kinds is not None and kind not in kinds:
        wanted = " or ".join(sorted(kinds))
        raise ModelError(
            f"a model of kind {kind!r}", f"here one of kind {wanted} is needed", str(path)
        )
