"""The constants of recognition/calibration.py, fitted to the shipped models, and their worth.

Reads SETS, or those that are named, by the default command (some minutes), and prints for
each way of reading the slope and offset by which the fewest bits are lost, beside today's, with
the expected calibration error of both.
"""

import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr_cli import recognition
from ocr_cli.evaluation import pages
from ocr_cli.page import Row
from ocr_cli.recognition import calibration

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("OCR_DATA") or ROOT.parent / "shared" / "data")
SETS = ("pages/dev", "real/gnhk/valid", "real/copiste/valid")
WAYS = ("SETTLED", "LINES", "MIXED")  # letters alone are fitted on characters

Odds = tuple[float, float]
Floats = NDArray[np.float64]


def main(sets: Sequence[str]) -> None:
    """Prints a line for each way, once all pages are read."""
    seen = defaultdict(list)
    for way, given, is_right in outcomes(sets):
        seen[way].append((given, is_right))
    for way in WAYS:
        if seen[way]:
            p, right = np.array(seen[way], float).T
            now, best = getattr(calibration, way), fitted(p, right)
            print(
                f"{way} = ({best[0]:.2f}, {best[1]:.2f})  "
                f"# {len(p)} words; error {error(raised(p, best), right):.3f}; "
                f"now {now}: {error(raised(p, now), right):.3f}"
            )


def outcomes(sets: Sequence[str]) -> Iterator[tuple[str, float, bool]]:
    """The way, the confidence before it is calibrated, and whether it is right, of each word."""
    given: dict[float, tuple[str, float]] = {}
    ways = {getattr(calibration, way): way for way in WAYS}
    calibrated = calibration.calibrated

    def noted(row: Row, odds: Odds) -> Row:
        done = calibrated(row, odds)
        for before, after in zip(row.words, done.words, strict=True):
            given[after.confidence] = ways[odds], before.confidence
        return done

    recognition.calibrated = noted  # type: ignore[attr-defined]
    for picture in pages.find_transcribed([str(DATA / name) for name in sets]):
        if isinstance(picture, pages.Transcribed):
            given.clear()
            for confidence, is_right in pages.score_picture(picture, "default", "auto").words:
                if confidence in given:
                    yield *given[confidence], is_right


def raised(p: Floats, odds: Odds) -> Floats:
    """Confidences as `calibration.calibrated` changes them."""
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(1 / (1 + np.exp(-(odds[0] * np.log(p / (1 - p)) + odds[1]))))


def fitted(p: Floats, right: Floats) -> Odds:
    """Slope and offset of a logistic regression on the log-odds (J. Platt 1999)."""
    from scipy.optimize import minimize

    def lost(odds: Floats) -> float:
        q = np.clip(raised(p, (odds[0], odds[1])), 1e-9, 1 - 1e-9)
        return float(-np.where(right > 0, np.log(q), np.log(1 - q)).sum())

    slope, offset = minimize(lost, [1.0, 0.0], method="Nelder-Mead").x
    return float(slope), float(offset)


def error(p: Floats, right: Floats) -> float:
    """The expected calibration error, in ten bins."""
    part = np.minimum((10 * p).astype(int), 9)
    gaps = [abs(p[part == k].sum() - right[part == k].sum()) for k in np.unique(part)]
    return float(sum(gaps) / len(p))


if __name__ == "__main__":
    main(sys.argv[1:] or SETS)
