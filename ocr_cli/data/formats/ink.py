"""Archives of pen strokes: chars.npz, words.npz and lines.npz, parsed from UNIPEN files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli import npz
from ocr_cli.errors import InputError
from ocr_cli.files import make_folder, replacing

Strokes = list[NDArray[np.float32]]  # each (n, 2): x to the right, y down
SPLITS = {"train": 0, "valid": 1, "test": 2}
FARTHEST = 1_000_000  # units from nought that a point may lie
LONGEST_LABEL = 1000  # characters of a line
MOST_UNPACKED = 200_000_000  # bytes of an archive, unless it is large on the disk, too
_PARTS = ("points", "stroke_start", "item_start", "labels", "writer", "style")


@dataclass(frozen=True)
class Ink:
    """Labelled items of pen strokes.

    Attributes
    ----------
    points : (P, 2) float32, x to the right, y down, in the archive's units.
    stroke_start : (S + 1,) stroke s is points[stroke_start[s]:stroke_start[s + 1]].
    item_start : (N + 1,) item i has the strokes item_start[i] up to item_start[i + 1].
    labels : (N,) the text written.
    writer : (N,) who wrote it. style : (N,) 0 unknown, 1 printed, 2 mixed, 3 cursive.
    """

    points: NDArray[np.float32] = field(repr=False, compare=False)
    stroke_start: NDArray[np.int64] = field(repr=False, compare=False)
    item_start: NDArray[np.int64] = field(repr=False, compare=False)
    labels: NDArray[np.str_] = field(repr=False, compare=False)
    writer: NDArray[np.int64] = field(repr=False, compare=False)
    style: NDArray[np.int64] = field(repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.labels)

    def strokes(self, item: int) -> Strokes:
        """The strokes of one item, as views."""
        first, last = self.item_start[item], self.item_start[item + 1]
        ends = self.stroke_start[first : last + 1]
        return [self.points[a:b] for a, b in pairwise(ends)]

    def item_of_point(self) -> NDArray[np.int64]:
        """(P,) the item that each point belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.stroke_start[self.item_start]))

    def corners(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(N, 2) smallest and largest x, y of each item's ink, in the archive's units."""
        starts = self.stroke_start[self.item_start[:-1]]
        return np.minimum.reduceat(self.points, starts), np.maximum.reduceat(self.points, starts)

    def sizes(self) -> NDArray[np.float32]:
        """(N, 2) height and width of each item's ink, in the archive's units."""
        low, high = self.corners()
        return np.asarray((high - low)[:, ::-1], np.float32)

    def reshaped(self, matrices: NDArray[np.float32]) -> Ink:
        """Every item's points times its own of (N, 2, 2) matrices."""
        turned = np.einsum("pij,pj->pi", matrices[self.item_of_point()], self.points)
        return replace(self, points=turned)

    def take(self, items: NDArray[Any]) -> Ink:
        """The chosen items, in the order given, in arrays of their own."""
        strokes = [stroke for item in items for stroke in self.strokes(int(item))]
        per_item = self.item_start[1:][items] - self.item_start[:-1][items]
        lengths = [len(stroke) for stroke in strokes]
        return Ink(
            points=np.concatenate(strokes) if strokes else np.zeros((0, 2), np.float32),
            stroke_start=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            item_start=np.concatenate([[0], np.cumsum(per_item)]).astype(np.int64),
            labels=self.labels[items],
            writer=self.writer[items],
            style=self.style[items],
        )


def from_strokes(items: list[Strokes], labels: list[str] | None = None) -> Ink:
    """Strokes drawn in memory, as an archive would hold them; one unknown writer and style."""
    strokes = [stroke for item in items for stroke in item]
    lengths = [len(stroke) for stroke in strokes]
    none = np.zeros(len(items), np.int64)
    return Ink(
        points=np.concatenate(strokes) if strokes else np.zeros((0, 2), np.float32),
        stroke_start=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        item_start=np.concatenate([[0], np.cumsum([len(item) for item in items])]).astype(np.int64),
        labels=np.array(labels if labels is not None else [""] * len(items)),
        writer=none,
        style=none,
    )


def joined(parts: Sequence[Ink]) -> Ink:
    """The items of all parts, one part after the other; writers keep their numbers."""
    points = np.cumsum([0, *(len(part.points) for part in parts)])
    strokes = np.cumsum([0, *(len(part.stroke_start) - 1 for part in parts)])

    def moved(starts: list[NDArray[np.int64]], by: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.concatenate([*(s[:-1] + n for s, n in zip(starts, by, strict=False)), by[-1:]])

    return Ink(
        np.concatenate([part.points for part in parts]),
        moved([part.stroke_start for part in parts], points),
        moved([part.item_start for part in parts], strokes),
        *(np.concatenate([getattr(p, name) for p in parts]) for name in _PARTS[3:]),
    )


def splits_of_writers(names: Iterable[str], rng: np.random.Generator) -> dict[str, int]:
    """A split for each writer: one in ten to valid, one in ten to test, at least one each.

    Of two, one is valid's; a single one is nobody's, see `split`.
    """
    order = sorted(names)
    rng.shuffle(order)
    tenth = max(1, len(order) // 10)
    valid, test = (tenth if len(order) > 1 else 0), (tenth if len(order) > 2 else 0)
    of = np.repeat([SPLITS["valid"], SPLITS["test"]], [valid, test])
    return dict(zip(order, [*of.tolist(), *[SPLITS["train"]] * len(order)], strict=False))


def split(
    ink: Ink, names: Sequence[str], of_writer: dict[str, int], rng: np.random.Generator
) -> NDArray[np.int64]:
    """(N,) each item's split, that of its writer; of a single writer's, a tenth is valid."""
    if len(of_writer) > 1:
        return np.array([of_writer[names[w]] for w in ink.writer], np.int64)
    parts = np.full(len(ink), SPLITS["train"])
    parts[rng.permutation(len(ink))[: max(1, len(ink) // 10)]] = SPLITS["valid"]
    return parts


def save(path: Path, ink: Ink, names: Sequence[str], parts: NDArray[np.int64]) -> None:
    """Writes an archive that `load` reads: points in 16 bits, writers' names, items' splits."""
    make_folder(path.parent)
    with replacing(path) as file:
        np.savez_compressed(
            file,
            points=np.round(ink.points).astype(np.int16),
            stroke_start=ink.stroke_start.astype(np.int32),
            item_start=ink.item_start.astype(np.int32),
            labels=ink.labels,
            writer=ink.writer.astype(np.int32),
            writers=np.array(names),
            style=ink.style.astype(np.uint8),
            split=parts.astype(np.uint8),
        )


def load(path: Path, split: str) -> Ink:
    """The items of one split (train, valid or test); InputError where the file is not such."""
    try:
        with npz.opened_archive(path, MOST_UNPACKED) as archive:
            chosen = archive["split"] == SPLITS[split]
            whole = _checked({name: archive[name] for name in _PARTS})
    except FileNotFoundError as error:
        raise InputError("no such file", "give an archive of pen strokes", str(path)) from error
    except npz.OversizeError as error:
        raise InputError(str(error), "no pen strokes are like that", str(path)) from error
    except InputError as error:
        raise InputError(error.problem, error.advice, str(path)) from error
    except Exception as error:  # zipfile and numpy raise many kinds on a damaged file
        wanted = "expected .npz with points, stroke_start, item_start, labels, writer, style, split"
        raise InputError("not an archive of pen strokes", wanted, str(path)) from error
    if not _fits_together(whole) or chosen.shape != whole.labels.shape:
        raise InputError("an archive of pen strokes whose parts do not fit", "", str(path))
    return whole.take(np.flatnonzero(chosen))


def _checked(parts: dict[str, NDArray[Any]]) -> Ink:
    """The arrays as strokes; InputError where their values are none of strokes."""
    points, labels = parts["points"], parts["labels"]
    numbers = {name: parts[name] for name in _PARTS if name not in ("points", "labels")}
    if points.shape[1:] != (2,) or any(part.ndim != 1 for part in (labels, *numbers.values())):
        raise InputError("an archive of pen strokes whose parts do not fit", "points are (P, 2)")
    if labels.dtype.kind != "U":
        raise InputError("labels that are no text", "expected an array of strings")
    if labels.dtype.itemsize > 4 * LONGEST_LABEL:
        raise InputError(f"a label of more than {LONGEST_LABEL:,} characters", "is it damaged?")
    if any(part.dtype.kind not in "iu" for part in numbers.values()):
        raise InputError("starts, writers or styles that are no whole numbers")
    if points.dtype.kind not in "iuf" or not np.isfinite(points).all():
        raise InputError("points that are NaN, infinite or no numbers")
    if np.abs(points.astype(np.float64)).max(initial=0) > FARTHEST:
        raise InputError(f"points beyond ±{FARTHEST:,} units", "a usual letter is 1,000 tall")
    whole = {name: part.astype(np.int64) for name, part in numbers.items()}
    return Ink(points=points.astype(np.float32), labels=labels, **whole)


def _fits_together(ink: Ink) -> bool:
    """Whether every item has strokes, every stroke has points, and nothing is left over."""
    ends = ((ink.stroke_start, len(ink.points)), (ink.item_start, len(ink.stroke_start) - 1))
    return (
        ink.points.ndim == 2
        and ink.points.shape[1] == 2
        and all(
            start.ndim == 1
            and len(start) > 0
            and start[0] == 0
            and start[-1] == end
            and (np.diff(start) > 0).all()
            for start, end in ends
        )
        and (len(ink.item_start) - 1,) == ink.labels.shape == ink.writer.shape == ink.style.shape
    )
