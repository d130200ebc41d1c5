"""`ocr eval` of pages with transcripts: CER, bare CER, WER."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ocr_cli import batch
from ocr_cli.cli import options
from ocr_cli.output.files import make_folder, replacing
from ocr_cli.output.plots import check_plotting

if TYPE_CHECKING:
    from ocr_cli.batch import Scored
    from ocr_cli.metrics import Tally, TextScore


def run(
    paths: Iterable[str],
    model: str,
    language: str,
    as_json: bool,
    plot: Path | None,
    errors: Path | None,
    jobs: int,
    bar: bool,
) -> None:
    """Score pages against their transcripts."""
    if plot:
        check_plotting(plot)
    pictures = batch.find_transcribed(paths)
    jobs = min(jobs, len(pictures))
    if errors:
        make_folder(errors)
    with batch.processes(jobs) as executor:
        work = partial(batch.score_picture, model=model, language=language, examine=bool(errors))
        outcomes = batch.in_order(work, pictures, executor, ahead=2 * jobs)
        scored = list(options.results(outcomes, len(pictures), bar))
    scores = [(one.source, one.score) for one in scored]
    if as_json:
        click.echo(_pages_json(scores, model))
    elif scores:
        click.echo("\n".join(_pages_table(scores)))
    if errors:
        _write_errors(errors, scored, model, language)
    words = [word for one in scored for word in one.words]
    if plot and words:
        from ocr_cli.cli.eval_characters import draw_reliability

        confidence, right = zip(*words, strict=True)
        draw_reliability(confidence, right, "words", plot)


def _write_errors(folder: Path, scored: Sequence[Scored], model: str, language: str) -> None:
    from ocr_cli.output.errors_html import errors_page

    words = [word for one in scored for word in one.errors]
    total = _total((one.source, one.score) for one in scored)
    page = errors_page(words, total, len(scored), model, language)
    with replacing(folder / "index.html") as beside:
        beside.write_text(page, encoding="utf-8")


def _pages_table(scores: Sequence[tuple[str, TextScore]]) -> Iterator[str]:
    yield f"{'CER':>9}{'bare CER':>10}{'WER':>10}{'characters':>12}  file"
    for name, score in [*scores, (f"total of {len(scores)}", _total(scores))]:
        rates = (score.characters.rate, score.bare.rate, score.words.rate)
        cer, bare, wer = (f"{100 * rate:.2f} %" for rate in rates)
        yield f"{cer:>9}{bare:>10}{wer:>10}{score.characters.length:>12}  {name}"


def _pages_json(scores: Sequence[tuple[str, TextScore]], model: str) -> str:
    files = [{"source": name, **_rates(score)} for name, score in scores]
    return json.dumps(
        {"model": model, "total": _rates(_total(scores)), "files": files}, ensure_ascii=False
    )


def _total(scores: Iterable[tuple[str, TextScore]]) -> TextScore:
    from ocr_cli.metrics import TextScore

    return sum((score for _, score in scores), TextScore())


def _rates(score: TextScore) -> dict[str, Any]:
    def counts(tally: Tally) -> dict[str, int]:
        return {"edits": tally.edits, "length": tally.length}

    return {
        "cer": score.characters.rate,
        "bare_cer": score.bare.rate,
        "wer": score.words.rate,
        "characters": counts(score.characters),
        "bare": counts(score.bare),
        "words": counts(score.words),
    }
