"""What every test shares: one thread a process, the data folder, and `ocr` as a real process."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

# Before numpy is imported, here and in every process that a test starts.
THREAD_CAPS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
for name in THREAD_CAPS:
    os.environ[name] = "1"

# A shell that runs the suite in the background has it ignore Ctrl-C, and so would every process
# that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("OCR_DATA") or ROOT.parent / "shared" / "data")

settings.register_profile(
    "ocr",
    deadline=None,  # a shared machine may stall at any time
    max_examples=30,
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ocr")
np.set_printoptions(precision=4, linewidth=100, suppress=True)

RunOcr = Callable[..., subprocess.CompletedProcess[bytes]]
Handwriting = Callable[..., Image.Image]


def pytest_report_header() -> str:
    data = DATA if DATA.is_dir() else f"none at {DATA} (set OCR_DATA); tests that need it skip"
    return f"ocr data: {data}; torch: {'installed' if find_spec('torch') else 'absent'}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        pytest.importorskip(mark.args[0])


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of data that is not part of the project; without it the test skips, CI fails."""
    if not DATA.is_dir():
        (pytest.fail if "CI" in os.environ else pytest.skip)(
            f"no data folder at {DATA}; OCR_DATA names it"
        )
    return DATA


@pytest.fixture(scope="session")
def run_ocr() -> RunOcr:
    """Run `ocr ARGS…` as a process of its own; stdout and stderr come back as bytes."""

    def run(
        *args: str | Path,
        input: bytes = b"",  # noqa: A002
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        timeout: float = 600,  # against a hang alone: a busy machine takes its time
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "ocr_cli", *map(str, args)],
            input=input,
            capture_output=True,
            cwd=cwd,
            env=os.environ | (env or {}),
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def handwriting() -> Handwriting:
    """Draw lines of text in one hand: grey picture, 0 ink on 255 paper, capitals 60 pixels."""
    from ocr_cli.data.synthesis import synthetic

    def draw(*lines: str, seed: int = 0) -> Image.Image:
        rng = np.random.default_rng(seed)
        hand = synthetic.sample_hand(rng, wildness=0.3)
        drawn = [
            [stroke * 0.06 + (40, 120 + 120 * number) for stroke in strokes]
            for number, strokes in enumerate(synthetic.draw_text(line, rng, hand) for line in lines)
        ]
        width = max((stroke[:, 0].max() for line in drawn for stroke in line), default=200)
        picture = Image.new("L", (int(width) + 40, 80 + 120 * len(lines)), 255)
        for stroke in (stroke for line in drawn for stroke in line):
            ImageDraw.Draw(picture).line([tuple(point) for point in stroke.tolist()], 0, width=4)
        return picture

    return draw


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that was never trained: for tests that need a reader, not what it reads."""
    from ocr_cli.data.charset import NIST36
    from ocr_cli.modelfiles.weights import save_model
    from ocr_cli.training.recipes import PRESETS, fresh_model

    path = tmp_path_factory.mktemp("models") / "untrained.npz"
    save_model(path, fresh_model(PRESETS["homework"], NIST36, seed=0))
    return path


@pytest.fixture
def folder(
    tmp_path: Path, untrained: Path, handwriting: Handwriting, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Two pictures, a model, and a small set of characters; we are in it."""
    handwriting("ONE").save(tmp_path / "a.png")
    handwriting("TWO").save(tmp_path / "b.png")
    (tmp_path / "m.npz").write_bytes(untrained.read_bytes())
    from scipy.io import savemat

    (tmp_path / "good").mkdir()
    rng = np.random.default_rng(0)
    for split in ("train", "valid", "test"):
        labels = np.eye(36)[np.arange(72) % 36]
        content = {f"{split}_data": rng.random((72, 1024)), f"{split}_labels": labels}
        savemat(tmp_path / "good" / f"nist36_{split}.mat", content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OCR_DATA", raising=False)
    return tmp_path
