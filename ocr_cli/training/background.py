"""Batches drawn in a process of their own, beside the training that takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import Empty
from typing import Any

import numpy as np

from ocr_cli import parallel
from ocr_cli.data.synthesis.lines import Batch
from ocr_cli.errors import OcrError, ShortOfMemoryError, is_memory_short


def in_background(make: Callable[[], Iterator[Batch]], ahead: int = 24) -> Iterator[Batch]:
    """Yield what `make()` yields, from a process of its own where the system can fork.

    An OcrError in it is raised here; so is one where it is killed.
    """
    import multiprocessing

    if "fork" not in multiprocessing.get_all_start_methods():
        yield from make()
        return
    context = multiprocessing.get_context("fork")
    queue: Any = context.Queue(ahead)
    worker = context.Process(target=_fill, args=(queue, make), daemon=True)
    worker.start()
    try:
        while True:
            try:
                made = queue.get(timeout=5)
            except Empty:
                if worker.is_alive():
                    continue
                advice = "if memory is short, close other programs; --resume goes on"
                raise OcrError("the process that draws strips was killed", advice) from None
            if isinstance(made, Exception):
                raise made
            images, widths, labels = made
            yield Batch(images.astype(np.float32), widths, labels)
    finally:
        worker.terminate()


def _fill(queue: Any, make: Callable[[], Iterator[Batch]]) -> None:
    """Draws batches without end, in a process that ends with its parent."""
    parallel.start_worker()
    try:
        for batch in make():
            queue.put((batch.images.astype(np.float16), batch.widths, batch.labels))
    except Exception as failure:
        queue.put(ShortOfMemoryError() if is_memory_short(failure) else failure)
