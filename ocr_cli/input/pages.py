"""Load one picture as one page: opened, decoded, made grey, turned upright, shrunk."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from ocr_cli.errors import InputError
from ocr_cli.input import formats
from ocr_cli.input.files import MOST_BYTES, Picture, cannot_open, opened, pictures_in
from ocr_cli.input.grey import COLOURED, FLAT, PLAIN, TIMES, contrast, telling_channel, to_grey
from ocr_cli.input.limits import check_content, check_size, too_large
from ocr_cli.page import Page

STRIP = 0.5  # a strip keeps the area of a page so many times as long as wide, whatever its length
BLANK = 4 / 255  # a cut picture that differs by less shows nothing
UNEQUAL = 1.2, 4.0  # times as fine across as down, or the other way round, from and to which
PHOTOS = ("JPEG", "MPO")
SHOWN = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")  # modes of 8 bits
CUT = "the picture is damaged or cut short; what is left of it was read"
ORIENTATION = 0x0112

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

Grey = Image.Image | NDArray[np.float32]
Greyed = Callable[[Image.Image], Grey]


def load_pages(source: str | bytes, name: str = "-") -> Iterator[Page]:
    """Every page of the file `source`, or of a file's bytes, which go by `name`.

    Raises
    ------
    InputError
        As `load_page` does.
    """
    path, data = (name, source) if isinstance(source, bytes) else (source, None)
    yield from map(load_page, pictures_in(path, data))


def shapes(path: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """(height, width) of the picture in a file: as it is stored, and upright by its EXIF.

    Raises
    ------
    InputError
        When its header cannot be read.
    """
    width, height, orientation = _header(path)
    turned = TURNS[orientation][2]
    return (height, width), ((width, height) if turned else (height, width))


def upright_to_file(path: str) -> NDArray[np.float64]:
    """(3, 3) from (x, y, 1) of a file's picture when it is upright to its pixels as stored."""
    width, height, orientation = _header(path)
    upright = (height, width) if TURNS[orientation][2] else (width, height)
    return turn_to_file(upright, (width, height), orientation)


def _header(path: str) -> tuple[int, int, int]:
    """Width, height and EXIF orientation of the picture in a file."""
    picture = Picture(path)
    try:
        with _open(picture) as image:
            return *image.size, orientation_of(image)
    except InputError:
        raise
    except Exception as failure:  # Pillow's parsers raise whatever a damaged file leads them to
        raise _damaged(failure, picture) from failure


def load_page(picture: Picture) -> Page:
    """The page in `picture`: grey, upright, at a size fit for reading.

    The long side is brought down to what `picture` says (a strip's is let be longer); nothing
    is made larger. Transparent parts are paper. Of an animation the first frame is taken. Of a
    file that is cut short what is there is taken, and the page's `fault` says so.

    Raises
    ------
    InputError
        When the file is missing, may not be read, is empty, damaged, too large or no picture.
    """
    try:
        return _load(picture)
    except InputError as failure:
        raise _of(failure, picture) from failure
    except MemoryError as failure:
        raise InputError(
            "the picture does not fit in memory", "make it smaller first", picture.source
        ) from failure
    except Exception as failure:  # Pillow's parsers raise whatever a damaged file leads them to
        page = _salvage(picture)
        if page is None:
            raise _damaged(failure, picture) from failure
        return page


def load_colours(picture: Picture, longest: int) -> Image.Image | None:
    """The picture as it is stored, RGB, its long side not much more than `longest` pixels.

    None where it does not decode, or has colours that a screen has not: then its page will do.
    """
    try:
        with _open(picture) as image:
            turned = image.format == "TIFF" and orientation_of(image) != 1
            if turned or image.mode not in SHOWN:
                return None
            _decode_small(image, min(1.0, longest / max(image.size)), "RGB")
            image.load()
            if "A" not in image.mode and "transparency" not in image.info:
                return image.convert("RGB")
            paper = Image.new("RGBA", image.size, "white")
            return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")
    except Exception:  # as `load_page`, which tells what is wrong
        return None


def _of(failure: InputError, picture: Picture) -> InputError:
    """A failure that names its file."""
    return InputError(failure.problem, failure.advice, failure.source or picture.source)


def _load(picture: Picture, data: bytes | None = None, cut: bool = False) -> Page:
    with _open(picture, data) as image:
        coloured = image.mode in COLOURED
        page = _page(image, picture, to_grey, cut)
    if not coloured or (flat := contrast(page.grey)) > FLAT or _is_pale(picture, data):
        return page
    with _open(picture, data) as image:
        other = _page(image, picture, telling_channel, cut)
    return other if contrast(other.grey) > max(TIMES * flat, PLAIN) else page


def _is_pale(picture: Picture, data: bytes | None) -> bool:
    """Whether a quick look at a photo, an eighth as large, shows no ink in its colours."""
    with _open(picture, data) as image:
        if image.format not in PHOTOS:
            return False
        image.draft("RGB", (max(1, image.width // 8), max(1, image.height // 8)))
        return contrast(telling_channel(image)) < PLAIN / 3


def _salvage(picture: Picture) -> Page | None:
    """The page of a file that does not decode as it is; None where there is nothing of it.

    First without what is no part of the picture; then as much of it as there is.
    """
    try:
        with _file(picture) as file:
            data = file.read(MOST_BYTES)
        known = formats.format_of(data[: formats.HEAD], picture.source)
    except (OSError, InputError):
        return None
    if known.clean is not None:
        data = known.clean(data)
        try:
            return _load(picture, data)
        except Exception:  # noqa: S110 -- it was not that; the next attempt may do
            pass
    try:
        with _cut_files_decoded():
            data = known.filled(data) if known.filled else data + known.ending
            page = _load(picture, data, cut=True)
    except Exception:
        return None
    return replace(page, fault=CUT) if np.ptp(page.grey) > BLANK else None


@contextmanager
def _cut_files_decoded() -> Iterator[None]:
    """Pillow leaves black what a file lacks, instead of raising an error."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _page(image: Image.Image, picture: Picture, greyed: Greyed, cut: bool) -> Page:
    """The page in `image`, which is opened and not yet decoded, made grey by `greyed`.

    Of one that is `cut` short, what is not there is paper.
    """
    orientation = orientation_of(image)
    size = image.size
    scale = _working_scale(*size, picture.longest)
    _decode_small(image, scale, "L" if greyed is to_grey else "RGB")
    stretch = _stretch(image)
    image.load()
    decoded = greyed(image)
    if cut:
        decoded = _paper_where_missing(decoded)
    mirror_x, mirror_y, transpose = TURNS[orientation]
    if image.format == "TIFF" and orientation_of(image) != orientation:
        # Pillow has turned a TIFF upright while decoding it, and dropped the tag.
        grey = _shrink(decoded, image.size, scale)
        stored_size = image.size[::-1] if transpose else image.size
    else:
        grey = _shrink(decoded, size, scale, stretch)
        grey = grey[:: -1 if mirror_y else 1, :: -1 if mirror_x else 1]
        grey = np.ascontiguousarray(grey.T if transpose else grey)
        stored_size = size
    return Page(
        grey=grey,
        source=picture.source,
        frame=picture.frame,
        to_file=turn_to_file((grey.shape[1], grey.shape[0]), stored_size, orientation),
        file_shape=stored_size[::-1],
        origin=picture,
    )


def turn_to_file(
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


def _working_scale(width: int, height: int, longest: int) -> float:
    """The factor by which a page is smaller than the file's picture, at most 1."""
    area = STRIP * longest * longest
    return min(1.0, max(longest / max(width, height), math.sqrt(area / (width * height))))


def _paper_where_missing(grey: Grey) -> Grey:
    """`grey`, and paper where a column begins or ends in the very value of the picture's corner.

    Rows that were not decoded are of one value; they are the last, but of a BMP the first.
    """
    pixels = np.array(grey)
    below = np.logical_and.accumulate((pixels == pixels[-1, -1])[::-1], axis=0)[::-1]
    missing = below | np.logical_and.accumulate(pixels == pixels[0, 0], axis=0)
    if not missing.all():
        pixels[missing] = np.median(pixels[~missing])
    return Image.fromarray(pixels) if isinstance(grey, Image.Image) else pixels


def _decode_small(image: Image.Image, scale: float, mode: str) -> None:
    """Let the JPEG decoder do most of the shrinking, which saves most of its work.

    It can halve the picture up to three times; up to a quarter below the wanted size will do.
    """
    if image.format not in PHOTOS:
        return
    halvings = next(h for h in (8, 4, 2, 1) if h == 1 or 1 / h >= 0.75 * scale)
    image.draft(mode, (max(1, image.width // halvings), max(1, image.height // halvings)))


def _stretch(image: Image.Image) -> tuple[float, float]:
    """How much wider and higher a picture has to be for its pixels to be square: a fax's are not.

    1 and 1 where it does not say, or says what no scanner does.
    """
    across, down = image.info.get("dpi") or (1, 1)
    ratio = float(across) / float(down) if across and down else 1.0
    if not 1 / UNEQUAL[1] <= ratio <= UNEQUAL[1] or 1 / UNEQUAL[0] < ratio < UNEQUAL[0]:
        return 1.0, 1.0
    return max(1.0, 1 / ratio), max(1.0, ratio)


def _shrink(
    grey: Image.Image | NDArray[np.float32],
    size: tuple[int, int],
    scale: float,
    stretch: tuple[float, float] = (1.0, 1.0),
) -> NDArray[np.float32]:
    """`grey` as 0 to 1, its area averaged down to `scale` times (width, height) `size`."""
    across, down = (max(1, round(n * scale * more)) for n, more in zip(size, stretch, strict=True))
    wanted = across, down
    picture = grey if isinstance(grey, Image.Image) else Image.fromarray(grey)
    if stretch != (1.0, 1.0):
        if picture.mode == "1":
            picture = picture.convert("L")
        picture = picture.resize(wanted, Image.Resampling.BICUBIC)
    elif picture.width > wanted[0] or picture.height > wanted[1]:
        picture = picture.resize(wanted, Image.Resampling.BOX)
    full = np.float32(255 if picture.mode == "L" else 1)
    return np.asarray(picture, np.float32) / full


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it makes no sense."""
    try:
        orientation = image.getexif().get(ORIENTATION, 1)
    except Exception:  # a damaged EXIF block is no reason to refuse the picture
        return 1
    return orientation if orientation in TURNS else 1


@contextmanager
def _open(picture: Picture, data: bytes | None = None) -> Iterator[Image.Image]:
    """The picture opened at its frame: header read and checked, pixels not yet decoded.

    `data` are bytes to take instead of the file's.
    """
    with ExitStack() as closing:
        if data is None:
            file = closing.enter_context(_file(picture))
        else:
            file = closing.enter_context(io.BytesIO(data))
        known = formats.format_of(file.read(formats.HEAD), picture.source)
        stored = file.seek(0, io.SEEK_END)
        file.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of oddities that do not hinder reading
            image = closing.enter_context(known.open(file, picture.index, known.name))
            check_size(image.size, picture.source)
            if image.format and image.mode != "1":  # not drawn by us, and no fax, which packs more
                check_content(image.size, stored, picture.source)
            yield image


def _file(picture: Picture) -> IO[bytes]:
    try:
        return opened(picture.source, picture.data, picture.start, picture.end)
    except OSError as failure:
        raise cannot_open(failure, picture.source) from failure


def _damaged(failure: Exception, picture: Picture) -> InputError:
    """An InputError for a picture that Pillow would not decode."""
    if isinstance(failure, Image.DecompressionBombError):
        return too_large("as its header claims", picture.source)
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
