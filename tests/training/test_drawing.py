"""The process that draws strips: its faults are told, and it ends with its parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest

from ocr_cli.data.synthesis.lines import Batch
from ocr_cli.errors import InputError, OcrError, ShortOfMemoryError
from ocr_cli.training.background import in_background

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="drawn in the same process here")
BATCH = Batch(np.zeros((1, 48, 8), np.float32), np.array([8]), ["a"])


def test_batches_come_as_they_were_drawn() -> None:
    batches = in_background(lambda _: iter([BATCH, BATCH]))
    assert next(batches).labels == ["a"]
    assert next(batches).images.shape == (1, 48, 8)


def test_several_processes_draw_side_by_side() -> None:
    def make(number: int) -> Iterator[Batch]:
        while True:
            yield Batch(BATCH.images, BATCH.widths, [str(number)])

    batches = in_background(make, processes=2, ahead=2)
    assert {next(batches).labels[0] for _ in range(200)} == {"0", "1"}


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (InputError("damaged", source="a.npz"), (InputError, "a.npz: damaged")),
        (MemoryError(), (ShortOfMemoryError, "memory is short")),
        (ValueError("odd"), (ValueError, "odd")),
    ],
)
def test_what_goes_wrong_there_is_raised_here(
    failure: Exception, told: tuple[type[Exception], str]
) -> None:
    def make(_: int) -> Iterator[Batch]:
        yield BATCH
        raise failure

    batches = in_background(make)
    next(batches)
    with pytest.raises(told[0], match=told[1]):
        next(batches)


def test_that_it_was_killed_is_told() -> None:
    def make(_: int) -> Iterator[Batch]:
        yield BATCH
        time.sleep(1)  # until it is on its way
        os.kill(os.getpid(), signal.SIGKILL)

    batches = in_background(make)
    next(batches)
    with pytest.raises(OcrError, match="the process that draws strips was killed; if memory"):
        next(batches)


def test_it_ends_with_its_parent_however_that_dies() -> None:
    script = (
        "import itertools, time, numpy as np\n"
        "from ocr_cli.data.synthesis.lines import Batch\n"
        "from ocr_cli.training.background import in_background\n"
        "batch = Batch(np.zeros((1, 48, 8), np.float32), np.array([8]), ['a'])\n"
        "batches = in_background(lambda _: itertools.repeat(batch))\n"
        "next(batches)\n"
        "print('drawing', flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"drawing\n"
    parent.kill()
    began = time.monotonic()
    assert parent.stdout.read() == b""  # until nobody holds the pipe any more
    assert time.monotonic() - began < 500
    parent.wait()
    parent.stdout.close()
