"""Dark panels beside light paper: what is written on them in light strokes is turned dark too."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.raster import label, over_cells

Array = NDArray[Any]
Grey = NDArray[np.float32]
CELLS = 90  # along the longer side of a page, about, in which panels are looked for
DARK = 0.45  # of the light of most of the page, at most, is a panel's
LARGE = 0.06, 0.6  # share of the page that it takes
FILLED = 0.85  # of its box is panel
LIGHTER = 0.18  # lighter than it are strokes on it,
STROKES = 0.004, 0.25  # share of it that these are
EDGE = 1  # cells at its border that are not looked at


def with_dark_strokes(grey: Grey) -> Grey:
    """The page with its dark panels inverted, where light strokes are on them; else itself."""
    step = max(2, max(grey.shape) // CELLS)
    if min(grey.shape) < 8 * step:
        return grey
    low = over_cells(np.minimum, grey, step)
    level = float(np.percentile(over_cells(np.maximum, grey, step), 75))
    dark = label(low < DARK * level)
    out = grey
    for p, (y1, x1, y2, x2) in enumerate(dark.boxes.tolist()):
        cells = (y2 - y1) * (x2 - x1)
        share = cells / low.size
        if not LARGE[0] <= share <= LARGE[1] or dark.area[p] < FILLED * cells:
            continue
        inner = grey[
            (y1 + EDGE) * step : (y2 - EDGE) * step, (x1 + EDGE) * step : (x2 - EDGE) * step
        ]
        if not inner.size:
            continue
        usual = float(np.median(inner))
        strokes = float((inner > usual + LIGHTER).mean())
        if usual < DARK * level and STROKES[0] <= strokes <= STROKES[1]:
            out = out.copy() if out is grey else out
            box = slice(y1 * step, y2 * step), slice(x1 * step, x2 * step)
            out[box] = np.clip(level - (grey[box] - usual), 0, level)
    return out
