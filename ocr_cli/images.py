"""From files, folders and bytes to pages; every limit on what comes in lives here."""

from __future__ import annotations

import importlib
import io
import math
import os
import re
import stat
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ocr_cli.errors import InputError
from ocr_cli.page import Page

MOST_PIXELS = 150_000_000  # in one picture: beyond any camera, and still within a laptop's memory
MOST_BYTES = 1 << 30  # in what comes through a pipe, which does not say how long it is
LONGEST = 2048  # pixels on the long side of a page: a letter of an A4 sheet keeps some 30 of them
LEAST_AREA = 2048 * 1024  # a long strip keeps this much, whatever its long side

SIGNATURES = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "BMP": rb"BM",
    "GIF": rb"GIF8",
    "WEBP": rb"RIFF....WEBP",
    "PPM": rb"P[1-6]\s",
}
PLUGINS = {
    "JPEG": "JpegImagePlugin",
    "PNG": "PngImagePlugin",
    "TIFF": "TiffImagePlugin",
    "BMP": "BmpImagePlugin",
    "GIF": "GifImagePlugin",
    "WEBP": "WebPImagePlugin",
    "PPM": "PpmImagePlugin",
}
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".gif", ".webp"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
)
ORIENTATION = 0x0112
PHOTOMETRIC = 0x0106

# EXIF orientation: how the stored picture becomes upright. Mirror x, mirror y, then transpose.
TURNS = {
    1: (False, False, False),
    2: (True, False, False),
    3: (True, True, False),
    4: (False, True, False),
    5: (False, False, True),
    6: (False, True, True),
    7: (True, True, True),
    8: (True, False, True),
}


@dataclass(frozen=True)
class Picture:
    """One picture still to be read: a frame of a file, or of bytes that came through a pipe."""

    source: str
    frame: int = 0
    data: bytes | None = field(default=None, repr=False)


def find_files(path: str, recursive: bool = False) -> list[str | InputError]:
    """The picture files that `path` stands for, in an order that never changes.

    A file and '-' stand for themselves; a folder, when `recursive`, for every file in it
    and below whose name ends like a picture's, hidden ones left out; of folders that links lead
    to, each once. In place of a folder that may not be read stands what to tell of it.

    Raises
    ------
    InputError
        For a folder when not `recursive`, or one without pictures.
    """
    if not path:
        raise InputError("the name of a file is empty", "is a variable of the shell not set?")
    if not stat.S_ISDIR(_mode(path)):
        return [path]
    if not recursive:
        raise InputError("is a folder", "--recursive reads the pictures in it", path)
    above = Path(os.path.realpath(path)).parents  # to go there would be to go round in circles
    found = list(_pictures_below(Path(path), set(map(str, above))))
    if not found:
        raise InputError("no pictures in this folder", "pictures end in .jpg, .png, .tif…", path)
    return found


def _pictures_below(folder: Path, known: set[str]) -> Iterator[str | InputError]:
    """The pictures in and below a folder, but not in `known` ones, to which it is added."""
    place = os.path.realpath(folder)
    if place in known:
        return
    known.add(place)
    try:
        entries = sorted(folder.iterdir())
    except OSError as failure:
        yield _cannot_open(failure, str(folder))
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if _is_folder(entry):
            yield from _pictures_below(entry, known)
        elif entry.suffix.lower() in SUFFIXES:
            yield str(entry)


def _is_folder(path: Path) -> bool:
    """Whether it is one, or a link to one; where that cannot be told, it is none."""
    return stat.S_ISDIR(_mode(str(path)))


def find_pictures(path: str, stdin: IO[bytes] | None = None) -> list[Picture]:
    """The pictures in the file `path`: one, but of a TIFF every page; '-' is what `stdin` holds.

    Pipes are read here and now, because no other process could. A file that cannot be
    opened stays one picture: it is `load_page` that says what is wrong with it.
    """
    data = None
    if path == "-" and stdin is None:
        raise InputError("there is no standard input", "give files, or pipe a picture in", path)
    if path == "-" and stdin is not None:
        data = _read_pipe(stdin, path)
    elif _mode(path) and not stat.S_ISREG(_mode(path)):
        try:
            with Path(path).open("rb") as pipe:
                data = _read_pipe(pipe, path)
        except OSError as failure:
            raise _cannot_open(failure, path) from failure
    return [Picture(path, frame, data) for frame in range(_count_frames(path, data))]


def load_pages(source: str | bytes, name: str = "-") -> Iterator[Page]:
    """Every page of the file `source`, or of a file's bytes, which go by `name`.

    Raises
    ------
    InputError
        As `load_page` does.
    """
    path, data = (name, source) if isinstance(source, bytes) else (source, None)
    for frame in range(_count_frames(path, data)):
        yield load_page(Picture(path, frame, data))


def load_page(picture: Picture) -> Page:
    """The page in `picture`: grey, upright, at a size fit for reading.

    The long side is brought down to 2048 pixels (a strip's is let be longer); nothing is
    made larger. Transparent parts are paper. Of an animation the first frame is taken.

    Raises
    ------
    InputError
        When the file is missing, may not be read, is empty, damaged, too large or no picture.
    """
    try:
        with _open(picture) as image:
            return _page(image, picture)
    except InputError:
        raise
    except MemoryError as failure:
        raise InputError(
            "the picture does not fit in memory", "make it smaller first", picture.source
        ) from failure
    except Exception as failure:  # Pillow's parsers raise whatever a damaged file leads them to
        raise _damaged(failure, picture) from failure


def _page(image: Image.Image, picture: Picture) -> Page:
    """The page in `image`, which is opened and not yet decoded."""
    orientation = _orientation(image)
    size = image.size
    scale = _working_scale(*size)
    _decode_small(image, scale)
    image.load()
    mirror_x, mirror_y, transpose = TURNS[orientation]
    if image.format == "TIFF" and _orientation(image) != orientation:
        # Pillow has turned a TIFF upright while decoding it, and dropped the tag.
        grey = _shrink(_grey(image), image.size, scale)
        stored_size = image.size[::-1] if transpose else image.size
    else:
        grey = _shrink(_grey(image), size, scale)
        grey = grey[:: -1 if mirror_y else 1, :: -1 if mirror_x else 1]
        grey = np.ascontiguousarray(grey.T if transpose else grey)
        stored_size = size
    return Page(
        grey=grey,
        source=picture.source,
        frame=picture.frame,
        to_file=_to_file((grey.shape[1], grey.shape[0]), stored_size, orientation),
        file_shape=stored_size[::-1],
    )


def _to_file(
    page_size: tuple[int, int], stored_size: tuple[int, int], orientation: int
) -> NDArray[np.float64]:
    """The (3, 3) matrix from an upright page's (x, y, 1) to the stored pixels; sizes (w, h)."""
    mirror_x, mirror_y, transpose = TURNS[orientation]
    swap = np.eye(3)[[1, 0, 2]] if transpose else np.eye(3)
    page_width, page_height = page_size[::-1] if transpose else page_size
    width, height = stored_size
    scale = np.diag([width / page_width, height / page_height, 1.0])
    mirror = np.eye(3)
    if mirror_x:
        mirror[0] = [-1, 0, width]
    if mirror_y:
        mirror[1] = [0, -1, height]
    return mirror @ scale @ swap


def _working_scale(width: int, height: int) -> float:
    """How much smaller than the file's picture its page is, at most 1."""
    return min(1.0, max(LONGEST / max(width, height), math.sqrt(LEAST_AREA / (width * height))))


def _decode_small(image: Image.Image, scale: float) -> None:
    """Let the JPEG decoder do most of the shrinking, which saves most of its work.

    It can halve the picture up to three times; up to a quarter below the wanted size will do.
    """
    if image.format not in ("JPEG", "MPO"):
        return
    halvings = next(h for h in (8, 4, 2, 1) if h == 1 or 1 / h >= 0.75 * scale)
    image.draft("L", (max(1, image.width // halvings), max(1, image.height // halvings)))


def _shrink(
    grey: Image.Image | NDArray[np.float32], size: tuple[int, int], scale: float
) -> NDArray[np.float32]:
    """`grey` as 0 to 1, its area averaged down to `scale` times (width, height) `size`."""
    wanted = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    picture = grey if isinstance(grey, Image.Image) else Image.fromarray(grey)
    if picture.width > wanted[0] or picture.height > wanted[1]:
        picture = picture.resize(wanted, Image.Resampling.BOX)
    full = np.float32(255 if picture.mode == "L" else 1)
    return np.asarray(picture, np.float32) / full


def _grey(image: Image.Image) -> Image.Image | NDArray[np.float32]:
    """`image` in grey: 8 bits, or float32 0 to 1 where the file has more than 8."""
    if image.mode.startswith(("I", "F")):
        return _deep_grey(image)
    if {"A", "a"}.intersection(image.getbands()) or "transparency" in image.info:
        return _on_paper(image.convert("RGBA"))
    if image.mode == "LAB":
        return image.getchannel("L")
    if image.mode == "CMYK":
        image = image.convert("RGB")
    return image.convert("L")


def _on_paper(image: Image.Image) -> Image.Image:
    """A transparent picture laid on white, or on black where it holds light ink."""
    grey, alpha = image.convert("L"), image.getchannel("A")
    seen = np.asarray(alpha, np.float32) / 255
    light = float((np.asarray(grey, np.float32) * seen).sum()) > 0.75 * 255 * float(seen.sum())
    paper = Image.new("L", image.size, 0 if light and seen.mean() < 0.5 else 255)
    paper.paste(grey, mask=alpha)
    return paper


def _deep_grey(image: Image.Image) -> NDArray[np.float32]:
    """More than 8 bits a pixel brought to 0 to 1.

    Full scale is what the least of 1, 8, 10, 12, 14 or 16 bits can hold that holds every
    pixel: scanners store 10 to 14 bits in 16.
    """
    grey = np.nan_to_num(np.asarray(image, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    grey = np.maximum(grey, 0.0)
    brightest = float(grey.max())
    scales = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0, brightest)
    grey /= next(full for full in scales if brightest <= full)
    tags = getattr(image, "tag_v2", {})
    return 1 - grey if tags.get(PHOTOMETRIC) == 0 else grey  # 0: white is stored as zero


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it makes no sense."""
    try:
        orientation = image.getexif().get(ORIENTATION, 1)
    except Exception:  # a damaged EXIF block is no reason to refuse the picture
        return 1
    return orientation if orientation in TURNS else 1


@contextmanager
def _open(picture: Picture) -> Iterator[Image.Image]:
    """The picture opened at its frame: header read and checked, pixels not yet decoded."""
    with ExitStack() as closing:
        file: IO[bytes]
        if picture.data is not None:
            file = closing.enter_context(io.BytesIO(picture.data))
        else:
            try:
                file = closing.enter_context(Path(picture.source).open("rb"))
            except OSError as failure:
                raise _cannot_open(failure, picture.source) from failure
        kind = _sniff(file.read(512), picture.source)
        file.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of oddities that do not hinder reading
            image = closing.enter_context(Image.open(file, formats=[kind]))
            if picture.frame:
                image.seek(picture.frame)
            _check_size(image.size, picture.source)
            yield image


def _sniff(head: bytes, source: str) -> str:
    """Pillow's name for the format of a file that begins with `head`."""
    for kind, signature in SIGNATURES.items():
        if re.match(signature, head, re.DOTALL):
            importlib.import_module(f"PIL.{PLUGINS[kind]}")
            return kind
    if not head:
        raise InputError("the file is empty", "", source)
    if head.startswith(b"%PDF"):
        raise InputError(
            "is a PDF, not a picture", "make pictures of its pages, as pdftoppm does", source
        )
    if head[4:8] == b"ftyp":
        raise InputError("is a HEIC or AVIF picture", "save it as JPEG or PNG first", source)
    what = "text" if _is_text(head) else "no picture of a known format"
    raise InputError(f"is {what}", "ocr reads JPEG, PNG, TIFF, BMP, WebP, GIF and PNM", source)


def _is_text(head: bytes) -> bool:
    """Whether `head`, which may end within a letter, is UTF-8 without control characters."""
    text = head.decode("utf-8", "ignore")
    return len(text.encode()) > len(head) - 4 and all(c.isprintable() or c.isspace() for c in text)


def _check_size(size: tuple[int, int], source: str) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise _too_large(f"{width} × {height} pixels", source)


def _too_large(how_large: str, source: str) -> InputError:
    return InputError(
        f"the picture is too large ({how_large})",
        f"at most {MOST_PIXELS // 1_000_000} megapixels are read: cut it or make it smaller",
        source,
    )


def _cannot_open(failure: OSError, source: str) -> InputError:
    """What to tell of a file that does not open."""
    if isinstance(failure, FileNotFoundError):
        return InputError("no such file", "check the name", source)
    if isinstance(failure, IsADirectoryError):
        return InputError("is a folder", "--recursive reads the pictures in it", source)
    if isinstance(failure, PermissionError):
        return InputError("may not be read", "check its permissions", source)
    return InputError(f"cannot be opened ({failure.strerror or failure})", "", source)


def _damaged(failure: Exception, picture: Picture) -> InputError:
    """What to tell of a picture that Pillow would not decode."""
    if isinstance(failure, Image.DecompressionBombError):
        return _too_large("as its header claims", picture.source)
    where = f" on page {picture.frame + 1}" if picture.frame else ""
    if isinstance(failure, UnidentifiedImageError):  # its own words name a Python object
        reason = "no picture behind the first bytes"
    else:
        reason = " ".join(str(failure).split()) or type(failure).__name__
    return InputError(
        f"the picture is damaged or cut short{where} ({reason[:100]})",
        "get a fresh copy of it",
        picture.source,
    )


def _count_frames(path: str, data: bytes | None) -> int:
    """How many pages the file has: 1 unless it is a TIFF whose directory can be read."""
    try:
        with Path(path).open("rb") if data is None else io.BytesIO(data) as file:
            if not re.match(SIGNATURES["TIFF"], file.read(4)):
                return 1
            importlib.import_module("PIL.TiffImagePlugin")
            file.seek(0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image = Image.open(file, formats=["TIFF"])
                return max(1, getattr(image, "n_frames", 1))
    except Exception:  # whatever is wrong is told once, by load_page
        return 1


def _mode(path: str) -> int:
    """What kind of file `path` is, as in os.stat; 0 where it cannot be told."""
    try:
        return Path(path).stat().st_mode
    except (OSError, ValueError):
        return 0


def _read_pipe(pipe: IO[bytes], source: str) -> bytes:
    data = pipe.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise InputError(
            f"more than {MOST_BYTES >> 30} GB came through the pipe", "give files", source
        )
    return data
