"""MNIST and EMNIST files: found by looking, turned upright, told apart, and their faults named."""

import gzip
import tracemalloc
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ocr_cli.cli.main import cli
from ocr_cli.data import choose
from ocr_cli.data.formats import idx
from ocr_cli.errors import InputError
from ocr_cli.modelfiles import weights

CLASSES = "7L"


def drawn(n: int, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Sevens and Ls, white on black, 28x28, each a little elsewhere and of its own pen."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n).astype(np.uint8)
    images = np.zeros((n, 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        y, x, pen = rng.integers(3, 7), rng.integers(3, 9), rng.integers(1, 4)
        column, row = (x + 12, y) if label == 0 else (x, y + 16)
        image[y : y + 16, column : column + pen] = 255
        image[row : row + pen, x : x + 14] = 255
    return images, labels


def write_idx(path: Path, array: NDArray[np.uint8]) -> Path:
    """An idx file of bytes, gzipped where its name says so."""
    shape = np.array(array.shape, ">u4").tobytes()
    content = bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_mnist(folder: Path, ending: str = "") -> Path:
    for n, split in ((80, "train"), (20, "t10k")):
        images, labels = drawn(n, seed=n)
        write_idx(folder / f"{split}-images-idx3-ubyte{ending}", images)
        write_idx(folder / f"{split}-labels-idx1-ubyte{ending}", labels)
    return folder


def write_emnist(folder: Path, name: str = "balanced", mapping: str | None = "0 55\n1 76 108\n"):
    for n, split in ((80, "train"), (20, "test")):
        images, labels = drawn(n, seed=n)
        start = folder / f"emnist-{name}-{split}"
        write_idx(Path(f"{start}-images-idx3-ubyte.gz"), images.transpose(0, 2, 1))
        write_idx(Path(f"{start}-labels-idx1-ubyte.gz"), labels)
    if mapping is not None:
        (folder / f"emnist-{name}-mapping.txt").write_text(mapping)
    return folder


def train(data: Path, out: Path, *more: str):
    usual = ["train", "--homework", "--epochs", "30", "-q", "--data", str(data)]
    return CliRunner().invoke(cli, [*usual, "--lr", "0.01", *more, "--out", str(out)])


@pytest.mark.parametrize("write", [write_mnist, write_emnist])
def test_it_trains_on_a_folder_and_is_scored(write, tmp_path: Path) -> None:
    out = tmp_path / "model.npz"
    result = train(write(tmp_path / "set"), out)
    assert result.exit_code == 0, result.output
    assert " test 100.00%" in result.stdout or " test 95.00%" in result.stdout
    scored = CliRunner().invoke(cli, ["eval", "-m", str(out), str(tmp_path / "set")])
    assert scored.exit_code == 0, scored.output
    assert scored.stderr == ""
    assert scored.stdout.startswith("20 characters, accuracy ")


def test_emnist_is_turned_and_named_by_its_mapping(tmp_path: Path) -> None:
    mnist = idx.load(write_mnist(tmp_path / "mnist", ".gz"), "train")
    emnist = idx.load(write_emnist(tmp_path / "emnist"), "train")
    np.testing.assert_array_equal(mnist.images, emnist.images)
    np.testing.assert_array_equal(mnist.labels, emnist.labels)
    assert (mnist.classes, emnist.classes) == (("0", "1"), ("7", "L"))
    ink = emnist.images < 0.5
    for image, label in zip(ink, emnist.labels, strict=True):
        rows, columns = image.any(1), image.any(0)
        longest = max(np.ptp(np.flatnonzero(rows)), np.ptp(np.flatnonzero(columns))) + 1
        assert longest in (25, 26, 27)  # as long as a letter cut from a page
        bar = image.sum(1).argmax()
        assert (bar < 16) == (label == 0)  # the bar of a 7 is at its top, that of an L below


def test_a_folder_in_the_folder_and_one_file(tmp_path: Path) -> None:
    write_mnist(tmp_path / "MNIST" / "raw")
    assert idx.splits_in(tmp_path / "MNIST") == ["train", "test"]
    one = tmp_path / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    assert choose.open_set(one, None)[1] == "test"
    assert len(idx.load(one, "test")) == 20
    with pytest.raises(InputError, match="no train split here; found test"):
        choose.open_splits(one, "capitals", False, np.random.default_rng(0))


def test_the_format_is_found_by_looking(tmp_path: Path) -> None:
    images, labels = drawn(30)
    write_idx(tmp_path / "some.bin", images)
    write_idx(tmp_path / "other.bin", labels)
    assert len(idx.load(tmp_path, "train")) == 30
    (tmp_path / "looks-images-idx3-ubyte").write_bytes(b"like one")
    assert len(idx.load(tmp_path, "train")) == 30


def test_of_several_sets_one_is_named(tmp_path: Path) -> None:
    folder = write_emnist(write_emnist(tmp_path / "gzip"), "letters", None)
    result = train(folder, tmp_path / "model.npz")
    assert result.exit_code == 1
    assert "several sets: emnist-balanced, emnist-letters" in result.stderr
    for prefix in (folder / "emnist-balanced", tmp_path / "emnist-balanced"):
        assert idx.load(prefix, "test").classes == ("7", "L")
    assert not idx.is_idx(folder / "emnist-digits")


def test_a_set_without_a_name_beside_another_is_told(tmp_path: Path) -> None:
    write_mnist(write_emnist(tmp_path))
    told = f"several sets: one without a name, emnist-balanced; name one, such as {tmp_path}/emnist"
    with pytest.raises(InputError) as caught:
        idx.splits_in(tmp_path)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (range(1, 27), "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        (range(47), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"),
        (range(3), "012"),
    ],
)
def test_labels_without_a_mapping(tmp_path: Path, labels: range, classes: str) -> None:
    numbers = np.array(labels, np.uint8)
    write_idx(tmp_path / "train-images-idx3-ubyte", drawn(len(numbers))[0])
    write_idx(tmp_path / "train-labels-idx1-ubyte", numbers)
    data = idx.load(tmp_path, "train")
    assert [data.classes[label] for label in data.labels] == list(classes)


def spoil_labels(folder: Path) -> None:
    write_idx(folder / "emnist-balanced-train-labels-idx1-ubyte.gz", np.zeros(79, np.uint8))


def lose_labels(folder: Path) -> None:
    (folder / "emnist-balanced-train-labels-idx1-ubyte.gz").unlink()


def cut_pictures(folder: Path) -> None:
    path = folder / "emnist-balanced-train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:200])


def cut_plainly(folder: Path) -> None:
    path = folder / "emnist-balanced-train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.decompress(path.read_bytes())[:-1])


def spoil_mapping(folder: Path) -> None:
    (folder / "emnist-balanced-mapping.txt").write_text("zero\n")


def shorten_mapping(folder: Path) -> None:
    (folder / "emnist-balanced-mapping.txt").write_text("0 55\n")


@pytest.mark.parametrize(
    ("spoil", "file", "told"),
    [
        (spoil_labels, "train-images-idx3-ubyte.gz", "80 pictures and 79 labels"),
        (lose_labels, "train-images-idx3-ubyte.gz", "its labels are missing"),
        (cut_pictures, "train-images-idx3-ubyte.gz", "cut short or damaged"),
        (cut_plainly, "train-images-idx3-ubyte.gz", "cut short or damaged"),
        (spoil_mapping, "mapping.txt", "expected lines of a label and a character's code"),
        (shorten_mapping, "mapping.txt", "label 1 is not in"),
    ],
)
def test_faults_are_one_line_that_names_the_file(spoil, file: str, told: str, tmp_path) -> None:
    spoil(write_emnist(tmp_path / "set"))
    result = train(tmp_path / "set", tmp_path / "model.npz")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1), result.output
    assert told in result.stderr
    assert file in result.stderr
    assert not (tmp_path / "model.npz").exists()


def claims_many(folder: Path) -> None:
    head = bytes([0, 0, 8, 3]) + np.array([0xFFFFFFFF, 28, 28], ">u4").tobytes()
    (folder / "emnist-balanced-train-images-idx3-ubyte.gz").write_bytes(gzip.compress(head))


def test_a_head_that_claims_many_items_is_damage(tmp_path: Path) -> None:
    claims_many(write_emnist(tmp_path))
    with pytest.raises(InputError, match=r"train-images-idx3-ubyte\.gz: cut short or damaged"):
        idx.load(tmp_path, "train")


def test_a_set_of_no_pictures_is_told(tmp_path: Path) -> None:
    write_idx(tmp_path / "train-images-idx3-ubyte", np.zeros((0, 28, 28), np.uint8))
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(0, np.uint8))
    for look in (
        lambda: choose.open_set(tmp_path, None),
        lambda: choose.open_splits(tmp_path, "capitals", False, np.random.default_rng(0)),
    ):
        with pytest.raises(InputError, match="no pictures in this file"):
            look()


@pytest.mark.parametrize("honest", [True, False])
def test_a_small_file_that_unpacks_to_much_is_refused_first(tmp_path: Path, honest: bool) -> None:
    count = 300_000
    path = tmp_path / "train-images-idx3-ubyte.gz"
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(count, np.uint8))
    head = bytes([0, 0, 8, 3]) + np.array([count, 28, 28], ">u4").tobytes()
    size = len(head) + count * 784
    content = (
        gzip.compress(head)[:-4] + size.to_bytes(4, "little") if honest else gzip.compress(head)
    )
    path.write_bytes(content)
    told = "MB that unpack to 235 MB; no set is like that" if honest else "cut short or damaged"
    tracemalloc.start()
    with pytest.raises(InputError, match=told):
        idx.load(tmp_path, "train")
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda b: bytes([0, 0, 0, len(b)]) + b))
def test_any_bytes_are_an_array_or_an_error(tmp_path_factory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("idx") / "labels"
    path.write_bytes(idx.LABELS + content)
    is_whole = len(content) >= 4 and int.from_bytes(content[:4], "big") == len(content) - 4
    with nullcontext() if is_whole else pytest.raises(InputError, match="cut short or damaged"):
        assert idx._read(path, idx.LABELS).tobytes() == content[4:]


def test_a_shipped_model_reads_such_pictures(tmp_path: Path) -> None:
    """The pictures come out as a letter model is used to see them."""
    from ocr_cli.evaluation.characters import evaluate_characters

    data = idx.load(write_emnist(tmp_path), "train")
    assert evaluate_characters(weights.load_model("capitals"), data).accuracy > 0.95
