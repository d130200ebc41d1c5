"""The data loader of a line model: weighted piles of rows, and batches of strips from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data import patches, recombination
from ocr_cli.data.patches import Patch, Strain
from ocr_cli.data.synthesis import lines
from ocr_cli.data.synthesis.lines import Batch
from ocr_cli.data.synthesis.pieces import Mix, batches, groups, make_source
from ocr_cli.data.synthesis.stock import load_stock, room_needed
from ocr_cli.errors import InputError
from ocr_cli.layout.courses import darkness
from ocr_cli.layout.strips import HEIGHT, MIDDLE

Array = NDArray[Any]
DRAWN, TYPESET = 40_000, 9_000  # rows drawn once of a folder of pen strokes, and of typefaces
HELD = 200  # rows of a folder to measure by
ANEW = 0.4  # share of the rows whose words are cut that are put together anew from their hand's
_STROKES = Mix(0.36, 0.26, 0.22, 0.16)
_FONTS = ("*-latin-400-normal.woff", "*.ttf", "*.otf")


@dataclass(frozen=True)
class Pile:
    """Rows of one data set, of which `share` of all strips are made.

    items : patches (120, W), augmented each time, or strips (48, W), which were when they were
    drawn. hands : by writer, the patches whose words are cut.
    """

    items: Sequence[Patch] = field(repr=False)
    share: float
    hands: Mapping[str, Sequence[Patch]] = field(default_factory=dict, repr=False)

    def draw(self, count: int, rng: np.random.Generator) -> list[Patch]:
        """Draw items with replacement; ANEW of those with words become `recombined` ones."""
        drawn = [self.items[i] for i in rng.integers(len(self.items), size=count)]
        anew = rng.random(count) < ANEW
        return [
            recombination.recombined(self.hands[item.hand], rng)
            if new and item.words and item.hand in self.hands
            else item
            for item, new in zip(drawn, anew, strict=True)
        ]


def pile(items: Sequence[Patch], share: float) -> Pile:
    """Make a pile; items whose words are cut are sorted by writer, unless one has a single one."""
    hands: dict[str, list[Patch]] = {}
    for item in items:
        if item.words:
            hands.setdefault(item.hand, []).append(item)
    return Pile(items, share, {hand: rows for hand, rows in hands.items() if len(rows) > 1})


@dataclass(frozen=True)
class GreySource:
    """A data loader: `pool` rows at a time are drawn, sorted by width, and cut into batches."""

    piles: Sequence[Pile]
    columns: int = 12000
    pool: int = 1200
    strain: Strain = field(default_factory=Strain)

    def batches(self, rng: np.random.Generator) -> Iterator[Batch]:
        """Yield batches of strips of like width without end, at most `columns` pixels each."""
        shares = np.array([one.share for one in self.piles])
        while True:
            counts = rng.multinomial(self.pool, shares / shares.sum())
            drawn = [
                item
                for one, count in zip(self.piles, counts, strict=True)
                for item in one.draw(int(count), rng)
            ]
            rough = np.array([width_of(item) for item in drawn]) * rng.uniform(0.9, 1.1, len(drawn))
            order = np.argsort(rough)
            runs = list(groups(rough[order], self.columns, self.pool))
            for k in rng.permutation(len(runs)):
                batch = self._batch([drawn[i] for i in order[runs[k]]], rng)
                if batch.labels:
                    yield batch

    def _batch(self, items: Sequence[Patch], rng: np.random.Generator) -> Batch:
        strips = []
        for item in items:
            other = None
            if rng.random() < 0.12:
                other = items[int(rng.integers(len(items)))]
            strips.append(practice(item, other, rng, self.strain))
        kept = [
            (strip, item.text)
            for strip, item in zip(strips, items, strict=True)
            if strip.shape[1] // 4 >= room_needed(item.text)
        ]
        return packed([s for s, _ in kept], [t for _, t in kept])


def practice(
    item: Patch, other: Patch | None, rng: np.random.Generator, strain: Strain
) -> NDArray[np.float32]:
    """Make a training strip (48, W) of an item: a patch is warped, and its darkness varied."""
    beside = None
    if item.image.shape[0] == HEIGHT:
        dark = item.image.astype(np.float32) / np.float32(255)
        if other is not None and other.image.shape[0] == HEIGHT:
            beside = other.image.astype(np.float32) / np.float32(255)
        return patches.shaded(dark, beside, rng)
    if other is not None and other.image.shape[0] != HEIGHT:
        return patches.strip_of(item, other, rng, strain)
    return patches.strip_of(item, None, rng, strain)


def width_of(item: Patch) -> int:
    """The width, in pixels, that an item's strip has about."""
    high, wide = item.image.shape
    return int(wide if high == HEIGHT else wide / patches.FINE)


def packed(strips: Sequence[NDArray[np.float32]], texts: list[str]) -> Batch:
    """Pad strips (48, W) with paper to the widest, (B, 48, W), and cut widths to steps of 4."""
    widths = np.array([s.shape[1] // 4 * 4 for s in strips], np.int64)
    images = np.zeros((len(strips), HEIGHT, int(widths.max(initial=0))), np.float32)
    for image, strip, width in zip(images, strips, widths, strict=True):
        image[:, :width] = strip[:, :width]
    return Batch(images, widths, texts)


def as_found(items: Sequence[Patch]) -> list[Batch]:
    """Make batches of all items, hardly augmented, for measuring the error rate."""
    rng = np.random.default_rng(0)
    strips = [_plain(item, rng) for item in items]
    order = np.argsort([s.shape[1] for s in strips])
    widths = np.array([strips[i].shape[1] for i in order], float)
    return [
        packed([strips[i] for i in order[group]], [items[i].text for i in order[group]])
        for group in groups(widths, 8000)
    ]


def _plain(item: Patch, rng: np.random.Generator) -> NDArray[np.float32]:
    if item.image.shape[0] == HEIGHT:
        return item.image.astype(np.float32) / np.float32(255)
    return darkness(patches.bent(item, rng, patches.AS_FOUND), MIDDLE)


Load = Callable[
    [Path, str, np.random.Generator, Sequence[str], Callable[[str], None] | None], list[Patch]
]


@dataclass(frozen=True)
class RowFormat:
    """A way in which rows to train on are kept in a folder.

    load : (folder, split, rng, texts, tell), see `load_rows`. has_valid : whether it has a valid
    split of its own. sets_texts : whether it sets what the other folders' rows say: it is loaded
    after these, and none of it is held out.
    """

    is_such: Callable[[Path], bool]
    load: Load
    has_valid: bool = False
    sets_texts: bool = False


def load_piles(
    data: Sequence[tuple[Path, float]],
    rng: np.random.Generator,
    tell: Callable[[str], None] | None = None,
) -> tuple[list[Pile], dict[str, list[Patch]]]:
    """Load the piles of several folders and their weights, and up to HELD held-out rows of each.

    A folder called train has its valid beside it; of another, one row in ten is held back.
    Typefaces come last, since they set what the other folders' rows say; none is held back.
    """
    piles, held = [], {}
    texts: list[str] = []
    for folder, share in sorted(data, key=lambda one: row_format(one[0]).sets_texts):
        form = row_format(folder)
        rows = load_rows(folder, "train", rng, texts, tell)
        beside = folder.parent / "valid"
        kept: list[Patch] = []
        if form.has_valid:
            kept = load_rows(folder, "valid", rng)
        elif form.sets_texts:
            pass
        elif folder.name == "train" and beside.is_dir():
            kept = load_rows(beside, "valid", rng, (), tell)
        else:
            kept, rows = rows[::10], [row for i, row in enumerate(rows) if i % 10]
        name = folder.parent.name if folder.name == "train" else folder.name
        if kept:
            some = rng.permutation(len(kept))[:HELD]
            held[name] = [kept[int(i)] for i in some]
        texts += [row.text for row in rows]
        piles.append(Pile(rows, share))
    return piles, held


def load_rows(
    folder: Path,
    split: str,
    rng: np.random.Generator,
    texts: Sequence[str] = (),
    tell: Callable[[str], None] | None = None,
) -> list[Patch]:
    """Load the rows of a folder, of whichever of ROWS it is.

    split : where the format has several. texts : what typefaces set, beside words by their
    frequency. tell : is given a line for what is left out. InputError where there is nothing to
    train on.
    """
    found = row_format(folder).load(folder, split, rng, texts, tell)
    if not found:
        advice = "give pages with their ALTO or PAGE files, pictures of rows with NAME.gt.txt, …"
        raise InputError("no rows to learn from", advice, str(folder))
    return found


def row_format(folder: Path) -> RowFormat:
    """The format of the rows in a folder; the last of ROWS where it is none of the others."""
    return next((known for known in ROWS if known.is_such(folder)), ROWS[-1])


def _has_fonts(folder: Path) -> bool:
    return any(next(folder.rglob(pattern), None) is not None for pattern in _FONTS)


def _transcribed(
    folder: Path, _split: str, _rng: np.random.Generator, _texts: Sequence[str], tell: Any
) -> list[Patch]:
    return patches.folder_patches(folder, tell)


def _drawn(folder: Path, split: str, rng: np.random.Generator, *_: Any) -> list[Patch]:
    """Draw DRAWN augmented strips (48, W) of pen strokes; of other splits a 40th, plain."""
    stock = load_stock(folder, split)
    source = make_source(stock)
    variation = lines.Variation(neighbours=0.08, specks=0.05)
    count = DRAWN if split == "train" else DRAWN // 40
    found: list[Patch] = []
    while len(found) < count:
        pieces = source.draw(3000, _STROKES, rng)
        for part in batches(pieces, 8000, rng):
            plain = variation if split == "train" else lines.NO_VARIATION
            batch = lines.draw_batch(stock, part, rng, plain)
            for image, width, text in zip(batch.images, batch.widths, batch.labels, strict=True):
                if room_needed(text) <= width // 4 and width <= 1200:
                    strip = (image[:, :width].clip(0, 1) * 255).astype(np.uint8)
                    found.append(Patch(strip, 0.0, text))
    return found[:count]


def _typeset(
    folder: Path, _split: str, rng: np.random.Generator, texts: Sequence[str], _tell: Any
) -> list[Patch]:
    """Set TYPESET rows in random typefaces, of `texts` and of words by their frequency."""
    from ocr_cli.data.synthesis.sentences import Writer
    from ocr_cli.data.synthesis.typefaces import faces_in, typeset

    faces, writer = faces_in(folder), Writer(texts)
    found: list[Patch] = []
    for _ in range(4 * TYPESET):
        if not faces or len(found) == TYPESET:
            break
        face = faces[int(rng.integers(len(faces)))]
        patch = typeset(writer.row(rng), face, rng)
        found += [] if patch is None else [patch]
    return found


ROWS = (
    RowFormat(lambda folder: (folder / "words.npz").is_file(), _drawn, has_valid=True),
    RowFormat(_has_fonts, _typeset, sets_texts=True),
    RowFormat(Path.is_dir, _transcribed),
)
