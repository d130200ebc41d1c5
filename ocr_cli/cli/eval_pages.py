"""`ocr eval` of transcribed pages: CER, bare CER, WER, accuracy, and rows found."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ocr_cli import parallel
from ocr_cli.cli import options
from ocr_cli.cli.eval_characters import check_plots, draw_reliability
from ocr_cli.errors import InputError, shown
from ocr_cli.files import make_folder, replacing_text
from ocr_cli.output import guard, jsonl, table

if TYPE_CHECKING:
    from ocr_cli.evaluation.metrics import RowTally, Tally
    from ocr_cli.evaluation.pages import Scored, Total, Transcribed


def run(
    paths: Sequence[str],
    model: str,
    language: str,
    rows: str,
    as_json: bool,
    plot: Path | None,
    errors: Path | None,
    jobs: int,
    bar: bool,
) -> None:
    """Score pages against their transcripts."""
    from ocr_cli.evaluation import pages as scoring

    pictures = scoring.find_transcribed(paths)
    _check_outputs(plot, errors, pictures, [model, language])
    jobs = min(jobs, len(pictures))
    with parallel.processes(jobs, options.tell) as executor:
        work = partial(
            scoring.score_picture, model=model, language=language, examine=bool(errors), rows=rows
        )
        outcomes = parallel.in_order(work, pictures, executor, ahead=2 * jobs)
        scored = list(options.results(outcomes, len(pictures), bar))
    if as_json:
        click.echo(_pages_json(scored, model, rows))
    elif scored:
        click.echo("\n".join(_pages_table(scored)))
    if errors and scored:
        _write_errors(errors, scored, model, language)
    words = [word for one in scored for word in one.words]
    if plot and words:
        confidence, right = zip(*words, strict=True)
        draw_reliability(confidence, right, "words", plot)


def _check_outputs(
    plot: Path | None,
    errors: Path | None,
    pictures: Sequence[Transcribed | InputError],
    models: Sequence[str],
) -> None:
    """Make the folders for what is to be written, unless it would destroy what is there."""
    from ocr_cli.data.formats.transcripts import transcript_path

    inputs: list[str | Path] = [*models]
    for picture in pictures:
        inputs += [picture.source, transcript_path(picture.source)]
        if not isinstance(picture, InputError) and picture.xml is not None:
            inputs.append(picture.xml)
    check_plots(plot, inputs)
    if errors:
        report = guard.Output("--errors", errors / "index.html", "report of ocr eval")
        guard.check([report], inputs)
        make_folder(errors)


def _write_errors(folder: Path, scored: Sequence[Scored], model: str, language: str) -> None:
    from ocr_cli.evaluation.errors_html import errors_page
    from ocr_cli.evaluation.pages import Total

    words = [word for one in scored for word in one.errors]
    total = Total.of(scored)
    page = errors_page(words, total.score, total.files, model, language, total.rows)
    with replacing_text(folder / "index.html") as file:
        file.write(page)


def _by_path(scored: Sequence[Scored]) -> dict[str, list[Scored]]:
    """The files of each path that was named, where there are several."""
    paths = dict.fromkeys(one.path for one in scored)
    if len(paths) < 2:
        return {}
    return {path: [one for one in scored if one.path == path] for path in paths}


def _pages_table(scored: Sequence[Scored]) -> list[str]:
    from ocr_cli.evaluation.pages import Total

    lines = [(one.source, Total.of([one])) for one in scored]
    for path, part in _by_path(scored).items():
        if Path(path).is_dir():
            lines.append((f"total of {len(part)} in {path}", Total.of(part)))
    lines.append((f"total of {len(scored)}", Total.of(scored)))
    with_rows = any(one.rows for one in scored)
    rows: tuple[str, ...] = ("rows found", "precision") if with_rows else ()
    cells = [("CER", "bare CER", "WER", "accuracy", *rows, "characters", "file")]
    for name, total in lines:
        score = total.score
        rates = (score.characters.rate, score.bare.rate, score.words.rate)
        rows = _row_cells(total.rows) if with_rows else ()
        counted = f"{total.accuracy:.3f}", *rows, str(score.characters.length)
        cells.append((*(f"{100 * rate:.2f} %" for rate in rates), *counted, shown(name)))
    return table.aligned(cells, right=range(len(cells[0]) - 1))


def _row_cells(rows: RowTally | None) -> tuple[str, ...]:
    if rows is None:
        return "-", "-"
    return f"{100 * rows.recall:.1f} %", f"{100 * rows.precision:.1f} %"


def _pages_json(scored: Sequence[Scored], model: str, rows: str) -> str:
    from ocr_cli.evaluation.pages import Total

    found: dict[str, Any] = {"model": model, "rows": rows, "total": _rates(Total.of(scored))}
    if by_path := _by_path(scored):
        found["paths"] = [
            {"path": path, "files": len(part), **_rates(Total.of(part))}
            for path, part in by_path.items()
        ]
    found["files"] = [{"source": one.source, **_rates(Total.of([one]))} for one in scored]
    return jsonl.dumps(found)


def _rates(total: Total) -> dict[str, Any]:
    def counts(tally: Tally) -> dict[str, int]:
        return {"edits": tally.edits, "length": tally.length}

    score, rows = total.score, total.rows
    found: dict[str, Any] = {
        "cer": score.characters.rate,
        "bare_cer": score.bare.rate,
        "wer": score.words.rate,
        "accuracy": total.accuracy,
        "characters": counts(score.characters),
        "bare": counts(score.bare),
        "words": counts(score.words),
    }
    if rows is not None:
        found["rows"] = {
            "given": rows.given,
            "read": rows.read,
            "found": rows.found,
            "recall": rows.recall,
            "precision": rows.precision,
        }
    return found
