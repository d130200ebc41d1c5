"""The characters that are read, and how texts are brought to them."""

from __future__ import annotations

import unicodedata

ASCII = tuple(map(chr, range(32, 127)))
_ACCENTED = "éèêëàâäáåãçîïíìñôöóõøùûüúÿœæ"
_MARKS = "ß«»€£§°½¼¿¡"
WESTERN = (*ASCII, *_ACCENTED, *_ACCENTED.upper(), *_MARKS)

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
    """The text in NFC, its typographic quotes, dashes, … and blanks as ASCII has them."""
    return unicodedata.normalize("NFC", text).translate(_FOLDED)
