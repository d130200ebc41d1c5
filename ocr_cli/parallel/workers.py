"""Processes that take one piece of work after the other, and are replaced where they die."""

from __future__ import annotations

import gc
import mmap
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ocr_cli.parallel.ordered import TooLongError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext

BLAS_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
# Numbers of mallopt(3), and bytes: freed before any is given back, got at a time, of an array that
# is not kept.
_MALLOPT = (-1, 1 << 30), (-2, 1 << 24), (-3, 1 << 25)
OBJECTS = 50_000  # new ones between looks for garbage: what is imported is none
ROOM = 220 << 20  # bytes of address space that numpy takes while it is imported
PATIENCE = 5.0  # seconds that an idle process is given to end


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cap_threads(count: int) -> None:
    """Cap the BLAS threads of this process; to be called before numpy is imported.

    Pages are what runs side by side. And the same sums in the same order give the same
    text whatever the number of processes. Networks as small as ours take longer on many
    threads, above all where others use the machine too.

    Raises
    ------
    OSError
        ENOMEM where numpy cannot be imported: OpenBLAS would end the process with words of its own.
    """
    for name in BLAS_THREADS:
        os.environ[name] = str(count)
    if "numpy" not in sys.modules:
        mmap.mmap(-1, ROOM).close()  # address space, none of which is touched


def keep_memory() -> None:
    """Have this process keep the memory that it frees, where its C library is glibc.

    Else every array of some size is given back to the system and got anew, page by page, and
    that takes longer than what is reckoned in it.
    """
    import ctypes

    with suppress(Exception):  # there is no such library, or it has no such function
        mallopt = ctypes.CDLL(None).mallopt
        for number, size in _MALLOPT:
            mallopt(number, size)


def start_early(modules: Sequence[str]) -> None:
    """Begin what our processes will be forked from, and have it import `modules` meanwhile.

    They are then there at once. Where that fails, it is told when a process is wanted.
    """
    if sys.platform == "win32":
        return
    from multiprocessing import forkserver

    with suppress(Exception):
        forkserver.set_forkserver_preload(list(modules))
        forkserver.ensure_running()


class Workers(Executor):
    """Processes of one BLAS thread each, one piece of work at a time in each.

    One that is killed (BrokenExecutor), or takes longer than `timeout` seconds (TooLongError)
    and is killed for it, costs nobody else, and another takes its place. `prepare` is called in
    each process before the first piece of work, and its time does not count.
    """

    def __init__(
        self,
        jobs: int,
        timeout: float | None = None,
        prepare: Callable[[], object] | None = None,
    ) -> None:
        """OSError and others where there can be no processes."""
        import multiprocessing
        from multiprocessing import forkserver

        # Not fork: it copies locks that another thread may hold.
        method = "spawn" if sys.platform == "win32" else "forkserver"
        if method == "forkserver":
            forkserver.ensure_running()  # what hinders it is known now, not with the first page
        self._start = partial(_Worker, multiprocessing.get_context(method), prepare)
        self._timeout = timeout
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._ended = False
        self._threads = ThreadPoolExecutor(jobs, "ocr")  # each waits for one process

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return self._threads.submit(self._done, partial(fn, *args, **kwargs))

    def _done(self, task: Callable[[], Any]) -> Any:
        worker = self._taken()
        try:
            result = worker.done(task, self._timeout)
        except (BrokenExecutor, TooLongError):
            worker.kill()
            with self._lock:
                self._busy.discard(worker)
            raise
        except BaseException:
            self._give_back(worker)
            raise
        self._give_back(worker)
        return result

    def _taken(self) -> _Worker:
        with self._lock:
            if self._ended:
                raise BrokenExecutor("the processes have been ended")
            worker = self._idle.pop() if self._idle else self._start()
            self._busy.add(worker)
            return worker

    def _give_back(self, worker: _Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
            self._idle.append(worker)

    def terminate(self) -> None:
        """End the processes, whatever they are at: nobody waits for it any more."""
        with self._lock:
            self._ended = True
            for worker in (*self._busy, *self._idle):
                worker.kill()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        with self._lock:
            self._ended, idle = True, self._idle
            self._idle = []
        for worker in idle:
            worker.close()


class _Worker:
    """A process, and the pipe to it."""

    def __init__(self, context: BaseContext, prepare: Callable[[], object] | None) -> None:
        self._pipe, theirs = context.Pipe()
        # Daemonic: where nobody shuts it down, it ends with this process all the same.
        self._process = context.Process(target=_serve, args=(theirs, prepare), daemon=True)  # type: ignore[attr-defined]
        self._process.start()
        theirs.close()  # else its end would not be seen
        self._is_ready = False

    def done(self, task: Callable[[], Any], timeout: float | None) -> Any:
        """The result of a task; BrokenExecutor, TooLongError, or whatever it raises."""
        try:
            if not self._is_ready:
                self._pipe.recv()
                self._is_ready = True
            self._pipe.send(task)
            if timeout is not None and not self._pipe.poll(timeout):
                raise TooLongError(timeout)
            failed, value = self._pipe.recv()
        except (EOFError, ConnectionError) as failure:
            raise BrokenExecutor("a process was killed") from failure
        if failed:
            raise value
        return value

    def kill(self) -> None:
        """End the process, whatever it is at; `done` sees it by the pipe."""
        self._process.kill()

    def close(self) -> None:
        """End the process, which has nothing to do."""
        self._pipe.close()
        self._process.join(PATIENCE)
        self._process.kill()


def start_worker() -> None:
    """Begin a process of ours: one BLAS thread, and an end with its parent."""
    cap_threads(1)
    keep_memory()
    gc.set_threshold(OBJECTS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to handle
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, signal.SIG_DFL)  # where it was forked, it has its parent's
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _serve(tasks: Connection, prepare: Callable[[], object] | None) -> None:
    """Do one task after the other, until nobody has any more."""
    start_worker()
    if prepare is not None:
        with suppress(Exception):  # what is wrong is told with the first task
            prepare()
    with suppress(EOFError, ConnectionError):  # nobody has any more
        tasks.send(None)
        while True:
            task = tasks.recv()
            _send(tasks, *_outcome(task))


def _outcome(task: Callable[[], Any]) -> tuple[bool, Any]:
    """Whether a task failed, and its exception or result."""
    try:
        return False, task()
    except Exception as failure:
        failure.add_note(traceback.format_exc())
        return True, failure


def _send(pipe: Connection, failed: bool, value: Any) -> None:
    try:
        pipe.send((failed, value))
    except ConnectionError:
        raise
    except Exception as failure:
        pipe.send((True, RuntimeError(f"what came of it cannot be sent ({failure})")))


def _end_with_parent() -> None:
    """Wait until the process that wants our results is gone, however it went, and go too."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def processes(
    jobs: int,
    tell: Callable[[str], None] | None = None,
    timeout: float | None = None,
    prepare: Callable[[], object] | None = None,
    apart: bool = False,
) -> Iterator[Executor | None]:
    """An executor of `jobs` processes as `Workers` has them; None, for no pool, when one.

    One job has a process as well where it is to be kept `apart`, or is given a `timeout`. Where
    there can be no processes, `tell` is told so, and there is no pool either.
    """
    wanted = jobs > 1 or apart or timeout is not None
    executor = _workers(jobs, tell, timeout, prepare) if wanted else None
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


def _workers(
    jobs: int,
    tell: Callable[[str], None] | None,
    timeout: float | None,
    prepare: Callable[[], object] | None,
) -> Workers | None:
    try:
        return Workers(jobs, timeout, prepare)
    except (OSError, ImportError, NotImplementedError) as failure:
        if tell is not None:
            reason = failure.strerror if isinstance(failure, OSError) else str(failure)
            lost = " and without --page-timeout" if timeout is not None else ""
            told = f"no processes can be started ({reason}); going on with one{lost}"
            tell(f"--jobs {jobs}: {told}")
        return None
