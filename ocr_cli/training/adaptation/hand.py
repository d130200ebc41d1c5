"""Writer adaptation: a reader learns one hand, its letters, its lines, and how it parts words.

All learn from the same pages, and are tried as they read: together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from ocr_cli import parallel, recognition
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
FOLDS = 4  # of the lines, in which the gain is found out; tuned two by two
SHARES = (0.0, 0.5, 0.75, 1.0)  # of the way from the old reader to the tuned one
FEWEST = 4  # lines, of which the gain can be told
SURE = 0.9  # of the gains that other lines of the same hand would show, a range holds so many
DRAWINGS = 4000
_TRIED = 5  # steps that tell how long all take


@dataclass(frozen=True)
class Learnt:
    """A reader that knows the hand, and how much that helps.

    Attributes
    ----------
    reader : ready for use.
    share : how much of the change was kept; 0 where it is not sure to help, and the reader is as
        it was.
    before, after : edits on lines that were not learnt from (cross-validation), before tuning
        and after; None where there are too few lines.
    gain : the range of the gain in CER, see `gain_range`.
    lines, letters : how many lines and characters were learnt from.
    lost : what was not found on the pages.
    """

    reader: Reader
    share: float
    before: Tally | None
    after: Tally | None
    gain: tuple[float, float]
    lines: int
    letters: int
    lost: tuple[Lost, ...]

    def record(self) -> dict[str, Any]:
        """The figures, for the model's training record."""
        edits = {"before": self.before, "after": self.after}
        rates = {name: round(tally.rate, 5) for name, tally in edits.items() if tally}
        return {
            "lines": self.lines,
            "letters": self.letters,
            "share": self.share,
            "cross_validated_cer": rates,
            "gain": [round(end, 5) for end in self.gain],
        }


@dataclass(frozen=True)
class TranscribedRow:
    """A row whose text is known: which of the copies it is on, and which of the page's rows."""

    copy: int
    row: int
    text: str


def learn_hand(
    copies: Sequence[Copy],
    reader: Reader,
    rng: np.random.Generator,
    of_letters: hand_letters.LetterPractice | None = None,
    of_lines: hand_lines.LinePractice | None = None,
    executor: Executor | None = None,
    on_step: Callable[[], None] | None = None,
    on_plan: Callable[[float], None] | None = None,
) -> Learnt:
    """The reader tuned to the hand of the copies, as far as that is sure to read better.

    What is kept is the mean of what was tuned on all lines but a fold's: together they have
    seen all, and their mean reads better than one of them (M. Wortsman et al., Model soups,
    ICML 2022). With an executor, folds are tuned side by side, to the same weights. `on_plan`
    is told beforehand how many seconds it takes with one process, and `on_step` is called after
    each fold: FOLDS times at most. InputError where the texts are not what is written on the
    pages.
    """
    reader = _for_use(reader).settled([line for copy in copies for line in copy.lines])
    began = time.perf_counter()
    texts = [texts_of_rows(copy.page, range(len(copy.page.rows)), reader) for copy in copies]
    reading = time.perf_counter() - began
    practices = of_letters or hand_letters.LetterPractice(), of_lines or hand_lines.LinePractice()
    tuner = HandTuner(copies, texts, reader, rng, *practices)
    if not tuner.known:
        advice = "give each page the text that is written on it, a line for a line"
        raise InputError("none of the text was found on the pages", advice)
    share = 0.0
    edits: dict[float, tuple[int, ...]] = dict.fromkeys(SHARES, ())
    if len(tuner.known) >= FEWEST:
        if on_plan is not None:
            on_plan(FOLDS * tuner.seconds() + (len(SHARES) - 1) * reading)
        practised = practise(copies, tuner, rng, executor, on_step)
        edits = cross_validate(texts, tuner.known, practised)
        share = best_share(edits, tuner.length)
        if share:
            reader = blend(reader, tuner.mean([one.tuned for one in practised]), share)
    before, after = (Tally(sum(edits[s]), tuner.length) if edits[s] else None for s in (0.0, share))
    gain = gain_range(edits[0.0], edits[share], tuner.length)
    letters = sum(len(line.text.replace(" ", "")) for line in tuner.known)
    known = len(tuner.known)
    return Learnt(reader, share, before, after, gain, known, letters, tuple(tuner.lost))


def best_share(edits: Mapping[float, Sequence[int]], length: int) -> float:
    """The share of the tuning to keep, by the edits in each line at each share.

    That with the fewest edits, of equals the largest: the most learning; 0 where its gain is
    not sure. A range of half of the drawings would do for three hands more, and cost one a loss:
    eighteen second pages at 3.79 % CER came down to 3.00 with it, to 3.12 without.
    """
    best = min(edits, key=lambda share: (sum(edits[share]), -share))
    return best if gain_range(edits[0.0], edits[best], length)[0] > 0 else 0.0


def gain_range(before: Sequence[int], after: Sequence[int], length: int) -> tuple[float, float]:
    """Between what the gain in CER lies, in SURE of all drawings of as many lines from these.

    before, after : the edits in each line, which are `length` characters long together. A
    bootstrap of pairs (B. Efron, Annals of Statistics 7, 1979), the same each time.
    """
    if not len(before):
        return 0.0, 0.0
    gains = np.subtract(before, after)
    drawn = np.random.default_rng(0).integers(len(gains), size=(DRAWINGS, len(gains)))
    ends = np.quantile(gains[drawn].sum(1) / max(1, length), [(1 - SURE) / 2, (1 + SURE) / 2])
    return float(ends[0]), float(ends[1])


def _for_use(reader: Reader) -> Reader:
    of_letters, of_lines = (m and for_use(m) for m in (reader.letters, reader.lines))
    return replace(reader, letters=of_letters, lines=of_lines)


class HandTuner:
    """Tunes what a reader reads with, on lines of some copies.

    known : the lines that it can be tuned on. lost : what of the texts is in none of these.
    """

    def __init__(
        self,
        copies: Sequence[Copy],
        texts: Sequence[Sequence[str]],
        reader: Reader,
        rng: np.random.Generator,
        of_letters: hand_letters.LetterPractice,
        of_lines: hand_lines.LinePractice,
    ) -> None:
        """texts : what the reader reads in each copy's rows, before it knows the hand."""
        self.reader = reader
        self._practice = of_letters
        self.known: list[TranscribedRow] = []
        self.lost: list[Lost] = []
        self._letters: dict[tuple[int, int], hand_letters.LetterLine] = {}
        if reader.lines is not None:
            lines, self.lost = hand_lines.known_lines(copies, texts, reader.lines.classes)
            self.known = [TranscribedRow(line.copy, line.row, line.text) for line in lines]
            self._of_lines = hand_lines.LineTuner(reader.lines, lines, of_lines, rng)
        if reader.letters is not None and _uses_letters(reader, texts):
            found, lost = hand_letters.letter_lines(copies, reader.letters)
            if reader.lines is None:
                self.known = [TranscribedRow(line.copy, line.row, line.gaps.text) for line in found]
                self.lost = lost
            self._letters = {(line.copy, line.row): line for line in found}
            self._of_letters = hand_letters.LetterTuner(reader.letters, found, of_letters, rng)

    @property
    def length(self) -> int:
        """Characters of the known lines together."""
        return sum(len(line.text) for line in self.known)

    def seconds(self) -> float:
        """The time that one tuning takes, as a few steps of each kind tell."""
        rng, began, count = np.random.default_rng(0), time.perf_counter(), len(self.known)
        total = 0.0
        if self.reader.lines is not None:
            self._of_lines.tune(range(count), rng, steps=_TRIED)
            total += (time.perf_counter() - began) * self._of_lines.steps(count) / _TRIED
        if self._letters:
            began = time.perf_counter()
            self._of_letters.tune(list(self._letters.values()), rng, steps=_TRIED)
            total += (time.perf_counter() - began) * self._practice.steps / _TRIED
        return total

    def tune(self, chosen: Sequence[int], rng: np.random.Generator) -> Reader:
        """The reader after its practice on the known lines of these numbers."""
        letters = self._letters_of(chosen)
        return replace(
            self.reader,
            letters=self._of_letters.tune(letters, rng) if letters else self.reader.letters,
            lines=self.reader.lines and self._of_lines.tune(chosen, rng),
            habit=self._habit(chosen),
        )

    def mean(self, tuned: Sequence[Reader]) -> Reader:
        """The mean of readers that were tuned on some lines each, with the habit of all lines."""
        letters = [one.letters for one in tuned if one.letters is not None]
        lines = [one.lines for one in tuned if one.lines is not None]
        return replace(
            self.reader,
            letters=_mean(letters) if letters else None,
            lines=_mean(lines) if lines else None,
            habit=self._habit(range(len(self.known))),
        )

    def _letters_of(self, chosen: Sequence[int]) -> list[hand_letters.LetterLine]:
        places = [(self.known[k].copy, self.known[k].row) for k in chosen]
        return [self._letters[place] for place in places if place in self._letters]

    def _habit(self, chosen: Sequence[int]) -> habit.Habit:
        """How the hand parts words, and its words, by the known lines of these numbers."""
        reader, texts = self.reader, [self.known[k].text for k in chosen]
        gaps = [line.gaps for line in self._letters_of(chosen)]
        language = reader.usual_language(lambda: texts)
        return habit.learn(texts, gaps, language, reader.decoding, reader.habit)


def _uses_letters(reader: Reader, texts: Sequence[Sequence[str]]) -> bool:
    """Whether it reads some of these rows letter by letter: else its letters need not learn."""
    rows = [row for copy in texts for row in copy if row]
    capitals = sum(recognition.in_capitals(row) for row in rows)
    return reader.lines is None or capitals > FEW_CAPITALS * len(rows)


@dataclass(frozen=True)
class Fold:
    """A fold of cross-validation: known lines, to be read by what was tuned on all the others."""

    lines: tuple[int, ...]
    seed: int
    source: str


@dataclass(frozen=True)
class Practised:
    """A reader tuned on all lines but a fold's, and share, copy, row and text of each of these."""

    read: tuple[tuple[float, int, int, str], ...] = ()
    tuned: Reader = field(default_factory=lambda: Reader(None), repr=False)


def practise(
    copies: Sequence[Copy],
    tuner: HandTuner,
    rng: np.random.Generator,
    executor: Executor | None = None,
    on_step: Callable[[], None] | None = None,
) -> list[Practised]:
    """What is tuned without each of the folds.

    OcrError where one cannot be tuned, as its process was killed twice.
    """
    parts = folds([line.text for line in tuner.known])
    seeds = rng.integers(2**63, size=len(parts)).tolist()
    source = copies[0].page.source
    planned = [Fold(tuple(p), s, source) for p, s in zip(parts, seeds, strict=True)]
    work = partial(_read_fold, tuner, copies)
    found: list[Practised] = []
    for one in parallel.in_order(work, planned, executor, ahead=len(planned)):
        if isinstance(one, InputError):
            raise one
        found.append(one)
        if on_step is not None:
            on_step()
    return found


def cross_validate(
    texts: Sequence[Sequence[str]], known: Sequence[TranscribedRow], practised: Iterable[Practised]
) -> dict[float, tuple[int, ...]]:
    """The edits in each known line, by the share of the change that it is read with.

    Each line is read by a reader that was tuned on the other folds alone.
    """
    read = {share: [list(rows) for rows in texts] for share in SHARES}
    for one in practised:
        for share, copy, row, text in one.read:
            read[share][copy][row] = text
    return {share: edits_in(known, read[share]) for share in SHARES}


def _read_fold(tuner: HandTuner, copies: Sequence[Copy], fold: Fold) -> Practised:
    """The lines of a fold as they are read by what was tuned on all the others."""
    others = [k for k in range(len(tuner.known)) if k not in fold.lines]
    tuned = tuner.tune(others, np.random.default_rng(fold.seed))
    found = []
    for share in SHARES[1:]:
        blended = blend(tuner.reader, tuned, share)
        for number, copy in enumerate(copies):
            rows = [tuner.known[k].row for k in fold.lines if tuner.known[k].copy == number]
            for row, text in zip(rows, texts_of_rows(copy.page, rows, blended), strict=True):
                found.append((share, number, row, text))
    return Practised(tuple(found), tuned)


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


def _mean(models: Sequence[Model]) -> Model:
    layers = zip(*(model.weights for model in models), strict=True)
    weights = tuple(
        {k: sum(one[k] for one in same) / len(same) for k in same[0]} for same in layers
    )
    return replace(models[0], weights=weights, context=None)


def texts_of_rows(page: Page, rows: Sequence[int], reader: Reader) -> list[str]:
    """The text of some rows of a page."""
    part = replace(page, rows=tuple(page.rows[row] for row in rows))
    return [row.text for row in recognition.read_page(part, reader).rows]


def edits_in(known: Sequence[TranscribedRow], texts: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Edits in each of the known lines; texts by copy and row."""
    scores = (metrics.score(texts[line.copy][line.row], line.text) for line in known)
    return tuple(score.characters.edits for score in scores)
