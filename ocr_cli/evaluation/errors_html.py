"""Wrong words → an HTML page that stands by itself: by cause, each with its picture."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from io import BytesIO
from itertools import takewhile
from pathlib import Path

import numpy as np

from ocr_cli.evaluation.metrics import RowTally, TextScore
from ocr_cli.evaluation.wrong_words import CAUSES, Column, WrongWord

MOST_WORDS = 200  # of one cause that are shown
MOST_CONFUSIONS = 15
GREYS, RIGHT, WRONG = 14, 14, 15  # a picture's palette: greys, and the colours of letters
COLOURS = ((150, 175, 205), (200, 40, 40))
BAR = 3  # height of the bar below a letter, in pixels of the picture
SIGNS = {"": "·", " ": "␣", "\n": "⏎"}  # where what is not there must be seen

STYLE = """
:root { --ink: #222; --faint: #6b6b6b; --line: #e2e2de; --wrong: #b3261e; --tint: #fbe4e1; }
body { margin: 2.5rem auto; padding: 0 1.5rem; max-width: 68rem; color: var(--ink);
  background: #fcfcfa; font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 0; padding-top: 1rem; border-top: 1px solid var(--line); }
p { margin: .25rem 0 1rem; }
.faint, footer, figcaption, th { color: var(--faint); font-size: .85rem; font-weight: normal; }
.tables { display: flex; flex-wrap: wrap; gap: 1rem 4rem; align-items: start; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; padding-bottom: .25rem; }
th, td { padding: .2rem 1.2rem .2rem 0; text-align: left; border-bottom: 1px solid var(--line); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: block; height: .6rem; min-width: 1px; background: #8aa6c4; border-radius: 2px; }
.share { width: 8rem; padding-right: 0; }
a { color: inherit; text-underline-offset: .2em; text-decoration-color: #aaa; }
.words { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; }
figure { margin: 0; padding: .75rem; min-width: 0; background: #fff;
  border: 1px solid var(--line); border-radius: 6px; }
figure.wide { grid-column: span 2; }
figure.long { grid-column: 1 / -1; }
img { display: block; max-width: 100%; margin-bottom: .5rem; }
pre { margin: 0 0 .35rem; overflow-x: auto; font: 15px/1.45 ui-monospace, monospace; }
pre span { color: var(--faint); }
code { font: 15px/1.45 ui-monospace, monospace; }
mark { color: var(--wrong); background: var(--tint); border-radius: 2px; }
figcaption { overflow-wrap: anywhere; }
"""


def errors_page(
    words: Sequence[WrongWord],
    score: TextScore,
    files: int,
    model: str,
    language: str,
    rows: RowTally | None = None,
) -> str:
    """The page on the wrong words of so many files, whose scores add up to `score`.

    rows : how many of the files' rows were found, where it is known.
    """
    tally = score.characters
    summary = (
        f"{100 * tally.rate:.2f} % character errors: {tally.edits} in {tally.length} characters of "
        f"{_count(files, 'file')}, in {_count(len(words), 'word')}."
    )
    if rows is not None:
        summary += (
            f" {rows.found} of {_count(rows.given, 'row')} found"
            f" and {rows.read - rows.found} that are none."
        )
    folder = _folder([word.source for word in words])
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8"><title>Reading errors</title>',
        '<meta name="viewport" content="width=device-width">',
        f"<style>{STYLE}</style></head><body>",
        f"<h1>Reading errors</h1><p>{summary}<br>",
        f'<span class="faint">Model {_text(model)}, language {_text(language)}.',
        f"{f'Files in {_text(str(folder))}' if folder.parts else ''}</span></p>",
        *(_overview(words) if words else ["<p>Nothing was read wrongly.</p>"]),
    ]
    for cause in CAUSES:
        parts += _section(cause, [word for word in words if word.cause == cause], folder)
    return "\n".join([*parts, "</body></html>", ""])


def _overview(words: Sequence[WrongWord]) -> Iterator[str]:
    edits = Counter(column.cause for word in words for column in word.columns if column.cause)
    places = Counter(word.cause for word in words)
    yield '<div class="tables">'
    yield '<table><caption>Causes</caption><tr><th>cause</th><th class="number">errors</th>'
    yield '<th colspan="2">share of character errors</th><th class="number">words</th></tr>'
    for cause in CAUSES:
        share = edits[cause] / edits.total()
        name = f'<a href="#{cause}">{cause}</a>' if places[cause] else cause
        yield f'<tr><td>{name}</td><td class="number">{edits[cause]}</td>'
        yield f'<td class="number">{100 * share:.1f} %</td>'
        bar = f'<span class="bar" style="width: {100 * share:.1f}%"></span>' if share else ""
        yield f'<td class="share">{bar}</td>'
        yield f'<td class="number">{places[cause]}</td></tr>'
    yield "</table>"
    slips = Counter(slip for word in words for slip in word.slips)
    yield "<table><caption>Most often</caption>"
    yield '<tr><th>written</th><th>read</th><th class="number">times</th><th>cause</th></tr>'
    for (read, truth, cause), count in sorted(slips.items(), key=_most_first)[:MOST_CONFUSIONS]:
        yield f"<tr><td>{_quoted(truth)}</td><td>{_quoted(read)}</td>"
        yield f'<td class="number">{count}</td><td class="faint">{cause}</td></tr>'
    yield "</table></div>"


def _folder(sources: Sequence[str]) -> Path:
    """The folder that all the files are in, at whatever depth; "." where they share none."""
    parts = [Path(source).parent.parts for source in sources]
    shared = takewhile(lambda names: len(set(names)) == 1, zip(*parts, strict=False))
    return Path(*(names[0] for names in shared))


def _most_first(item: tuple[Column, int]) -> tuple[int, str, str]:
    (read, truth, _), count = item
    return -count, truth, read


def _section(cause: str, words: Sequence[WrongWord], folder: Path) -> Iterator[str]:
    if not words:
        return
    yield f'<h2 id="{cause}">{cause.capitalize()}</h2><p class="faint">{escape(CAUSES[cause])}</p>'
    yield '<div class="words">'
    worst = sorted(words, key=lambda word: -word.edits)  # in a tie they stay as they are
    for word in worst[:MOST_WORDS]:
        yield _figure(word, folder)
    yield "</div>"
    if len(words) > MOST_WORDS:
        yield f'<p class="faint">{len(words) - MOST_WORDS} more, with fewer errors.</p>'


def _figure(word: WrongWord, folder: Path) -> str:
    height, width = word.picture.shape
    room = max(width, 10 * len(word.columns) + 60)  # in pixels, ten for each sign
    size = "long" if room > 480 else "wide" if room > 220 else "small"
    image = base64.b64encode(draw_word(word)).decode()
    truth = "".join(c.truth for c in word.columns)
    name = str(Path(*Path(word.source).parts[len(folder.parts) :]))
    where = f"{_text(name)}, row {word.line}"
    others = {c.cause for c in word.columns if c.cause} - {word.cause}
    also = f"; also {', '.join(sorted(others, key=list(CAUSES).index))}" if others else ""
    return (
        f'<figure class="{size}"><img src="data:image/png;base64,{image}" width="{width}" '
        f'height="{height + 2 * BAR + 4}" alt="{_text(truth)}">\n'
        f"<pre><span>right  </span>{_marked(word.columns, 1)}\n"
        f"<span>read   </span>{_marked(word.columns, 0)}</pre>"
        f"<figcaption>{where}{also}</figcaption></figure>"
    )


def _marked(columns: Iterable[Column], side: int) -> str:
    """A side of a word, read (0) or right (1), one sign for each column, the wrong ones marked."""
    return "".join(
        f"<mark>{_sign(column[side])}</mark>" if column.cause else _sign(column[side], " ")
        for column in columns
    )


def _sign(character: str, space: str = SIGNS[" "]) -> str:
    return space if character == " " else SIGNS.get(character) or _text(character)


def _quoted(text: str) -> str:
    if not text:
        return '<span class="faint">nothing</span>'
    return f"<code>{''.join(map(_sign, text))}</code>"


def _text(text: str) -> str:
    """Any text as HTML; what cannot be shown or stored in UTF-8 is a replacement character."""
    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def draw_word(word: WrongWord) -> bytes:
    """The word's picture as a small PNG; below it a bar for each letter, wrong ones in red.

    The bars take turns at two heights, so that letters that overlap can be told apart.
    """
    from PIL import Image

    height, width = word.picture.shape
    pixels = np.full((height + 2 * BAR + 4, width), GREYS - 1, np.uint8)
    pixels[:height] = np.rint(word.picture / 255 * (GREYS - 1))
    for i, mark in enumerate(word.marks):
        y = height + 2 + (BAR + 1) * (i % 2)
        pixels[y : y + BAR, max(0, mark.x1) : max(mark.x1 + 1, mark.x2 - 1)] = (
            WRONG if mark.wrong else RIGHT
        )
    palette = [(round(255 * grey / (GREYS - 1)),) * 3 for grey in range(GREYS)]
    image = Image.fromarray(pixels, "P")
    image.putpalette([value for colour in (*palette, *COLOURS) for value in colour])
    out = BytesIO()
    image.save(out, "PNG", bits=4, optimize=True)
    return out.getvalue()
