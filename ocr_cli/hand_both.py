"""Whatever a reader reads with learns one hand: letters, lines, or both.

Both learn from the same pages, and are tried as they read: together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ocr_cli import hand, hand_lines
from ocr_cli.hand import Copy, Learnt, Trial
from ocr_cli.reading import Reader
from ocr_cli.weights import Model, for_use


def learn(
    copies: Sequence[Copy],
    reader: Reader,
    rng: np.random.Generator,
    of_letters: hand.Practice | None = None,
    of_lines: hand_lines.Practice | None = None,
) -> Learnt[Reader]:
    """The reader with its models tuned to the hand, as far as that reads unseen lines better.

    InputError where the texts are not what is written on the pages.
    """
    if reader.lines is None and reader.letters is not None:
        by_letter = hand.learn(copies, reader.letters, reader.language, rng, of_letters)
        return by_letter.known_by(replace(reader, letters=by_letter.model))
    if reader.letters is None and reader.lines is not None:
        by_line = hand_lines.learn(copies, reader.lines, reader.language, rng, of_lines)
        return by_line.known_by(replace(reader, lines=by_line.model))
    return _learn_both(copies, reader, rng, of_letters, of_lines)


def _learn_both(
    copies: Sequence[Copy],
    reader: Reader,
    rng: np.random.Generator,
    of_letters: hand.Practice | None,
    of_lines: hand_lines.Practice | None,
) -> Learnt[Reader]:
    by_letters, by_lines = _models(reader)

    def read(copy: int, rows: Sequence[int], tuned: Reader) -> list[str]:
        return hand.read_rows(copies[copy].page, rows, tuned)

    texts = [read(i, range(len(copy.page.rows)), reader) for i, copy in enumerate(copies)]
    lines, lost = hand_lines.find_lines(copies, texts, by_lines.classes)
    if not lines:
        raise hand.nothing_found()
    places = [(line.copy, line.row) for line in lines]
    letters = {(one.copy, one.row): one for one in hand.find_lines(copies, by_letters)[0]}
    lines_tuner = hand_lines.Tuner(by_lines, lines, of_lines or hand_lines.Practice(), rng)
    letters_tuner = hand.Tuner(by_letters, of_letters or hand.Practice(), rng)
    for line in letters.values():
        letters_tuner.take_in(line)

    def tune(chosen: Sequence[int]) -> Reader:
        known = [letters[places[k]] for k in chosen if places[k] in letters]
        some = any(len(line.labels) for line in known)
        tuned = letters_tuner.tune(known) if some else by_letters
        return replace(reader, letters=tuned, lines=lines_tuner.tune(chosen))

    trial = Trial(
        reader,
        texts,
        places,
        tune,
        read,
        lambda texts: hand_lines.edits_in(lines, texts),
        blend,
    )
    return hand.carry_out(trial, hand_lines.FOLDS, hand_lines.letters_in(lines), lost)


def blend(old: Reader, new: Reader, share: float) -> Reader:
    """Both models on the way from one reader's to another's, see `hand.blend`."""
    letters, lines = (
        hand.blend(*pair, share) for pair in zip(_models(old), _models(new), strict=True)
    )
    return replace(old, letters=letters, lines=lines)


def _models(reader: Reader) -> tuple[Model, Model]:
    """The reader's models of letters and of lines; ValueError where it lacks one."""
    if reader.letters is None or reader.lines is None:
        raise ValueError("the reader has one model alone")
    return for_use(reader.letters), for_use(reader.lines)
