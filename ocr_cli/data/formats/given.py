"""Rows as a file gives them, brought to their picture's pixels."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ocr_cli import input as images
from ocr_cli.data.formats.xmltree import Points
from ocr_cli.errors import InputError
from ocr_cli.layout.baselines import area

BEYOND = 0.03  # of a picture's size, by which an outline may leave it: what is beyond is cut off
FOLDERS = ("page", "alto")  # where Transkribus puts the files, below their pictures
PLACES = 9  # at which a baseline is told from an outline
NO_BASELINE = 0.2  # of an outline's height, from its middle down to where letters stand
# >so<, ⟦so⟧: crossed out; >< something illegible crossed out; ^ before a superscript.
_CROSSED_OUT = re.compile(r">(?:[^\s<>](?:[^<>]*[^\s<>])?)?<|⟦[^⟦⟧]*⟧")


@dataclass(frozen=True)
class GivenWord:
    """A word of a transcribed page; outline (n, 2) x, y in the picture's pixels."""

    text: str
    outline: Points = field(repr=False)


@dataclass(frozen=True)
class GivenRow:
    """A row of a transcribed page.

    text : what is written, marks of the transcriber as they are. baseline, outline : (n, 2)
    x, y in the picture's pixels, from left to right. words : where the file has them.
    legible : whether all of it was read.
    """

    text: str
    baseline: Points = field(repr=False)
    outline: Points = field(repr=False)
    words: tuple[GivenWord, ...] = ()
    legible: bool = True

    @property
    def written(self) -> str:
        """The text that is to be read there, see `as_written`."""
        return as_written(self.text)


@dataclass(frozen=True)
class TranscribedPage:
    """A page file: its picture, the (height, width) of that, and its rows in reading order."""

    source: Path
    picture: Path
    shape: tuple[int, int]
    rows: tuple[GivenRow, ...]


def as_written(text: str) -> str:
    """A transcriber's text without what is crossed out, superscripts as plain letters.

    >>> as_written("le >19< 20^e ⟦mars⟧ avril")
    'le 20e avril'
    """
    return " ".join(_CROSSED_OUT.sub("", text).replace("^", "").split())


def finished_page(
    path: Path,
    name: str,
    claimed: tuple[float | None, float | None],
    unit: str,
    rows: Iterable[tuple[str, GivenRow]],
) -> TranscribedPage:
    """The page of rows, each with its name, whose file claims (height, width) in a unit."""
    picture = _picture(path, name)
    shape, scale = _fitting(picture, claimed, unit)
    placed = [(called, _scaled(row, scale)) for called, row in rows if _has_place(row, called)]
    if not any(row.text.strip() for _, row in placed):
        raise InputError("has no text", "transcribe the page first")
    whole = _with_outlines([row for _, row in placed])
    kept = [_inside(row, shape, called) for row, (called, _) in zip(whole, placed, strict=True)]
    return TranscribedPage(path, picture, shape, tuple(kept))


def _picture(path: Path, name: str) -> Path:
    """The picture that a page file names, or that is named as the file is, beside or above it."""
    named = re.split(r"[/\\]", name.strip())[-1]
    folders = [path.parent]
    if path.parent.name.lower() in FOLDERS:
        folders.append(path.parent.parent)
    for folder in folders:
        if named and named != path.name and _is_file(folder / named):
            return folder / named
    for folder in folders:
        for suffix in sorted(images.SUFFIXES):
            for file in (path.stem + suffix, path.stem + suffix.upper()):
                if (folder / file).is_file():
                    return folder / file
    raise InputError(f"its picture is missing: {named or path.stem + '.jpg'}", "put it beside")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False


def _fitting(
    picture: Path, claimed: tuple[float | None, float | None], unit: str
) -> tuple[tuple[int, int], tuple[float, float]]:
    """The (height, width) of a picture in pixels, and what the file's x and y are times."""
    stored, upright = images.shapes(str(picture))
    height, width = claimed
    if height is None or width is None:
        if unit != "pixel":
            raise InputError(f"measures in {unit} and does not say how large its page is")
        return upright, (1.0, 1.0)
    if unit == "pixel":
        for shape in (stored, upright):
            if (round(height), round(width)) == shape:
                return shape, (1.0, 1.0)
    elif min(height, width) > 0:
        scale = upright[1] / width, upright[0] / height
        if abs(scale[0] / scale[1] - 1) < BEYOND:
            return upright, scale
    raise InputError(
        f"is for a picture of {width:g} × {height:g} {unit}s, and {picture.name} has "
        f"{upright[1]} × {upright[0]} pixels",
        "export picture and page together",
    )


def _has_place(row: GivenRow, name: str) -> bool:
    """Whether it is told where a row lies; InputError where it is not and there is text."""
    placed = len(row.baseline) > 1 or len(row.outline) > 2
    if not placed and row.text.strip():
        raise InputError(f"row {name} has neither a baseline nor an outline", "draw one")
    return placed


def _scaled(row: GivenRow, scale: tuple[float, float]) -> GivenRow:
    if scale == (1.0, 1.0):
        return row
    words = tuple(replace(word, outline=word.outline * scale) for word in row.words)
    return replace(row, baseline=row.baseline * scale, outline=row.outline * scale, words=words)


def _with_outlines(rows: list[GivenRow]) -> list[GivenRow]:
    """The rows, each with a baseline, from left to right, and an outline."""
    lined = [
        replace(
            row,
            baseline=_directed(row.baseline) if len(row.baseline) > 1 else baseline_in(row.outline),
        )
        for row in rows
    ]
    if all(len(row.outline) > 2 for row in lined):
        return lined
    heights = [area(row.outline) / _length(row.baseline) for row in lined if len(row.outline) > 2]
    feet = np.sort([row.baseline[:, 1].mean() for row in lined])
    gaps = np.diff(feet)[np.diff(feet) > 1]
    usual = float(np.median(heights or (0.8 * gaps if len(gaps) else [0.0])))
    return [
        row if len(row.outline) > 2 else replace(row, outline=_band(row.baseline, usual))
        for row in lined
    ]


def _directed(baseline: Points) -> Points:
    """A baseline from left to right; one that is steep goes as the file has it."""
    width, height = np.abs(baseline[-1] - baseline[0])
    return baseline if height > width else baseline[np.argsort(baseline[:, 0], kind="stable")]


def _length(line: Points) -> float:
    return max(1.0, float(np.hypot(*np.diff(line, axis=0).T).sum()))


def _band(baseline: Points, height: float) -> Points:
    """An outline of that height about a baseline, a fifteenth of its length where it is 0."""
    height = height or _length(baseline) / 15
    above, below = (0.5 + NO_BASELINE) * height, (0.5 - NO_BASELINE) * height
    lower = baseline[::-1] + np.array([0, below])
    return np.concatenate([baseline - [0, above], lower])


def baseline_in(outline: Points) -> Points:
    """(PLACES, 2) where letters may stand in a row of which there is only the (n, 2) outline."""
    x1, x2 = outline[:, 0].min(), outline[:, 0].max()
    x = x1 + (x2 - x1) * (np.arange(PLACES) + 0.5) / PLACES
    (ax, ay), (bx, by) = outline.T[:, :, None], np.roll(outline, -1, 0).T[:, :, None]
    meets = (np.minimum(ax, bx) <= x) & (x <= np.maximum(ax, bx))
    share = np.where(bx == ax, 0.5, (x - ax) / np.where(bx == ax, 1, bx - ax))
    y = ay + share * (by - ay)
    top = np.where(meets, y, np.inf).min(0)
    bottom = np.where(meets, y, -np.inf).max(0)
    foot = (top + bottom) / 2 + NO_BASELINE * (bottom - top)
    return np.stack([np.linspace(x1, x2, PLACES), foot], 1)


def _inside(row: GivenRow, shape: tuple[int, int], name: str) -> GivenRow:
    """The row cut off at the picture's edge; InputError where much of it lies outside."""
    size = np.array(shape[::-1], float)
    for points in (row.baseline, row.outline):
        if (points < -BEYOND * size).any() or (points > (1 + BEYOND) * size).any():
            (x1, y1), (x2, y2) = points.min(0), points.max(0)
            raise InputError(
                f"row {name} lies outside of the picture of {size[0]:g} × {size[1]:g} pixels: "
                f"x {x1:g} to {x2:g}, y {y1:g} to {y2:g}",
                "mend its points",
            )
    words = tuple(replace(word, outline=np.clip(word.outline, 0, size)) for word in row.words)
    baseline, outline = np.clip(row.baseline, 0, size), np.clip(row.outline, 0, size)
    return replace(row, baseline=baseline, outline=outline, words=words)
