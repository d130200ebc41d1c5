"""`ocr eval` of character sets: accuracy and confusions, or what an autoencoder gives back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ocr_cli.output.plots import check_plotting

if TYPE_CHECKING:
    from ocr_cli.data.sets import CharacterSet
    from ocr_cli.evaluation import CharacterScores, PictureScores
    from ocr_cli.weights import Model


def run(path: Path, split: str, model: str, as_json: bool, plot: Path | None) -> None:
    """Score a model on a character set: a classifier, or an autoencoder."""
    from ocr_cli import autoencoder, evaluation, weights
    from ocr_cli.data import nist36

    if plot:
        check_plotting()
    data = nist36.load(path, split)
    if weights.kind_of(weights.model_path(model)) == weights.AUTOENCODER:
        network = autoencoder.load_autoencoder(model)
        given = evaluation.evaluate_pictures(network, data)
        click.echo(_json(asdict(given), model) if as_json else _pictures_table(given))
        if plot:
            _draw_pictures(network, data, plot)
        return
    scores = evaluation.evaluate_characters(weights.load_model(model), data)
    click.echo(_characters_json(scores, model) if as_json else _characters_table(scores))
    if plot:
        _draw_characters(scores, data, plot)


def _draw_characters(scores: CharacterScores, data: CharacterSet, folder: Path) -> None:
    from ocr_cli.output import score_plots

    score_plots.save_confusion(scores.confusion, scores.classes, folder / "confusion.png")
    pairs = [(one.actual, one.read, one.count) for one in scores.worst]
    examples = [data.images[scores.mistakes(data, one)] for one in scores.worst]
    score_plots.save_pairs(pairs, examples, folder / "pairs.png")
    draw_reliability(scores.confidence, scores.read == data.labels, "characters", folder)


def draw_reliability(confidence: Any, right: Any, what: str, folder: Path) -> None:
    """reliability.png: (N,) confidences, 0 to 1, of so many `what`, and which were right."""
    import numpy as np

    from ocr_cli.evaluation import reliability
    from ocr_cli.output.score_plots import save_reliability

    found = reliability(np.asarray(confidence), np.asarray(right))
    path = folder / "reliability.png"
    save_reliability(found.confidence, found.right, found.counts, found.error, what, path)


def _draw_pictures(model: Model, data: CharacterSet, folder: Path) -> None:
    from ocr_cli.autoencoder import reconstruct
    from ocr_cli.experiments import some_of_each
    from ocr_cli.output.training_plots import save_reconstructions

    shown = some_of_each(data, classes=5, items=2)
    rows = {"original": shown.images, "reconstruction": reconstruct(model, shown.images)}
    save_reconstructions(rows, folder / "reconstructions.png")


def _pictures_table(scores: PictureScores) -> str:
    means = f"PSNR {scores.psnr:.2f} dB, squared error {scores.error:.3f}"
    lines = [f"{one.character:<7}{one.count:>6}{one.psnr:>10.2f} dB" for one in scores.per_class]
    header = f"{'class':<7}{'count':>6}{'PSNR':>13}"
    return "\n".join([f"{scores.items} characters, {means}", "", header, *lines])


def _characters_table(scores: CharacterScores) -> str:
    means = f"accuracy {100 * scores.accuracy:.2f} %, loss {scores.loss:.4f}"
    calibration = f"calibration error {100 * scores.calibration_error:.1f} points"
    lines = [
        f"{scores.items} characters, {means}, {calibration}",
        "",
        f"{'class':<7}{'count':>6}{'found':>10}{'right':>10}",
    ]
    lines += [
        f"{one.character:<7}{one.count:>6}{100 * one.recall:>8.1f} %{100 * one.precision:>8.1f} %"
        for one in scores.per_class
    ]
    if scores.worst:
        lines += ["", "most often taken for each other", f"{'written':<9}{'read':<6}{'times':>5}"]
        lines += [f"{pair.actual:<9}{pair.read:<6}{pair.count:>5}" for pair in scores.worst]
    return "\n".join([*lines, "", *_confusion_table(scores)])


def _confusion_table(scores: CharacterScores) -> Iterator[str]:
    """The matrix as text, rows written and columns read; a dot stands for 0."""
    cell = len(str(scores.confusion.max())) + 1
    yield "confusion (rows: written, columns: read)"
    yield "  " + "".join(f"{name:>{cell}}" for name in scores.classes)
    for name, counts in zip(scores.classes, scores.confusion.tolist(), strict=True):
        yield f"{name:<2}" + "".join(f"{count or '.':>{cell}}" for count in counts)


def _characters_json(scores: CharacterScores, model: str) -> str:
    given = {field.name: getattr(scores, field.name) for field in fields(scores) if field.repr}
    for name in ("per_class", "worst"):
        given[name] = [asdict(one) for one in given[name]]
    return _json({**given, "confusion": scores.confusion.tolist()}, model)


def _json(given: dict[str, Any], model: str) -> str:
    return json.dumps({"model": model, **given}, ensure_ascii=False)
