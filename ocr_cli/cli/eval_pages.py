"""`ocr eval` of pages with transcripts: CER, bare CER, WER."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ocr_cli import batch, parallel
from ocr_cli.cli import options
from ocr_cli.cli.eval_characters import check_plots, draw_reliability
from ocr_cli.errors import shown
from ocr_cli.files import make_folder, replacing_text
from ocr_cli.output import guard, jsonl

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
    pictures = batch.find_transcribed(paths)
    _check_outputs(plot, errors, [picture.source for picture in pictures])
    jobs = min(jobs, len(pictures))
    with parallel.processes(jobs, options.tell) as executor:
        work = partial(batch.score_picture, model=model, language=language, examine=bool(errors))
        outcomes = parallel.in_order(work, pictures, executor, ahead=2 * jobs)
        scored = list(options.results(outcomes, len(pictures), bar))
    scores = [(one.source, one.score) for one in scored]
    if as_json:
        click.echo(_pages_json(scores, model))
    elif scores:
        click.echo("\n".join(_pages_table(scores)))
    if errors and scored:
        _write_errors(errors, scored, model, language)
    words = [word for one in scored for word in one.words]
    if plot and words:
        confidence, right = zip(*words, strict=True)
        draw_reliability(confidence, right, "words", plot)


def _check_outputs(plot: Path | None, errors: Path | None, pictures: Sequence[str]) -> None:
    """Make the folders for what is to be written, unless it would destroy what is there."""
    inputs: list[str | Path] = [*pictures, *map(batch.transcript_path, pictures)]
    if plot:
        check_plots(plot, inputs)
    if errors:
        report = guard.Output("--errors", errors / "index.html", "report of ocr eval")
        guard.check([report], inputs)
        make_folder(errors)


def _write_errors(folder: Path, scored: Sequence[Scored], model: str, language: str) -> None:
    from ocr_cli.output.errors_html import errors_page

    words = [word for one in scored for word in one.errors]
    total = _total((one.source, one.score) for one in scored)
    page = errors_page(words, total, len(scored), model, language)
    with replacing_text(folder / "index.html") as file:
        file.write(page)


def _pages_table(scores: Sequence[tuple[str, TextScore]]) -> Iterator[str]:
    yield f"{'CER':>9}{'bare CER':>10}{'WER':>10}{'characters':>12}  file"
    for name, score in [*scores, (f"total of {len(scores)}", _total(scores))]:
        rates = (score.characters.rate, score.bare.rate, score.words.rate)
        cer, bare, wer = (f"{100 * rate:.2f} %" for rate in rates)
        yield shown(f"{cer:>9}{bare:>10}{wer:>10}{score.characters.length:>12}  {name}")


def _pages_json(scores: Sequence[tuple[str, TextScore]], model: str) -> str:
    files = [{"source": name, **_rates(score)} for name, score in scores]
    return jsonl.dumps({"model": model, "total": _rates(_total(scores)), "files": files})


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
