"""Whether the pictures of a character set stand upright: a shipped model is asked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data.sets import CharacterSet
from ocr_cli.errors import InputError

SAMPLE = 10  # pictures of each class that tell how they lie
FEWEST = 20  # and in all, below which nothing is said; nor is it
FEWEST_CLASSES = 5  # where they are of fewer classes: an L on its head is a 7
JUDGE = "mlp"  # the shipped model that is asked, a quick one
SURE, BETTER = 0.5, 0.3  # accuracy of a shipped model the other way round, and how far ahead
BLANK = 0.05  # between a picture's lightest and its darkest pixel there is more, or it is blank

Pixels = NDArray[np.float32]

# How pictures may lie, and what sets them upright: of (N, 32, 32).
LIES: dict[str, Callable[[Pixels], Pixels]] = {
    "transposed": lambda x: x.transpose(0, 2, 1),
    "turned by 90 degrees": lambda x: np.rot90(x, 1, (1, 2)),
    "turned by 180 degrees": lambda x: np.rot90(x, 2, (1, 2)),
    "turned by 270 degrees": lambda x: np.rot90(x, 3, (1, 2)),
    "mirrored": lambda x: x[:, :, ::-1],
    "flipped upside down": lambda x: x[:, ::-1],
}


def check_pictures(data: CharacterSet, source: str, way_out: str = "") -> None:
    """InputError where the pictures are blank, or do not stand upright.

    way_out : how to set upright those that lie transposed.
    """
    if not len(data):
        return
    contrast = data.images.max((1, 2)) - data.images.min((1, 2))
    blank = int((contrast < BLANK).sum())
    if blank > len(data) / 2:
        told = f"{blank:,} of its {len(data):,} pictures are blank"
        raise InputError(told, "is it another set?", source)
    accuracies = _accuracies(data)
    if not accuracies:
        return
    stored = accuracies.pop("")
    best = max(accuracies, key=lambda lie: accuracies[lie])
    if accuracies[best] > SURE and accuracies[best] > stored + BETTER:
        row_order = best == "transposed" and way_out
        told = "its pictures lie in row order" if row_order else "its pictures are not upright"
        raise InputError(
            f"{told}: a shipped model reads {stored:.0%} as they are "
            f"and {accuracies[best]:.0%} {best}",
            way_out if row_order else "set them upright first",
            source,
        )


def _accuracies(data: CharacterSet) -> dict[str, float]:
    """Accuracies of a shipped model on some of the pictures, by how they are turned; "": as stored.

    Nothing where there is no such model, or it knows too few of them.
    """
    from ocr_cli.modelfiles import weights

    if JUDGE not in weights.shipped_models():
        return {}
    model = weights.load_model(JUDGE)
    place = np.array([model.classes.index(c) if c in model.classes else -1 for c in data.classes])
    chosen = [
        one
        for label in np.flatnonzero(place >= 0)
        for one in np.flatnonzero(data.labels == label)[:SAMPLE].tolist()
    ]
    if len(chosen) < FEWEST or (place >= 0).sum() < FEWEST_CLASSES:
        return {}
    some = data.take(np.array(chosen))
    known = place[place >= 0]
    right = place[some.labels]

    def accuracy(images: Pixels) -> float:
        logits = model.logits(np.ascontiguousarray(images))[:, known]
        return float((known[logits.argmax(1)] == right).mean())

    turned = {lie: accuracy(upright(some.images)) for lie, upright in LIES.items()}
    return {"": accuracy(some.images), **turned}
