"""Columns of a language for the characters of a reader, and what stands for those it lacks."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.charset import ALIKE

LACKING = -7.0  # log-probability of a character that the language does not know, after any other


@dataclass(frozen=True)
class CharacterColumns:
    """A reader's C characters in the alphabet of a language.

    Attributes
    ----------
    column : (C,) int64, the place in the alphabet of each character, or of what stands for it.
    lacking : (C,) whether the alphabet lacks it.
    """

    column: NDArray[np.int64] = field(repr=False)
    lacking: NDArray[np.bool_] = field(repr=False)

    def of(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(..., A) log-probabilities of the alphabet to (..., C) of the reader's characters."""
        taken = rows[..., self.column]
        if self.lacking.any():
            taken[..., self.lacking] = LACKING
        return taken


def columns(alphabet: str, characters: Sequence[str]) -> CharacterColumns:
    """Find each character in the alphabet; for é, where it has none, the e stands.

    >>> columns("aeß", "éeß").column.tolist()
    [1, 1, 2]
    """
    place = {char: i for i, char in enumerate(alphabet)}
    found = [place[char] if char in place else _stand_in(char, place) for char in characters]
    lacking = [char not in place for char in characters]
    return CharacterColumns(np.array(found, np.int64), np.array(lacking, bool))


def _stand_in(char: str, place: dict[str, int]) -> int:
    """The place of a character's bare letter, of one like it, or of a space."""
    for known in (*unicodedata.normalize("NFKD", char)[:1], ALIKE.get(char, ""), " "):
        if known in place:
            return place[known]
    return 0
