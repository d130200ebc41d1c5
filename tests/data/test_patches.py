"""Patches and what is drawn from them: texts as targets, strips that keep their writing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr_cli.data import patches, practice
from ocr_cli.data.charset import WESTERN, folded
from ocr_cli.data.patches import Patch, folder_patches
from ocr_cli.data.practice import GreySource, Pile
from ocr_cli.data.synthesis.dice import shaped
from ocr_cli.data.synthesis.sentences import SHAPES
from ocr_cli.errors import InputError
from ocr_cli.layout.strips import MIDDLE


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("au >rescencement< recensement", "au recensement"),
        ("dit Efrem ><", "dit Efrem"),
        ("C^ie compagnie", "Cie compagnie"),
        ("“l’été” – ça…", '"l\'été" - ça...'),
        ("⟦no⟧ yes", "yes"),
        ("e\u0301te\u0301", "été"),
        ("2 < 3", "2 < 3"),
        ("π r²", None),
        (">gone<", None),
    ],
)
def test_a_transcript_becomes_what_a_reader_is_to_read(written: str, read: str | None) -> None:
    assert patches.as_target(written) == read


def test_characters_stand_once_and_keep_their_folding() -> None:
    assert len(set(WESTERN)) == len(WESTERN)
    assert all(folded(c) == c for c in WESTERN if c != "`")


@pytest.fixture
def patch() -> Patch:
    image = np.full((patches.TALL, 360), 230, np.uint8)
    for x in range(30, 330, 20):
        image[50:71, x : x + 4] = 20
    return Patch(image, 0.0, "iiiiiiiiiiiiiii")


def test_a_strip_without_variation_is_the_patch_in_the_strips_size(patch: Patch) -> None:
    still = patches.Strain(0, 0, 0, 0, 0, 0, 0, 0, 0)
    strip = patches.bent(patch, np.random.default_rng(0), still)
    rows = np.flatnonzero(strip.min(1) < 0.4)
    assert strip.shape[0] == 48
    assert strip.shape[1] % 4 == 0
    assert abs((rows[0] + rows[-1] + 1) / 2 - MIDDLE) < 1
    assert rows[-1] - rows[0] + 1 == pytest.approx(21 / patches.FINE, abs=1.5)


def test_no_two_strips_of_a_patch_are_alike_and_all_show_its_ink(patch: Patch) -> None:
    rng = np.random.default_rng(1)
    strips = [patches.strip_of(patch, patch, rng, patches.Strain()) for _ in range(12)]
    assert len({strip.tobytes() for strip in strips}) == 12
    for strip in strips:
        assert np.isfinite(strip).all()
        assert strip.min() >= -0.3
        assert strip.max() <= 1.5
        assert (strip[14:34] > 0.4).mean() > 0.03


def test_batches_keep_to_their_size_and_come_from_all_piles(patch: Patch) -> None:
    other = Patch(np.zeros((48, 80), np.uint8), 0.0, "o")
    source = GreySource([Pile([patch], 3.0), Pile([other], 1.0)], columns=2000, pool=60)
    batches = source.batches(np.random.default_rng(0))
    drawn = [next(batches) for _ in range(12)]
    texts = [text for batch in drawn for text in batch.labels]
    assert 0.5 < texts.count(patch.text) / len(texts) < 0.95
    for batch in drawn:
        assert batch.images.shape[0] == len(batch.labels) == len(batch.widths)
        assert batch.images.shape[0] * batch.widths.max() < 3000
        assert all(
            not image[:, w:].any() for image, w in zip(batch.images, batch.widths, strict=True)
        )


def test_the_valid_rows_of_a_folder_are_not_practised_on(tmp_path) -> None:
    for i in range(20):
        rng = np.random.default_rng(i)
        grey = np.full((48, 200), 255, np.uint8)
        grey[14:34, 20:180:9] = rng.integers(0, 90)
        Image.fromarray(grey).save(tmp_path / f"{i:02}.png")
        (tmp_path / f"{i:02}.gt.txt").write_text("iiiiiiiiiiii")
    piles, held = practice.load_piles([(tmp_path, 2.0)], np.random.default_rng(0))
    assert [(len(p.items), p.share) for p in piles] == [(18, 2.0)]
    assert [len(rows) for rows in held.values()] == [2]


def test_made_up_tokens_are_of_the_alphabet() -> None:
    rng = np.random.default_rng(0)
    assert all(set(shaped(SHAPES, rng)) <= set(WESTERN) for _ in range(200))


def rows_in(folder: Path, count: int, ending: str = ".gt.txt") -> None:
    for i in range(count):
        grey = np.full((48, 200), 255, np.uint8)
        grey[14:34, 20:180:9] = 40
        Image.fromarray(grey).save(folder / f"{i:02}.png")
        (folder / f"{i:02}{ending}").write_text("iiiiiiiiiiii\n")


@pytest.mark.parametrize("spoilt", ["picture", "cut", "text", "xml"])
def test_what_cannot_be_read_is_named_and_left_out(tmp_path: Path, spoilt: str) -> None:
    rows_in(tmp_path, 12)
    if spoilt == "picture":
        (tmp_path / "03.png").write_text("junk")
    elif spoilt == "cut":
        (tmp_path / "03.png").write_bytes((tmp_path / "03.png").read_bytes()[:60])
    elif spoilt == "text":
        (tmp_path / "03.gt.txt").write_bytes(b"\xff\xfe\x00")
    else:
        (tmp_path / "03.xml").write_text("<alto><broken")
    told: list[str] = []
    assert len(folder_patches(tmp_path, told.append)) == (12 if spoilt == "xml" else 11)
    assert len(told) == 1
    assert told[0].startswith(f"left out: {tmp_path / '03'}")


def test_many_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    rows_in(tmp_path, 12)
    for i in range(3):
        (tmp_path / f"{i:02}.png").write_text("junk")
    with pytest.raises(InputError, match="3 of 12 pages and rows cannot be read; the first: "):
        folder_patches(tmp_path)


def test_a_text_of_one_line_and_files_that_are_no_pages(tmp_path: Path) -> None:
    rows_in(tmp_path, 2, ".txt")
    (tmp_path / "01.txt").write_text("a page\nof two rows\n")
    (tmp_path / "mets.xml").write_text('<mets:mets xmlns:mets="http://www.loc.gov/METS/"/>')
    told: list[str] = []
    assert [patch.text for patch in folder_patches(tmp_path, told.append)] == ["iiiiiiiiiiii"]
    assert told == []
    assert folder_patches(tmp_path / "00.png") == []
