"""One seam for many pieces of work, a concurrent.futures.Executor: results in order.

Imports nothing heavy: a worker process caps its BLAS threads before numpy comes in.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from ocr_cli.errors import InputError, OcrError, ShortOfMemoryError, is_memory_short

BLAS_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


class Sourced(Protocol):
    """Whatever knows the name of its file."""

    @property
    def source(self) -> str: ...


Item = TypeVar("Item", bound=Sourced)
Result = TypeVar("Result")


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item | InputError],
    executor: Executor | None = None,
    ahead: int = 1,
) -> Iterator[Result | InputError]:
    """`work` done on every item, results in the order of the items.

    An InputError among the items, or raised by `work`, is that item's result and the others
    go on; any other OcrError ends the batch. At most `ahead` items are under way in the
    `executor` at any time, so that a reader who stops early stops the work as well; without
    an executor each item is done here when its result is asked for. Items that were under way
    when a process was killed are tried again, each alone: the one to blame fails alone.
    """
    if executor is None:
        for item in items:
            yield item if isinstance(item, InputError) else _attempt(work, item)
        return
    waiting: deque[InputError | tuple[Item, Future[Result | InputError]]] = deque()
    try:
        for item in items:
            waiting.append(
                item
                if isinstance(item, InputError)
                else (item, executor.submit(_attempt, work, item))
            )
            if len(waiting) >= ahead:
                yield _result(work, waiting.popleft())
        while waiting:
            yield _result(work, waiting.popleft())
    finally:
        for outcome in waiting:
            if not isinstance(outcome, InputError):
                outcome[1].cancel()


def _attempt(work: Callable[[Item], Result], item: Item) -> Result | InputError:
    try:
        return work(item)
    except InputError as failure:
        return failure
    except OcrError as failure:
        if is_memory_short(failure):
            return ShortOfMemoryError(item.source)
        raise
    except BrokenPipeError:  # whoever reads what we write has left
        raise
    except Exception as bug:  # one page must not cost the others
        if is_memory_short(bug):
            return ShortOfMemoryError(item.source)
        unread = InputError(
            f"this should not happen ({type(bug).__name__}: {' '.join(str(bug).split())[:200]})",
            "please report it, with this file",
            item.source,
        )
        unread.add_note(traceback.format_exc())
        return unread


def _result(
    work: Callable[[Item], Result], outcome: InputError | tuple[Item, Future[Result | InputError]]
) -> Result | InputError:
    if isinstance(outcome, InputError):
        return outcome
    item, future = outcome
    try:
        return future.result()
    except BrokenExecutor:
        return _alone(work, item)


def _alone(work: Callable[[Item], Result], item: Item) -> Result | InputError:
    """`work` done on an item in a process of its own."""
    with _Workers(1) as worker:
        try:
            return worker.submit(_attempt, work, item).result()
        except BrokenExecutor:
            advice = "if memory is short, use fewer --jobs"
            return InputError("the process that worked on it was killed", advice, item.source)
        except BaseException:
            worker.terminate()
            raise


class _Workers(Executor):
    """Processes of one BLAS thread each; where one is killed, new ones take their place."""

    def __init__(self, jobs: int) -> None:
        """OSError and others where there can be no processes."""
        import multiprocessing
        from multiprocessing import forkserver

        # Not fork: it copies locks that another thread may hold.
        method = "spawn" if sys.platform == "win32" else "forkserver"
        if method == "forkserver":
            forkserver.ensure_running()  # what hinders it is known now, not with the first page
        self._context = multiprocessing.get_context(method)
        self._others = set(multiprocessing.active_children())
        self._jobs = jobs
        self._pool = self._fresh_pool()

    def _fresh_pool(self) -> Executor:
        from concurrent.futures import ProcessPoolExecutor

        return ProcessPoolExecutor(self._jobs, mp_context=self._context, initializer=start_worker)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        try:
            return self._pool.submit(fn, *args, **kwargs)
        except BrokenExecutor:
            self._pool.shutdown(wait=False)
            self._pool = self._fresh_pool()
            return self._pool.submit(fn, *args, **kwargs)

    def terminate(self) -> None:
        """End the processes, whatever they are at: nobody waits for it any more."""
        import multiprocessing

        for child in set(multiprocessing.active_children()) - self._others:
            child.terminate()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


@contextmanager
def processes(jobs: int, tell: Callable[[str], None] | None = None) -> Iterator[Executor | None]:
    """An executor of `jobs` processes of one BLAS thread each; None, for no pool, when one.

    Where there can be no processes, as in a container without /dev/shm, `tell` is told so, and
    there is no pool either.
    """
    executor = _workers(jobs, tell) if jobs > 1 else None
    if executor is None:
        yield None
        return
    try:
        yield executor
    except BaseException:  # nobody waits for the pages under way any more
        executor.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _workers(jobs: int, tell: Callable[[str], None] | None) -> _Workers | None:
    try:
        return _Workers(jobs)
    except (OSError, ImportError, NotImplementedError) as failure:
        if tell is not None:
            reason = failure.strerror if isinstance(failure, OSError) else str(failure)
            shared = os.access("/dev/shm", os.W_OK)  # noqa: S108 -- to tell, not to use
            where = "" if shared else ", /dev/shm is missing or read-only"
            tell(f"--jobs {jobs}: no processes can be started ({reason}{where}); going on with one")
        return None


def start_worker() -> None:
    """What every process of ours begins with: one BLAS thread, and an end with its parent."""
    cap_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to handle
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, signal.SIG_DFL)  # where it was forked, it has its parent's
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait until the process that wants our results is gone, however it went, and go too."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def cap_threads(count: int) -> None:
    """Cap the BLAS threads of this process; to be called before numpy is imported.

    Pages are what runs side by side. And the same sums in the same order give the same
    text whatever the number of processes. Networks as small as ours take longer on many
    threads, above all where others use the machine too.
    """
    for name in BLAS_THREADS:
        os.environ[name] = str(count)
