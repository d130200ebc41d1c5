"""Parallel work behind one seam, a concurrent.futures.Executor: results in order.

Imports nothing heavy: a worker process caps its BLAS threads before numpy comes in.
"""

from ocr_cli.parallel.ordered import Item, Known, Result, TooLongError, in_order
from ocr_cli.parallel.workers import (
    BLAS_THREADS,
    OBJECTS,
    cap_threads,
    cores,
    keep_memory,
    processes,
    start_early,
    start_worker,
)

__all__ = [
    "BLAS_THREADS",
    "OBJECTS",
    "Item",
    "Known",
    "Result",
    "TooLongError",
    "cap_threads",
    "cores",
    "in_order",
    "keep_memory",
    "processes",
    "start_early",
    "start_worker",
]
