"""How fast it is: training against PyTorch, letters, photos, pages, a batch, and the start.

What is printed is kept as well: a line of JSON a run in history.jsonl, with commit and machine.
Everything runs on one core. Times are processor time unless a line says wall clock, and
the best of several rounds, so that a busy machine does not blur them.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is imported

import json
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ocr_cli.data import choose
from ocr_cli.data.charset import NIST36
from ocr_cli.data.formats import nist36
from ocr_cli.data.sets import CharacterSet
from ocr_cli.data.sources import InkSource, SetSource
from ocr_cli.errors import ModelError
from ocr_cli.modelfiles import weights
from ocr_cli.nn import losses, network
from ocr_cli.training import characters as training
from ocr_cli.training import recipes

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("OCR_DATA") or ROOT.parent / "shared" / "data")
HISTORY = Path(__file__).resolve().parent / "history.jsonl"
ROUNDS = 5
CONVNET_STEPS = 10
PAGES, ROWS = "pages/dev/*/*.jpg", 10
REAL = ("imp_wikitexte_0227", "wikitexte_0071")  # letter paper, 25 and 26 rows
NOTE = "real/desk/page09.jpg"  # a sticky note of three rows
TWELVE_MEGAPIXELS = (4000, 3000)


def main() -> None:
    """Prints a line for each measurement as it is done, and keeps them all."""
    figures = {}
    print(f"Python {sys.version.split()[0]}, numpy {np.__version__}, one core\n")
    for lines in (
        epoch_lines(),
        convnet_lines(),
        letter_lines(),
        photo_lines(),
        page_lines(),
        batch_lines(),
        start_lines(),
    ):
        for what, figure in lines:
            print(f"{what:58} {figure}", flush=True)
            figures[what.strip()] = figure
    keep(figures, HISTORY)


def keep(figures: Mapping[str, str], history: Path) -> None:
    """Adds a run to the history: its time, commit and machine, and each figure as it is printed."""
    machine = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    run = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "--short", "HEAD") + ("+" if _git("status", "-s") else ""),
        "machine": machine,
        "figures": figures,
    }
    with history.open("a", encoding="utf-8") as file:
        file.write(json.dumps(run, ensure_ascii=False) + "\n")


def _processor() -> str:
    """What the processor is called, as far as the system tells."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _git(*args: str) -> str:
    ran = subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.stdout.strip()


def epoch_lines() -> Iterator[tuple[str, str]]:
    """An epoch of the homework's setting, here and in PyTorch, round by round in turns."""
    data, source = _training_set()
    setting = f"epoch of 1024-64-36, batch 15, {len(data):,} {source}"
    yield from _against_torch(setting, _our_epoch(data), lambda: _torch_epoch(data), 0.5)


def convnet_lines() -> Iterator[tuple[str, str]]:
    """Training steps of the convolutional net of `ocr train --kind convnet`, in turns too."""
    preset = recipes.PRESETS["convnet"]
    sizes = "-".join(map(str, (*preset.channels, *preset.hidden)))
    setting = f"{CONVNET_STEPS} steps of a convnet {sizes}, batch {preset.recipe.batch_size}"
    yield from _against_torch(setting, _our_steps(preset), lambda: _torch_steps(preset), 1.5)


def _against_torch(
    setting: str,
    ours: Callable[[], object],
    theirs: Callable[[], Callable[[], object]],
    most: float,
) -> Iterator[tuple[str, str]]:
    """The best time of either, and what one takes of the other; `theirs` makes PyTorch's."""
    contestants = {"ours": ours}
    try:
        contestants["PyTorch"] = theirs()
    except ImportError:
        yield setting + ", PyTorch", "not installed: pip install 'ocr-cli[torch]'"
    best = {name: float("inf") for name in contestants}
    for _ in range(ROUNDS):
        for name, work in contestants.items():
            best[name] = min(best[name], _processor_time(work))
    for name, seconds in best.items():
        yield f"{setting}, {name}", f"{seconds:.3f} s"
    if "PyTorch" in best:
        yield f"  ours / PyTorch (at most {most})", f"{best['ours'] / best['PyTorch']:.2f}"


def _training_set() -> tuple[CharacterSet, str]:
    folder = DATA / "nist36-standin"
    if nist36.is_nist36(folder):
        return nist36.load(folder, "train"), "real letters"
    drawn = choose.open_splits(None, "capitals", True, np.random.default_rng(0)).train
    assert isinstance(drawn, InkSource)  # noqa: S101 -- of synthetic writing it is one
    return drawn.drawn(), "synthetic letters"


def _our_epoch(data: CharacterSet) -> Callable[[], object]:
    """The very path of `ocr train`: batches, loss, accuracy, and a check on a few letters."""
    layers = training.mlp((64,), len(NIST36))
    start = weights.Model("mlp", NIST36, layers, network.init(layers, np.random.default_rng(0)))
    few = CharacterSet(data.images[:36], data.labels[:36])
    recipe = training.Recipe(epochs=1)
    return lambda: training.train(start, SetSource(data), few, recipe)


def _torch_epoch(data: CharacterSet) -> Callable[[], object]:
    """The same network, setting and bookkeeping as a plain PyTorch loop."""
    import torch

    torch.set_num_threads(1)
    x = torch.from_numpy(data.images.transpose(0, 2, 1).reshape(len(data), -1).copy())
    y = torch.from_numpy(losses.one_hot(data.labels, len(NIST36)))
    net = torch.nn.Sequential(
        torch.nn.Linear(1024, 64), torch.nn.Sigmoid(), torch.nn.Linear(64, len(NIST36))
    )
    optimiser = torch.optim.SGD(net.parameters(), lr=0.003)

    def epoch() -> tuple[float, float]:
        total, correct = torch.zeros(()), torch.zeros(())
        for batch in torch.randperm(len(x)).split(15):
            optimiser.zero_grad()
            logits, targets = net(x[batch]), y[batch]
            loss = torch.nn.functional.cross_entropy(logits, targets, reduction="sum")
            loss.backward()
            optimiser.step()
            total += loss.detach()
            correct += (logits.argmax(1) == targets.argmax(1)).sum()
        return float(total) / len(x), float(correct) / len(x)

    return epoch


def _convnet_batch(preset: recipes.Preset) -> tuple[np.ndarray, np.ndarray]:
    rng, size = np.random.default_rng(0), preset.recipe.batch_size
    return rng.random((size, 32, 32, 1), np.float32), rng.integers(0, len(NIST36), size)


def _our_steps(preset: recipes.Preset) -> Callable[[], object]:
    images, labels = _convnet_batch(preset)
    targets = losses.one_hot(labels, len(NIST36))
    model = recipes.fresh_model(preset, NIST36, 0)
    trainer = training.NumpyTrainer(model.layers, model.weights, preset.recipe)
    return lambda: [trainer.step(images, targets, 1e-3) for _ in range(CONVNET_STEPS)]


def _torch_steps(preset: recipes.Preset) -> Callable[[], object]:
    """The same network and optimiser as PyTorch's users write them, in full precision."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    (first, second, third), hidden = preset.channels, preset.hidden[0]
    net = nn.Sequential(
        *(nn.Conv2d(1, first, 5, 2, 2), nn.BatchNorm2d(first), nn.ReLU()),
        *(nn.Conv2d(first, second, 3, 1, 1), nn.BatchNorm2d(second), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(second, third, 3, 1, 1), nn.BatchNorm2d(third), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(preset.dropout), nn.Linear(16 * third, hidden)),
        *(nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(preset.dropout)),
        nn.Linear(hidden, len(NIST36)),
    )
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=preset.recipe.decay)
    images, labels = _convnet_batch(preset)
    x, y = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()), torch.from_numpy(labels)

    def steps() -> None:
        for _ in range(CONVNET_STEPS):
            loss = nn.functional.cross_entropy(net(x), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return steps


def letter_lines() -> Iterator[tuple[str, str]]:
    """Letters a second that each shipped model classifies."""
    crops = np.random.default_rng(0).random((4096, 32, 32), np.float32)
    for name, path in weights.shipped_models().items():
        try:
            model = weights.for_use(weights.load_model(path))
        except ModelError:
            continue  # not a classifier of letters
        model.probabilities(crops[:64])
        best = min(_processor_time(lambda: model.probabilities(crops)) for _ in range(ROUNDS))  # noqa: B023
        yield f"letters a second, {name} ({model.kind})", f"{len(crops) / best:,.0f}"


def photo_lines() -> Iterator[tuple[str, str]]:
    """`ocr read` of a photo of 12 megapixels, process start and all."""
    pictures = [DATA / NOTE, *sorted((ROOT / "examples").glob("*.png"))]
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.jpg"
        picture = next(picture for picture in pictures if picture.is_file())
        Image.open(picture).convert("RGB").resize(TWELVE_MEGAPIXELS).save(photo, quality=90)
        yield _reading(f"ocr read of 12 megapixels ({picture.name}) (at most 0.9 s)", photo)


def page_lines() -> Iterator[tuple[str, str]]:
    """`ocr read` of single pages, process start and all: drawn ones, and real ones."""
    written = {page: page.with_suffix(".txt").read_text() for page in sorted(DATA.glob(PAGES))}
    drawn = [page for page, text in written.items() if text.strip().count("\n") + 1 >= ROWS]
    if drawn:
        slowest = max(_best_run("-m", "ocr_cli", "read", str(page)) for page in drawn)
        what = f"ocr read of a page of {ROWS} rows, slowest of {len(drawn)} (at most 0.7 s)"
        yield what, _seconds(*slowest)
    for name in REAL:
        page = DATA / "real" / "copiste" / "valid" / f"{name}.webp"
        if page.is_file():
            yield _reading(f"ocr read of {name}, 25 rows (at most 1.5 s)", page)


def batch_lines() -> Iterator[tuple[str, str]]:
    """All drawn pages, two at a time, and Tesseract on them where it is installed."""
    pages = [str(page) for page in sorted(DATA.glob(PAGES))]
    if not pages:
        return
    ours = _run([sys.executable, "-m", "ocr_cli", "read", "-q", "--jobs", "2", *pages])
    yield f"ocr read --jobs 2 of {len(pages)} pages", _seconds(*ours)
    if shutil.which("tesseract") is None:
        yield "tesseract --psm 6, two at a time", "not installed"
        return
    command = ["xargs", "-P", "2", "-I", "{}", "tesseract", "{}", "-", "--psm", "6"]
    theirs = _run(command, "\n".join(pages), {"OMP_THREAD_LIMIT": "1"})
    yield "tesseract --psm 6, two at a time", _seconds(*theirs)
    # by the clock: our workers are no children whose processor time is counted
    yield "  ours / Tesseract (at most 1)", f"{ours[0] / theirs[0]:.2f}"


def _reading(what: str, picture: Path) -> tuple[str, str]:
    return what, _seconds(*_best_run("-m", "ocr_cli", "read", str(picture)))


def _seconds(wall: float, cpu: float) -> str:
    """Both times: by the clock, which a busy machine stretches, and of the processor."""
    return f"{wall:.2f} s, processor {cpu:.2f} s"


def start_lines() -> Iterator[tuple[str, str]]:
    """`ocr --help` against the least that any command made with click takes."""
    _, ours = _best_run("-m", "ocr_cli", "--help")
    _, clicks = _best_run("-c", "import click")
    yield "ocr --help", f"{ours * 1000:.0f} ms"
    yield "python -c 'import click'", f"{clicks * 1000:.0f} ms"
    yield "  ours / click (at most 2)", f"{ours / clicks:.2f}"


def _processor_time(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _best_run(*args: str) -> tuple[float, float]:
    """The least wall-clock and the least processor time of running Python with `args`."""
    walls, cpus = zip(*(_run([sys.executable, *args]) for _ in range(ROUNDS)), strict=True)
    return min(walls), min(cpus)


def _run(
    command: Sequence[str], given: str = "", variables: Mapping[str, str] | None = None
) -> tuple[float, float]:
    """Wall-clock and processor time of a command, as it runs once installed: compiled."""
    left_out = "PYTHONDONTWRITEBYTECODE"
    own = {name: value for name, value in os.environ.items() if name != left_out}
    wall, before = time.perf_counter(), os.times()
    subprocess.run(
        command,
        input=given.encode(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**own, **(variables or {})},
        check=True,
    )
    after = os.times()
    spent = after.children_user + after.children_system
    return time.perf_counter() - wall, spent - before.children_user - before.children_system


if __name__ == "__main__":
    main()
