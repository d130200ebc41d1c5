"""Two line networks on one page: the second has a say where it reads about as surely.

The second knows pen strokes alone. On plain writing it is the better one, on old letters and
poor photos it is lost; how legible a page is to each of them tells which of these it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.modelfiles.weights import Model
from ocr_cli.recognition.lines import RowEmissions, legibility, sorted_scores

Array = NDArray[Any]
BEHIND = 0.035  # less legible than to the first, at most, and the second network has a say
SHARE = 0.65  # of the second network then
SAMPLE = 6  # rows by which a page is judged
ENOUGH = 1500  # pixels of strips in all, below which there is too little to judge by
_NEVER = 1e-7  # probability of what the second network does not know


def fused(emissions: Sequence[RowEmissions], model: Model, second: Model) -> list[RowEmissions]:
    """The emissions with the second network's, where it has a say."""
    if sum(one.strip.image.shape[1] for one in emissions) < ENOUGH:
        return list(emissions)
    some = sorted({int(i) for i in np.linspace(0, len(emissions) - 1, SAMPLE)})
    known = dict(zip(some, _scores([emissions[i] for i in some], second), strict=True))
    gains = [legibility(known[i]) - legibility(emissions[i].scores) for i in some]
    if np.mean(gains) < -BEHIND:
        return list(emissions)
    rest = [i for i in range(len(emissions)) if i not in known]
    known |= dict(zip(rest, _scores([emissions[i] for i in rest], second), strict=True))
    places = [*(model.classes.index(c) for c in second.classes), len(model.classes)]
    return [
        replace(one, scores=mixed(one.scores, known[i], places), mixed=True)
        for i, one in enumerate(emissions)
    ]


def _scores(emissions: Sequence[RowEmissions], model: Model) -> list[NDArray[np.float32]]:
    return sorted_scores([one.strip.image for one in emissions], model)


def mixed(
    first: NDArray[np.float32], second: NDArray[np.float32], places: Sequence[int]
) -> NDArray[np.float32]:
    """(T, C + 1) log-probabilities of both; column k of the second is column places[k] here."""
    other = np.full_like(first, _NEVER)
    other[:, places] = np.exp(second)
    shares = (1 - SHARE) * np.exp(first) + SHARE * other
    return np.asarray(np.log(shares / shares.sum(1, keepdims=True)), np.float32)
