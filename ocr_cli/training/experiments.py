"""An experiment, from its data to a scored model file; `ocr train` and its sweeps carry it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.data import choose
from ocr_cli.data.charset import NON_LETTER
from ocr_cli.data.choose import Splits
from ocr_cli.data.formats.ink import Ink
from ocr_cli.data.sets import CharacterSet
from ocr_cli.data.sources import InkSource, WordSource
from ocr_cli.data.synthesis.distort import Distortion
from ocr_cli.errors import UsageError
from ocr_cli.modelfiles.kinds import KINDS
from ocr_cli.modelfiles.weights import DEFAULT, Model, for_use, load_model, load_network, save_model
from ocr_cli.nn.torch import backend as torch_backend
from ocr_cli.training import autoencoder, recipes, words
from ocr_cli.training import characters as training
from ocr_cli.training import context as training_context
from ocr_cli.training.autoencoder import Components
from ocr_cli.training.characters import Epoch, Goal
from ocr_cli.training.recipes import Preset

WORDS = {"words": 16_000, "lines": 6_000}  # that letters are cut out of
# Words are drawn once, so that their letters are varied as pictures.
GENTLE = Distortion(rotation=3, shear=0.08, scale=0.05, shift=0.5, elastic=0.6, pen=0.5)
Scores = dict[str, tuple[float, float]]  # loss and score of a split
_GOES_WITH = {
    "hidden": "a fresh network, not with --from",
    "augment": "networks on pictures",
    "channels": "a fresh network of --kind convnet",
    "momentum": "--optimizer sgd",
}


@dataclass(frozen=True)
class Experiment:
    """A training as it is asked for.

    Attributes
    ----------
    data : see `choose.open_splits`; None is synthetic writing.
    start : the model to go on from; None is a fresh one, or, to learn a context, the shipped one.
    device : what the torch back end calculates on, see `backend.device_of`.
    teacher : a classifier of the same classes to learn from, see `characters.train`.
    out : where the best model is kept.
    changes : what to have in place of the preset's and its recipe's own values.
    setting : its name in a sweep.
    command : what is told in the model's record.
    """

    kind: str = "mlp"
    data: Path | None = None
    homework: bool = False
    classes: str = "capitals"
    start: str | None = None
    teacher: str | None = None
    backend: str = "numpy"
    device: str = "auto"
    seed: int = 0
    out: Path = Path("model.npz")
    changes: Mapping[str, Any] = field(default_factory=dict)
    setting: str = ""
    command: str = ""

    @property
    def source(self) -> str:
        """The source that failures are told of."""
        return str(self.out)


@dataclass(frozen=True)
class Prepared:
    """An experiment with its preset, its data, the model that it starts from, and its teacher.

    drawn : what a context is learnt from.
    """

    experiment: Experiment
    preset: Preset
    splits: Splits
    start: Model
    teacher: Model | None = None
    drawn: training_context.Drawn | None = None


@dataclass(frozen=True)
class Outcome:
    """The outcome of an experiment.

    Attributes
    ----------
    best : the model of the epoch best on valid, as it was trained; the file has it for use.
    scores : of the file's model on valid and, where there is one, on test.
    baseline : of principal components as many as an autoencoder's code has numbers.
    """

    experiment: Experiment
    history: tuple[Epoch, ...]
    best: Model
    scores: Scores
    components: Components | None = None
    baseline: Scores = field(default_factory=dict)

    @property
    def goal(self) -> Goal:
        return training.goal_of(self.best.kind)

    @property
    def seconds(self) -> float:
        """Seconds of training, with the score on valid after each epoch."""
        return sum(epoch.seconds for epoch in self.history)


def steps_to_prepare(experiment: Experiment) -> int:
    """The number of steps of `set_up` that it takes notice of."""
    if KINDS[experiment.kind].attached:
        return training_context.DRAWINGS
    return sum(WORDS.values()) if can_cut_words(experiment) else 0


def set_up(experiment: Experiment, on_step: Callable[[], None] | None = None) -> Prepared:
    """The experiment's settings checked, its data opened; OcrError and its children.

    `on_step` is called for each word and line that letters are cut out of, see `WORDS`, and for
    each drawing of the letters that a context is learnt from.
    """
    preset = preset_of(experiment)
    splits = _open(experiment, preset.augment)
    start = _start(experiment, preset, splits)
    teacher = _teacher(experiment, preset, splits)
    if can_cut_words(experiment):
        knows_letters = teacher or (start if experiment.start else load_model(DEFAULT))
        splits = _with_words(experiment, splits, knows_letters, on_step)
    record: dict[str, Any] = {
        "command": experiment.command,
        "data": splits.name,
        "seed": experiment.seed,
    }
    drawn = None
    if KINDS[preset.kind].attached:
        record["classifier"] = start.record
        drawn = training_context.draw_hands(start, _strokes(splits), experiment.seed, on_step)
    return Prepared(experiment, preset, splits, replace(start, record=record), teacher, drawn)


def can_cut_words(experiment: Experiment) -> bool:
    """Whether there are words to cut letters out of, and what is no letter is learnt as well."""
    return (
        KINDS[experiment.kind].classifies
        and experiment.data is not None
        and choose.has_words(experiment.data)
        and NON_LETTER in choose.CLASSES[experiment.classes]
    )


def _with_words(
    experiment: Experiment, splits: Splits, model: Model, on_word: Callable[[], None] | None
) -> Splits:
    """The splits with letters cut out of words to train on, too."""
    source, folder = splits.train, experiment.data
    if not isinstance(source, InkSource) or folder is None:
        return splits
    rng = np.random.default_rng([experiment.seed, 5])
    cut = words.cut_letters(folder, "train", WORDS, model, rng, on_word)
    return replace(splits, train=WordSource(source, cut, GENTLE))


def carry_out(
    prepared: Prepared, on_epoch: Callable[[Epoch, Model], None] | None = None
) -> Outcome:
    """Train, keep the best model so far in the file, and score what the file holds in the end."""
    experiment, splits = prepared.experiment, prepared.splits
    out = experiment.out
    best, history = _train(prepared, on_epoch, lambda model: save_model(out, model))
    save_model(out, _with_sizes(for_use(best), prepared), half=True)
    final = load_network(out, best.kind)  # 16-bit weights and all
    scores = {name: training.evaluate(final, data) for name, data in splits.held.items()}
    outcome = Outcome(experiment, tuple(history), best, scores)
    if outcome.goal is training.RECONSTRUCT:
        outcome = _with_baseline(outcome, prepared)
    save_model(out, replace(final, record=_record(final, outcome)), half=True)
    return outcome


def _train(
    prepared: Prepared,
    on_epoch: Callable[[Epoch, Model], None] | None,
    on_best: Callable[[Model], None],
) -> tuple[Model, list[Epoch]]:
    start, splits, recipe = prepared.start, prepared.splits, prepared.preset.recipe
    backend, source = prepared.experiment.backend, splits.train
    if prepared.drawn is None:
        return training.train(
            start, source, splits.valid, recipe, backend, on_epoch, on_best, prepared.teacher
        )
    return training_context.train_context(
        start, prepared.drawn, splits.valid, recipe, backend, on_epoch, on_best
    )


def _strokes(splits: Splits) -> Ink:
    """The strokes to train on; UsageError where the data is of another sort."""
    if not isinstance(splits.train, InkSource):
        raise UsageError("a context is learnt from pen strokes", "name their file with --data")
    return splits.train.ink


def _with_sizes(model: Model, prepared: Prepared) -> Model:
    """Add the size terms of real strokes; synthetic hands are no measure of them."""
    source = prepared.splits.train
    real = prepared.experiment.data is not None and KINDS[prepared.preset.kind].classifies
    if real and isinstance(source, InkSource | WordSource):
        return training.learn_sizes(model, source.drawn())
    return model


def preset_of(experiment: Experiment) -> Preset:
    """The preset with what was asked for in place of its own values.

    UsageError where that does not go together; MissingExtraError where the back end is missing.
    """
    if experiment.backend == "torch":
        torch_backend.check_torch()
        if experiment.device != "auto":
            torch_backend.device_of(experiment.device)
    name = experiment.kind
    if experiment.homework:
        if name not in recipes.HOMEWORK:
            raise UsageError(f"--homework goes with --kind {' or '.join(recipes.HOMEWORK)}")
        name = recipes.HOMEWORK[name]
    preset, given = recipes.preset(name), dict(experiment.changes)
    own = {name: given.pop(name) for name in ("hidden", "channels", "augment") if name in given}
    if len(own.get("channels", (0, 0, 0))) != 3:
        raise UsageError("--channels takes three numbers", "one for each convolution")
    if any(preset.channels) and len(own.get("hidden", (0,))) != 1:
        raise UsageError("--hidden takes one number for a convnet", "it has one hidden layer")
    fixed: dict[str, Any] = {"seed": experiment.seed, "device": experiment.device}
    return replace(preset, **own, recipe=replace(preset.recipe, **fixed, **given))


def refuse_idle(planned: Sequence[Experiment]) -> None:
    """UsageError where a change makes no difference to any of the trainings that are planned."""
    if all(one.backend != "torch" and one.device != "auto" for one in planned):
        raise UsageError("--device makes no difference here", "it goes with --backend torch")
    idle = set.intersection(*map(_idle, planned))
    if idle:
        name = min(idle)
        raise UsageError(f"--{name} makes no difference here", f"it goes with {_GOES_WITH[name]}")


def _idle(experiment: Experiment) -> set[str]:
    """The changes that a training takes no notice of."""
    preset, goes_on = preset_of(experiment), experiment.start is not None
    idle = {
        "hidden": goes_on or KINDS[preset.kind].attached,
        "augment": KINDS[preset.kind].attached,
        "channels": goes_on or not any(recipes.preset(preset.kind).channels),
        "momentum": preset.recipe.optimiser != "sgd",
    }
    return {name for name in experiment.changes if idle.get(name)}


def _open(experiment: Experiment, augment: bool) -> Splits:
    rng, classes = np.random.default_rng([experiment.seed, 3]), experiment.classes
    if KINDS[experiment.kind].attached:
        known = load_model(experiment.start or DEFAULT).classes
        classes = next((name for name, own in choose.CLASSES.items() if own == known), classes)
    return choose.open_splits(experiment.data, classes, augment, rng)


def _start(experiment: Experiment, preset: Preset, splits: Splits) -> Model:
    if KINDS[preset.kind].attached:
        _strokes(splits)
        return _fitting(experiment.start or DEFAULT, "--from", splits)
    if experiment.start is None:
        return recipes.fresh_model(preset, splits.train.classes, experiment.seed)
    if not KINDS[preset.kind].classifies:
        return load_network(experiment.start, preset.kind)
    model = _fitting(experiment.start, "--from", splits)
    if model.kind != preset.kind:
        raise UsageError(f"--from: a model of kind {model.kind}", f"give --kind {model.kind}")
    return model


def _teacher(experiment: Experiment, preset: Preset, splits: Splits) -> Model | None:
    if experiment.teacher is None:
        return None
    if not KINDS[preset.kind].classifies:
        raise UsageError(f"--teacher teaches classifiers, not {preset.kind} models")
    return _fitting(experiment.teacher, "--teacher", splits)


def _fitting(name: str, option: str, splits: Splits) -> Model:
    """The classifier of that name; UsageError unless it has the data's classes."""
    model = load_model(name)
    if model.classes != splits.train.classes:
        wrong = f"{option}: its classes are not those of the data"
        raise UsageError(wrong, "choose --classes to fit")
    return model


def _with_baseline(outcome: Outcome, prepared: Prepared) -> Outcome:
    """The outcome with principal components, of the train split as it is, beside it."""
    source = _open(prepared.experiment, augment=False).train
    rng = np.random.default_rng([prepared.experiment.seed, 4])
    batches = source.batches(rng, min(256, len(source)))
    pictures = np.concatenate([images for images, _ in batches])
    size = autoencoder.code_size(outcome.best)
    components = autoencoder.principal_components(pictures, size)
    baseline = {
        name: _compare(components.reconstruct(data.images), data.images)
        for name, data in prepared.splits.held.items()
    }
    return replace(outcome, components=components, baseline=baseline)


def some_of_each(data: CharacterSet, classes: int, items: int) -> CharacterSet:
    """The first so many `items` of so many `classes`, spread evenly over all that it has."""
    there = np.unique(data.labels)
    chosen = there[np.linspace(0, len(there) - 1, min(classes, len(there))).round().astype(int)]
    places = np.concatenate([np.flatnonzero(data.labels == c)[:items] for c in chosen])
    return data.take(places)


def _compare(found: NDArray[np.float32], true: NDArray[np.float32]) -> tuple[float, float]:
    """Mean squared error, summed over a picture, and mean PSNR in dB."""
    return autoencoder.picture_error(found, true), float(autoencoder.psnr(found, true).mean())


def _record(model: Model, outcome: Outcome) -> dict[str, Any]:
    """The record of the training in its file."""
    score = outcome.goal.score
    told: dict[str, Any] = {}
    for split, (loss, value) in outcome.scores.items():
        told |= {f"{split}_{score}": round(value, 5), f"{split}_loss": round(loss, 5)}
    for split, (_, value) in outcome.baseline.items():
        told[f"{split}_{score}_of_pca"] = round(value, 5)
    if outcome.experiment.setting:
        told["setting"] = outcome.experiment.setting
    seconds = round(outcome.seconds, 1)
    return {**model.record, **told, "seconds": seconds, "backend": outcome.experiment.backend}
