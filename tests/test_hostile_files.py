"""Models and data that are odd inside: one line, little memory, no traceback."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from ocr_cli import npz, recognition
from ocr_cli.cli.main import cli
from ocr_cli.data.formats import ink
from ocr_cli.errors import InputError, ModelError
from ocr_cli.input import load_page
from ocr_cli.input.files import Picture
from ocr_cli.modelfiles import weights

if TYPE_CHECKING:
    from conftest import Handwriting

MOST = 500_000_000  # bytes of memory that a refused file may take
# The peak of this process alone: getrusage's has in it that of the large one that started it.
MEASURED = """
import re, sys
from pathlib import Path
from ocr_cli.cli.main import main
try:
    main()
finally:
    used = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())
    print("memory", int(used[1]) * 1024, file=sys.stderr)
"""


def run(*arguments: object):
    return CliRunner().invoke(cli, list(map(str, arguments)))


def refused(*arguments: object) -> str:
    """What is told of a file that is refused, in one line and with little memory."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, arguments)], capture_output=True, check=False
    )
    line, *more, memory = done.stderr.decode().splitlines()
    assert not more, more
    assert done.returncode in (1, 2)
    assert int(memory.split()[1]) < MOST
    assert done.stdout == b""
    return line


SIDES = 12_000, 12_400  # within what is read


@pytest.mark.parametrize(
    "content",
    [
        b"P6 %d %d 255\n" % SIDES + bytes(1000),
        b"BM" + struct.pack("<6I2H6I", 1000, 0, 54, 40, *SIDES, 1, 24, *[0] * 6) + bytes(900),
        b"GIF89a%b\x80\0\0\0\0\0\0\0\0,\0\0\0\0%b\0\x08\1\0\0;"
        % (2 * (struct.pack("<2H", *SIDES),)),
    ],
    ids=lambda content: content[:2].decode(),
)
def test_a_few_bytes_that_claim_a_large_picture(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "claims").write_bytes(content)
    assert "the picture is damaged" in refused("read", "-l", "none", tmp_path / "claims")


def test_a_large_blank_sheet_is_no_damage(tmp_path: Path) -> None:
    for name, mode in (("fax.tif", "1"), ("scan.png", "L")):
        Image.new(mode, (5_000, 4_100), 255 if mode == "L" else 1).save(
            tmp_path / name, compression="group4"
        )
        assert load_page(Picture(str(tmp_path / name))).grey.min() == 1


def meta_of(path: Path) -> dict[str, Any]:
    with np.load(path) as file:
        return json.loads(str(file["meta"]))


def changed(source: Path, target: Path, meta: Any, **arrays: Any) -> Path:
    """A model file with other metadata, and some other arrays."""
    with np.load(source) as file:
        known = dict(file)
    np.savez_compressed(target, **{**known, **arrays, "meta": np.array(json.dumps(meta))})
    return target


def test_a_small_model_that_unpacks_to_much(untrained: Path, tmp_path: Path) -> None:
    meta = meta_of(untrained)
    path = changed(untrained, tmp_path / "zeros.npz", meta, x=np.zeros(150_000_000, np.uint8))
    assert path.stat().st_size < 3e6
    for command in (("models", "show", path), ("read", "-m", path, "examples/todo.jpg")):
        assert "that unpack to 15" in refused(*command)


def test_much_metadata(untrained: Path, tmp_path: Path) -> None:
    meta = meta_of(untrained) | {"record": {"note": "x" * 30_000_000}}
    path = changed(untrained, tmp_path / "wordy.npz", meta)
    assert "that unpack to" in refused("models", "show", path)


def test_layers_that_claim_more_than_is_there(untrained: Path, tmp_path: Path) -> None:
    meta = meta_of(untrained)
    meta["layers"] = [["dense", {"inputs": 1024, "outputs": 200_000}]]
    path = changed(untrained, tmp_path / "wide.npz", meta)
    told = refused("read", "-m", path, "examples/todo.jpg")
    assert f"ocr: {path}: the model's parts do not fit" in told


def test_an_array_that_claims_more_than_is_there(untrained: Path, tmp_path: Path) -> None:
    path = tmp_path / "claims.npz"
    with zipfile.ZipFile(untrained) as whole, zipfile.ZipFile(path, "w") as archive:
        for name in whole.namelist():
            content = whole.read(name)
            if name != "meta.npy":
                content = content.replace(b"'shape': (", b"'shape': (99999999, ", 1)[: len(content)]
            archive.writestr(name, content)
    with pytest.raises(ModelError, match="not a model file, or a damaged one"):
        weights.load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        {"record": ["a", "list"]},
        {"record": "a text"},
        {"classes": 36},
        {"classes": "ABC"},
        {"classes": [1, 2]},
        {"kind": ["mlp"]},
        {"layers": 3},
        {"record": None},
    ],
    ids=str,
)
def test_metadata_of_other_types(untrained: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    path = changed(untrained, tmp_path / "odd.npz", meta_of(untrained) | change)
    for command in (("models", "show", path), ("read", "-m", path, "examples/todo.jpg")):
        result = run(*command)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == f"ocr: {path}: not a model file, or a damaged one; train it anew\n"


@pytest.mark.parametrize(
    "record",
    [{"valid_accuracy": "high"}, {"words": {"all": "few"}}, {"words": 3}, {"lines": {"all": None}}],
)
def test_a_record_with_other_scores_is_shown(
    untrained: Path, tmp_path: Path, record: dict[str, Any]
) -> None:
    path = changed(untrained, tmp_path / "odd.npz", meta_of(untrained) | {"record": record})
    result = run("models", "show", path)
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    "layers",
    [
        [["dense", {"inputs": 1024, "outputs": -36}]],
        [["dense", {"inputs": 1024.5, "outputs": 36}]],
        [["dense", {"inputs": "1024", "outputs": 36}]],
        [["dropout", {"rate": "x"}]],
        [["conv2d", {"inputs": 1, "outputs": 8, "size": 3, "stride": 0}]],
        [["conv2d", {"inputs": 1, "outputs": 8, "size": 9999}]],
        [["maxpool2d", {"height": 30_000, "width": 30_000}]],
        [["dense"]],
        [[["dense"], {}]],
        [],
    ],
    ids=str,
)
def test_layers_that_make_no_sense(untrained: Path, tmp_path: Path, layers: list[Any]) -> None:
    path = changed(untrained, tmp_path / "odd.npz", meta_of(untrained) | {"layers": layers})
    with pytest.raises(ModelError, match="the model's parts do not fit"):
        weights.load_model(path)


@pytest.mark.parametrize("change", [{"order": "x"}, {"order": 1e400}, {"alphabet": ["a"]}, {}])
def test_an_odd_language_is_blamed_and_not_the_picture(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    english = weights.model_path("english")
    meta = {key: value for key, value in meta_of(english).items() if change or key != "order"}
    path = changed(english, tmp_path / "odd.npz", meta | change)
    result = run("read", "-l", path, "examples/todo.jpg")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "train it anew" in result.stderr
    assert "report" not in result.stderr


def test_what_fails_while_a_model_is_loaded_is_blamed_on_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def failing(model: str, language: str) -> None:
        raise AttributeError(model)

    monkeypatch.setattr(recognition, "load_reader", failing)
    result = run("read", "-m", tmp_path / "mine.npz", "examples/todo.jpg")
    told = f"ocr: {tmp_path}/mine.npz: the model cannot be used (AttributeError); train it anew\n"
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", told)


def test_a_language_that_is_not_there_and_a_picture_as_a_model() -> None:
    result = run("read", "-l", "nosuch", "examples/todo.jpg")
    told = "no such language; give auto, en, fr, de, es, none, or a file that "
    told += "ocr train --kind language wrote"
    assert (result.exit_code, result.stderr) == (2, f"ocr: nosuch: {told}\n")
    result = run("read", "-m", "examples/todo.jpg", "examples/todo.jpg")
    assert result.stderr.startswith("ocr: examples/todo.jpg: a picture, not a model; -m takes a n")


STROKES: dict[str, Any] = {
    "points": np.array([[0, 0], [0, 900], [500, 0], [0, 0], [600, 900]], np.int16),
    "stroke_start": np.array([0, 2, 5], np.int32),
    "item_start": np.array([0, 1, 2], np.int32),
    "labels": np.array(["l", "v"]),
    "writer": np.zeros(2, np.int32),
    "style": np.zeros(2, np.uint8),
    "split": np.zeros(2, np.uint8),
}


def test_the_strokes_that_are_changed_below_are_sound(tmp_path: Path) -> None:
    np.savez(tmp_path / "ink.npz", **STROKES)
    assert list(ink.load(tmp_path / "ink.npz", "train").labels) == ["l", "v"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"points": STROKES["points"] * np.nan}, "points that are NaN, infinite"),
        ({"points": STROKES["points"] + np.inf}, "points that are NaN, infinite"),
        ({"points": STROKES["points"] * 1e30}, "points beyond ±1,000,000 units"),
        ({"points": STROKES["points"] + 1j}, "points that are NaN, infinite or no numbers"),
        ({"points": STROKES["points"].ravel()}, "parts do not fit"),
        ({"points": np.float32(3)}, "parts do not fit"),
        ({"labels": np.array([1, 2])}, "labels that are no text"),
        ({"labels": np.array([["l", "v"]])}, "parts do not fit"),
        ({"labels": np.array(["l" * 3_000_000, "v"])}, "a label of more than 1,000 characters"),
        ({"stroke_start": np.zeros(0, int)}, "parts do not fit"),
        ({"item_start": np.zeros(0, int)}, "parts do not fit"),
        ({"item_start": np.float32(1)}, "parts do not fit"),
        ({"stroke_start": np.array([0.0, np.nan, 5])}, "no whole numbers"),
        ({"stroke_start": np.array([[0, 2, 5]])}, "parts do not fit"),
        ({"writer": np.zeros((2, 2), int)}, "parts do not fit"),
        ({"split": np.zeros((2, 2), int)}, "parts do not fit"),
        ({"split": np.zeros(9, int)}, "parts do not fit"),
        ({"style": np.array(["print", "print"])}, "no whole numbers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_odd_pen_strokes_are_told(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    path = tmp_path / "ink.npz"
    np.savez(path, **{**STROKES, **changes})
    with pytest.raises(InputError, match=told) as caught:
        ink.load(path, "train")
    assert caught.value.source == str(path)
    result = run("eval", "-m", "capitals", path)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)


def test_small_strokes_that_unpack_to_much(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "i.npz", **{**STROKES, "more": np.zeros(250_000_000, np.uint8)})
    told = refused("eval", "-m", "capitals", tmp_path / "i.npz")
    assert "that unpack to 250 MB; no pen strokes are like that" in told


def test_the_rule_for_what_may_be_unpacked() -> None:
    npz.check_unpacked(npz.FREE, 1)
    npz.check_unpacked(10**10, 10**9)
    with pytest.raises(npz.OversizeError, match=r"3.0 MB that unpack to 3,200 MB"):
        npz.check_unpacked(3_200_000_000, 3_000_000)


@pytest.mark.parametrize("language", ["en", "none"])
def test_classes_beyond_ascii_read_without_a_warning(
    tmp_path: Path, handwriting: Handwriting, language: str
) -> None:
    from ocr_cli.training.recipes import PRESETS, fresh_model

    weights.save_model(tmp_path / "m.npz", fresh_model(PRESETS["homework"], ("É", "ß", "T"), 0))
    handwriting("TAT TAT").save(tmp_path / "t.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = run(
            "read", "-f", "jsonl", "-l", language, "-m", tmp_path / "m.npz", tmp_path / "t.png"
        )
    assert (result.exit_code, result.stderr) == (0, "")
    assert "NaN" not in result.stdout
    assert set(json.loads(result.stdout)["rows"][0]["text"]) <= set("ÉßT ")
