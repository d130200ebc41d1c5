"""What a reader reads with learns one hand: its letters, its lines, and how it parts words.

All learn from the same pages, and are tried as they read: together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ocr_cli import recognition
from ocr_cli.errors import InputError
from ocr_cli.evaluation import metrics
from ocr_cli.evaluation.metrics import Tally
from ocr_cli.modelfiles.weights import Model, for_use
from ocr_cli.page import Page
from ocr_cli.recognition import Reader
from ocr_cli.recognition.letters import habit
from ocr_cli.training.adaptation import letters as hand_letters
from ocr_cli.training.adaptation import lines as hand_lines
from ocr_cli.training.adaptation.copies import Copy, Lost

FEW_CAPITALS = 0.2  # of the rows: with less, letters do not learn, which saves half the time
FOLDS = 2  # of the lines, in which the gain is found out
SHARES = (0.0, 0.5, 0.75, 1.0)  # of the way from the old reader to the tuned one


@dataclass(frozen=True)
class Learnt:
    """A reader that knows the hand, and how much that helps.

    Attributes
    ----------
    reader : ready for use.
    share : how much of the change was kept; 0 where it did not help, and the reader is as it was.
    before, after : edits on lines that were not learnt from (cross-validation), before tuning
        and after; None where there are too few lines.
    letters : how many characters were learnt from.
    lost : what was not found on the pages.
    """

    reader: Reader
    share: float
    before: Tally | None
    after: Tally | None
    letters: int
    lost: tuple[Lost, ...]

    def record(self) -> dict[str, Any]:
        """The figures, for the model's training record."""
        edits = {"before": self.before, "after": self.after}
        rates = {name: round(tally.rate, 5) for name, tally in edits.items() if tally}
        return {"letters": self.letters, "share": self.share, "cross_validated_cer": rates}


@dataclass(frozen=True)
class Known:
    """A row whose text is known: which of the copies it is on, and which of the page's rows."""

    copy: int
    row: int
    text: str


def learn(
    copies: Sequence[Copy],
    reader: Reader,
    rng: np.random.Generator,
    of_letters: hand_letters.Practice | None = None,
    of_lines: hand_lines.Practice | None = None,
    executor: Executor | None = None,
    on_step: Callable[[], None] | None = None,
) -> Learnt:
    """The reader tuned to the hand of the copies, as far as that reads unseen lines better.

    With an executor, folds are tuned side by side, to the same weights. `on_step` is called
    after each of them, and at the end: FOLDS + 1 times at most. InputError where the texts are
    not what is written on the pages.
    """
    reader = _for_use(reader).settled([line for copy in copies for line in copy.lines])
    texts = [read_rows(copy.page, range(len(copy.page.rows)), reader) for copy in copies]
    practices = of_letters or hand_letters.Practice(), of_lines or hand_lines.Practice()
    tuner = Tuner(copies, texts, reader, rng, *practices)
    if not tuner.known:
        advice = "give each page the text that is written on it, a line for a line"
        raise InputError("none of the text was found on the pages", advice)
    share, before, after = 1.0, None, None
    if len(tuner.known) > 1:
        share, before, after = cross_validate(copies, texts, tuner, rng, executor, on_step)
    if share:
        reader = blend(reader, tuner.tune(range(len(tuner.known)), rng), share)
    if on_step is not None:
        on_step()
    letters = sum(len(line.text.replace(" ", "")) for line in tuner.known)
    return Learnt(reader, share, before, after, letters, tuple(tuner.lost))


def _for_use(reader: Reader) -> Reader:
    of_letters, of_lines = (m and for_use(m) for m in (reader.letters, reader.lines))
    return replace(reader, letters=of_letters, lines=of_lines)


class Tuner:
    """Tunes what a reader reads with, on lines of some copies.

    known : the lines that it can be tuned on. lost : what of the texts is in none of these.
    """

    def __init__(
        self,
        copies: Sequence[Copy],
        texts: Sequence[Sequence[str]],
        reader: Reader,
        rng: np.random.Generator,
        of_letters: hand_letters.Practice,
        of_lines: hand_lines.Practice,
    ) -> None:
        """texts : what the reader reads in each copy's rows, before it knows the hand."""
        self.reader = reader
        self.known: list[Known] = []
        self.lost: list[Lost] = []
        self._letters: dict[tuple[int, int], hand_letters.Line] = {}
        if reader.lines is not None:
            lines, self.lost = hand_lines.find_lines(copies, texts, reader.lines.classes)
            self.known = [Known(line.copy, line.row, line.text) for line in lines]
            self._of_lines = hand_lines.Tuner(reader.lines, lines, of_lines, rng)
        if reader.letters is not None and _uses_letters(reader, texts):
            found, lost = hand_letters.find_lines(copies, reader.letters)
            if reader.lines is None:
                self.known = [Known(line.copy, line.row, line.gaps.text) for line in found]
                self.lost = lost
            self._letters = {(line.copy, line.row): line for line in found}
            self._of_letters = hand_letters.Tuner(reader.letters, found, of_letters, rng)

    def tune(self, chosen: Sequence[int], rng: np.random.Generator) -> Reader:
        """The reader after its practice on the known lines of these numbers."""
        reader, known = self.reader, [self.known[k] for k in chosen]
        places = [(line.copy, line.row) for line in known]
        letters = [self._letters[place] for place in places if place in self._letters]
        texts, gaps = [line.text for line in known], [line.gaps for line in letters]
        language = reader.usual_language(lambda: texts)
        return replace(
            reader,
            letters=self._of_letters.tune(letters, rng) if letters else reader.letters,
            lines=reader.lines and self._of_lines.tune(chosen, rng),
            habit=habit.learn(texts, gaps, language, reader.weights, reader.habit),
        )


def _uses_letters(reader: Reader, texts: Sequence[Sequence[str]]) -> bool:
    """Whether it reads some of these rows letter by letter: else its letters need not learn."""
    rows = [row for copy in texts for row in copy if row]
    capitals = sum(recognition.in_capitals(row) for row in rows)
    return reader.lines is None or capitals > FEW_CAPITALS * len(rows)


def cross_validate(
    copies: Sequence[Copy],
    texts: Sequence[Sequence[str]],
    tuner: Tuner,
    rng: np.random.Generator,
    executor: Executor | None = None,
    on_step: Callable[[], None] | None = None,
) -> tuple[float, Tally, Tally]:
    """The share of the change that reads best, and the edits with none and with this share.

    Each known line is read by a reader that was tuned on the other folds alone. Of shares that
    read alike, the largest: the most learning.
    """
    known = tuner.known
    read = {share: [list(rows) for rows in texts] for share in SHARES}
    parts = folds([line.text for line in known])
    seeds = rng.integers(2**63, size=len(parts)).tolist()
    work = partial(_read_fold, tuner, copies)
    for found in (executor.map if executor else map)(work, parts, seeds):
        for share, copy, row, text in found:
            read[share][copy][row] = text
        if on_step is not None:
            on_step()
    edits = {share: edits_in(known, read[share]) for share in SHARES}
    fewest = min(tally.edits for tally in edits.values())
    helps = fewest < edits[0.0].edits
    best = max(s for s in SHARES if edits[s].edits == fewest) if helps else 0.0
    return best, edits[0.0], edits[best]


def _read_fold(
    tuner: Tuner, copies: Sequence[Copy], fold: Sequence[int], seed: int
) -> list[tuple[float, int, int, str]]:
    """Share, copy, row and text of each line of a fold, by what was tuned on all the others."""
    others = [k for k in range(len(tuner.known)) if k not in fold]
    tuned = tuner.tune(others, np.random.default_rng(seed))
    found = []
    for share in SHARES[1:]:
        blended = blend(tuner.reader, tuned, share)
        for number, copy in enumerate(copies):
            rows = [tuner.known[k].row for k in fold if tuner.known[k].copy == number]
            for row, text in zip(rows, read_rows(copy.page, rows, blended), strict=True):
                found.append((share, number, row, text))
    return found


def folds(texts: Sequence[str]) -> list[list[int]]:
    """The numbers of some texts, those of one kind dealt out to different folds.

    A page may have two lines of figures: each is to be read by what the other taught.
    """

    def kind(number: int) -> tuple[float, ...]:
        text = texts[number]
        kinds = (str.isdigit, str.isupper, lambda c: not c.isalnum())
        return tuple(sum(map(is_it, text)) / len(text) for is_it in kinds)

    order = sorted(range(len(texts)), key=kind)
    count = min(FOLDS, len(order))
    return [order[k::count] for k in range(count)]


def blend(old: Reader, new: Reader, share: float) -> Reader:
    """A reader on the way from one to what it was tuned to (M. Wortsman et al., CVPR 2022)."""
    return replace(
        old,
        letters=old.letters and new.letters and _blend(old.letters, new.letters, share),
        lines=old.lines and new.lines and _blend(old.lines, new.lines, share),
        habit=old.habit.towards(new.habit, share),
    )


def _blend(old: Model, new: Model, share: float) -> Model:
    pairs = zip(old.weights, new.weights, strict=True)
    weights = tuple({k: (1 - share) * a[k] + share * b[k] for k in a} for a, b in pairs)
    return replace(old, weights=weights, context=None)


def read_rows(page: Page, rows: Sequence[int], reader: Reader) -> list[str]:
    """The text of some rows of a page."""
    part = replace(page, rows=tuple(page.rows[row] for row in rows))
    return [row.text for row in recognition.read_page(part, reader).rows]


def edits_in(known: Sequence[Known], texts: Sequence[Sequence[str]]) -> Tally:
    """Edits in the known lines, a line for a line; texts by copy and row."""
    scores = (metrics.score(texts[line.copy][line.row], line.text) for line in known)
    return sum((score.characters for score in scores), Tally())
