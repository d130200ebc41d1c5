"""The formats of pictures, a table: how to know one, its frames, and how to open it.

A new format is one entry of FORMATS.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from PIL import Image

from ocr_cli.errors import InputError
from ocr_cli.input import heif, pdf, streams, tiff

HEAD = 512  # bytes of a file that tell its format


def _one(_file: IO[bytes]) -> int:
    return 1


def _unknown(_file: IO[bytes]) -> int | None:
    return None


def _with_pillow(file: IO[bytes], index: int, name: str) -> Image.Image:
    """The picture, its header read and its pixels not yet decoded."""
    image = Image.open(file, formats=[name])
    if index:
        image.seek(index)
    return image


@dataclass(frozen=True)
class Format:
    """A format of pictures.

    Attributes
    ----------
    name, plugin : what Pillow calls it, and the module that reads it.
    told : its name in messages.
    signature : what its files begin with, a regular expression.
    suffixes : how their names end.
    frames : how many pictures there are in an open file.
    open : the picture of that index in an open file, pixels not yet decoded.
    end : where the picture that begins an open file ends, if that can be told: another one
        may follow. Of `scanned` formats all of the file has to be read to know it.
    clean : a file's bytes without what is no part of its picture and may be damaged.
    ending : what lets a decoder end in good order where a file is cut short.
    filled : a file's bytes, with zeros where it is cut short.
    extra : of ocr-cli, which brings the plugin; empty where Pillow has it.
    note : what to know of an open file before it is read; empty for most.
    """

    name: str
    plugin: str
    told: str
    signature: bytes
    suffixes: tuple[str, ...]
    frames: Callable[[IO[bytes]], int] = _one
    open: Callable[[IO[bytes], int, str], Image.Image] = _with_pillow
    end: Callable[[IO[bytes]], int | None] = _unknown
    scanned: bool = False
    clean: Callable[[bytes], bytes] | None = None
    ending: bytes = b""
    filled: Callable[[bytes], bytes] | None = None
    extra: str = ""
    note: Callable[[IO[bytes]], str] | None = None


FORMATS = (
    Format(
        *(
            "JPEG",
            "PIL.JpegImagePlugin",
            "JPEG",
            rb"\xff\xd8\xff",
            (".jpg", ".jpeg", ".jpe", ".jfif"),
        ),
        end=streams.end_of_jpeg,
        scanned=True,
        ending=b"\xff\xd9",
    ),
    Format(
        *("PNG", "PIL.PngImagePlugin", "PNG", rb"\x89PNG", (".png",)),
        end=streams.end_of_png,
        clean=streams.png_without_comments,
    ),
    Format(
        *("TIFF", "PIL.TiffImagePlugin", "TIFF", rb"II[*+]\0|MM\0[*+]", (".tif", ".tiff")),
        frames=tiff.count_frames,
        open=tiff.open_frame,
    ),
    Format("BMP", "PIL.BmpImagePlugin", "BMP", rb"BM", (".bmp",), end=streams.end_of_bmp),
    Format(
        *("WEBP", "PIL.WebPImagePlugin", "WebP", rb"RIFF....WEBP", (".webp",)),
        end=streams.end_of_riff,
        filled=streams.riff_filled,
    ),
    Format("GIF", "PIL.GifImagePlugin", "GIF", rb"GIF8", (".gif",)),
    Format(
        *("PPM", "PIL.PpmImagePlugin", "PNM", rb"P[1-6]\s", (".ppm", ".pgm", ".pbm", ".pnm")),
        end=streams.end_of_pnm,
    ),
    Format(
        *("JPEG2000", "PIL.Jpeg2KImagePlugin", "JPEG 2000"),
        rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
        (".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc"),
        filled=streams.jpeg2000_filled,
    ),
    Format(
        *("AVIF", "PIL.AvifImagePlugin", "AVIF"),
        rb"....ftyp(?:avi[fs]|(?:mif1|msf1|miaf).{4,60}?avi[fs])",
        (".avif",),
    ),
    Format(
        *("HEIF", "pillow_heif", "HEIC", rb"....ftyp(?:hei|hev|mif1|msf1|miaf)"),
        (".heic", ".heif", ".hif"),
        open=heif.open_picture,
        extra="heic",
    ),
    Format(
        *("PDF", "pypdfium2", "PDF", rb".{0,400}?%PDF-\d", (".pdf",)),
        frames=pdf.count_pages,
        open=pdf.open_page,
        extra="pdf",
        note=pdf.note,
    ),
)
SUFFIXES = frozenset(suffix for known in FORMATS for suffix in known.suffixes)
TOLD = ", ".join(known.told for known in FORMATS[:-1]) + f" and {FORMATS[-1].told}"

# What is no picture that ocr reads, and what to do with it.
OTHERS = (
    (rb"....ftyp", "is a film, no picture", "save the frame that is to be read as JPEG or PNG"),
)


def sniff(head: bytes) -> Format | None:
    """The format of a file that begins with `head`; None where it is none of these."""
    for known in FORMATS:
        if re.match(known.signature, head, re.DOTALL):
            return known
    return None


def format_of(head: bytes, source: str) -> Format:
    """The format of a file that begins with `head`, ready for use; InputError for others."""
    known = sniff(head)
    if known is None:
        raise _refusal(head, source)
    try:
        importlib.import_module(known.plugin)
    except ImportError as failure:
        reader = known.plugin.partition(".")[0].replace("_", "-")
        missing = f"needs {reader}" if known.extra else "this Pillow does not read"
        package = f"'ocr-cli[{known.extra}]'" if known.extra else "-U pillow"
        raise InputError(
            f"is {known.told}, which {missing}", f"pip install {package}", source
        ) from failure
    return known


def _refusal(head: bytes, source: str) -> InputError:
    """An InputError for a file that begins with `head`."""
    if not head:
        return InputError("the file is empty", "", source)
    for signature, problem, advice in OTHERS:
        if re.match(signature, head, re.DOTALL):
            return InputError(problem, advice, source)
    what = "text" if _is_text(head) else "no picture of a known format"
    return InputError(f"is {what}", f"ocr reads {TOLD}", source)


def _is_text(head: bytes) -> bool:
    """Whether `head`, which may end within a letter, is UTF-8 without control characters."""
    text = head.decode("utf-8", "ignore")
    return len(text.encode()) > len(head) - 4 and all(c.isprintable() or c.isspace() for c in text)
