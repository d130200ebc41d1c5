"""`ocr eval` of character sets: accuracy and confusions, or what an autoencoder gives back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ocr_cli.cli import options
from ocr_cli.errors import InputError, shown
from ocr_cli.output import guard, jsonl, table
from ocr_cli.output.plots import check_plotting

if TYPE_CHECKING:
    from ocr_cli.data.sets import CharacterSet
    from ocr_cli.evaluation.characters import CharacterScores, PictureScores
    from ocr_cli.modelfiles.weights import Model


def run(path: Path, split: str | None, model: str, as_json: bool, plot: Path | None) -> None:
    """Score a model on a character set: a classifier, or an autoencoder."""
    from ocr_cli.data import choose
    from ocr_cli.modelfiles import kinds, weights

    check_plots(plot, [path, model])
    data, chosen = choose.open_set(path, split)
    options.tell_of_data(data.notes, data.left_out)
    if split is None and chosen != "test":
        options.tell(f"{path}: no test split; scored on {chosen}")
    _check_pictures(data, path)
    if weights.kind_of(weights.model_path(model)) in kinds.with_goal(kinds.RECONSTRUCT):
        _score_pictures(data, model, as_json, plot)
    else:
        _score_classes(data, path, model, as_json, plot)


def _check_pictures(data: CharacterSet, path: Path) -> None:
    """InputError where there is nothing to score, or what is no number would make the scores so."""
    import numpy as np

    if not len(data):
        raise InputError("nothing to score", "the set is empty", str(path))
    if not np.isfinite(data.images).all():
        told = "its pictures have values that are no finite numbers"
        raise InputError(told, "mend or leave out what is NaN or infinite", str(path))


PLOTS = ("confusion.png", "pairs.png", "reliability.png", "reconstructions.png")


def check_plots(folder: Path | None, inputs: Iterable[str | Path]) -> None:
    """Check as `check_plotting` does, once it is known that no plot takes an input's place."""
    names = PLOTS if folder else ()
    guard.check(
        [guard.Output("--plot", Path(folder or "", name), "PNG picture") for name in names], inputs
    )
    if folder:
        check_plotting(folder)


def _score_classes(
    data: CharacterSet, path: Path, model: str, as_json: bool, plot: Path | None
) -> None:
    from ocr_cli.evaluation import characters as evaluation
    from ocr_cli.modelfiles import weights

    network = weights.load_model(model)
    data, left = evaluation.known_part(network, data)
    if left:
        classes, items = evaluation.listed(list(left)), sum(left.values())
        told = f"left out {items} items of classes that the model does not know: {classes}"
        options.tell(f"{path}: {told}")
    if not len(data):
        raise InputError("nothing to score", "the model knows none of its classes", str(path))
    scores = evaluation.evaluate_characters(network, data)
    click.echo(_characters_json(scores, model) if as_json else _characters_table(scores))
    if plot:
        _draw_characters(scores, data, plot)


def _score_pictures(data: CharacterSet, model: str, as_json: bool, plot: Path | None) -> None:
    from ocr_cli.evaluation import characters as evaluation
    from ocr_cli.training import autoencoder

    network = autoencoder.load_autoencoder(model)
    scores = evaluation.evaluate_pictures(network, data)
    click.echo(_json(asdict(scores), model) if as_json else _pictures_table(scores))
    if plot:
        _draw_pictures(network, data, plot)


def _draw_characters(scores: CharacterScores, data: CharacterSet, folder: Path) -> None:
    from ocr_cli.evaluation import plots as score_plots

    score_plots.save_confusion(scores.confusion, scores.classes, folder / "confusion.png")
    pairs = [(one.actual, one.read, one.count) for one in scores.worst]
    examples = [data.images[scores.mistakes(data, one)] for one in scores.worst]
    score_plots.save_pairs(pairs, examples, folder / "pairs.png")
    draw_reliability(scores.confidence, scores.read == data.labels, "characters", folder)


def draw_reliability(confidence: Any, right: Any, what: str, folder: Path) -> None:
    """reliability.png: (N,) confidences, 0 to 1, of so many `what`, and which were right."""
    import numpy as np

    from ocr_cli.evaluation.characters import reliability
    from ocr_cli.evaluation.plots import save_reliability

    found = reliability(np.asarray(confidence), np.asarray(right))
    path = folder / "reliability.png"
    save_reliability(found.confidence, found.right, found.counts, found.error, what, path)


def _draw_pictures(model: Model, data: CharacterSet, folder: Path) -> None:
    from ocr_cli.training.autoencoder import reconstruct
    from ocr_cli.training.experiments import some_of_each
    from ocr_cli.training.plots import save_reconstructions

    shown = some_of_each(data, classes=5, items=2)
    rows = {"original": shown.images, "reconstruction": reconstruct(model, shown.images)}
    save_reconstructions(rows, folder / "reconstructions.png")


def _pictures_table(scores: PictureScores) -> str:
    means = f"PSNR {scores.psnr:.2f} dB, squared error {scores.error:.3f}"
    cells = [(one.character, str(one.count), f"{one.psnr:.2f} dB") for one in scores.per_class]
    lines = table.aligned([("class", "count", "PSNR"), *cells], right={1, 2})
    return "\n".join(map(shown, [f"{scores.items} characters, {means}", "", *lines]))


def _characters_table(scores: CharacterScores) -> str:
    means = f"accuracy {100 * scores.accuracy:.2f} %, loss {scores.loss:.4f}"
    calibration = f"calibration error {100 * scores.calibration_error:.1f} points"
    cells = [
        (one.character, str(one.count), f"{100 * one.recall:.1f} %", f"{100 * one.precision:.1f} %")
        for one in scores.per_class
    ]
    lines = [f"{scores.items} characters, {means}, {calibration}", ""]
    lines += table.aligned([("class", "count", "found", "right"), *cells], right={1, 2, 3})
    if scores.worst:
        pairs = [(pair.actual, pair.read, str(pair.count)) for pair in scores.worst]
        lines += ["", "most often taken for each other"]
        lines += table.aligned([("written", "read", "times"), *pairs], right={2})
    return "\n".join(map(shown, [*lines, "", *_confusion_table(scores)]))


def _confusion_table(scores: CharacterScores) -> Iterator[str]:
    """The matrix as text, rows written and columns read; a dot stands for 0."""
    name = max(map(len, scores.classes))
    cell = max(len(str(scores.confusion.max())), name) + 1
    yield "confusion (rows: written, columns: read)"
    yield " " * (name + 1) + "".join(f"{read:>{cell}}" for read in scores.classes)
    for written, counts in zip(scores.classes, scores.confusion.tolist(), strict=True):
        yield f"{written:<{name + 1}}" + "".join(f"{count or '.':>{cell}}" for count in counts)


def _characters_json(scores: CharacterScores, model: str) -> str:
    given = {field.name: getattr(scores, field.name) for field in fields(scores) if field.repr}
    for name in ("per_class", "worst"):
        given[name] = [asdict(one) for one in given[name]]
    return _json({**given, "confusion": scores.confusion.tolist()}, model)


def _json(given: dict[str, Any], model: str) -> str:
    return jsonl.dumps({"model": model, **given})
