"""From analysed pages to text: a reader holds the models, `read_page` fills in the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ocr_cli import layout, weights
from ocr_cli.errors import ModelError
from ocr_cli.page import Course, Page, Row
from ocr_cli.reading import confidence, habit, letters, lines
from ocr_cli.reading.choice import best_text
from ocr_cli.reading.confidence import calibrated
from ocr_cli.reading.habit import Habit
from ocr_cli.reading.lattice import Lattice
from ocr_cli.reading.lines import RowEmissions
from ocr_cli.reading.search import Language, Weights
from ocr_cli.weights import Model

__all__ = ["Reader", "load_language", "load_reader", "read_courses", "read_page"]

CAPITALS = 0.7  # share of a row's letters, from which on it is in block capitals
APART = 0.8  # pieces of ink to a letter, from which on letters stand apart
# Gaps count for more in rows that are mostly block capitals, whose words stand well apart.
BESIDE_LINES = Weights(blank=0.8, beam=12, choices=8)


@dataclass(frozen=True)
class Reader:
    """What reading takes: a model of letters, one of lines, or both; and of language, or none.

    habit : what is known of the hand that is read, beside what its models have learnt.
    """

    letters: Model | None
    lines: Model | None = None
    language: Language | None = None
    habit: Habit = field(default_factory=Habit)

    @property
    def models(self) -> tuple[Model, ...]:
        """The models that it has."""
        return tuple(model for model in (self.letters, self.lines) if model is not None)

    @property
    def weights(self) -> Weights:
        """How much letters, gaps and language count where it reads letters."""
        return Weights() if self.lines is None else BESIDE_LINES


def load_reader(model: str = "default", language: str = "en") -> Reader:
    """The reader of that name or file, with the language "en", "none" or a file's.

    "default" reads with letters and lines both, whichever suits a row, and so do a hand's file
    and a line model of the user's own; "lines" and "letters" read with one. ModelError where a
    model cannot be had.
    """
    known = load_language(language)
    if model == "default":
        both = weights.load_model("letters", in_context=False), lines.load_line_model("lines")
        return Reader(*both, known)
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


def _load_hand(path: Path, language: Language | None) -> Reader:
    """What knows a hand, see `weights.save_hand`."""
    kinds = weights.kinds_in(path)
    of_letters = weights.load_model(path) if kinds & weights.CLASSIFIERS else None
    of_lines = lines.load_line_model(path) if lines.KIND in kinds else None
    try:
        beside = weights.read_beside(path)
        own = habit.from_arrays(beside) if beside else Habit()  # files before there were habits
    except ValueError as error:
        raise ModelError("the model's parts do not fit", "train it anew", str(path)) from error
    return Reader(of_letters, of_lines, language, own)


def load_language(name: str) -> Language | None:
    """The language model "en" (the shipped one), "none", or of a file."""
    if name == "none":
        return None
    from ocr_cli.reading import language

    return language.load(weights.model_path("english") if name == "en" else Path(name))


def read_page(page: Page, reader: Reader) -> Page:
    """The analysed page with the text and confidence of every glyph, word and row filled in."""
    match reader:
        case Reader(letters=Model() as model, lines=None):
            return _by_letters(page, model, reader)
        case Reader(letters=None, lines=Model() as model):
            language = reader.habit.language(reader.language)
            return replace(page, rows=_as_lines(lines.emissions_of(page, model), model, language))
        case Reader(letters=Model() as by_letters, lines=Model() as by_lines):
            return _both_ways(page, by_letters, by_lines, reader)
    raise ValueError("a reader needs a model of letters or of lines")


def _by_letters(page: Page, model: Model, reader: Reader) -> Page:
    if page.ink is None:
        page = layout.with_ink(page)
    language, lattices = reader.habit.language(reader.language), _lattices(page, model, reader)
    rows = letters.read_rows(page.rows, lattices, language, reader.weights)
    return replace(page, rows=tuple(calibrated(row, confidence.LETTERS) for row in rows))


def _lattices(page: Page, model: Model, reader: Reader) -> list[Lattice]:
    return reader.habit.lattices(letters.lattices_of(page, model), reader.weights)


def _as_lines(seen: list[RowEmissions], model: Model, language: Language | None) -> tuple[Row, ...]:
    rows = lines.decoded(seen, model.classes, language)
    return tuple(calibrated(row, confidence.LINES) for row in rows)


def _both_ways(page: Page, by_letters: Model, by_lines: Model, reader: Reader) -> Page:
    """The page as the line model reads it, block capitals by letters as well.

    At these the letter model is the better of the two. Where they disagree, all that is known
    decides between them.
    """
    language = reader.habit.language(reader.language)
    seen = lines.emissions_of(page, by_lines)
    rows = list(_as_lines(seen, by_lines, language))
    chosen = [i for i, row in enumerate(rows) if mostly_capitals(row)]
    if not chosen:
        return replace(page, rows=tuple(rows))
    if page.ink is None:
        page = layout.with_ink(page)
    capitals = [letters_apart(*pair) for pair in zip(page.rows, rows, strict=True)]
    chosen = [i for i in chosen if capitals[i]]
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
    signs = [c for c in read.text if c.isalnum()]
    capitals = sum(c.isupper() or c.isdigit() for c in signs)
    return bool(signs) and capitals >= CAPITALS * len(signs)


def letters_apart(found: Row, read: Row) -> bool:
    """Whether the letters that the line model read stand apart on the page."""
    return pieces_a_letter(found, read) >= APART


def read_courses(page: Page, courses: Sequence[Course], reader: Reader) -> Page:
    """The page read along courses that are given: its rows, in their order, with their text."""
    return read_page(layout.place_rows(page, courses), reader)
