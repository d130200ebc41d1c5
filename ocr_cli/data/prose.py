"""A text file to learn a language from, in the characters that a model has places for."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ocr_cli.data.charset import folded
from ocr_cli.data.synthesis.made_up import BREAK
from ocr_cli.errors import InputError

LONGEST = 500  # characters of a line; longer ones are taken in pieces
SHOWN = 8  # different characters that a note names
PLAIN = {  # letters that Unicode does not take apart, and signs beyond those of `charset.folded`
    "ß": "ss", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "ı": "i", "Ł": "L",
    "ł": "l", "Đ": "D", "đ": "d", "€": "EUR", "•": "-", "·": "-", **dict.fromkeys("«»", '"'),
}  # fmt: skip
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class Prose:
    """Lines of text, and notes of what was changed or left out of them.

    A line that begins or ends with BREAK is a piece of a longer one.
    """

    lines: tuple[str, ...] = field(repr=False)
    notes: tuple[str, ...] = ()


def read_prose(path: Path, alphabet: str) -> Prose:
    """The lines of a text file, a line of writing each, in the characters of `alphabet`.

    Accents, typographic quotes, dashes and spaces become plain ones; other characters are left
    out, and counted. InputError where the file cannot be read, or nothing is left.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", "", str(path)) from error
    coding = next((name for mark, name in MARKS.items() if data.startswith(mark)), "utf-8")
    text = unicodedata.normalize("NFC", data.decode(coding, errors="replace"))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    table, notes = _table(Counter(text), alphabet)
    lines = [_folded(line, table) for line in text.split("\n")]
    pieces = tuple(piece for line in lines for piece in _pieces(line))
    if not any(piece.strip(BREAK + " ") for piece in pieces):
        wanted = "give a file with a line of text a line"
        raise InputError("no text to learn from", wanted, str(path))
    return Prose(pieces, notes)


def _table(counts: Counter[str], alphabet: str) -> tuple[dict[int, str], tuple[str, ...]]:
    """The replacement of each character that the alphabet lacks, and notes that tell it."""
    known = set(alphabet)
    plainer: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    table = {}
    for char, count in counts.items():
        if char in known or char == "\n":
            continue
        plain = _plain(char)
        fits = set(plain) <= known
        table[ord(char)] = plain if fits else ""
        if not fits:
            lost[char] += count
        elif plain.strip() and char != BREAK:
            plainer[f"{char} as {plain}"] += count
    notes = []
    if plainer:
        notes.append(f"{plainer.total():,} characters taken as plain ones: {_some(plainer)}")
    if lost:
        named = Counter({_name(char): count for char, count in lost.items()})
        notes.append(f"{lost.total():,} characters left out, which no model knows: {_some(named)}")
    return table, tuple(notes)


def _plain(char: str) -> str:
    """The character without its accents; a space for white space, nothing for a mark."""
    if char.isspace():
        return " "
    if char == "\ufeff":
        return ""
    bare = unicodedata.normalize("NFKD", PLAIN.get(char, folded(char)))
    return "".join(part for part in bare if not unicodedata.combining(part))


def _name(char: str) -> str:
    """A character that can be printed, or its number."""
    return char if char.isprintable() and char != "\ufffd" else f"U+{ord(char):04X}"


def _some(counts: Counter[str]) -> str:
    told = ", ".join(f"{name} ({count:,})" for name, count in counts.most_common(SHOWN))
    return told + (", …" if len(counts) > SHOWN else "")


def _folded(line: str, table: dict[int, str]) -> str:
    """The line in known characters; what says that it is a piece of another stays."""
    begins, ends = line.startswith(BREAK), len(line) > 1 and line.endswith(BREAK)
    plain = line[begins : len(line) - ends].translate(table)
    return BREAK * begins + plain + BREAK * ends


def _pieces(line: str) -> Iterator[str]:
    """The line, or, of a long one, pieces that end at a space."""
    if len(line) <= LONGEST:
        yield line
        return
    parts = re.findall(rf"\S.{{0,{LONGEST - 2}}}(?!\S)|\S{{1,{LONGEST}}}", line.strip(BREAK))
    for i, part in enumerate(parts):
        first = not i and not line.startswith(BREAK)
        last = i == len(parts) - 1 and not line.endswith(BREAK)
        yield ("" if first else f"{BREAK} ") + part + ("" if last else f" {BREAK}")
