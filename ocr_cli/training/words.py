"""Letters cut out of words: what they look like where hands join them and the page is cut up.

Characters that were collected one by one are drawn with care and touch nothing. The same hands
write otherwise in words, so these are drawn as a page shows them, taken apart as a page is, and
laid against their text by a model that knows letters already; what fits is learnt from, and so
are the wrong groupings beside it (Y. LeCun et al., Gradient-based learning applied to document
recognition, Proc. IEEE 1998, V-VI).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr_cli import layout
from ocr_cli.data.charset import NON_LETTER
from ocr_cli.data.formats import ink
from ocr_cli.data.formats.ink import Ink
from ocr_cli.data.sources import CutLetters
from ocr_cli.data.synthesis import render
from ocr_cli.data.synthesis.stock import is_clean, x_heights
from ocr_cli.layout.ink import stroke_width
from ocr_cli.layout.raster import label
from ocr_cli.modelfiles.weights import Model
from ocr_cli.page import Page
from ocr_cli.training.adaptation import letters as hand_letters
from ocr_cli.training.adaptation.copies import Copy

X_HEIGHT = (22.0, 42.0)  # pixels of the pages that words are drawn on
PEN = (0.1, 0.27)  # x-heights that the pen is wide
LONGEST = 60  # characters of a line
MARGIN = 20  # pixels of paper around the ink
MOST_PIXELS = 2_000_000  # of a drawn word; larger ones have a stray stroke
OTHERS = 1.5  # wrong groupings that are kept for each letter, those most like letters first


def cut_letters(
    folder: Path,
    split: str,
    most: dict[str, int],
    model: Model,
    rng: np.random.Generator,
    on_item: Callable[[], None] | None = None,
) -> CutLetters:
    """Letters of a folder's words.npz and lines.npz, at `most` so many items of each.

    model : knows letters, and what is none. `on_item` is called for each word or line.
    InputError where an archive is not what it should be.
    """
    pools = []
    for name, count in most.items():
        items = _drawn(ink.load(folder / f"{name}.npz", split), name == "words", count, rng)
        scales = 1 / x_heights(items)
        for i, scale in enumerate(scales):
            pools.append(_letters_of(items, i, float(scale), model, rng))
            if on_item is not None:
                on_item()
    return CutLetters.joined([pool for pool in pools if pool is not None])


def _drawn(items: Ink, are_words: bool, count: int, rng: np.random.Generator) -> Ink:
    """Draw some of the clean items; a writer's share is the root of how much they wrote."""
    texts = [str(label) for label in items.labels]
    clean = [is_clean(text, are_words) and len(text) <= LONGEST for text in texts]
    items = items.take(np.flatnonzero(clean))
    weight = np.bincount(items.writer)[items.writer] ** -0.5
    chosen = rng.choice(len(items), min(count, len(items)), replace=False, p=weight / weight.sum())
    return items.take(chosen)


def _letters_of(
    items: Ink, number: int, scale: float, model: Model, rng: np.random.Generator
) -> CutLetters | None:
    """The letters of an item to learn from; `scale` makes its x-height 1."""
    size = rng.uniform(*X_HEIGHT)
    pen = size * rng.uniform(*PEN)
    mask = render.written(items.strokes(number), scale * size, pen, MARGIN, MOST_PIXELS)
    if mask is None:
        return None
    text = str(items.labels[number])
    found, _ = hand_letters.letter_lines([Copy(page_of_mask(mask), text)], model)
    if len(found) != 1:
        return None
    line = found[0]
    others = line.others
    if len(others):
        odds = model.probabilities(others)[:, model.classes.index(NON_LETTER)]
        most = int(OTHERS * len(line.labels)) + 2
        others = others[np.argsort(odds + rng.normal(0, 0.2, len(odds)))[:most]]
    return CutLetters(_bytes(line.images), line.labels, _bytes(others))


def page_of_mask(mask: NDArray[np.bool_]) -> Page:
    """A page with nothing but this ink on it, its letters and rows found."""
    grey = np.where(mask, np.float32(0), np.float32(1))
    page = Page(grey, file_shape=mask.shape)
    page = replace(page, ink=mask, stroke_width=stroke_width(label(mask)))
    return layout.find_rows(layout.find_letters(page))


def _bytes(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(255 * images).astype(np.uint8)
