"""Model files: .npz ↔ network, with kind, classes, training record, and checks before use."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.errors import ModelError
from ocr_cli.nn import network
from ocr_cli.nn.losses import softmax
from ocr_cli.nn.network import Layers, Weights

FORMAT = 1
DEFAULT = "letters"  # the reader that `ocr read` takes when it is not told
_CHUNK = 32  # crops to one pass: the columns of a layer then stay in the cache


def _as_columns(crops: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 32, 32) upright to (N, 1024) in column order, as NIST36 files hold them."""
    return np.ascontiguousarray(crops.transpose(0, 2, 1)).reshape(len(crops), 1024)


def _as_picture(crops: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 32, 32) to (N, 32, 32, 1)."""
    return crops[..., None]


AUTOENCODER = "autoencoder"  # the kind without classes: a picture in, a picture out

# A kind says how upright crops (N, 32, 32), 0 ink to 1 paper, become the network's input.
KINDS: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    "mlp": _as_columns,
    "convnet": _as_picture,
    AUTOENCODER: _as_columns,
}
CLASSIFIERS = frozenset(KINDS) - {AUTOENCODER}


@dataclass(frozen=True)
class Model:
    """A trained network and what it says of itself.

    Attributes
    ----------
    kind : one of KINDS.
    classes : the characters, in the order of the network's outputs; none of an autoencoder,
        which gives the 1024 pixels of a picture, in column order.
    layers, weights : the network, see `nn.network`.
    record : how it was trained: command, seed, data, scores, seconds.
    size_terms : (6, C) what a letter's size says of its class, see `logits`, or None.
    """

    kind: str
    classes: tuple[str, ...]
    layers: Layers = field(repr=False)
    weights: Weights = field(repr=False, compare=False)
    record: dict[str, Any] = field(default_factory=dict, compare=False)
    size_terms: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)

    def logits(
        self, crops: NDArray[np.float32], sizes: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """(N, 32, 32) crops, upright, 0 ink to 1 paper, to (N, C) logits.

        With `sizes`, (N, 2) heights and widths where the writer's usual letter is 1, a model
        that knows sizes tells c from C by them. Of an autoencoder (N, 1024), see
        `autoencoder.reconstruct`.
        """
        x = KINDS[self.kind](crops.astype(np.float32, copy=False))
        out = np.empty((len(x), len(self.classes) or 1024), np.float32)
        for start in range(0, len(x), _CHUNK):
            part = slice(start, start + _CHUNK)
            out[part] = network.forward(self.layers, self.weights, x[part])
        if sizes is not None and self.size_terms is not None:
            out += size_features(sizes) @ self.size_terms
        return out

    def probabilities(self, crops: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, 32, 32) crops, upright, 0 ink to 1 paper, to (N, C) probabilities."""
        return softmax(self.logits(crops))


def size_features(sizes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 2) heights and widths, 1 that of a usual letter, to (N, 6) numbers.

    1, h, w, h², w² and hw of their logarithms: with a weight each for a class, they make what
    a Gaussian of its sizes would add to its log-probability.
    """
    h, w = np.log(sizes + np.float32(0.03)).T
    return np.stack([np.ones_like(h), h, w, h * h, w * w, h * w], 1)


def for_use(model: Model) -> Model:
    """The same model with what only training needs folded away."""
    layers, weights = network.fuse(model.layers, model.weights)
    return replace(model, layers=layers, weights=weights)


def save_model(path: Path, model: Model, half: bool = False) -> None:
    """Writes the model as .npz, see `write_archive`; with weights in 16 bits if `half`.

    ModelError where they do not fit these.
    """
    meta = {
        "format": FORMAT,
        "kind": model.kind,
        "classes": list(model.classes),
        "layers": network.describe(model.layers),
        "record": model.record,
    }
    largest = max(float(np.abs(v).max(initial=0)) for p in model.weights for v in p.values())
    if half and not largest <= float(np.finfo(np.float16).max):
        raise ModelError("weights too large for 16 bits", "train with a smaller --lr", str(path))
    arrays = {
        f"{i}.{name}": value.astype(np.float16) if half else value
        for i, params in enumerate(model.weights)
        for name, value in params.items()
    }
    if model.size_terms is not None:
        arrays["size_terms"] = model.size_terms
    write_archive(path, meta, arrays)


def write_archive(path: Path, meta: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """Writes metadata and arrays beside `path`, then renames: no reader sees half a file."""
    buffer = io.BytesIO()
    content: dict[str, Any] = {"meta": np.array(json.dumps(meta)), **arrays}
    np.savez_compressed(buffer, **content)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(buffer.getvalue())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def shipped_models() -> dict[str, Path]:
    """Name → file of every model that came with the program."""
    here = Path(__file__).resolve().parent
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
        raise ModelError("no such model", f"give a .npz file or one of: {names}", name)
    return path


def read_archive(
    path: Path, kinds: set[str] | None
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The metadata and arrays of a model file of one of `kinds` (None: of any).

    ModelError where it is not one.
    """
    with _opened(path, kinds) as (archive, meta):
        return meta, {name: archive[name] for name in archive.files if name != "meta"}


def read_meta(path: Path) -> dict[str, Any]:
    """The metadata alone, which is quick; ModelError where it is no model file."""
    with _opened(path, None) as (_, meta):
        return meta


@contextmanager
def _opened(path: Path, kinds: set[str] | None) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The archive, whose members are read when asked for, and its metadata, checked."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            meta = json.loads(str(archive["meta"]))
            _check(str(meta["kind"]), meta["format"], kinds, path)
            yield archive, meta
    except ModelError:
        raise
    except Exception as error:  # zipfile, numpy and json raise many kinds on a damaged file
        raise ModelError(
            "not a model file, or a damaged one", "train it anew", str(path)
        ) from error


def _check(kind: str, version: Any, kinds: set[str] | None, path: Path) -> None:
    if version != FORMAT:
        raise ModelError(f"written in format {version!r}", f"this ocr reads {FORMAT}", str(path))
    if kinds is not None and kind not in kinds:
        wanted = " or ".join(sorted(kinds))
        raise ModelError(
            f"a model of kind {kind!r}", f"here one of kind {wanted} is needed", str(path)
        )


def kind_of(path: Path) -> str:
    """What kind of model a file says that it is; ModelError where it is no model file."""
    return str(read_meta(path)["kind"])


def load_model(name: str | Path) -> Model:
    """The classifier of that name or path, checked: kind, shapes, classes.

    Raises ModelError where there is none, or it is damaged, holds pickles, or is of
    another kind.
    """
    blank = np.ones((1, 32, 32), np.float32)
    return load_network(name, set(CLASSIFIERS), lambda model: model.logits(blank))


def load_network(
    name: str | Path,
    kinds: set[str],
    tried: Callable[[Model], NDArray[np.float32]],
    beside: int = 0,
) -> Model:
    """The model of that name or path, of one of `kinds`; ModelError where anything is amiss.

    `tried` puts it to use on something blank: (N, outputs) numbers, one for each class and
    `beside` others. It may raise ValueError where the model's parts do not fit.
    """
    path = model_path(str(name))
    meta, arrays = read_archive(path, kinds)
    try:
        classes = tuple(str(c) for c in meta["classes"])
        layers = network.from_description(meta["layers"])
        terms = _size_terms(arrays, len(classes))
        weights = weights_of(layers, arrays)
        model = Model(str(meta["kind"]), classes, layers, weights, dict(meta["record"]), terms)
        outputs = tried(model)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError("the model's parts do not fit", "train it anew", str(path)) from error
    sound = outputs.shape[-1] == len(classes) + beside and np.isfinite(outputs).all()
    if not sound or len(set(classes)) != len(classes):
        raise ModelError("the model's weights or classes make no sense", "train it anew", str(path))
    return model


def _size_terms(arrays: dict[str, NDArray[Any]], classes: int) -> NDArray[np.float32] | None:
    """Takes them from a file's arrays; ValueError where they are no sound (6, C)."""
    terms = arrays.pop("size_terms", None)
    if terms is None:
        return None
    if terms.shape != (6, classes) or not np.isfinite(terms).all():
        raise ValueError("the sizes' terms do not fit")
    return terms.astype(np.float32)


def weights_of(layers: Layers, arrays: dict[str, NDArray[Any]]) -> Weights:
    """A file's arrays in their places; ValueError unless each has its layer's shape."""
    expected = network.init(layers, np.random.default_rng(0))
    names = {f"{i}.{name}" for i, params in enumerate(expected) for name in params}
    if names != set(arrays):
        raise ValueError("arrays do not match the layers")
    weights = []
    for i, params in enumerate(expected):
        found = {name: arrays[f"{i}.{name}"].astype(np.float32) for name in params}
        if any(found[name].shape != value.shape for name, value in params.items()):
            raise ValueError(f"shapes of layer {i} do not match")
        weights.append(found)
    return tuple(weights)
