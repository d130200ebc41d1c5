"""Pictures in folders by class: of any size, format and colour, with splits or without."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw

from ocr_cli.cli.main import cli
from ocr_cli.data import choose
from ocr_cli.data.formats import folders
from ocr_cli.errors import InputError
from ocr_cli.evaluation.characters import evaluate_characters
from ocr_cli.modelfiles import weights

SHAPES = {"T": [(0, 0, 1, 0), (0.5, 0, 0.5, 1)], "V": [(0, 0, 0.5, 1), (0.5, 1, 1, 0)]}


def write_letters(
    folder: Path, n: int, ending: str = "png", mode: str = "L", dark: bool = False, size: int = 60
) -> Path:
    """n pictures of each of T and V, of sizes, places and pens of their own."""
    rng = np.random.default_rng(n)
    for name, lines in SHAPES.items():
        (folder / name).mkdir(parents=True)
        for i in range(n):
            wide, tall = rng.integers(size, size + 40, 2)
            at, long = rng.integers(10, 18, 2), rng.uniform(0.5, 0.65)
            image = Image.new("L", (int(wide), int(tall)), 10 if dark else 240)
            draw = ImageDraw.Draw(image)
            for x1, y1, x2, y2 in lines:
                ends = np.array([x1, y1, x2, y2]) * np.tile([wide, tall], 2) * long + np.tile(at, 2)
                draw.line(ends.tolist(), 230 if dark else 20, width=int(rng.integers(3, 7)))
            image.convert(mode).save(folder / name / f"{i}.{ending}")
    return folder


def write_photos(folder: Path, n: int) -> Path:
    """Colour pictures of 32x32 in train/ and test/, by class: reddish skies, greenish ground."""
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for name, above in (("cat", True), ("dog", False)):
            (folder / split / name).mkdir(parents=True)
            for i in range(n):
                pixels = rng.integers(0, 120, (32, 32, 3), np.uint8)
                pixels[: 16 if above else None, :, 0] += 100
                pixels[0 if above else 16 :, :, 1] += 100
                Image.fromarray(pixels).save(folder / split / name / f"{i}.png")
    return folder


def train(data: Path, out: Path):
    usual = ["train", "--homework", "--epochs", "40", "--lr", "0.01", "-q", "--data", str(data)]
    return CliRunner().invoke(cli, [*usual, "--out", str(out)])


@pytest.mark.parametrize(("ending", "mode"), [("png", "L"), ("jpg", "RGB"), ("bmp", "RGB")])
def test_it_trains_on_letters(ending: str, mode: str, tmp_path: Path) -> None:
    out = tmp_path / "model.npz"
    result = train(write_letters(tmp_path / "set", 30, ending, mode), out)
    assert result.exit_code == 0, result.output
    assert weights.load_model(out).classes == ("T", "V")
    assert weights.load_model(out).record["valid_accuracy"] > 0.8
    scored = CliRunner().invoke(cli, ["eval", "-m", str(out), str(tmp_path / "set")])
    assert scored.stdout.startswith("60 characters, accuracy ")
    assert "no test split; scored on train" in scored.stderr


@pytest.mark.parametrize("dark", [False, True])
def test_letters_look_as_if_cut_from_a_page(dark: bool, tmp_path: Path) -> None:
    data = folders.load(write_letters(tmp_path, 20, dark=dark), "train")
    assert (data.images[:, 0] > 0.9).all()
    assert (data.images.min((1, 2)) < 0.1).all()
    assert evaluate_characters(weights.load_model("capitals"), data).accuracy > 0.9


def test_pictures_of_32_pixels_are_left_alone(tmp_path: Path) -> None:
    pixels = np.full((32, 32), 255, np.uint8)
    pixels[4, 5:9] = 0
    for name in "AB":
        (tmp_path / name).mkdir()
        Image.fromarray(pixels).save(tmp_path / name / "1.png")
    data = folders.load(tmp_path, "train")
    np.testing.assert_allclose(data.images[1], pixels / 255, atol=1e-6)


def test_colour_pictures_with_words_as_classes(tmp_path: Path, handwriting) -> None:
    out = tmp_path / "model.npz"
    result = train(write_photos(tmp_path / "set", 20), out)
    assert result.exit_code == 0, result.output
    scored = CliRunner().invoke(cli, ["eval", "-m", str(out), str(tmp_path / "set")])
    assert (scored.exit_code, scored.stderr) == (0, "")
    rows = [line.split() for line in scored.stdout.splitlines()]
    assert ["cat", "20"] in [row[:2] for row in rows]
    confusion = rows[-3:]
    assert confusion[0] == ["cat", "dog"]
    assert sum(int(n) for row in confusion[1:] for n in row[1:] if n != ".") == 40
    handwriting("HI").save(tmp_path / "page.png")
    read = CliRunner().invoke(cli, ["read", "-m", str(out), str(tmp_path / "page.png")])
    assert (read.exit_code, read.stdout) == (1, "")
    assert "its classes are no characters (cat, dog" in read.stderr
    assert read.stderr.count("\n") == 1


def test_splits_go_by_the_names_of_folders(tmp_path: Path) -> None:
    for split, n in (("Train", 5), ("val", 3)):
        write_letters(tmp_path / split, n)
    assert folders.splits_in(tmp_path) == ["train", "valid"]
    splits = choose.open_splits(tmp_path, "ascii", False, np.random.default_rng(0))
    assert (len(splits.train), len(splits.valid), splits.test) == (10, 6, None)
    with pytest.raises(choose.InputError, match="no test split here; found train, valid"):
        choose.open_set(tmp_path, "test")


@pytest.mark.parametrize("name", ["0.txt", "0.gt.txt", "0.xml", "page/0.xml"])
def test_pages_with_transcripts_are_no_classes(tmp_path: Path, name: str) -> None:
    write_letters(tmp_path, 2)
    assert folders.is_folders(tmp_path)
    (tmp_path / "T" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "T" / name).write_text("T")
    assert not folders.is_folders(tmp_path)


def test_classes_that_a_model_does_not_know_are_told_and_left_out(tmp_path: Path) -> None:
    write_letters(tmp_path / "set", 4)
    write_letters(tmp_path / "more", 3)
    (tmp_path / "more" / "V").rename(tmp_path / "set" / "é")
    scored = CliRunner().invoke(cli, ["eval", "-m", "capitals", "--json", str(tmp_path / "set")])
    assert scored.exit_code == 0
    assert json.loads(scored.stdout)["items"] == 8
    assert json.loads(scored.stdout)["classes"] == ["T", "V"]
    assert "left out 3 items of classes that the model does not know: é\n" in scored.stderr
    for name in "TV":
        (tmp_path / "set" / name).rename(tmp_path / "set" / f"{name}{name}")
    scored = CliRunner().invoke(cli, ["eval", "-m", "capitals", str(tmp_path / "set")])
    assert (scored.exit_code, scored.stdout) == (2, "")
    assert "knows none of the set's classes TT VV é" in scored.stderr


def spoil(picture: Path, how: str) -> None:
    if how == "cut short":
        picture.write_bytes(picture.read_bytes()[:-30])
    else:
        picture.write_text("Dear Anna")


@pytest.mark.parametrize("how", ["cut short", "text"])
def test_a_picture_that_is_none_is_named_and_left_out(tmp_path: Path, how: str) -> None:
    bad = write_letters(tmp_path / "set", 4) / "V" / "2.png"
    spoil(bad, how)
    data = folders.load(tmp_path / "set", "train")
    assert np.bincount(data.labels).tolist() == [4, 3]
    result = CliRunner().invoke(cli, ["eval", "-m", "mlp", str(tmp_path / "set")])
    assert result.exit_code == 1
    assert result.stdout.startswith("7 characters, accuracy ")
    (told,) = [line for line in result.stderr.splitlines() if "left out" in line]
    assert told.startswith(f"ocr: left out: {bad}: ")
    assert how in told


def test_many_pictures_that_are_none_are_refused(tmp_path: Path) -> None:
    folder = write_letters(tmp_path / "set", 4) / "V"
    for name in ("1.png", "2.png"):
        spoil(folder / name, "text")
    with pytest.raises(InputError, match="2 of 8 pictures cannot be read; the first: ") as caught:
        folders.load(tmp_path / "set", "train")
    assert str(folder / "1.png") in str(caught.value)


def test_a_class_without_a_picture_is_refused(tmp_path: Path) -> None:
    write_letters(tmp_path / "set", 1)
    spoil(tmp_path / "set" / "V" / "0.png", "text")
    with pytest.raises(InputError, match="V: none of its pictures can be read"):
        folders.load(tmp_path / "set", "train")


def test_one_class_is_too_few(tmp_path: Path) -> None:
    write_letters(tmp_path / "set", 4)
    (tmp_path / "set" / "T").rename(tmp_path / "T")
    result = train(tmp_path / "set", tmp_path / "model.npz")
    assert result.exit_code == 1
    assert "two classes are needed" in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("nowhere", None, "no such file or folder; expected NIST36"),
        ("table.csv", b"a,b,c\n", r"begins with b'a,b,c\n'); expected NIST36"),
        ("set/table.csv", b"a,b,c\n", "found .csv); expected NIST36"),
    ],
)
def test_what_is_no_data_is_told_with_what_was_expected(
    tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    given = path.parent if path.parent.name == "set" else path
    result = train(given, tmp_path / "model.npz")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert told in result.stderr
    assert "UNIPEN" in result.stderr
