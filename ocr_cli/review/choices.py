"""What else a doubtful word may say: the same row read with another language, or with none.

One function, so that a reader that gives its own alternatives can take its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from ocr_cli import recognition
from ocr_cli.page import Page, Row
from ocr_cli.recognition import Reader

Choices = list[list[tuple[str, ...]]]  # of each row, of each word, the likeliest first
MOST = 5
DOUBTFUL = 0.9  # words that are surer than this need no alternatives
_LOOKALIKES = str.maketrans({"O": "0", "0": "O", "1": "l", "l": "I", "I": "l"})


def choices_of(bare: Page, read: Page, reader: Reader) -> Choices:
    """Of each word of a page that was `read`, other texts for it; none of those that are sure.

    bare : the same page before it was read.
    """
    doubtful = [
        i for i, row in enumerate(read.rows) if any(w.confidence < DOUBTFUL for w in row.words)
    ]
    part = replace(bare, rows=tuple(bare.rows[i] for i in doubtful))
    found: Choices = [[() for _ in row.words] for row in read.rows]
    if not doubtful:
        return found
    texts = [recognition.read_page(part, other).rows for other in _others(reader)]
    for k, i in enumerate(doubtful):
        found[i] = _of_row(read.rows[i], [rows[k].text for rows in texts])
    return found


def _others(reader: Reader) -> Iterator[Reader]:
    """Readers that may see it otherwise: without language, and each line network alone."""
    of_letters = None if reader.lines else reader.letters
    plain = replace(reader, language=None, letters=of_letters, strokes=None)
    yield plain
    if reader.strokes is not None:
        yield replace(plain, lines=reader.strokes)


def _of_row(row: Row, texts: Sequence[str]) -> list[tuple[str, ...]]:
    words = [word.text for word in row.words]
    others: list[dict[str, None]] = [{} for _ in words]
    for text in texts:
        for i, other in _partners(words, text.split()):
            others[i][other] = None
    for word, known in zip(words, others, strict=True):
        for other in (_recased(word), _lookalike(word)):
            known[other] = None
    return [
        tuple(c for c in known if c and c != word.text)[:MOST] if word.confidence < DOUBTFUL else ()
        for word, known in zip(row.words, others, strict=True)
    ]


def _partners(words: Sequence[str], others: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Which of `words` the other reading has otherwise, and how."""
    for kind, a1, a2, b1, b2 in SequenceMatcher(None, words, others, autojunk=False).get_opcodes():
        if kind == "replace" and a2 - a1 == b2 - b1:
            yield from zip(range(a1, a2), others[b1:b2], strict=True)
        elif kind == "replace" and a2 - a1 == 1:
            yield a1, " ".join(others[b1:b2])


def _recased(word: str) -> str:
    """The word with its first letter small or large; of block capitals the others small."""
    return word.capitalize() if word.isupper() and len(word) > 1 else word[:1].swapcase() + word[1:]


def _lookalike(word: str) -> str:
    """A number for letters that look like figures, or the other way round."""
    return word.translate(_LOOKALIKES) if any(c.isdigit() for c in word) else word
