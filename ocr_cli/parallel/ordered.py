"""Many pieces of work, one after the other or in an executor: results in order."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

from ocr_cli.errors import InputError, OcrError, ShortOfMemoryError, is_memory_short


class Sourced(Protocol):
    """Whatever knows the name of its file."""

    @property
    def source(self) -> str: ...


Item = TypeVar("Item", bound=Sourced)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Known(Generic[Result]):
    """A stand-in among the items for one whose result is there already."""

    value: Result


class TooLongError(Exception):
    """A piece of work took more than the `seconds` that it was given."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item | Known[Result] | InputError],
    executor: Executor | None = None,
    ahead: int = 1,
) -> Iterator[Result | InputError]:
    """`work` done on every item, results in the order of the items.

    An InputError among the items, or raised by `work`, is that item's result and the others
    go on; any other OcrError ends the batch. At most `ahead` items are under way in the
    `executor` at any time, so that a reader who stops early stops the work as well; without
    an executor each item is done here when its result is asked for. An item whose process was
    killed is tried once more, while no other is under way: it may be that memory was short.
    """
    if executor is None:
        for item in items:
            if isinstance(item, InputError):
                yield item
            else:
                yield item.value if isinstance(item, Known) else _attempt(work, item)
        return
    waiting: deque[_Coming[Result, Item]] = deque()
    try:
        for item in items:
            if isinstance(item, Known | InputError):
                waiting.append(item)
            else:
                waiting.append(_UnderWay(item, executor.submit(_attempt, work, item)))
            if len(waiting) >= ahead:
                result = _result(work, waiting.popleft(), executor, waiting)
                yield result
        while waiting:
            result = _result(work, waiting.popleft(), executor, waiting)
            yield result
    finally:
        for outcome in waiting:
            if isinstance(outcome, _UnderWay):
                outcome.future.cancel()


@dataclass(frozen=True)
class _UnderWay(Generic[Item, Result]):
    item: Item
    future: Future[Result | InputError]


_Coming: TypeAlias = Known[Result] | InputError | _UnderWay[Item, Result]


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
    work: Callable[[Item], Result],
    outcome: _Coming[Result, Item],
    executor: Executor,
    others: Iterable[_Coming[Result, Item]],
) -> Result | InputError:
    """The result of an item, which is tried once more where its process was killed."""
    if isinstance(outcome, InputError):
        return outcome
    if isinstance(outcome, Known):
        return outcome.value
    item = outcome.item
    try:
        try:
            return outcome.future.result()
        except BrokenExecutor:
            wait([other.future for other in others if isinstance(other, _UnderWay)])
            return executor.submit(_attempt, work, item).result()
    except BrokenExecutor:
        problem = "the process that worked on {} was killed"
        return _failed(item, problem, "if memory is short, use fewer --jobs")
    except TooLongError as failure:
        problem = f"{{}} takes longer than {failure.seconds:g} seconds"
        return _failed(item, problem, "--page-timeout says how long it may take")


def _failed(item: Sourced, problem: str, advice: str) -> InputError:
    """The failure of a page, which is told by its number where it is not its file's first."""
    frame = getattr(item, "frame", 0)
    return InputError(problem.format(f"page {frame + 1}" if frame else "it"), advice, item.source)
