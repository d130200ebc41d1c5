"""The characters that are read: alphabets, where each stands, what is written alike; and languages.

A letter is added here, and to the models that are to know it by training them; a language by
an entry of LANGUAGES and its file in models/, which `ocr train --kind language` makes.
"""

from __future__ import annotations

import string
import unicodedata
from typing import NamedTuple

ASCII = tuple(map(chr, range(32, 127)))
ASCII94 = ASCII[1:]
NIST36 = tuple(string.ascii_uppercase + string.digits)
NON_LETTER = ""  # the class of wrong cuts in a letter model that knows of them
_ACCENTED = "éèêëàâäáåãçîïíìñôöóõøùûüúÿœæ"
_MARKS = "ß«»€£§°½¼¿¡"
WESTERN = (*ASCII, *_ACCENTED, *_ACCENTED.upper(), *_MARKS)


class Extent(NamedTuple):
    """The ends of a character above and below the baseline, in x-heights, upwards positive."""

    top: float
    bottom: float


# As a school hand writes them.
EXTENTS = {
    character: Extent(top, bottom)
    for characters, top, bottom in (
        ("acemnorsuvwxz", 1.0, 0.0),
        ("bdhklf", 1.65, 0.0),
        ("ti", 1.45, 0.0),
        ("j", 1.45, -0.55),
        ("gqy", 1.0, -0.6),
        ("p", 1.05, -0.6),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789&", 1.5, 0.0),
        (".", 0.15, 0.0),
        (",", 0.18, -0.3),
        ("'\"`", 1.6, 1.1),
        ("^", 1.6, 1.05),
        ("-", 0.6, 0.45),
        ("~", 0.75, 0.4),
        ("_", 0.0, -0.15),
        ("=", 0.8, 0.3),
        ("+", 1.0, 0.1),
        ("<>", 1.05, 0.1),
        ("*", 1.4, 0.6),
        (":", 0.9, 0.0),
        (";", 0.9, -0.3),
        ("()[]{}|/", 1.65, -0.25),
        ("\\%#!?", 1.55, -0.05),
        ("$@", 1.55, -0.15),
    )
    for character in characters
}


class ShippedLanguage(NamedTuple):
    """A language that comes with ocr: its English name, small also its file's, and ISO 639-2 code.

    marked : the letters and signs beside a to z that it writes.

    >>> LANGUAGES["de"].file
    'german'
    """

    name: str
    code3: str
    marked: str = ""

    @property
    def file(self) -> str:
        """Its model's name in models/, without .npz."""
        return self.name.lower()


LANGUAGES = {  # by ISO 639-1 code
    "en": ShippedLanguage("English", "eng"),
    "fr": ShippedLanguage("French", "fra", "éèêëàâîïôûùüÿçœæ"),
    "de": ShippedLanguage("German", "deu", "äöüß"),
    "es": ShippedLanguage("Spanish", "spa", "áéíóúüñ¿¡"),
}

# What a language goes on after as after another character, and has none inside it as é has an e.
ALIKE = {"œ": "e", "Œ": "E", "æ": "e", "Æ": "E", "ø": "o", "Ø": "O", "ß": "s"}
ALIKE |= {"«": '"', "»": '"', "€": "$", "£": "$", "§": "#", "°": "*", "¿": '"', "¡": '"'}

# What people and transcribers write for one and the same sign.
_FOLDED = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′ʼ`´", "'"),
        **dict.fromkeys("“”„‟″", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\u00a0\u2009\u202f\t", " "),
        "…": "...",
        "º": "°",
    }
)


def folded(text: str) -> str:
    """The text in NFC, its typographic quotes, dashes, … and spaces as ASCII has them."""
    return unicodedata.normalize("NFC", text).translate(_FOLDED)
