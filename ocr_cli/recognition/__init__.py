"""From analysed pages to text: a reader holds the models, `read_page` fills in the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from ocr_cli import layout
from ocr_cli.errors import ModelError
from ocr_cli.modelfiles import weights
from ocr_cli.modelfiles.weights import Model
from ocr_cli.page import Course, Page, Row
from ocr_cli.recognition import calibration as confidence
from ocr_cli.recognition import fusion, letters, lines
from ocr_cli.recognition.calibration import calibrated
from ocr_cli.recognition.language import languages
from ocr_cli.recognition.language.interface import Language
from ocr_cli.recognition.language.languages import Languages
from ocr_cli.recognition.letters import habit
from ocr_cli.recognition.letters.choice import best_text
from ocr_cli.recognition.letters.habit import Habit
from ocr_cli.recognition.letters.lattice import Lattice
from ocr_cli.recognition.letters.search import Weights
from ocr_cli.recognition.lines import RowEmissions

__all__ = [
    "Reader",
    "load_language",
    "load_reader",
    "read_courses",
    "read_page",
    "without_doubtful",
]

CAPITALS = 0.7  # share of a row's letters, from which on it is in block capitals
DOUBTFUL = 0.72  # of the usual legibility of a page's rows, below which one is not to be trusted,
ILLEGIBLE = 0.42, 0.6  # but at least, and at most, so much; fitted on gnhk/valid and copiste/valid
SURE = 0.83  # confidence of the line model, from which on a row is not read by letters as well
JOINED = 0.5  # pieces of ink to a letter, below which the letter model is of no help
APART = 0.8  # pieces of ink to a letter, from which on letters stand apart
# Gaps count for more in rows that are mostly block capitals, whose words stand well apart.
BESIDE_LINES = Weights(blank=0.8, beam=12, choices=8)


@dataclass(frozen=True)
class Reader:
    """What reading takes: a model of letters, one of lines, or both; and of language, or none.

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
    def weights(self) -> Weights:
        """How much letters, gaps and language count where it reads letters."""
        return Weights() if self.lines is None else BESIDE_LINES

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
    if kind == lines.KIND:
        alone = model in weights.shipped_models()
        of_letters = None if alone else weights.load_model("letters", in_context=False)
        return Reader(of_letters, lines.load_line_model(model), known)
    of_letters = weights.load_model(model, in_context=False)
    if any(len(name) > 1 for name in of_letters.classes):
        names = ", ".join(of_letters.classes[:3])
        raise ModelError(f"its classes are no characters ({names}…)", "ocr eval scores it", model)
    return Reader(of_letters, None, known)


def _load_hand(path: Path, language: Language | Languages | None) -> Reader:
    """What knows a hand, see `weights.save_hand`."""
    kinds = weights.kinds_in(path)
    of_letters = weights.load_model(path) if kinds & weights.CLASSIFIERS else None
    of_lines = lines.load_line_model(path) if lines.KIND in kinds else None
    try:
        beside = weights.read_beside(path)
        own = habit.from_arrays(beside) if beside else Habit()  # files before there were habits
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

    ModelError where there is no such language.
    """
    if name == "auto":
        return Languages()
    if name == languages.NONE or name in languages.NAMES:
        return Languages().get(name)
    if not Path(name).is_file():
        known = ", ".join(["auto", *languages.NAMES, languages.NONE])
        advice = f"give {known}, or a file that ocr train --kind language wrote"
        raise ModelError("no such language", advice, name)
    from ocr_cli.recognition import language

    return language.load(Path(name))


def read_page(page: Page, reader: Reader) -> Page:
    """The analysed page with the text and confidence of every glyph, word and row filled in."""
    match reader:
        case Reader(letters=Model() as model, lines=None):
            return _by_letters(page, model, reader)
        case Reader(letters=None, lines=Model() as model):
            seen = lines.emissions_of(page, model)
            language = reader.language_of(lambda: lines.greedy_texts(seen, model.classes))
            return replace(page, rows=_as_lines(seen, model, language))
        case Reader(letters=Model() as by_letters, lines=Model() as by_lines):
            return _both_ways(page, by_letters, by_lines, reader)
    raise ValueError("a reader needs a model of letters or of lines")


def _by_letters(page: Page, model: Model, reader: Reader) -> Page:
    if page.ink is None:
        page = layout.with_ink(page)
    lattices = _lattices(page, model, reader)
    alone = partial(letters.read_rows, page.rows, lattices, None, reader.weights)
    language = reader.language_of(lambda: [row.text for row in alone()])
    rows = letters.read_rows(page.rows, lattices, language, reader.weights)
    return replace(page, rows=tuple(calibrated(row, confidence.LETTERS) for row in rows))


def _lattices(page: Page, model: Model, reader: Reader) -> list[Lattice]:
    return reader.habit.lattices(letters.lattices_of(page, model), reader.weights)


def _as_lines(seen: list[RowEmissions], model: Model, language: Language | None) -> tuple[Row, ...]:
    rows = lines.decoded(seen, model.classes, language)
    return tuple(calibrated(row, confidence.LINES) for row in rows)


def _both_ways(page: Page, by_letters: Model, by_lines: Model, reader: Reader) -> Page:
    """The page as the line models read it, some rows by letters as well.

    Those are block capitals, at which the letter model is the better one, and on plain writing
    rows in doubt. Where they disagree, all that is known decides between them.
    """
    seen, is_plain = lines.emissions_of(page, by_lines), False
    if reader.strokes is not None:
        seen, is_plain = fusion.fused(seen, by_lines, reader.strokes)
    language = reader.language_of(lambda: lines.greedy_texts(seen, by_lines.classes))
    rows = list(_as_lines(seen, by_lines, language))
    capitals = [mostly_capitals(row) for row in rows]
    chosen = [i for i, row in enumerate(rows) if capitals[i] or (is_plain and in_doubt(row))]
    if not chosen:
        return replace(page, rows=tuple(rows))
    if page.ink is None:
        page = layout.with_ink(page)
    pieces = [pieces_a_letter(*pair) for pair in zip(page.rows, rows, strict=True)]
    chosen = [i for i in chosen if pieces[i] >= (APART if capitals[i] else JOINED)]
    apart = replace(page, rows=tuple(page.rows[i] for i in chosen))
    lattices = _lattices(apart, by_letters, reader)
    by_letter = letters.read_rows(apart.rows, lattices, language, reader.weights)
    for i, lattice, row in zip(chosen, lattices, by_letter, strict=True):
        texts = row.text, rows[i].text
        if texts[0] != texts[1]:
            scores = seen[i].scores
            known = by_lines.classes, language, capitals[i]
            if best_text(texts, lattice, scores, *known) == 1:
                continue
        rows[i] = calibrated(row, confidence.SETTLED)
    return replace(page, rows=tuple(rows))


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


def in_doubt(read: Row) -> bool:
    """Whether the line model is not sure of a row."""
    return read.confidence < SURE


def without_doubtful(page: Page) -> Page:
    """The page without rows that nobody should trust: grain, show-through, drawings.

    What counts as illegible depends somewhat on how legible the page's other rows are.
    """
    if not page.rows:
        return page
    usual = float(np.median([row.legibility for row in page.rows]))
    least = float(np.clip(DOUBTFUL * usual, *ILLEGIBLE))
    return replace(page, rows=tuple(row for row in page.rows if row.legibility >= least))


def read_courses(page: Page, courses: Sequence[Course], reader: Reader) -> Page:
    """The page read along courses that are given: its rows, in their order, with their text."""
    return read_page(layout.place_rows(page, courses), reader)
