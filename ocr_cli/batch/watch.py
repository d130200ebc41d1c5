"""Watch a folder: what arrives there, once it is whole."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ocr_cli.errors import InputError

SETTLED = 2.0  # seconds that a file has to stay as it is, before it is taken to be whole
LOOK = 0.5  # seconds between two looks

State = tuple[int, int, int]  # a file's size, time of change and number


@dataclass
class _Seen:
    state: State
    since: float
    is_taken: bool = False


def arrivals(
    folder: str,
    recursive: bool,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[list[str]]:
    """The files in `folder` that are whole and were not told before, some at a time; without end.

    First those that are there already. A file that is changed is told again. `clock` and `pause`
    are for tests.

    Raises
    ------
    InputError
        Where there is no such folder; one that goes away later may come back.
    """
    if not Path(folder).is_dir():
        raise InputError("is no folder", "--watch takes a folder", folder)
    seen: dict[str, _Seen] = {}
    while True:
        whole = list(_settled(dict(_states(folder, recursive)), seen, clock()))
        if whole:
            yield whole
        else:
            pause(LOOK)


def _settled(states: dict[str, State], seen: dict[str, _Seen], now: float) -> Iterator[str]:
    """The files that have been as they are for long enough; `seen` is brought up to date."""
    for path in seen.keys() - states.keys():
        del seen[path]
    for path, state in states.items():
        known = seen.get(path)
        if known is None or known.state != state:
            seen[path] = _Seen(state, now)
        elif not known.is_taken and state[0] and now - known.since >= SETTLED:
            known.is_taken = True
            yield path


def _states(folder: str, recursive: bool) -> Iterator[tuple[str, State]]:
    """The pictures in a folder, with what changes while they are written."""
    for path in _pictures(folder, recursive):
        with suppress(OSError):  # it has just gone
            now = Path(path).stat()
            if stat.S_ISREG(now.st_mode):
                yield path, (now.st_size, now.st_mtime_ns, now.st_ino)


def _pictures(folder: str, recursive: bool) -> list[str]:
    from ocr_cli import input as images

    try:
        if recursive:
            found = images.find_files(folder, recursive=True)
            return [path for path in found if isinstance(path, str)]
        entries = sorted(Path(folder).iterdir())
    except (InputError, OSError):  # no pictures yet, or the folder has gone for now
        return []
    suffixes = images.SUFFIXES
    return [str(e) for e in entries if e.name[0] != "." and e.suffix.lower() in suffixes]
