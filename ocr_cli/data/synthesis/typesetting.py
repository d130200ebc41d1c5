"""Print: a text set in a typeface, as a mask."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_TYPEWRITERS = "courier", "elite", "cutive", "sansmono"
_BODY = 0.5  # of a typeface's size: a small letter's height, about
_JOLT = 0.03  # of its size, by which a typewriter's letters stand higher or lower


def print_faces(folder: Path | None) -> tuple[str, ...]:
    """The fonts below a folder, upright Latin ones, and those that come with matplotlib."""
    import matplotlib as mpl

    shipped = Path(mpl.get_data_path()) / "fonts" / "ttf"
    found = [*shipped.glob("DejaVu*.ttf"), *shipped.glob("STIXGeneral*.ttf")]
    if folder is not None:
        found += folder.rglob("*-latin-[47]00-normal.woff")
        found += folder.rglob("*-latin-400-italic.woff")
    return tuple(sorted(str(p) for p in found if "Display" not in p.name))


def is_typewriter(face: str) -> bool:
    """Whether a font file's name is that of a typewriter's face."""
    return any(name in Path(face).name.lower() for name in _TYPEWRITERS)


@lru_cache(maxsize=256)
def _font(face: str, size: int) -> Any:
    return ImageFont.truetype(face, size)


def set_in_type(text: str, face: str, size: float, rng: np.random.Generator) -> tuple[Any, float]:
    """A mask of `text` with small letters `size` pixels high, and how far it stands above its foot.

    Typewriters strike each letter a little higher or lower, fainter or darker.
    """
    font = _font(face, max(6, round(size / _BODY)))
    left, top, right, bottom = font.getbbox(text, anchor="ls")
    width, height = int(right - left) + 2, int(bottom - top) + 4
    mask = Image.new("L", (max(1, width), max(1, height)))
    pen, origin = ImageDraw.Draw(mask), (1 - left, 2 - top)
    if not is_typewriter(face):
        pen.text(origin, text, 255, font, anchor="ls")
        return mask, float(2 - top)
    x = float(origin[0])
    for character in text:
        jolt = rng.normal(0, _JOLT) * font.size
        pen.text((x, origin[1] + jolt), character, int(rng.uniform(150, 256)), font, anchor="ls")
        x += font.getlength(character)
    return mask, float(2 - top)


def any_face(faces: Sequence[str], typewriter: bool, rng: np.random.Generator) -> str:
    """A typeface at random, a typewriter's or another."""
    some = [f for f in faces if is_typewriter(f) == typewriter] or list(faces)
    return some[int(rng.integers(len(some)))]
