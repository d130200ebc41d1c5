"""Weighted sources for a line model, side by side: a path, and how much it counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ocr_cli.errors import UsageError


@dataclass(frozen=True)
class LineData:
    """Data for a line model; of each batch it gives its weight over the sum of all weights."""

    path: Path
    weight: float = 1.0

    @classmethod
    def parse(cls, text: str) -> LineData:
        """PATH, or PATH=WEIGHT; what exists under the whole name is a path, = or not.

        ValueError where the weight is no number above 0.

        >>> LineData.parse("pages=0.5").weight
        0.5
        """
        path, sign, number = text.rpartition("=")
        if not sign or not path or Path(text).exists():
            return cls(Path(text))
        try:
            weight = float(number)
        except ValueError:
            if not Path(path).exists():
                return cls(Path(text))  # there is none of that name either, which is told later
            weight = math.nan
        if not 0 < weight < math.inf:
            raise ValueError(f"{number or 'nothing'} is no weight; it is to be above 0")
        return cls(Path(path), weight)


def only_path(given: Sequence[LineData], purpose: str) -> Path | None:
    """The one path of what was given, None of nothing; UsageError where there is a mix."""
    if len(given) > 1 or any(one.weight != 1 for one in given):
        raise UsageError(f"{purpose} learns from one --data", "only --kind line mixes several")
    return given[0].path if given else None
