"""The kinds of models: one registry, asked by all who load, train, score or read with one.

A new kind is a file of its own that calls `register`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Crops = NDArray[np.float32]
    Prepare = Callable[[Crops], Crops]

CROPS = (1, 32, 32)  # one of what a letter model reads
PIXELS = 1024  # of it


@dataclass(frozen=True)
class Kind:
    """A kind of models: how it is prepared, trained, checked, and used in reading.

    Attributes
    ----------
    name : what files and `ocr train --kind` call it.
    role : what it does where a page is read: finds its "rows", reads these as "lines", or reads
        "letters"; "language" judges what is likely; "" takes no part.
    prepare : makes a network's input of upright crops (N, 32, 32), 0 ink to 1 paper; None where
        it does not look at crops.
    shape : of an input for it to be tried on, before `prepare`, when it is loaded.
    outputs : how many numbers it gives beside one for each class.
    goal : what it is trained for, a key of `training.characters.GOALS`; "": not on pictures.
    presets : settings to train it with, by name, see `training.recipes.Preset`; that of its own
        name is the usual one. The shipped kinds' are in `training.recipes`.
    from_strokes : whether it is learnt from pen strokes, where the user names no data.
    attached : whether it is no network of its own, but what a classifier has beside its own.
    """

    name: str
    role: str = ""
    prepare: Prepare | None = None
    shape: tuple[int, ...] = CROPS
    outputs: int = 0
    goal: str = ""
    presets: Mapping[str, Any] = field(default_factory=dict)
    from_strokes: bool = False
    attached: bool = False

    @property
    def classifies(self) -> bool:
        """Whether it tells classes of pictures apart with a network of its own."""
        return self.goal == CLASSIFY and not self.attached


CLASSIFY, RECONSTRUCT = "classify", "reconstruct"


def as_columns(crops: Crops) -> Crops:
    """(N, 32, 32) upright to (N, 1024) in column order, as NIST36 files hold them."""
    return crops.transpose(0, 2, 1).reshape(len(crops), PIXELS)


def as_pictures(crops: Crops) -> Crops:
    """(N, 32, 32) to (N, 32, 32, 1)."""
    return crops[..., None]


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("mlp", "letters", as_columns, goal=CLASSIFY),
        Kind("convnet", "letters", as_pictures, goal=CLASSIFY, from_strokes=True),
        Kind("context", goal=CLASSIFY, from_strokes=True, attached=True),
        Kind("autoencoder", "", as_columns, outputs=PIXELS, goal=RECONSTRUCT),
        Kind("line", "lines", shape=(1, 48, 8, 1), outputs=1),  # CTC's blank
        Kind("language", "language"),
        Kind("rows", "rows", shape=(1, 16, 16, 1), outputs=24),
    )
}


def register(kind: Kind) -> None:
    """Make a kind known; ValueError where there is another one of its name."""
    if KINDS.setdefault(kind.name, kind) != kind:
        raise ValueError(f"there is a kind {kind.name!r} already")


def of_role(role: str) -> frozenset[str]:
    """The names of the kinds that have a role in reading."""
    return frozenset(kind.name for kind in KINDS.values() if kind.role == role)


def with_goal(goal: str) -> frozenset[str]:
    """The names of the kinds of networks that are trained for a goal."""
    found = (kind for kind in KINDS.values() if kind.goal == goal and not kind.attached)
    return frozenset(kind.name for kind in found)
