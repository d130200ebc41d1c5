"""Bad pictures and bad models, as real processes: one line, the right exit code, no traceback."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from conftest import Handwriting, RunOcr


def bomb() -> bytes:
    """A PNG of a few hundred bytes that would unpack to 3.6 thousand megapixels."""
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "PNG")
    header = b"IHDR" + struct.pack(">2I5B", 60_000, 60_000, 8, 0, 0, 0, 0)
    data = file.getvalue()
    return (
        data[:8] + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    ) + data[33:]


def picture(colour: int, size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("L", size, colour).save(file, "JPEG")
    return file.getvalue()


PHOTO = picture(120, (600, 400))
BAD = {
    "truncated.jpg": (PHOTO[: len(PHOTO) // 2], "cut short"),
    "empty.jpg": (b"", "empty"),
    "text.jpg": (b"Dear Anna,\nthis is a letter.\n", "is text"),
    "bomb.png": (bomb(), "too large"),
    "page.pdf": (b"%PDF-1.7\n", "PDF"),
}
BLANK = {
    "dot.jpg": picture(128, (1, 1)),
    "white.jpg": picture(255, (600, 400)),
    "black.jpg": picture(0, (600, 400)),
    "thin.jpg": picture(255, (3000, 1)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, handwriting: Handwriting) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    for name, (content, _) in BAD.items():
        (folder / name).write_bytes(content)
    for name, blank in BLANK.items():
        (folder / name).write_bytes(blank)
    handwriting("STILL READ").save(folder / "good.png")
    (folder / "empty").mkdir()
    return folder


@pytest.mark.parametrize("command", ["read", "extract"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_bad_files_are_told_in_a_line_each_and_the_others_are_read(
    run_ocr: RunOcr, folder: Path, untrained: Path, command: str, jobs: str
) -> None:
    names = [*BAD, "missing.jpg", "empty", "good.png"]
    model = ["-m", untrained, "-l", "none"] if command == "read" else []
    form = "jsonl" if command == "read" else "json"
    done = run_ocr(command, *model, "-f", form, "-j", jobs, *[folder / name for name in names])
    told = done.stderr.decode().splitlines()
    expected = [*((name, message) for name, (_, message) in BAD.items())]
    expected += [("missing.jpg", "no such file"), ("empty", "is a folder")]
    assert done.returncode == 1
    assert len(told) == len(expected)
    for line, (name, message) in zip(told, expected, strict=True):
        assert line.startswith(f"ocr: {folder / name}: ")
        assert message in line
    # What is left of a picture that is cut short is read; of this one, nothing is written on it.
    cut, page = map(json.loads, done.stdout.splitlines())
    assert (Path(cut["source"]).name, cut["rows"]) == ("truncated.jpg", [])
    assert Path(page["source"]).name == "good.png"
    assert len(page["rows"][0]["words"]) == 2


def test_a_folder_without_pictures(run_ocr: RunOcr, folder: Path) -> None:
    done = run_ocr("read", "--recursive", folder / "empty")
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (1, b"", 1)
    assert b"no pictures" in done.stderr


def test_blank_pictures_are_no_error_and_hold_nothing(
    run_ocr: RunOcr, folder: Path, untrained: Path
) -> None:
    files = [folder / name for name in BLANK]
    done = run_ocr("read", "-m", untrained, "-l", "none", *files)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    done = run_ocr("read", "-m", untrained, "-l", "none", "-f", "jsonl", *files)
    assert [json.loads(line)["rows"] for line in done.stdout.splitlines()] == [[]] * len(BLANK)


class Trap:
    """Opens a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def bad_models(folder: Path, good: Path) -> dict[str, bytes]:
    def archive(**arrays: object) -> bytes:
        file = io.BytesIO()
        np.savez(file, **arrays)
        return file.getvalue()

    with np.load(good) as file:
        arrays = dict(file)
    name = next(name for name in arrays if name != "meta")
    meta = json.loads(str(arrays["meta"]))
    trap = Trap(folder / "sprung")
    return {
        "truncated.npz": good.read_bytes()[:-500],
        "empty.npz": b"",
        "text.npz": b"this is no model",
        "pickle.npz": pickle.dumps(trap),
        "object.npz": archive(meta=arrays["meta"], **{name: np.array(trap, object)}),
        "object-meta.npz": archive(**{**arrays, "meta": np.array(trap, object)}),
        "picture.npz": PHOTO,
        "other-kind.npz": archive(**{**arrays, "meta": json.dumps(meta | {"kind": "teapot"})}),
        "no-meta.npz": archive(x=np.ones(3)),
        "shapes.npz": archive(**{**arrays, name: arrays[name][1:]}),
        "nan.npz": archive(**{**arrays, name: np.full_like(arrays[name], np.nan)}),
        "missing-array.npz": archive(**{k: v for k, v in arrays.items() if k != name}),
    }


MODELS = (
    *("truncated.npz", "empty.npz", "text.npz", "pickle.npz", "object.npz", "object-meta.npz"),
    *("picture.npz", "other-kind.npz", "no-meta.npz", "shapes.npz", "nan.npz"),
    *("missing-array.npz", "missing.npz"),
)


@pytest.mark.parametrize("name", MODELS)
def test_bad_models_are_told_in_one_line(
    run_ocr: RunOcr, folder: Path, untrained: Path, tmp_path: Path, name: str
) -> None:
    model = tmp_path / name
    models = bad_models(tmp_path, untrained)
    assert set(models) | {"missing.npz"} == set(MODELS)
    if name in models:
        model.write_bytes(models[name])
    done = run_ocr("read", "--model", model, folder / "good.png", folder / "good.png")
    status = 2 if name == "missing.npz" else 1
    assert (done.returncode, done.stdout) == (status, b"")
    assert done.stderr.startswith(f"ocr: {model}: ".encode())
    assert done.stderr.count(b"\n") == 1
    assert not (tmp_path / "sprung").exists()


def test_a_bad_model_is_told_once_by_several_workers(
    run_ocr: RunOcr, folder: Path, tmp_path: Path
) -> None:
    model = tmp_path / "text.npz"
    model.write_text("this is no model")
    done = run_ocr("read", "-j", "2", "-m", model, folder / "good.png", folder / "good.png")
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (1, b"", 1)
