"""Recognition, from analysed pages to text: a reader holds the models, `read_page` reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from ocr_cli import layout
from ocr_cli.data.charset import LANGUAGES
from ocr_cli.errors import ModelError, NoSuchModelError
from ocr_cli.layout.parts import part_around
from ocr_cli.layout.quantiles import median
from ocr_cli.modelfiles import kinds, weights
from ocr_cli.modelfiles.weights import Model
from ocr_cli.page import Course, Page, Row
from ocr_cli.recognition import (
    addresses,
    cells,
    few_words,
    figures,
    fusion,
    letters,
    lines,
    mirrors,
    tokens,
)
from ocr_cli.recognition import calibration as confidence
from ocr_cli.recognition.calibration import calibrated
from ocr_cli.recognition.language import languages
from ocr_cli.recognition.language.interface import Language
from ocr_cli.recognition.language.languages import Languages
from ocr_cli.recognition.language.lexicon import are_listed
from ocr_cli.recognition.letters import habit
from ocr_cli.recognition.letters.choice import best_text
from ocr_cli.recognition.letters.habit import Habit
from ocr_cli.recognition.letters.lattice import Lattice
from ocr_cli.recognition.letters.search import LatticeDecoding
from ocr_cli.recognition.lines import RowEmissions, small_capitals
from ocr_cli.recognition.lines.alternatives import with_alternatives

__all__ = [
    "Reader",
    "load_language",
    "load_reader",
    "other_way",
    "read_courses",
    "read_page",
    "without_doubtful",
]

CAPITALS = 0.7  # share of a row's letters, from which on it is in block capitals
DOUBTFUL = 0.72  # of the usual legibility of a page's rows, below which one is not to be trusted,
ILLEGIBLE = 0.42, 0.6  # but at least, and at most, so much; fitted on gnhk/valid and copiste/valid
LEGIBLE = 0.6  # of a row whose figures the line models are believed
SURE = 0.93  # confidence of a line model, from which on capitals are not read by letters,
SURE_OF_WORDS = 0.81  # where all are listed: of 40 such rows of pages/dev letters change none
SURE_OF_BOTH = 0.9  # and of two: of 67 rows of pages/dev none is then read otherwise from 0.82 on
APART = 0.8  # pieces of ink to a letter, from which on letters stand apart
# Gaps count for more in rows that are mostly block capitals, whose words stand well apart.
SPACED = 0.7  # that a space gains there
BESIDE_LINES = LatticeDecoding(space=0.8, beam=12, choices=8)


@dataclass(frozen=True)
class Reader:
    """The models of reading: one of letters, one of lines, or both; and of language, or none.

    language : the same for every page, or several, of which each page gets what suits it.
    habit : what is known of the hand that is read, beside what its models have learnt.
    strokes : a second model of lines, see `fusion`.
    """

    letters: Model | None
    lines: Model | None = None
    language: Language | Languages | None = None
    habit: Habit = field(default_factory=Habit)
    strokes: Model | None = None

    @property
    def models(self) -> tuple[Model, ...]:
        """The models that it has."""
        return tuple(model for model in (self.letters, self.lines) if model is not None)

    @property
    def decoding(self) -> LatticeDecoding:
        """The weights of letters, gaps and language where it reads letters."""
        return LatticeDecoding() if self.lines is None else BESIDE_LINES

    def settled(self, texts: Sequence[str]) -> Reader:
        """The same with one language, that of these texts, or with none."""
        return replace(self, language=self.usual_language(lambda: texts))

    def language_of(self, read: Callable[[], Sequence[str]]) -> Language | None:
        """The language of a page as this hand writes it; `read` gives its rows without any."""
        return self.habit.language(self.usual_language(read))

    def usual_language(self, read: Callable[[], Sequence[str]]) -> Language | None:
        """The language of a page as most write it."""
        known = self.language
        return known.suiting(read()) if isinstance(known, Languages) else known


def load_reader(model: str = "default", language: str = "auto") -> Reader:
    """The reader of that name or file, with the language that `load_language` gives.

    "default" reads with letters and lines both, whichever suits a row, and so do a hand's file
    and a line model of the user's own; "lines" and "letters" read with one. ModelError where a
    model cannot be had.
    """
    known = load_language(language)
    if model == "default":
        both = weights.load_model("letters", in_context=False), lines.load_line_model("lines")
        return Reader(*both, known, strokes=lines.load_line_model("strokes"))
    path = weights.model_path(model)
    kind = weights.kind_of(path)
    if kind == weights.HAND:
        return _load_hand(path, known)
    if kind in kinds.of_role("lines"):
        alone = model in weights.shipped_models()
        of_letters = None if alone else weights.load_model("letters", in_context=False)
        return Reader(of_letters, lines.load_line_model(model), known)
    of_letters = weights.load_model(model, in_context=False)
    if any(len(name) > 1 for name in of_letters.classes):
        names = ", ".join(of_letters.classes[:3])
        raise ModelError(f"its classes are no characters ({names}…)", "ocr eval scores it", model)
    return Reader(of_letters, None, known)


def _load_hand(path: Path, language: Language | Languages | None) -> Reader:
    """Load the reader of a hand, see `weights.save_hand`."""
    there = weights.kinds_in(path)
    of_letters = weights.load_model(path) if there & kinds.of_role("letters") else None
    of_lines = lines.load_line_model(path) if there & kinds.of_role("lines") else None
    try:
        extras = weights.read_extras(path)
        own = habit.from_arrays(extras) if extras else Habit()  # files before there were habits
    except ValueError as error:
        raise ModelError("the model's parts do not fit", "train it anew", str(path)) from error
    return Reader(of_letters, of_lines, language, own, _beside(of_lines))


def _beside(of_lines: Model | None) -> Model | None:
    """The second model of lines, where it knows nothing that a hand's own does not."""
    if of_lines is None:
        return None
    second = lines.load_line_model("strokes")
    return second if set(second.classes) <= set(of_lines.classes) else None


def load_language(name: str) -> Language | Languages | None:
    """The language "auto" (each page's own), "en", "fr", "de", "es", "none", or a file's.

    NoSuchModelError where there is none of that name.
    """
    if name == "auto":
        return Languages()
    if name == languages.NONE or name in LANGUAGES:
        return Languages().get(name)
    if not Path(name).is_file():
        known = ", ".join(["auto", *LANGUAGES, languages.NONE])
        advice = f"give {known}, or a file that ocr train --kind language wrote"
        raise NoSuchModelError("no such language", advice, name)
    from ocr_cli.recognition import language

    return language.load(Path(name))


def read_page(page: Page, reader: Reader, alternatives: bool = False) -> Page:
    """The analysed page with the text and confidence of every glyph, word and row filled in.

    With `alternatives` each doubtful word, where there is a model of lines, has them.
    """
    if reader.lines is None:
        page = _inked(page)
    read = _read(page, reader, alternatives)
    found = zip(page.rows, read.rows, strict=True)
    return replace(read, rows=tuple(cells.joined_in_cells(row, at.cells) for at, row in found))


def _read(page: Page, reader: Reader, alternatives: bool) -> Page:
    match reader:
        case Reader(letters=Model() as model, lines=None):
            return _by_letters(page, model, reader)
        case Reader(letters=None, lines=Model() as model):
            return _by_lines(page, model, reader, alternatives)
        case Reader(letters=Model() as by_letters, lines=Model() as by_lines):
            return _both_ways(page, by_letters, by_lines, reader, alternatives)
    raise ValueError("a reader needs a model of letters or of lines")


def _inked(page: Page) -> Page:
    """The page with its letters, and of its rows those that have any."""
    if page.ink is None:
        page = layout.with_ink(page)
    return replace(page, rows=tuple(row for row in page.rows if row.words))


def _by_letters(page: Page, model: Model, reader: Reader) -> Page:
    lattices = _lattices(page, model, reader)
    alone = partial(letters.read_rows, page.rows, lattices, None, reader.decoding)
    language = reader.language_of(lambda: [row.text for row in alone()])
    rows = letters.read_rows(page.rows, lattices, language, reader.decoding)
    read = tuple(calibrated(row, confidence.LETTERS) for row in rows)
    return replace(page, rows=read, language=languages.code_of(language))


def _by_lines(page: Page, model: Model, reader: Reader, alternatives: bool) -> Page:
    seen = small_capitals.resolved(lines.emissions_of(page, model), model.classes)
    language = _language(seen, model.classes, reader)
    rows = tuple(_calibrated(lines.decoded(seen, model.classes, language), seen))
    if alternatives:
        rows = with_alternatives(rows, seen, model.classes, language)
    return replace(page, rows=rows, language=languages.code_of(language))


def _language(
    seen: Sequence[RowEmissions], classes: tuple[str, ...], reader: Reader
) -> Language | None:
    """The language of a page as its hand writes it."""
    texts, known = lines.greedy_texts(seen, classes), reader.language
    if isinstance(known, Languages) and 0 < sum(map(len, texts)) <= few_words.FEW:
        return reader.habit.language(known.get(few_words.likeliest(seen, classes, known)))
    return reader.language_of(lambda: texts)


def _lattices(page: Page, model: Model, reader: Reader) -> list[Lattice]:
    return reader.habit.lattices(letters.lattices_of(page, model), reader.decoding)


def _calibrated(rows: Sequence[Row], seen: Sequence[RowEmissions]) -> list[Row]:
    """Rows as line models read them, their confidences by how many models that were."""
    return [
        calibrated(row, confidence.of_lines(one.mixed)) for row, one in zip(rows, seen, strict=True)
    ]


def _both_ways(
    page: Page, by_letters: Model, by_lines: Model, reader: Reader, alternatives: bool
) -> Page:
    """The page as the line models read it, block capitals in doubt by letters as well."""
    seen = lines.emissions_of(page, by_lines)
    if reader.strokes is not None:
        seen = fusion.fused(seen, by_lines, reader.strokes)
    seen = small_capitals.resolved(seen, by_lines.classes)
    language = _language(seen, by_lines.classes, reader)
    classes = by_lines.classes
    read = _decoded(seen, classes, language)
    read = [addresses.as_address(row, one, classes) for row, one in zip(read, seen, strict=True)]
    rows = tuple(_calibrated(read, seen))
    chosen = [
        i
        for i, (row, one) in enumerate(zip(read, seen, strict=True))
        if mostly_capitals(row) and in_doubt(row, one.mixed, language)
    ]
    if chosen:
        rows = _with_second_opinions(
            page, rows, chosen, seen, by_letters, by_lines, reader, language
        )
    rows = tokens.with_figures(rows, seen, classes)
    if alternatives:
        rows = with_alternatives(rows, seen, by_lines.classes, language)
    return replace(page, rows=rows, language=languages.code_of(language))


def _decoded(
    seen: Sequence[RowEmissions], classes: tuple[str, ...], language: Language | None
) -> list[Row]:
    """The rows as the line models read them, those in block capitals with gaps counting for more.

    Which these are is guessed first, so that nearly all are read but once.
    """
    spaced = [in_capitals(text) for text in lines.greedy_texts(seen, classes)]
    read = lines.decoded(seen, classes, language, [SPACED * one for one in spaced])
    other = [i for i, row in enumerate(read) if mostly_capitals(row) != spaced[i]]
    spaces = [SPACED * (not spaced[i]) for i in other]
    again = lines.decoded([seen[i] for i in other], classes, language, spaces)
    for i, row in zip(other, again, strict=True):
        if not (spaced[i] and mostly_capitals(row)):
            read[i] = row
    return read


def _with_second_opinions(
    page: Page,
    as_lines: tuple[Row, ...],
    chosen: Sequence[int],
    seen: list[RowEmissions],
    by_letters: Model,
    by_lines: Model,
    reader: Reader,
    language: Language | None,
) -> tuple[Row, ...]:
    """The rows as lines, and the chosen ones, in capitals, as letters where those are right.

    At capitals the letter model is the better one. Where they disagree, all that is known
    decides between them.
    """
    rows = list(as_lines)
    part = part_around(page, chosen)
    inked = part.page if part.page.ink is not None else layout.with_ink(part.page)
    chosen = [i for i in chosen if pieces_a_letter(inked.rows[i], rows[i]) >= APART]
    apart = replace(inked, rows=tuple(inked.rows[i] for i in chosen))
    lattices = _lattices(apart, by_letters, reader)
    by_letter = letters.read_rows(apart.rows, lattices, language, reader.decoding)
    for i, lattice, row in zip(chosen, lattices, by_letter, strict=True):
        texts = row.text, rows[i].text
        known = seen[i].scores, by_lines.classes, language
        if texts[0] != texts[1] and best_text(texts, lattice, *known) == 1:
            continue
        if rows[i].legibility > LEGIBLE and figures.are_lost(texts[1], texts[0]):
            continue
        rows[i] = calibrated(part.on_whole(row, page.rows[i]), confidence.SETTLED)
    return tuple(rows)


def pieces_a_letter(found: Row, read: Row) -> float:
    """Pieces of ink that a row has for each letter that the line model read there."""
    pieces = sum(len(word.glyphs) for word in found.words)
    return pieces / max(1, len(read.text.replace(" ", "")))


def mostly_capitals(read: Row) -> bool:
    """Whether a row, as the line model read it, is in capitals and figures."""
    return in_capitals(read.text)


def in_capitals(text: str) -> bool:
    """Whether a text is mostly in capitals and figures."""
    signs = [c for c in text if c.isalnum()]
    capitals = sum(c.isupper() or c.isdigit() for c in signs)
    return bool(signs) and capitals >= CAPITALS * len(signs)


def in_doubt(read: Row, mixed: bool, language: Language | None) -> bool:
    """Whether the line model, whose own confidence a row has, or both are not sure of it.

    A row of listed words alone takes less to be sure of.
    """
    sure = SURE_OF_BOTH if mixed else SURE
    likely = calibrated(read, confidence.of_lines(mixed)).confidence
    return likely < sure and not (likely >= SURE_OF_WORDS and are_listed(read.text, language))


def without_doubtful(page: Page) -> Page:
    """The page without rows that nobody should trust: grain, show-through, drawings.

    What counts as illegible depends somewhat on how legible the page's other rows are.
    """
    if not page.rows:
        return page
    usual = float(median([row.legibility for row in page.rows]))
    least = float(np.clip(DOUBTFUL * usual, *ILLEGIBLE))
    return replace(page, rows=tuple(row for row in page.rows if row.legibility >= least))


def other_way(page: Page, read: Page, reader: Reader) -> mirrors.Way | None:
    """The way, if any, in which a page, with its rows, should be looked at; see `mirrors`."""
    return mirrors.clearer_way(page, read, reader.lines) if reader.lines is not None else None


def read_courses(page: Page, courses: Sequence[Course], reader: Reader) -> Page:
    """The page read along courses that are given: its rows, in their order, with their text."""
    return read_page(layout.place_rows(page, courses), reader)
