"""Model files: .npz ↔ network, with kind, classes, training record, and checks before use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.errors import ModelError
from ocr_cli.modelfiles import kinds as registry
from ocr_cli.modelfiles.archive import (
    DEFAULT,
    EXTRAS,
    FORMAT,
    HAND,
    kind_of,
    kinds_in,
    model_path,
    read_archive,
    read_array,
    read_extras,
    read_meta,
    shipped_models,
    write_archive,
)
from ocr_cli.modelfiles.model import Model, for_use, size_features
from ocr_cli.nn import network
from ocr_cli.nn.context import Context
from ocr_cli.nn.layers import MaxPool2d
from ocr_cli.nn.network import Layers, Weights

__all__ = [
    "DEFAULT",
    "FORMAT",
    "HAND",
    "Model",
    "for_use",
    "kind_of",
    "kinds_in",
    "load_model",
    "load_network",
    "model_path",
    "read_archive",
    "read_array",
    "read_extras",
    "read_meta",
    "save_hand",
    "save_model",
    "shapes_of",
    "shipped_models",
    "size_features",
    "weights_of",
    "write_archive",
]

MOST_STEP = 64  # pixels that a layer looks at, or passes over, at once
_IN_CONTEXT = "context."  # before the names of its arrays in a file


def save_model(path: Path, model: Model, half: bool = False) -> None:
    """Writes the model as .npz, see `write_archive`; with weights in 16 bits if `half`.

    ModelError where they do not fit these.
    """
    write_archive(path, *_as_archive(model, half, path))


def save_hand(
    path: Path, models: Sequence[Model], extras: dict[str, NDArray[Any]], record: dict[str, Any]
) -> None:
    """Writes models that know one hand into one file, which serves as any of them; in 16 bits.

    `extras` is what else is known of the hand, by names that `read_extras` finds it under.
    """
    parts: dict[str, Any] = {}
    arrays = {f"{EXTRAS}{name}": value for name, value in extras.items()}
    for model in models:
        parts[model.kind], own = _as_archive(model, True, path)
        arrays |= {f"{model.kind}.{name}": value for name, value in own.items()}
    write_archive(path, {"format": FORMAT, "kind": HAND, "parts": parts, "record": record}, arrays)


def _as_archive(
    model: Model, half: bool, path: Path
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Metadata and arrays of a model; ModelError where 16 bits are too few for its weights."""
    meta = {
        "format": FORMAT,
        "kind": model.kind,
        "classes": list(model.classes),
        "layers": network.layer_table(model.layers),
        "record": model.record,
    }
    arrays = _named(model.weights)
    if model.context is not None:
        meta["context"] = network.layer_table(model.context.layers)
        arrays |= _named(model.context.weights, _IN_CONTEXT)
    largest = max(float(np.abs(v).max(initial=0)) for v in arrays.values())
    if half and not largest <= float(np.finfo(np.float16).max):
        raise ModelError("weights too large for 16 bits", "train with a smaller --lr", str(path))
    if half:
        arrays = {name: value.astype(np.float16) for name, value in arrays.items()}
    if model.size_terms is not None:
        arrays["size_terms"] = model.size_terms
    return meta, arrays


def _named(weights: Weights, before: str = "") -> dict[str, NDArray[Any]]:
    """The weights by the names that they have in a file."""
    return {
        f"{before}{i}.{name}": value
        for i, params in enumerate(weights)
        for name, value in params.items()
    }


def load_model(name: str | Path, in_context: bool = True) -> Model:
    """The classifier of that name or path, checked: kind, shapes, classes.

    With its context, if it has one, unless told not to, which is quicker. Raises ModelError
    where there is none, or it is damaged, holds pickles, or is of another kind.
    """
    return load_network(name, registry.with_goal(registry.CLASSIFY), in_context=in_context)


def load_network(
    name: str | Path,
    kinds: str | Collection[str],
    tried: Callable[[Model], NDArray[np.float32]] | None = None,
    extra_outputs: int | None = None,
    in_context: bool = True,
) -> Model:
    """The model of that name or path, of a kind, or one of several.

    ModelError where anything is amiss: it is put to use on something blank, or as `tried` does,
    and then gives a number for each class and `extra_outputs` more, or as many as its kind does.
    """
    path, wanted = model_path(str(name)), {kinds} if isinstance(kinds, str) else set(kinds)
    meta, arrays = read_archive(path, wanted, None if in_context else _IN_CONTEXT)
    try:
        classes = tuple(str(c) for c in meta["classes"])
        layers = network.from_description(meta["layers"])
        terms = _size_terms(arrays, len(classes))
        together = _context(arrays, meta.get("context") if in_context else None)
        weights = weights_of(layers, arrays)
        record = dict(meta["record"])
        model = Model(str(meta["kind"]), classes, layers, weights, record, terms, together)
        outputs = (tried or _tried)(model)
    except Exception as error:  # numpy, too, raises many kinds where shapes make no sense
        raise ModelError("the model's parts do not fit", "train it anew", str(path)) from error
    more = registry.KINDS[model.kind].outputs if extra_outputs is None else extra_outputs
    expected = len(classes) + more
    sound = outputs.shape[-1] == expected and np.isfinite(outputs).all()
    if not sound or len(set(classes)) != len(classes):
        raise ModelError("the model's weights or classes make no sense", "train it anew", str(path))
    return model


def _tried(model: Model) -> NDArray[np.float32]:
    """Run a model on an empty input."""
    kind = registry.KINDS[model.kind]
    blank = np.ones(kind.shape, np.float32)
    if kind.prepare is None:
        return network.forward(model.layers, model.weights, blank)
    outputs = model.logits(blank)
    if model.context is not None:
        size, writer = np.ones((1, 2), np.float32), np.zeros(1, np.int64)
        outputs = outputs + model.logits(blank, size, writer)
    return outputs


def _size_terms(arrays: dict[str, NDArray[Any]], classes: int) -> NDArray[np.float32] | None:
    """Take the size terms out of a file's arrays; ValueError where they are no sound (6, C)."""
    terms = arrays.pop("size_terms", None)
    if terms is None:
        return None
    if terms.shape != (6, classes) or not np.isfinite(terms).all():
        raise ValueError("the sizes' terms do not fit")
    return terms.astype(np.float32)


def _context(arrays: dict[str, NDArray[Any]], description: Any) -> Context | None:
    """Take the context out of a file's arrays; ValueError where it does not fit the model."""
    own = {
        name.removeprefix(_IN_CONTEXT): arrays.pop(name)
        for name in list(arrays)
        if name.startswith(_IN_CONTEXT)
    }
    if description is None:
        return None
    layers = network.from_description(description)
    return Context(layers, weights_of(layers, own))


def weights_of(layers: Layers, arrays: dict[str, NDArray[Any]]) -> Weights:
    """A file's arrays in their places; ValueError unless each has its layer's shape."""
    expected = _expected(layers, arrays)
    names = {f"{i}.{name}" for i, params in enumerate(expected) for name in params}
    if names != set(arrays):
        raise ValueError("arrays do not match the layers")
    weights = []
    for i, params in enumerate(expected):
        found = {name: arrays[f"{i}.{name}"] for name in params}
        if any(found[name].shape != shape for name, shape in params.items()):
            raise ValueError(f"shapes of layer {i} do not match")
        weights.append({name: value.astype(np.float32) for name, value in found.items()})
    return tuple(weights)


def _expected(layers: Layers, arrays: dict[str, NDArray[Any]]) -> list[dict[str, tuple[int, ...]]]:
    """The shapes of the arrays that each layer needs; ValueError where its sizes make no sense.

    A size is at most the numbers that there are, so that none makes room for more than these.
    """
    numbers = sum(array.size for array in arrays.values())
    for layer in layers:
        sides = ("height", "width") if isinstance(layer, MaxPool2d) else ()
        for name, size in asdict(layer).items():
            most = MOST_STEP if name in ("size", "stride", *sides) else numbers
            if isinstance(size, int) and not 0 <= size <= most:
                raise ValueError(f"{name} {size} of a layer")
    return shapes_of(layers)


def shapes_of(layers: Layers) -> list[dict[str, tuple[int, ...]]]:
    """The shapes of each layer's arrays, by name; without room being made for them."""
    try:
        fresh = network.init(layers, _OnlyShapes())  # type: ignore[arg-type]
    except AttributeError:  # a layer that draws in another way
        fresh = network.init(layers, np.random.default_rng(0))
    return [{name: value.shape for name, value in params.items()} for params in fresh]


class _OnlyShapes:
    """A stand-in for a generator: what it draws has a shape, and takes no memory."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def uniform(self, _low: float, _high: float, shape: tuple[int, ...]) -> _OnlyShapes:
        return _OnlyShapes(*shape)

    def standard_normal(self, shape: tuple[int, ...], *_: Any) -> _OnlyShapes:
        return _OnlyShapes(*shape)

    def astype(self, *_: Any) -> _OnlyShapes:
        return self

    def __mul__(self, _by: object) -> _OnlyShapes:
        return self
