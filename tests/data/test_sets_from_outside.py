"""A data set of pictures, of pen strokes or of rows is one entry of a table."""

from pathlib import Path

import numpy as np
import pytest
from helpers import ocr

from ocr_cli.data import choose, practice
from ocr_cli.data.charset import NIST36
from ocr_cli.data.choose import PictureFormat, StrokeFormat
from ocr_cli.data.formats import ink
from ocr_cli.data.patches import TALL, Patch
from ocr_cli.data.practice import RowFormat
from ocr_cli.data.sets import CharacterSet
from ocr_cli.data.synthesis import synthetic

TRAIN = ["train", "--homework", "--epochs", "1", "-q", "--out", "m.npz", "--data"]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of a kind that nobody knows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OCR_DATA", raising=False)
    (tmp_path / "own.mine").write_text("mine")
    return tmp_path / "own.mine"


def is_mine(path: Path) -> bool:
    return path.suffix == ".mine"


def pictures(_path: Path, _split: str) -> CharacterSet:
    labels = np.arange(80) % 2
    images = np.random.default_rng(0).uniform(0.9, 1, (80, 32, 32)).astype(np.float32)
    images[labels == 0, 14:18, 4:28] = 0
    images[labels == 1, 4:28, 14:18] = 0
    return CharacterSet(images, labels, ("-", "|"))


def strokes(_path: Path, rng: np.random.Generator) -> dict[str, ink.Ink]:
    items = [synthetic.draw_character(character, rng) for character in NIST36]
    return dict.fromkeys(ink.SPLITS, ink.from_strokes(items, list(NIST36)))


ENTRIES = {
    "80 characters": (
        PictureFormat("mine", is_mine, lambda _: ["train", "valid", "test"], pictures),
        "PICTURES",
    ),
    "36 characters": (StrokeFormat(is_mine, strokes), "STROKES"),
}


@pytest.mark.parametrize("told", ENTRIES, ids=["pictures", "strokes"])
def test_a_set_of_characters_is_one_entry(
    path: Path, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    unknown = ocr(*TRAIN, str(path))
    assert (unknown.exit_code, unknown.stderr.count("\n")) == (1, 1)
    assert "no data that ocr knows" in unknown.stderr
    entry, table = ENTRIES[told]
    monkeypatch.setattr(choose, table, (*getattr(choose, table), entry))
    done = ocr(*TRAIN, str(path))
    assert done.exit_code == 0, done.output
    assert ocr("eval", "-m", "m.npz", str(path)).stdout.startswith(told)


def test_a_set_of_rows_is_one_entry(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Patch(np.full((TALL, 300), 220, np.uint8), 0.0, f"row {k}") for k in range(20)]
    own = RowFormat(lambda folder: (folder / "own.mine").is_file(), lambda *_: rows)
    monkeypatch.setattr(practice, "ROWS", (own, *practice.ROWS))
    (pile,), held = practice.load_piles([(path.parent, 2.0)], np.random.default_rng(0))
    assert pile.share == 2.0
    assert len(pile.items) == 18  # one in ten is held out
    assert {row.text for row in held[path.parent.name]} == {"row 0", "row 10"}
