"""Tells rows of ink from the far paler ones that show through from the back of the sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.chains import Chain
from ocr_cli.layout.quantiles import percentile
from ocr_cli.layout.raster import over_cells, running_max

Array = NDArray[Any]
Grey = NDArray[np.float32]
_CELL = 4  # pixels to a cell of the map
_LIGHT = 9  # cells in which the paper's light is looked for
_PALE = 0.3  # of the contrast of the page's rows: a row that has less is none
_DARK = 0.85  # share of the page's writing that is paler than its darkest
_PALE_BESIDE = 0.25  # of the contrast of the darkest: a row that has less is none, however many are
_PALE_PART = 0.33  # of a row's own contrast: an end that has less is not of it
_WINDOW = 8.0  # spreads to each side that an end is judged by, wider than a gap between words
_LARGE, _WEAK = 2.2, 0.72  # times the usual spread, and strength, of a row that is a texture's
_SHORT = 2.0  # spreads: what is left of a row is none


def cell_contrast(grey: Grey) -> Grey:
    """(h, w) the range of grey in cells of 4 x 4 pixels, as a share of the paper's light."""
    mean = over_cells(np.add, grey, _CELL) / np.float32(_CELL**2)
    light = running_max(mean, _LIGHT)
    darkest, lightest = (over_cells(pick, grey, _CELL) for pick in (np.minimum, np.maximum))
    return np.asarray((lightest - darkest) / (light + np.float32(0.05)), np.float32)


def without_faint(chains: Sequence[Chain], contrast: Grey) -> list[Chain]:
    """The rows without faint ones and a table's grain, and each without its faint ends."""
    trimmed = [_trimmed(chain, contrast) for chain in chains]
    rows = [chain for chain in trimmed if chain.length >= _SHORT * chain.spread]
    if len(rows) < 2:
        return rows
    inks = np.array([percentile(ink_along(chain, contrast), 80) for chain in rows])
    order = np.argsort(inks)
    share = np.cumsum([rows[k].length for k in order])
    usual, dark = inks[order][np.searchsorted(share, np.array([0.5, _DARK]) * share[-1])]
    least = max(_PALE * usual, _PALE_BESIDE * dark)
    size = float(np.median([row.spread for row in rows]))
    return [
        row
        for row, ink in zip(rows, inks, strict=True)
        if ink >= least and not (row.spread > _LARGE * size and row.strength < _WEAK)
    ]


def ink_along(chain: Chain, contrast: Grey) -> Array:
    """(n,) the strongest contrast at each of a row's columns, within a spread of its middle."""
    height, width = contrast.shape
    reach = max(1, round(chain.spread))
    rows = chain.y.astype(int)[:, None] + np.arange(-reach, reach + 1)
    columns = np.clip(chain.x.astype(int), 0, width - 1)[:, None]
    return np.asarray(contrast[np.clip(rows, 0, height - 1), columns].max(1))


def _trimmed(chain: Chain, contrast: Grey) -> Chain:
    """The row from where its ink begins to where it ends."""
    ink = ink_along(chain, contrast)
    reach = max(2, round(_WINDOW * chain.spread))
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(ink, reach, mode="symmetric"), 2 * reach + 1
    )
    rank = int(0.8 * 2 * reach)
    around = np.partition(windows, rank, axis=1)[:, rank]
    strong = np.flatnonzero(around >= _PALE_PART * percentile(ink, 90))
    if not len(strong) or len(strong) == len(ink):
        return chain
    part = slice(strong[0], strong[-1] + 1)
    return replace(chain, x=chain.x[part], y=chain.y[part])
