"""Transcripts: the text of a picture in a file beside it, NAME.txt, or NAME.gt.txt of a row."""

from __future__ import annotations

from pathlib import Path

from ocr_cli.errors import InputError

GROUND_TRUTH = ".gt.txt"  # as kraken, Tesseract and OCRopus name it


def transcript_path(picture: str) -> Path:
    """The file of a picture's transcript: NAME.gt.txt if that exists."""
    path = Path(picture)
    # OCRopus has 0001.bin.png with 0001.gt.txt
    for stem in (path.stem, path.name.partition(".")[0]):
        if stem and (beside := path.with_name(stem + GROUND_TRUTH)).exists():
            return beside
    return path.with_suffix(".txt")


def transcript(picture: str) -> str:
    """The text that is written on a picture file.

    Raises
    ------
    InputError
        When there is none, or it is not UTF-8.
    """
    beside = transcript_path(picture)
    try:
        return text_in(beside)
    except FileNotFoundError as failure:
        if not Path(picture).exists():
            raise InputError("no such file", "check the name", picture) from failure
        advice = f"write what the picture says to {beside}"
        raise InputError("has no transcript", advice, picture) from failure


def text_in(path: Path) -> str:
    """The text in a file; FileNotFoundError where there is none, else InputError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise
    except OSError as failure:
        told = f"cannot be read ({failure.strerror})"
        raise InputError(told, "", str(path)) from failure
    except UnicodeDecodeError as failure:
        raise InputError("is not readable as UTF-8 text", "", str(path)) from failure
