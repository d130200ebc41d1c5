"""Character sets as the training and the evaluation see them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import NIST36


@dataclass(frozen=True)
class CharacterSet:
    """Pictures of single characters.

    Attributes
    ----------
    images : (N, 32, 32) float32, 0 ink to 1 paper, upright.
    labels : (N,) int64, indices into `classes`.
    classes : the characters, in the order of a network's outputs.
    sizes : (N, 2) float32 heights and widths, where the writer's usual letter is 1; None where
        they are not known.
    writers : (N,) int64 numbers of those who wrote them; None where they are not known.
    notes : what a user should know of how the data was taken.
    left_out : files that are no part of the set as they could not be read, and why.
    """

    images: NDArray[np.float32] = field(repr=False, compare=False)
    labels: NDArray[np.int64] = field(repr=False, compare=False)
    classes: tuple[str, ...] = NIST36
    sizes: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    writers: NDArray[np.int64] | None = field(default=None, repr=False, compare=False)
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, items: NDArray[np.int64]) -> CharacterSet:
        """The chosen items, in the order given."""
        known = {
            name: value[items]
            for name in ("images", "labels", "sizes", "writers")
            if (value := getattr(self, name)) is not None
        }
        return replace(self, **known)
