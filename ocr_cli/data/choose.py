"""Open what the user named as sets for training: which data it is, is found by looking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ocr_cli.data import sources
from ocr_cli.data.charset import ASCII94, NIST36, NON_LETTER
from ocr_cli.data.formats import folders, idx, ink, nist36, unipen
from ocr_cli.data.sets import CharacterSet
from ocr_cli.data.synthesis import render
from ocr_cli.data.synthesis.distort import Distortion
from ocr_cli.errors import InputError
from ocr_cli.modelfiles import kinds

CHARACTERS = "chars.npz"  # of a folder of archives
HANDS = 300, 40  # that built-in writing is drawn in, for train, and for valid and test
CLASSES = {"capitals": NIST36, "ascii": ASCII94, "ascii+": (*ASCII94, NON_LETTER)}


@dataclass(frozen=True)
class Splits:
    """The sets of a training, and a name for them to tell the user.

    test is None where the data has no such split. notes and left_out are those of all its
    sets, see `CharacterSet`.
    """

    name: str
    train: sources.Source
    valid: CharacterSet
    test: CharacterSet | None
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def held(self) -> dict[str, CharacterSet]:
        """The sets that are not trained on, by the name of the split."""
        return {"valid": self.valid} | ({"test": self.test} if self.test is not None else {})


def default_path(folder: Path | None, kind: str) -> Path | None:
    """The set in a data folder that suits a kind of model; None where there is none."""
    if folder is None:
        return None
    strokes = kinds.KINDS[kind].from_strokes
    path = folder / ("ink/chars.npz" if strokes else "nist36-standin")
    return path if path.exists() else None


@dataclass(frozen=True)
class PictureFormat:
    """A way in which sets of pictures are kept: how to know it, its splits, and a split's set."""

    name: str
    is_such: Callable[[Path], bool]
    splits_in: Callable[[Path], list[str]]
    load: Callable[[Path, str], CharacterSet]


PICTURES = (
    PictureFormat("NIST36 set", nist36.is_nist36, nist36.splits_in, nist36.load),
    PictureFormat("idx set", idx.is_idx, idx.splits_in, idx.load),
    PictureFormat("pictures in", folders.is_folders, folders.splits_in, folders.load),
)


@dataclass(frozen=True)
class StrokeFormat:
    """A way in which pen strokes are kept: how to know it, and its items by split.

    splits : all of train, valid and test; where the format has none, writers are held out by rng.
    """

    is_such: Callable[[Path], bool]
    splits: Callable[[Path, np.random.Generator], dict[str, ink.Ink]]


def _is_archive(path: Path) -> bool:
    archive = _archive(path)
    return archive.suffix == ".npz" and archive.is_file()


def _archive(path: Path) -> Path:
    """The archive of characters that `path` is, or that is in the folder there."""
    return path / CHARACTERS if has_words(path) else path


def has_words(path: Path) -> bool:
    """Whether `path` is a folder with archives of characters, words and lines."""
    return all((path / name).is_file() for name in (CHARACTERS, "words.npz", "lines.npz"))


def _archive_splits(path: Path, _rng: np.random.Generator) -> dict[str, ink.Ink]:
    return {split: ink.load(_archive(path), split) for split in ink.SPLITS}


def _unipen_splits(path: Path, rng: np.random.Generator) -> dict[str, ink.Ink]:
    drawn, names = unipen.to_ink(unipen.items_in(path), "chars")
    parts = ink.split(drawn, names, ink.splits_of_writers(names, rng), rng)
    return {split: drawn.take(np.flatnonzero(parts == n)) for split, n in ink.SPLITS.items()}


STROKES = (
    StrokeFormat(_is_archive, _archive_splits),
    StrokeFormat(unipen.is_unipen, _unipen_splits),
)
EXPECTED = (
    "expected NIST36 .mat files, MNIST or EMNIST idx files, a folder of pictures for each class, "
    "UNIPEN files, or an .npz of pen strokes"
)


def open_splits(path: Path | None, classes: str, augment: bool, rng: np.random.Generator) -> Splits:
    """Train, valid and test of what is at `path`, or (None) of synthetic writing.

    Sets of pictures bring their own classes; of pen strokes those in CLASSES[classes] are
    taken. InputError where the path is none that ocr knows or lacks the train split.
    """
    if path is None:
        return _synthetic(CLASSES[classes], augment, rng)
    pictures = picture_format(path)
    if pictures is not None:
        return _pictures(pictures, path, augment, rng)
    if is_strokes(path):
        return _strokes(path, CLASSES[classes], augment, rng)
    raise _unknown(path)


def is_set(path: Path) -> bool:
    """Whether `path` is a set that a model of characters can be scored on."""
    return picture_format(path) is not None or is_strokes(path)


def picture_format(path: Path) -> PictureFormat | None:
    """The format of the pictures at `path`; None where there are none."""
    return next((known for known in PICTURES if known.is_such(path)), None)


def is_strokes(path: Path) -> bool:
    """Whether `path` holds pen strokes of one of STROKES."""
    return any(known.is_such(path) for known in STROKES)


def open_set(path: Path, split: str | None) -> tuple[CharacterSet, str]:
    """A set to score a model on, and the split that it is.

    Where `split` is None it is test, or else valid or train, whichever there is. Classes are
    the set's own; of pen strokes all single characters. InputError where there is no such
    set or split.
    """
    pictures = picture_format(path)
    if pictures is not None:
        found = pictures.splits_in(path)
        chosen = split or _most_apart(found)
        data = pictures.load(path, chosen)
        if not len(data):
            raise InputError(f"no pictures in its {chosen} split", "", str(path))
        return data, chosen
    if not is_strokes(path):
        raise _unknown(path)
    parts = {name: _single(part) for name, part in _stroke_parts(path, _usual_rng()).items()}
    chosen = split or _most_apart([name for name, part in parts.items() if len(part)])
    if not len(parts[chosen]):
        raise InputError(f"no single characters in its {chosen} split", "", str(path))
    classes = tuple(sorted(set(map(str, parts[chosen].labels))))
    return sources.rendered(parts[chosen], classes), chosen


def _most_apart(found: list[str]) -> str:
    return next((split for split in ("test", "valid") if split in found), "train")


def _usual_rng() -> np.random.Generator:
    """The generator that `ocr train` holds writers back with, unless --seed says otherwise."""
    return np.random.default_rng([0, 3])


def _unknown(path: Path) -> InputError:
    """Make an InputError for a path that no format fits: it says what is there instead."""
    if not path.exists():
        return InputError("no such file or folder", EXPECTED, str(path))
    if path.is_dir():
        kinds = {f.suffix or f.name for f in path.iterdir() if not f.name.startswith(".")}
        some = ", ".join(sorted(kinds)[:5]) or "nothing"
        return InputError(f"no data that ocr knows (found {some})", EXPECTED, str(path))
    with path.open("rb") as file:
        head = file.read(8)
    return InputError(f"no data that ocr knows (begins with {head!r})", EXPECTED, str(path))


def _pictures(
    pictures: PictureFormat, path: Path, augment: bool, rng: np.random.Generator
) -> Splits:
    found = pictures.splits_in(path)
    if "train" not in found:
        there = f"found {', '.join(found)}" if found else "found nothing"
        raise InputError("no train split here", there, str(path))
    train = pictures.load(path, "train")
    classes = [train.classes[label] for label in np.unique(train.labels)]
    if len(classes) < 2:
        there = f"only {classes[0]!r} is there" if classes else "there is no picture"
        advice = f"two classes are needed at least, and {there}"
        raise InputError("too little to train on", advice, str(path))
    sets = {"train": train}
    if "valid" in found:
        valid = pictures.load(path, "valid")
        sets["valid"] = valid
    else:
        train, valid = _held_out(train, rng)
    test = pictures.load(path, "test") if "test" in found else None
    if test is not None:
        sets["test"] = test
    if empty := [split for split, one in sets.items() if not len(one)]:
        raise InputError(f"no pictures in its {empty[0]} split", "", str(path))
    source = sources.SetSource(train, Distortion() if augment else None)
    notes = tuple(note for one in sets.values() for note in one.notes)
    left_out = tuple(file for one in sets.values() for file in one.left_out)
    return Splits(f"{pictures.name} {path}", source, valid, test, notes, left_out)


def _held_out(data: CharacterSet, rng: np.random.Generator) -> tuple[CharacterSet, CharacterSet]:
    """A tenth of a set that has no valid split of its own, chosen at random, apart."""
    order = rng.permutation(len(data))
    cut = max(1, len(data) // 10)
    return data.take(order[cut:]), data.take(order[:cut])


def _strokes(
    path: Path, classes: tuple[str, ...], augment: bool, rng: np.random.Generator
) -> Splits:
    found = _stroke_parts(path, rng)
    parts = {split: sources.of_classes(part, classes) for split, part in found.items()}
    if not len(parts["train"]) or not len(parts["valid"]):
        raise InputError("no single characters in its train or valid split", "", str(path))
    variation = render.LetterVariation() if augment else render.NO_VARIATION
    return Splits(
        f"pen strokes {path}",
        sources.InkSource(parts["train"], classes, variation),
        sources.rendered(parts["valid"], classes),
        sources.rendered(parts["test"], classes) if len(parts["test"]) else None,
    )


def _stroke_parts(path: Path, rng: np.random.Generator) -> dict[str, ink.Ink]:
    """Train, valid and test of the pen strokes at `path`."""
    known = next(known for known in STROKES if known.is_such(path))
    return known.splits(path, rng)


def _single(part: ink.Ink) -> ink.Ink:
    return part.take(np.flatnonzero(np.char.str_len(part.labels) == 1))


def _synthetic(classes: tuple[str, ...], augment: bool, rng: np.random.Generator) -> Splits:
    from ocr_cli.data.synthesis import synthetic

    def drawn(per_class: int) -> ink.Ink:
        known = [c for c in classes if c != NON_LETTER]
        labels = [c for c in known for _ in range(per_class)]
        hands = [synthetic.sample_hand(rng) for _ in range(per_class)]
        items = [synthetic.draw_character(c, rng, hand) for c in known for hand in hands]
        return ink.from_strokes(items, labels)

    variation = render.LetterVariation() if augment else render.NO_VARIATION
    valid, test = (sources.rendered(drawn(HANDS[1]), classes) for _ in range(2))
    source = sources.InkSource(drawn(HANDS[0]), classes, variation)
    return Splits("built-in synthetic handwriting", source, valid, test)
