"""Batches drawn in a process of their own, beside the training that takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import Empty
from typing import Any

import numpy as np

from ocr_cli import parallel
from ocr_cli.data.synthesis.lines import Batch
from ocr_cli.errors import OcrError, ShortOfMemoryError, is_memory_short


def in_background(
    make: Callable[[int], Iterator[Batch]], processes: int = 1, ahead: int = 24
) -> Iterator[Batch]:
    """Yield what `make(0)`, `make(1)`, … yield, from processes of their own where there is fork.

    The strips come in 16 bits. An OcrError in one is raised here; so is one where it is killed.
    """
    import multiprocessing

    if "fork" not in multiprocessing.get_all_start_methods():
        yield from make(0)
        return
    context = multiprocessing.get_context("fork")
    queue: Any = context.Queue(ahead)
    workers = [
        context.Process(target=_fill, args=(queue, make, number), daemon=True)
        for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    try:
        while True:
            try:
                made = queue.get(timeout=5)
            except Empty:
                if all(worker.is_alive() for worker in workers):
                    continue
                advice = "if memory is short, close other programs; --resume goes on"
                raise OcrError("the process that draws strips was killed", advice) from None
            if isinstance(made, Exception):
                raise made
            yield Batch(*made)
    finally:
        for worker in workers:
            worker.terminate()


def _fill(queue: Any, make: Callable[[int], Iterator[Batch]], number: int) -> None:
    """Draws batches without end, in a process that ends with its parent."""
    parallel.start_worker()
    try:
        for batch in make(number):
            queue.put((batch.images.astype(np.float16), batch.widths, batch.labels))
    except Exception as failure:
        queue.put(ShortOfMemoryError() if is_memory_short(failure) else failure)
