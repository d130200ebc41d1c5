"""`ocr eval`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ocr_cli import batch
from ocr_cli.cli import options
from ocr_cli.errors import OcrError, UsageError
from ocr_cli.output.files import replacing

if TYPE_CHECKING:
    from ocr_cli.batch import Scored
    from ocr_cli.evaluation import CharacterScores
    from ocr_cli.metrics import Tally, TextScore


@click.command("eval", short_help="Score a model on pages or characters.")
@click.argument("paths", nargs=-1, required=True, metavar="PATHS...", type=click.Path())
@options.model
@options.reader
@options.language
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, not a table.")
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test"]),
    help="Which part of a character set.  [default: test, or else what there is]",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PNG",
    help="Draw the confusion matrix of a character set; needs the extra ocr-cli[plot].",
)
@click.option(
    "--errors",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write DIR/index.html: every wrong word of the pages, with its picture, by cause.",
)
@options.jobs
@options.quiet
def eval(  # noqa: A001 (it is the name of the subcommand)
    paths: tuple[str, ...],
    model: str,
    language: str,
    as_json: bool,
    split: str | None,
    plot: Path | None,
    errors: Path | None,
    jobs: int,
    quiet: bool,
) -> None:
    """Score a model on PATHS, which are pages or one character set.

    Pages are pictures, or folders of them, with what is written on NAME.jpg in NAME.txt
    beside it. Printed for each file, and for all by summed edits over summed lengths: CER,
    edits for each character, where a run of blanks or of line breaks is one; bare CER, of
    letters and digits alone, case folded; WER, of words parted by blanks. --errors says why:
    box, what was taken for a letter; grouping, which ink makes one; class, which letter it
    is; language, what is likely; space, where words end.

    A character set is what --data of ocr train takes: NIST36 .mat files, MNIST or EMNIST idx
    files, a folder of pictures for each class, UNIPEN files, or an .npz of pen strokes, of
    which the single characters count. Classes that the model does not know are told and left
    out; it chooses among the set's. Printed are accuracy, loss, for each class how many are
    found and how many of those named so are right, the pairs most often taken for each other,
    and the confusion matrix.
    """
    batch.one_blas_thread()
    from ocr_cli.data import choose

    if any(choose.is_set(Path(path)) for path in paths):
        if len(paths) > 1:
            raise UsageError("a character set is scored alone", "give one path")
        if errors:
            raise UsageError("--errors is for pages, and this is a character set")
        _score_characters(Path(paths[0]), split, model, as_json, plot)
    elif plot:
        raise UsageError("--plot draws character sets, and these are pages")
    else:
        _score_pages(paths, model, language, as_json, errors, jobs, bar=not quiet)


def _score_pages(
    paths: Iterable[str],
    model: str,
    language: str,
    as_json: bool,
    errors: Path | None,
    jobs: int,
    bar: bool,
) -> None:
    pictures = batch.find_transcribed(paths)
    jobs = min(jobs, len(pictures))
    if errors:
        _make_folder(errors)
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


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise OcrError(f"cannot be made ({failure.strerror})", "", str(folder)) from failure


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


def _score_characters(
    path: Path, split: str | None, model: str, as_json: bool, plot: Path | None
) -> None:
    from ocr_cli import evaluation, weights
    from ocr_cli.data import choose

    data, chosen = choose.open_set(path, split)
    if split is None and chosen != "test":
        click.echo(f"ocr: {path}: no test split; scored on {chosen}", err=True)
    network = weights.load_model(model)
    data, left = evaluation.known_part(network, data)
    if left:
        classes, items = evaluation.listed(list(left)), sum(left.values())
        told = f"left out {items} items of classes that the model does not know: {classes}"
        click.echo(f"ocr: {path}: {told}", err=True)
    scores = evaluation.evaluate_characters(network, data)
    click.echo(_characters_json(scores, model) if as_json else _characters_table(scores))
    if plot:
        from ocr_cli.output.plots import save_confusion

        save_confusion(scores.confusion, scores.classes, plot)


def _characters_table(scores: CharacterScores) -> str:
    accuracy = f"{100 * scores.accuracy:.2f} %"
    wide = max([6, *map(len, scores.classes)]) + 1  # classes of pictures have longer names
    lines = [
        f"{scores.items} characters, accuracy {accuracy}, loss {scores.loss:.4f}",
        "",
        f"{'class':<{wide}}{'count':>6}{'found':>10}{'right':>10}",
    ]
    lines += [
        f"{one.character:<{wide}}{one.count:>6}"
        f"{100 * one.recall:>8.1f} %{100 * one.precision:>8.1f} %"
        for one in scores.per_class
    ]
    if scores.worst:
        header = f"{'written':<{wide + 2}}{'read':<{wide - 1}}{'times':>5}"
        lines += ["", "most often taken for each other", header]
        lines += [
            f"{pair.actual:<{wide + 2}}{pair.read:<{wide - 1}}{pair.count:>5}"
            for pair in scores.worst
        ]
    return "\n".join([*lines, "", *_confusion_table(scores)])


def _confusion_table(scores: CharacterScores) -> Iterator[str]:
    """The matrix as text, rows written and columns read; a dot stands for 0."""
    name = max(map(len, scores.classes))
    cell = max(len(str(scores.confusion.max())), name) + 1
    yield "confusion (rows: written, columns: read)"
    yield " " * (name + 1) + "".join(f"{read:>{cell}}" for read in scores.classes)
    for written, counts in zip(scores.classes, scores.confusion.tolist(), strict=True):
        yield f"{written:<{name + 1}}" + "".join(f"{count or '.':>{cell}}" for count in counts)


def _characters_json(scores: CharacterScores, model: str) -> str:
    found = asdict(scores) | {"confusion": scores.confusion.tolist()}
    return json.dumps({"model": model, **found}, ensure_ascii=False)
