"""The language of a page of few words: that in whose words the emissions are read likeliest.

What is read of a single word without language is too little to tell by, and lacks first the marks
that would tell: of Wöhlsdorf the dots.
"""

from __future__ import annotations

from collections.abc import Sequence

from ocr_cli.recognition.language.languages import FIRST, Languages, shipped_languages
from ocr_cli.recognition.lines import RowEmissions
from ocr_cli.recognition.lines.beam import LineDecoding, n_best

FEW = 40  # characters of a page, at most
LEAD = 2.0  # log-odds by which another language must be likelier than `languages.FIRST`


def likeliest(seen: Sequence[RowEmissions], classes: tuple[str, ...], known: Languages) -> str:
    """The code of the shipped language whose best reading of all rows has the highest odds."""
    scores = [one.scores for one in seen]
    odds = {code: LEAD * (code == FIRST) for code in shipped_languages()}
    for code in odds:
        found = n_best(scores, classes, known.get(code), LineDecoding())
        odds[code] += sum(max((score for _, score in texts), default=0.0) for texts in found)
    return max(odds, key=lambda code: odds[code])
