"""Sheets on their side, on their head or seen aslant read as well as straight ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from ocr_cli.evaluation import metrics

if TYPE_CHECKING:
    from conftest import RunOcr

DESK = 70
Seen = Callable[[Image.Image], Image.Image]


def on_desk(sheet: Image.Image) -> Image.Image:
    """The sheet on a dark table, with some of it around."""
    room = round(0.12 * max(sheet.size))
    table = Image.new("L", (sheet.width + 2 * room, sheet.height + 2 * room), DESK)
    table.paste(sheet, (room, room))
    return table


def aslant(picture: Image.Image, degrees: float = 20, away: float = 2.5) -> Image.Image:
    """A flat picture seen from the side, by an eye that is so many of its widths away."""
    width, height = picture.size
    angle = np.deg2rad(degrees)
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * [1, height / width]
    depth = away + corners[:, 0] * np.sin(angle)
    seen = corners * np.array([np.cos(angle), 1.0]) * (away / depth)[:, None]
    seen = (seen - seen.min(0)) * width
    flat = (corners + corners.max(0)) * width
    # eight equations for the map from what is seen to the picture
    rows, values = [], []
    for (x, y), (u, v) in zip(seen, flat, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    data = tuple(np.linalg.solve(np.array(rows), np.array(values)).tolist())
    size = tuple(int(n) for n in np.ceil(seen.max(0)))
    how = Image.Transform.PERSPECTIVE
    return picture.transform(
        (size[0], size[1]), how, data, Image.Resampling.BICUBIC, fillcolor=DESK
    )


WAYS: dict[str, Seen] = {
    "straight": lambda sheet: sheet,
    "on its left": lambda sheet: sheet.transpose(Image.Transpose.ROTATE_90),
    "on its right": lambda sheet: sheet.transpose(Image.Transpose.ROTATE_270),
    "on its head": lambda sheet: sheet.transpose(Image.Transpose.ROTATE_180),
    "from the right": aslant,
    "from the left": lambda sheet: aslant(sheet, -20),
}


@pytest.mark.parametrize("name", ["note", "flat"])
def test_sheets_read_as_well_turned_and_aslant(
    name: str, root: Path, data: Path, tmp_path: Path, run_ocr: RunOcr
) -> None:
    """Not so sheets in capitals: the finder does not know which way up these are."""
    path = root / "examples" / name if name == "note" else data / "cases" / name
    truth = path.with_suffix(".txt").read_text(encoding="utf-8")
    with Image.open(path.with_suffix(".jpg")) as picture:
        sheet = on_desk(picture.convert("L"))
    errors = {}
    for way, seen in WAYS.items():
        seen(sheet).save(tmp_path / "sheet.png")
        text = run_ocr("read", "-q", tmp_path / "sheet.png").stdout.decode()
        errors[way] = metrics.score(text, truth).characters.rate
    assert max(errors.values()) <= errors["straight"] + 0.02, errors
