"""One seam for many pictures: in order, bounded, and one failure costs nobody else."""

import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from ocr_cli import parallel
from ocr_cli.errors import InputError, MissingExtraError, ModelError
from ocr_cli.parallel import Known, in_order, processes


@dataclass(frozen=True)
class Item:
    number: int
    source: str = "a.png"
    frame: int = 0


ITEMS = [Item(n) for n in range(12)]


@pytest.fixture(params=["here", "threads"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor | None]:
    if request.param == "here":
        yield None
    else:
        with ThreadPoolExecutor(4) as threads:
            yield threads


def test_results_keep_the_order_of_the_items(executor: Executor | None) -> None:
    def slower_at_first(item: Item) -> int:
        time.sleep(0.002 * (12 - item.number))
        return item.number

    assert list(in_order(slower_at_first, ITEMS, executor, ahead=8)) == list(range(12))


def test_one_failure_costs_nobody_else(executor: Executor | None) -> None:
    missing = InputError("no such file", source="b.png")

    def work(item: Item) -> int:
        if item.number == 1:
            raise InputError("damaged", source="a.png")
        return 10 // item.number if item.number != 2 else [0][item.number]

    results = list(in_order(work, [*ITEMS[1:4], missing, Item(5), Item(0)], executor, ahead=3))
    assert [str(r) for r in results[:1]] == ["a.png: damaged"]
    assert "IndexError" in str(results[1])
    assert results[2:5] == [3, missing, 2]
    assert "a.png" in str(results[5])
    assert "ZeroDivisionError" in str(results[5])
    assert "10 // item.number" in "".join(results[5].__notes__)


def test_what_no_picture_is_to_blame_for_ends_the_batch(executor: Executor | None) -> None:
    def work(item: Item) -> int:
        raise ModelError("damaged", source="m.npz")

    with pytest.raises(ModelError, match=r"m\.npz"):
        list(in_order(work, ITEMS, executor, ahead=3))


def test_a_reader_that_left_is_no_fault_of_an_item(executor: Executor | None) -> None:
    def work(item: Item) -> int:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        list(in_order(work, ITEMS, executor, ahead=3))


def test_work_is_bounded_and_stops_with_its_reader() -> None:
    started: list[int] = []
    gate = threading.Event()

    def work(item: Item) -> int:
        started.append(item.number)
        if item.number:
            gate.wait(10)
        return item.number

    with ThreadPoolExecutor(2) as threads:
        results = in_order(work, [Item(n) for n in range(1000)], threads, ahead=4)
        assert next(results) == 0
        results.close()
        gate.set()
    assert max(started) < 4


def test_items_are_asked_for_as_they_are_needed() -> None:
    asked: list[int] = []

    def items() -> Iterator[Item]:
        for item in ITEMS:
            asked.append(item.number)
            yield item

    assert next(in_order(lambda item: item.number, items())) == 0
    assert asked == [0]


def environment(_: Item) -> dict[str, str | bool]:
    threads = {name: os.environ.get(name, "") for name in parallel.BLAS_THREADS}
    return {**threads, "deaf": signal.getsignal(signal.SIGINT) == signal.SIG_IGN}


def not_installed(_: Item) -> None:
    raise MissingExtraError("matplotlib", "plot", "a plot")


def test_workers_have_one_blas_thread_and_leave_ctrl_c_to_the_parent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in parallel.BLAS_THREADS:
        monkeypatch.delenv(name, raising=False)
    with processes(2) as executor:
        (found,) = in_order(environment, ITEMS[:1], executor)
    assert found == {**dict.fromkeys(parallel.BLAS_THREADS, "1"), "deaf": True}


def test_errors_come_back_from_workers_whole() -> None:
    with processes(2) as executor, pytest.raises(MissingExtraError, match=r"ocr-cli\[plot\]"):
        list(in_order(not_installed, ITEMS[:1], executor))


def die_at_two(item: Item) -> int:
    if item.number == 2:
        os._exit(1)
    return item.number


def test_of_items_under_way_when_a_worker_is_killed_the_one_to_blame_fails_alone() -> None:
    with processes(2) as executor:
        results = list(in_order(die_at_two, ITEMS[:7], executor, ahead=4))
    killed = results.pop(2)
    assert results == [0, 1, 3, 4, 5, 6]
    assert str(killed).startswith("a.png: the process that worked on it was killed")
    assert "--jobs" in str(killed)


def test_one_that_takes_too_long_fails_alone_and_the_others_go_on() -> None:
    items = [Item(0), Item(600), Item(0), replace(Item(600, "scan.tif"), frame=2), Item(0)]
    with processes(2, timeout=2.0) as executor:
        results = list(in_order(nap, items, executor, ahead=4))
    assert [results[number] for number in (0, 2, 4)] == [0, 0, 0]
    assert str(results[1]).startswith("a.png: it takes longer than 2 seconds")
    assert str(results[3]).startswith("scan.tif: page 3 takes longer")
    assert "--page-timeout" in str(results[3])


def load_models() -> None:
    time.sleep(3)
    os.environ["LOADED"] = "1"


def loaded(_: Item) -> str:
    return os.environ.get("LOADED", "")


def test_what_is_done_once_a_process_is_no_items_time() -> None:
    with processes(1, timeout=2.0, prepare=load_models) as executor:
        assert list(in_order(loaded, ITEMS[:2], executor)) == ["1", "1"]


def cannot_be_sent(item: Item) -> object:
    return threading.Lock() if item.number else 0


def test_a_result_that_cannot_be_sent_is_told_and_costs_no_process() -> None:
    with processes(1, apart=True) as executor:
        assert executor is not None
        with pytest.raises(RuntimeError, match="cannot be sent"):
            executor.submit(cannot_be_sent, Item(1)).result()
        assert executor.submit(cannot_be_sent, Item(0)).result() == 0


def test_what_is_known_is_not_done_again(executor: Executor | None) -> None:
    done: list[int] = []
    items = [Item(1), Known(20), Item(3), Known(40)]
    work = lambda item: done.append(item.number) or item.number * 10  # noqa: E731
    assert list(in_order(work, items, executor, ahead=2)) == [10, 20, 30, 40]
    assert sorted(done) == [1, 3]


def test_one_job_needs_no_pool_but_to_be_kept_apart() -> None:
    with processes(1) as executor:
        assert executor is None
    with processes(1, apart=True) as executor:
        results = list(in_order(die_at_two, ITEMS[:4], executor))
    assert results.pop(2) not in ITEMS
    assert results == [0, 1, 3]


def test_leaving_early_does_not_wait_for_the_pages_under_way() -> None:
    def read_one_line() -> None:
        with processes(2) as executor:
            results = in_order(nap, [Item(0), Item(600), Item(600)], executor, ahead=2)
            assert next(results) == 0
            raise BrokenPipeError

    start = time.monotonic()
    with pytest.raises(BrokenPipeError):
        read_one_line()
    assert time.monotonic() - start < 300


def nap(item: Item) -> int:
    time.sleep(item.number)
    return item.number


AGAIN = """
import resource, sys
from ocr_cli import parallel
if sys.argv[1] == "kept":
    parallel.keep_memory()
import numpy as np
def round_():
    arrays = [np.ones(1 << 17) for _ in range(10)]
for _ in range(3):
    round_()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    round_()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="what other libraries keep is theirs")
def test_memory_that_was_freed_is_kept() -> None:
    given_back, kept = (
        int(subprocess.check_output([sys.executable, "-c", AGAIN, how]))
        for how in ("given back", "kept")
    )
    assert kept < given_back / 10


EARLY = """
from ocr_cli import parallel
parallel.start_early(["wave", "no_such_module"])
with parallel.processes(2) as pool:
    print(pool.submit(eval, "'wave' in __import__('sys').modules").result())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked there")
def test_processes_that_were_begun_early_have_imported_what_they_need() -> None:
    told = subprocess.check_output([sys.executable, "-c", EARLY], text=True)
    assert told == "True\n"
