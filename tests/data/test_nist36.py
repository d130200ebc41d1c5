"""NIST36 files that are not quite such: scaled, turned round, or refused for what they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.io import savemat
from scipy.sparse import csc_matrix

from ocr_cli.cli.main import cli
from ocr_cli.data import choose, orientation, sources
from ocr_cli.data.charset import NIST36
from ocr_cli.data.formats import nist36
from ocr_cli.data.formats.ink import from_strokes
from ocr_cli.data.synthesis import synthetic
from ocr_cli.errors import InputError


@pytest.fixture(scope="module")
def letters() -> np.ndarray:
    """(36, 1024) one drawn picture of each class, in column order."""
    rng = np.random.default_rng(3)
    hand = synthetic.sample_hand(rng, wildness=0.3)
    items = [synthetic.draw_character(c, rng, hand) for c in NIST36]
    images = sources.rendered(from_strokes(items, list(NIST36)), NIST36).images
    return images.transpose(0, 2, 1).reshape(36, 1024).astype(np.float64)


def written(folder: Path, data: Any, labels: Any = None, **more: Any) -> Path:
    labels = np.eye(36) if labels is None else labels
    savemat(folder / "nist36_test.mat", {"test_data": data, "test_labels": labels, **more})
    return folder / "nist36_test.mat"


def test_a_sound_set_has_no_notes(tmp_path: Path, letters: np.ndarray) -> None:
    data = nist36.load(written(tmp_path, letters), "test")
    assert data.notes == ()
    np.testing.assert_allclose(data.images.transpose(0, 2, 1).reshape(36, -1), letters, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_values_up_to_255_are_scaled_and_noted(
    tmp_path: Path, letters: np.ndarray, dtype: type
) -> None:
    path = written(tmp_path, (255 * letters).round().astype(dtype))
    data = nist36.load(path, "test")
    np.testing.assert_allclose(data.images.transpose(0, 2, 1).reshape(36, -1), letters, atol=0.003)
    (note,) = data.notes
    assert note.startswith(f"{path}: test_data runs from 0 to 255; it was taken as 0 to 255")
    result = CliRunner().invoke(cli, ["eval", "-m", "mlp", str(path)])
    assert (result.exit_code, result.stderr) == (0, f"ocr: {note}\n")


def test_light_ink_on_dark_is_turned_round_and_noted(tmp_path: Path, letters: np.ndarray) -> None:
    data = nist36.load(written(tmp_path, 1 - letters), "test")
    np.testing.assert_allclose(data.images.transpose(0, 2, 1).reshape(36, -1), letters, atol=1e-6)
    assert "light ink on dark; it was turned round" in data.notes[0]


def test_pictures_in_row_order_are_told_with_the_way_out(
    tmp_path: Path, letters: np.ndarray
) -> None:
    rows = letters.reshape(36, 32, 32).transpose(0, 2, 1).reshape(36, 1024)
    path = written(tmp_path, rows)
    result = CliRunner().invoke(cli, ["eval", "-m", "mlp", str(path)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "its pictures lie in row order: a shipped model reads" in result.stderr
    assert "% transposed; transpose each: data.reshape(-1, 32, 32)" in result.stderr


@pytest.mark.parametrize("lie", orientation.LIES)
def test_pictures_that_do_not_stand_upright_are_told(
    tmp_path: Path, letters: np.ndarray, lie: str
) -> None:
    upright = letters.reshape(36, 32, 32).transpose(0, 2, 1)
    back = {"turned by 90 degrees": 270, "turned by 270 degrees": 90}.get(lie)
    undo = orientation.LIES[f"turned by {back} degrees" if back else lie]
    data = undo(upright).transpose(0, 2, 1).reshape(36, 1024)
    with pytest.raises(InputError, match=f"% {lie}; (set them upright first|transpose each)"):
        nist36.load(written(tmp_path, data), "test")


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
def test_blank_pictures_are_told(tmp_path: Path, value: float) -> None:
    with pytest.raises(InputError, match="36 of its 36 pictures are blank"):
        nist36.load(written(tmp_path, np.full((36, 1024), value)), "test")


def test_a_file_that_is_cut_short_is_told_as_that(tmp_path: Path, letters: np.ndarray) -> None:
    path = written(tmp_path, letters)
    path.write_bytes(path.read_bytes()[:-300_000])
    with pytest.raises(InputError, match="is it cut short"):
        nist36.load(path, "test")


HALF, TWICE, NONE, TWO = (np.eye(36) for _ in range(4))
HALF[4, 4], TWICE[4, 4], NONE[4, 4], TWO[4, 5] = 0.5, 2, 0, 1


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (HALF, r"test_labels is not one-hot in row 5 \(its sum is 0.5\)"),
        (TWICE, r"test_labels is not one-hot in row 5 \(its sum is 2\)"),
        (NONE, r"test_labels is not one-hot in row 5 \(its sum is 0\)"),
        (TWO, r"test_labels is not one-hot in row 5 \(its sum is 2\)"),
        (np.zeros((36, 36)), r"in 36 rows, the first row 1 \(its sum is 0\)"),
        (np.eye(36) * np.nan, "test_labels has NaN or Inf in 36 rows, the first row 1"),
        (np.eye(36)[:, :35], "expected"),
        (csc_matrix(np.eye(36)), "test_labels is of class sparse"),
    ],
)
def test_labels_that_are_not_one_hot(
    tmp_path: Path, letters: np.ndarray, labels: Any, told: str
) -> None:
    path = written(tmp_path, letters, labels)
    with pytest.raises(InputError, match=told) as caught:
        nist36.load(path, "test")
    assert caught.value.source == str(path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda x: np.where(x == x.max(), np.nan, x), "test_data has NaN or Inf in"),
        (lambda x: x * np.inf, "test_data has NaN or Inf in"),
        (lambda x: x - 0.5, "test_data runs from -0.5 to 0.5; expected 0"),
        (lambda x: x * 65535, r"test_data runs from \S+ to 65535"),
        (lambda x: x * 1.5, r"test_data runs from \S+ to 1\.5"),
        (lambda x: x * 4, r"test_data runs from \S+ to 4"),
        (lambda x: x * 15, r"test_data runs from \S+ to 15"),
        (lambda x: np.vstack([[255.0, *x[0, 1:]], x[1:]]), "nearly all of it to 1 at most"),
        (lambda x: x * 1e300, r"test_data runs from \S+ to inf"),
        (lambda x: x + 1j, "complex"),
        (csc_matrix, "test_data is of class sparse; save it as a full array"),
        (lambda x: x.astype(object), "test_data is of class cell"),
    ],
)
def test_data_that_are_no_pictures(
    tmp_path: Path, letters: np.ndarray, change: Any, told: str
) -> None:
    with np.errstate(invalid="ignore"):
        path = written(tmp_path, change(letters))
    with pytest.raises(InputError, match=told):
        nist36.load(path, "test")


def test_nan_is_not_blamed_on_the_rate(tmp_path: Path, letters: np.ndarray) -> None:
    for split in ("train", "valid"):
        data = {
            f"{split}_data": np.vstack([letters] * 2),
            f"{split}_labels": np.eye(36)[[*range(36)] * 2],
        }
        data[f"{split}_data"][7, 9] = np.nan
        savemat(tmp_path / f"nist36_{split}.mat", data)
    arguments = ["train", "--data", str(tmp_path), "--out", str(tmp_path / "m.npz")]
    result = CliRunner().invoke(cli, arguments)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1), result.exception
    assert "nist36_train.mat: train_data has NaN or Inf in row 8" in result.stderr
    result = CliRunner().invoke(cli, ["eval", "-m", "capitals", str(tmp_path / "nist36_valid.mat")])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)


def test_one_class_only_is_too_little(tmp_path: Path, letters: np.ndarray) -> None:
    content = {"train_data": letters, "train_labels": np.eye(36)[[10] * 36]}
    savemat(tmp_path / "nist36_train.mat", content)
    with pytest.raises(InputError, match="two classes are needed at least, and only 'K' is there"):
        choose.open_splits(tmp_path, "capitals", False, np.random.default_rng(0))


def test_matlab_7_3_is_told_for_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "nist36_test.mat"
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n" + bytes(100))
    for look in (lambda: nist36.load(path, "test"), lambda: nist36.splits_in(path)):
        with pytest.raises(InputError, match='a file of MATLAB 7\\.3; save it with "-v7"'):
            look()


def test_a_small_file_that_unpacks_to_much_is_refused_first(tmp_path: Path, letters: Any) -> None:
    import tracemalloc

    path = tmp_path / "nist36_test.mat"
    zeros = np.zeros((30_000, 1024), np.uint8)
    content = {"test_data": zeros, "test_labels": np.zeros((30_000, 36), np.uint8)}
    savemat(path, content, do_compression=True)
    tracemalloc.start()
    with pytest.raises(InputError, match="MB that unpack to 254 MB; no set is like that"):
        nist36.load(path, "test")
    assert tracemalloc.get_traced_memory()[1] < 100e6  # scipy unpacks a block to see what there is
    tracemalloc.stop()
