"""The homework's own way from a picture to text, in scikit-image: what ours is compared with.

Denoise, threshold, close, label; boxes to rows; crops padded, resized, classified ("Neural
networks for recognition", CMU 16-720). It is for clean sheets of dark capitals that stand apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr_cli.modelfiles.weights import Model
from ocr_cli.page import Box, Glyph, Page, Row, Word, union

BLUR = 1.0  # pixels
GAP = 2  # radius in pixels up to which broken strokes are closed
ROOM = 0.12  # of a letter's longer side, on each side of its crop,
PEN = 0.035  # and by how much its strokes are thickened, as those of the training set are


def find_letters(page: Page) -> Page:
    """The page with its dark components as letters, in words and rows; specks are left out."""
    from skimage.filters import gaussian, threshold_otsu
    from skimage.measure import label, regionprops
    from skimage.morphology import closing, disk

    smooth = gaussian(page.grey, BLUR)
    dark = closing(smooth < threshold_otsu(smooth), disk(GAP))
    regions = regionprops(label(dark, connectivity=2))
    least = np.mean([region.area for region in regions]) / 2 if regions else 0
    letters = [Glyph(Box(*region.bbox), region.image) for region in regions if region.area > least]
    rows = tuple(_row(glyphs) for glyphs in in_rows(letters))
    return replace(page, ink=dark, letters=tuple(letters), rows=rows)


def in_rows(letters: Sequence[Glyph]) -> list[list[Glyph]]:
    """Letters from the top down; where a middle lies below a row's usual foot, the next begins."""
    rows: list[list[Glyph]] = []
    for letter in sorted(letters, key=lambda glyph: glyph.box.y1 + glyph.box.y2):
        middle = (letter.box.y1 + letter.box.y2) / 2
        if not rows or middle > np.mean([glyph.box.y2 for glyph in rows[-1]]):
            rows.append([])
        rows[-1].append(letter)
    return [sorted(row, key=lambda glyph: glyph.box.x1) for row in rows]


def _row(glyphs: Sequence[Glyph]) -> Row:
    """A row whose words end where a gap is wider than the usual letter."""
    wide = float(np.mean([glyph.box.width for glyph in glyphs]))
    foot = float(np.mean([glyph.box.y2 for glyph in glyphs]))
    words: list[list[Glyph]] = []
    for glyph in glyphs:
        if not words or glyph.box.x1 - words[-1][-1].box.x2 > wide:
            words.append([])
        words[-1].append(glyph)
    parts = tuple(Word(union([g.box for g in word]), tuple(word)) for word in words)
    return Row(union([word.box for word in parts]), parts, baseline=foot, x_height=wide)


def crops(letters: Sequence[Glyph]) -> NDArray[np.float32]:
    """(N, 32, 32) pictures of letters, 0 ink to 1 paper: padded to a square and resized."""
    from skimage.morphology import dilation, disk
    from skimage.transform import resize

    pictures = np.ones((len(letters), 32, 32), np.float32)
    for picture, letter in zip(pictures, letters, strict=True):
        height, width = letter.ink.shape
        side = round((1 + 2 * ROOM) * max(height, width))
        above, before = (side - height) // 2, (side - width) // 2
        around = (above, side - height - above), (before, side - width - before)
        thick = dilation(np.pad(letter.ink, around), disk(round(PEN * side)))
        picture[:] = resize(1.0 - thick, (32, 32), anti_aliasing=True)
    return pictures


def read_page(page: Page, model: Model) -> Page:
    """The page with its letters found and read one by one; nothing helps to decide between them."""
    page = find_letters(page)
    return replace(page, rows=tuple(_read(row, model) for row in page.rows))


def _read(row: Row, model: Model) -> Row:
    words = []
    for word in row.words:
        likely = model.probabilities(crops(word.glyphs))
        named = zip(word.glyphs, likely.argmax(1), likely.max(1), strict=True)
        glyphs = [replace(g, text=model.classes[k], confidence=float(p)) for g, k, p in named]
        text, sure = "".join(glyph.text for glyph in glyphs), float(likely.max(1).mean())
        words.append(replace(word, glyphs=tuple(glyphs), text=text, confidence=sure))
    text, sure = " ".join(w.text for w in words), float(np.mean([w.confidence for w in words]))
    return replace(row, words=tuple(words), text=text, confidence=sure)
