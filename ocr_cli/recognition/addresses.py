"""Addresses of the net in rows of their own: an @, and points, where the network nearly sees them.

A row that all but is an address is one where what that costs the network is little: a point for
the space before a domain's end, an @ for what stands between a name and a domain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from ocr_cli.page import Row
from ocr_cli.recognition.lines import RowEmissions, text_loss, with_text

ENDS = "com|org|net|edu|gov|info|eu|de|at|ch|uk|fr|es|it|nl|be|dk|se|no|pl|ie|us|ca|au|io"
END = f"(?:{ENDS})"
MAIL = re.compile(rf"[\w+-]+(?:\.[\w+-]+)*@[\w-]+(?:\.[\w-]+)*\.{END}", re.IGNORECASE)
SITE = re.compile(
    rf"(?:https?://)?[\w-]+(?:\.[\w-]+)*\.{END}(?:/[\w./~-]*)?|www(?:\.[\w-]+)+(?:/[\w./~-]*)?",
    re.IGNORECASE,
)
NEARLY = re.compile(rf".*[^\s.]\s?[. ]\s?{END}(?:[/ |l]+\s?[\w.-]+)?|www?\W*\s?\w.*", re.IGNORECASE)
MOST_WORDS = 4  # of a row that is one address
STEP = 3.0  # log-probability that each change may cost,
AT = 4.0  # and more an @, which a hand draws as it likes


def as_address(row: Row, seen: RowEmissions, classes: tuple[str, ...]) -> Row:
    """The row as the address that it nearly is; itself where it is one, or nothing like it."""
    text = row.text
    if not is_nearly(text):
        return row
    before = text_loss(text, seen.scores, classes)
    best, gain = text, 0.0
    for other, allowed in possible(text):
        worth = allowed - (text_loss(other, seen.scores, classes) - before)
        if worth > gain:
            best, gain = other, worth
    return row if best == text else with_text(seen, best, classes)


def is_nearly(text: str) -> bool:
    """Whether a row may be an address that was misread."""
    told = MAIL.fullmatch(text) or (SITE.fullmatch(text) and re.match("www|http|.*/", text))
    if told or len(text.split()) > MOST_WORDS:
        return False
    return bool(NEARLY.fullmatch(text))


def is_address(text: str) -> bool:
    """Whether a text is an address of mail or of a site."""
    return bool(MAIL.fullmatch(text) or SITE.fullmatch(text))


def possible(text: str) -> Iterator[tuple[str, float]]:
    """Addresses that a text may be, each with what it may cost."""
    spaced = re.sub(rf"[. ]+({END})(?=$|[/ |])", r".\1", text, flags=re.IGNORECASE)
    spaced = re.sub(r"^(w{2,3})[ .,]+", "www.", spaced)
    found: dict[str, float] = {}
    slashes = [re.sub(rf"(\.{END}){gap}(?=\w)", r"\1/", spaced) for gap in ("[ |]+", "[ |]*l")]
    for base in dict.fromkeys([text, spaced, *slashes]):
        close = base.replace(" ", "")
        if is_address(close):
            found[close] = STEP * _changes(text, close)
        if "@" in close or close.lower().startswith("www"):
            continue
        places = [k for k, c in enumerate(base) if c == " "]
        inserted = [(base[:k] + "@" + base[k + 1 :]).replace(" ", "") for k in places]
        replaced = [close[:k] + "@" + close[k + 1 :] for k in range(1, len(close) - 3)]
        put = [close[:k] + "@" + close[k:] for k in range(1, len(close) - 3)]
        for one in (*inserted, *replaced, *put):
            if MAIL.fullmatch(one):
                found[one] = STEP * _changes(text, one) + AT
    yield from found.items()


def _changes(text: str, other: str) -> int:
    """How many characters were taken out, put in or put in the place of others."""
    blocks = SequenceMatcher(None, text, other, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in blocks if tag != "equal")
