"""Training of a line model: strips drawn on the fly, CTC, checkpoints that can be resumed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ocr_cli.data.charset import ASCII
from ocr_cli.data.synthesis import lines
from ocr_cli.data.synthesis.lines import Batch, Variation
from ocr_cli.data.synthesis.pieces import (
    LineSource,
    Mix,
    TextPieces,
    batches,
    make_source,
    selected,
)
from ocr_cli.data.synthesis.stock import WIDEST, ItemKind, Stock, room_needed
from ocr_cli.errors import OcrError, UsageError
from ocr_cli.evaluation.metrics import edit_distance
from ocr_cli.files import cannot_write, make_folder, replacing
from ocr_cli.modelfiles.weights import Model, save_model
from ocr_cli.nn import ctc, network, optimisers
from ocr_cli.nn.layers import Conv2d, Dense, Dropout, MaxPool2d
from ocr_cli.nn.network import Layers, Weights, normed
from ocr_cli.nn.sequence import BiGru, Columns
from ocr_cli.training import background

DROPOUT = 0.15  # after each layer that is wide
CHECKPOINT, LOG = "checkpoint.pt", "log.jsonl"
STYLES = ("unknown", "printed", "mixed", "cursive")


@dataclass(frozen=True)
class LineRecipe:
    """The recipe of a line model."""

    seconds: float = 6000.0  # of training in all, resumed runs together
    steps: int = 0  # batches in all, in place of `seconds`; 0: by the time
    columns: int = 8000  # pixels of strips in a batch
    lr: float = 2e-3
    decay: float = 0.01
    clip: float = 2.0
    averaging: float = 0.999
    warmup: float = 0.02  # share of the time
    words_first: float = 0.08  # share of the time with words alone, mostly
    report_every: int = 1000  # batches
    save_every: float = 180.0  # seconds
    seed: int = 0
    device: str = "auto"  # see nn.torch.backend.device_of
    mix: Mix = field(default_factory=Mix)
    variation: Variation = field(default_factory=Variation)


# What every line network begins with: (N, 48, W, 1) to (N, 6, W / 4, 64).
STEM: Layers = (
    *normed(Conv2d(1, 16, size=5, stride=2)),
    *normed(Conv2d(16, 32)),
    MaxPool2d(),
    *normed(Conv2d(32, 64)),
    MaxPool2d(2, 1),
)


def line_layers(classes: int) -> Layers:
    """(N, 48, W, 1) strips to (N, W / 4, classes + 1) logits: convolutions, two BiGRUs, CTC.

    After B. Shi, X. Bai and C. Yao, An end-to-end trainable neural network for image-based
    sequence recognition, TPAMI 39 (2017). The last class is CTC's blank.
    """
    return (
        *STEM,
        *normed(Conv2d(64, 96)),
        Columns(),
        Dropout(DROPOUT),
        *normed(Dense(6 * 96, 192)),
        Dropout(DROPOUT),
        BiGru(192, 128),
        Dropout(DROPOUT),
        BiGru(256, 128),
        Dropout(DROPOUT),
        Dense(256, classes + 1),
    )


def training_batches(
    source: LineSource, recipe: LineRecipe, rng: np.random.Generator, progress: Callable[[], float]
) -> Iterator[Batch]:
    """Batches without end; `progress` says from 0 to 1 how far the training is."""
    while True:
        mix = recipe.mix
        if progress() < recipe.words_first:
            mix = Mix(0.85, 0.05, 0.05, 0.05)
        pieces = source.draw(3000, mix, rng)
        for part in batches(pieces, recipe.columns, rng):
            batch = _readable(lines.draw_batch(source.stock, part, rng, recipe.variation))
            if batch.labels:
                yield batch


def _readable(batch: Batch) -> Batch:
    """The strips that have room for their text and are not too long."""
    room = np.array([room_needed(text) for text in batch.labels])
    kept = np.flatnonzero((batch.widths // 4 >= room) & (batch.widths <= WIDEST * 1.3))
    widest = int(batch.widths[kept].max()) if len(kept) else 0
    images = np.ascontiguousarray(batch.images[kept, :, :widest])
    return Batch(images, batch.widths[kept], [batch.labels[i] for i in kept])


def as_targets(labels: list[str], classes: tuple[str, ...]) -> tuple[Any, Any]:
    """All texts' class numbers one after another, and each text's length."""
    number = {c: i for i, c in enumerate(classes)}
    targets = np.array([number[c] for text in labels for c in text], np.int64)
    return targets, np.array([len(text) for text in labels], np.int64)


@dataclass(frozen=True)
class Held:
    """A batch of strips to measure by, and the style of each text where it is known."""

    batch: Batch
    styles: Any = ()


def held_out(stock: Stock, kind: ItemKind, count: int) -> list[Held]:
    """`count` items of a kind, drawn without variation."""
    source = make_source(stock)
    pieces: TextPieces = source.every(kind)
    rng = np.random.default_rng(0)
    some = rng.permutation(len(pieces.labels))[:count]
    pieces = selected(pieces, some)
    return [
        Held(lines.draw_batch(stock, part, rng), stock.ink.style[part.item])
        for part in batches(pieces, 6000, rng)
    ]


def character_errors(read: Callable[[Batch], list[str]], held: Sequence[Held]) -> dict[str, float]:
    """CER, 0 to 1 (edits over characters), of all texts and by style where it is known."""
    edits, characters = np.zeros(len(STYLES)), np.zeros(len(STYLES))
    for part in held:
        styles = part.styles if len(part.styles) else [0] * len(part.batch.labels)
        for text, truth, style in zip(read(part.batch), part.batch.labels, styles, strict=True):
            edits[style] += edit_distance(text, truth)
            characters[style] += len(truth)
    whole = {"all": round(float(edits.sum() / max(1, characters.sum())), 4)}
    if not any(len(part.styles) for part in held):
        return whole
    rates = {
        name: round(float(e / c), 4)
        for name, e, c in zip(STYLES, edits, characters, strict=True)
        if c
    }
    return {**whole, **rates}


def checkpoint_in(folder: Path) -> Path:
    """The checkpoint that a training in the folder goes on from; UsageError where there is none."""
    path = folder / CHECKPOINT
    if not path.is_file():
        raise UsageError(f"--resume: there is no {path}", "start anew without it")
    return path


class Run:
    """A training under way: the trainer, how far it is, and where it is kept."""

    def __init__(
        self,
        recipe: LineRecipe,
        folder: Path,
        resume: bool,
        classes: tuple[str, ...],
        layers: Layers,
        weights: Weights,
    ) -> None:
        from ocr_cli.nn.torch.backend import import_torch
        from ocr_cli.nn.torch.lines import TorchLineTrainer

        self.torch = import_torch("--kind line")
        self.recipe, self.folder = recipe, folder
        self.classes, self.layers = classes, layers
        self.trainer = TorchLineTrainer(
            self.layers, weights, recipe.decay, recipe.clip, recipe.averaging, recipe.device
        )
        self.step, self.items, self.began = 0, 0, time.monotonic()
        self.checkpoint, self.log = folder / CHECKPOINT, folder / LOG
        make_folder(folder)
        if resume:
            self._go_on(checkpoint_in(folder))
        else:
            self.log.unlink(missing_ok=True)  # of an earlier training

    def _go_on(self, checkpoint: Path) -> None:
        """Takes up a checkpoint; OcrError where it is damaged, or of other layers."""
        try:
            state = self.torch.load(checkpoint, map_location="cpu", weights_only=True)
            self.trainer.restore(state["trainer"])
            self.step, self.items = int(state["step"]), int(state.get("items", 0))
            self.began -= float(state["spent"])
        except Exception as failure:  # PyTorch raises many kinds on a damaged file
            advice = "give the options that it was begun with, or start anew without --resume"
            problem = "no checkpoint of such a training, or a damaged one"
            raise OcrError(problem, advice, str(checkpoint)) from failure

    def elapsed(self) -> float:
        """Seconds of training, earlier runs' too."""
        return time.monotonic() - self.began

    def progress(self) -> float:
        """The progress of the training, from 0 to 1."""
        if self.recipe.steps:
            return self.step / self.recipe.steps
        return self.elapsed() / self.recipe.seconds

    def learn(self, batch: Batch) -> float:
        """Take one step; the loss in nats a character."""
        targets, lengths = as_targets(batch.labels, self.classes)
        lr = self.recipe.lr * self.schedule()
        self.step += 1
        self.items += len(batch.labels)
        return self.trainer.step(batch.images, batch.widths, targets, lengths, lr)

    def schedule(self) -> float:
        """Factor on the learning rate: a short rise, then half a cosine down to nought."""
        fine = 10_000
        return optimisers.cosine(int(self.progress() * fine), fine, int(self.recipe.warmup * fine))

    def model(self, **scores: Any) -> Model:
        """The network as it is, by its running average."""
        record = {
            "recipe": asdict(self.recipe),
            "steps": self.step,
            "items": self.items,
            "seconds": round(self.elapsed()),
            **scores,
        }
        return Model("line", self.classes, self.layers, self.trainer.weights(), record)

    def keep(self, model: Model) -> None:
        """Writes the checkpoint and the model; either is whole at any time."""
        state = {
            "trainer": self.trainer.state(),
            "spent": self.elapsed(),
            "step": self.step,
            "items": self.items,
        }
        with replacing(self.checkpoint) as file:
            self.torch.save(state, file)
        save_model(self.folder / "latest.npz", model)

    def scores(self, held: Mapping[str, Sequence[Held]]) -> dict[str, Any]:
        """The error rates of the running average on each set of strips, read greedily."""

        def read(batch: Batch) -> list[str]:
            logits = self.trainer.logits(batch.images)
            read = (ctc.greedy(one[: w // 4]) for one, w in zip(logits, batch.widths, strict=True))
            return ["".join(self.classes[k] for k in numbers) for numbers in read]

        return {name: character_errors(read, part) for name, part in held.items()}

    def report(self, losses: list[float], held: Mapping[str, Sequence[Held]]) -> dict[str, Any]:
        """A line of the log, written down."""
        report = {
            "step": self.step,
            "seconds": round(self.elapsed()),
            "items": self.items,
            "lr": self.recipe.lr * self.schedule(),
            "loss": round(float(np.mean(losses)), 4),
            **self.scores(held),
        }
        try:
            with self.log.open("a", encoding="utf-8") as log:
                log.write(json.dumps(report) + "\n")
        except OSError as failure:
            raise cannot_write(self.log, failure) from failure
        return report


def train_lines(
    source: LineSource,
    valid: Stock,
    recipe: LineRecipe,
    folder: Path,
    resume: bool = False,
    on_report: Callable[[dict[str, Any]], None] | None = None,
) -> Model:
    """Trains until the time is up; `folder` gets latest.npz, checkpoint.pt and log.jsonl.

    With `resume` it goes on from the folder's checkpoint. Needs the [torch] extra.
    """
    layers = line_layers(len(ASCII))
    weights = network.init(layers, np.random.default_rng(recipe.seed))
    run = Run(recipe, folder, resume, ASCII, layers, weights)
    held = {
        "words": held_out(valid, ItemKind.WORD, 400),
        "lines": held_out(valid, ItemKind.LINE, 100),
    }
    rng = np.random.default_rng([recipe.seed, 3, run.step])
    # the other process cannot see the steps taken here: its curriculum goes by the time
    batches = background.in_background(
        lambda _: training_batches(source, recipe, rng, lambda: run.elapsed() / recipe.seconds)
    )
    return train_run(run, batches, held, on_report)


def train_run(
    run: Run,
    batches: Iterator[Batch],
    held: Mapping[str, Sequence[Held]],
    on_report: Callable[[dict[str, Any]], None] | None = None,
) -> Model:
    """Trains until the time is up; the run's folder gets latest.npz, checkpoint.pt, log.jsonl."""
    losses: list[float] = []
    saved = time.monotonic()

    def tell() -> dict[str, Any]:
        report = run.report(losses, held)
        losses.clear()
        if on_report is not None:
            on_report(report)
        return report

    try:
        while run.progress() < 1:
            losses.append(run.learn(next(batches)))
            if run.step % run.recipe.report_every == 0:
                tell()
            if time.monotonic() - saved > run.recipe.save_every:
                run.keep(run.model())
                saved = time.monotonic()
    except KeyboardInterrupt:
        run.keep(run.model())
        raise
    last = tell() if losses else run.scores(held)
    model = run.model(**{name: last[name] for name in held})
    run.keep(model)
    return model
