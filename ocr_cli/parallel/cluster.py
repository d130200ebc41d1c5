"""The executor of a dask.distributed cluster: the same seam, on other machines."""

from __future__ import annotations

import logging
import multiprocessing
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, InvalidStateError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ocr_cli.errors import MissingExtraError, ModelError, OcrError
from ocr_cli.parallel.workers import Workers, cap_threads

if TYPE_CHECKING:
    from distributed import Client

CONNECT = 20.0  # seconds in which a scheduler has to answer
LEAST_AHEAD = 16  # pages under way, where there are few workers yet

_GONE = OcrError("the scheduler is gone", "start it again, and go on with --resume")
_LOCK = threading.Lock()
_PROCESSES: dict[str, Workers] = {}  # of a dask worker, for the batch that it is at


@dataclass(frozen=True)
class Setting:
    """The setting of every worker of a batch.

    prepare : called in each process before its first page. timeout : seconds for one. agree, key :
    what `agree` says on a worker has to be `key`, else it would read otherwise than is read here.
    """

    prepare: Callable[[], object]
    timeout: float | None
    agree: Callable[[], str]
    key: str


@contextmanager
def cluster(
    address: str, setting: Setting, tell: Callable[[str], None]
) -> Iterator[tuple[Executor, int]]:
    """An executor that has `in_order`'s work done by the workers at a scheduler.

    With it comes how many pages should be under way. A worker that is lost costs its pages another
    try, on other workers; a page that kills its process, or takes too long, fails alone.

    Raises
    ------
    OcrError
        Where nobody answers, or the scheduler goes away.
    """
    client = _client(address)
    try:
        threads = sum(client.nthreads().values())
        if not threads:
            tell(f"{address}: no workers yet; the batch begins with the first one")
        yield _Cluster(client, setting), max(LEAST_AHEAD, 2 * threads)
    finally:
        with suppress(Exception):  # it may be gone
            client.close(timeout=2)


def _client(address: str) -> Client:
    try:
        import distributed
    except ImportError as failure:
        raise MissingExtraError("dask.distributed", "dask", "--scheduler") from failure
    for name in ("distributed", "distributed.client"):  # what goes wrong is told in a line
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", message="Sending large graph")  # pictures are large
    try:
        return distributed.Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError, ImportError) as failure:
        advice = "start one with dask scheduler, see docs/cluster.md"
        raise OcrError("no scheduler answers there", advice, address) from failure


class _Cluster(Executor):
    """An executor on a cluster; what is submitted fails as it would in `Workers`."""

    def __init__(self, client: Client, setting: Setting) -> None:
        self._client, self._setting = client, setting

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        task = partial(fn, *args, **kwargs)
        try:
            theirs = self._client.submit(_on_worker, task, self._setting, pure=False)
        except (OSError, RuntimeError) as failure:
            raise _GONE from failure
        if self._client.status != "running":  # of one that comes so late, nobody will tell
            raise _GONE
        return _translated(theirs)


def _translated(theirs: Any) -> Future[Any]:
    """A future of dask's as one of Python's, with the errors that `Workers` has."""
    ours: Future[Any] = Future()

    def settle(done: Any) -> None:
        with suppress(InvalidStateError):  # nobody wants it any more
            try:
                result = done.result(CONNECT)
            except Exception as failure:
                ours.set_exception(_as_ours(failure, done.status == "error"))
            else:
                ours.set_result(result)

    def give_up(done: Future[Any]) -> None:
        if done.cancelled():
            with suppress(Exception):  # there may be no scheduler to tell
                theirs.cancel()

    ours.add_done_callback(give_up)
    theirs.add_done_callback(settle)
    return ours


def _as_ours(failure: Exception, is_of_task: bool) -> Exception:
    if not is_of_task:
        return _GONE
    return BrokenExecutor(str(failure)) if type(failure).__name__ == "KilledWorker" else failure


def _on_worker(task: Callable[[], Any], setting: Setting) -> Any:
    """Run a task in a process beside the worker's own, which may be killed."""
    with _LOCK:
        if setting.key not in _PROCESSES:
            _check(setting)
            for former in list(_PROCESSES):  # of another batch
                _PROCESSES.pop(former).shutdown(wait=False)
            _PROCESSES[setting.key] = _processes(setting)
        processes = _PROCESSES[setting.key]
    return processes.submit(task).result()


def _check(setting: Setting) -> None:
    """ModelError where this worker would not read as it is read where the pages come from."""
    from distributed import get_worker

    if setting.agree() != setting.key:
        where = getattr(get_worker(), "address", "")
        advice = "install there what is installed here; a model of yours needs the same path there"
        raise ModelError("this worker has another ocr, or other models", advice, where)


def _processes(setting: Setting) -> Workers:
    """Processes, one for each thread of this worker."""
    from distributed import get_worker

    # Dask's workers are daemonic, which must have no children; ours end with their parent.
    multiprocessing.current_process().daemon = False
    cap_threads(1)
    return Workers(get_worker().state.nthreads, setting.timeout, setting.prepare)
