"""Outputs from pages: what goes into which file, what is there already, and when it is complete."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ocr_cli.batch import keys
from ocr_cli.batch.journal import DoneList, Journal, Part, journal_path
from ocr_cli.errors import InputError, UsageError
from ocr_cli.files import make_folder, part_stem, unfinished
from ocr_cli.parallel import Known

if TYPE_CHECKING:
    from ocr_cli.input import Picture

DONE_LIST = ".ocr-done"  # in the folder of --out-dir
COMPLETE = "complete"  # the key, in an output's journal, of what it was completed with
ALREADY = "already"  # what comes of a page that was read before

Todo: TypeAlias = "Picture | Known[str] | InputError"


@dataclass(frozen=True)
class PlannedFile:
    """A file to be written, and the pictures whose pages it is to hold.

    name : what it is called in the list of what is done; empty where it has its own journal only.
    """

    path: Path
    pictures: tuple[Picture | InputError, ...]
    name: str = ""


def in_folder(
    folder: Path,
    ending: str,
    pictures: Iterable[Picture | InputError],
    paths: Iterable[str],
    former: dict[str, str] | None = None,
) -> list[PlannedFile | InputError]:
    """An output in `folder` for each file of pictures; what is no picture stands for itself.

    What lies in a folder among `paths` goes by its place below that folder, other files by their
    names as given. `former` are the files of outputs that there were before, which it adds to: one
    that would take the place of another's fails.

    Raises
    ------
    UsageError
        Where two files would be one output, and there were none before.
    """
    folders = (Path(path) for path in paths if Path(path).is_dir())
    roots = sorted(folders, key=lambda path: len(path.parts), reverse=True)
    outputs: list[PlannedFile | InputError] = []
    named: set[Path] = set()
    taken = {} if former is None else former
    for group in _by_file(pictures):
        if isinstance(group, InputError):
            outputs.append(group)
            continue
        source = group[0].source
        name = _place(source, roots).with_suffix(ending)
        other = taken.setdefault(os.path.normcase(name), source)
        if other != source or (former is None and name in named):
            problem = f"{other} and {source} would both be {folder / name}"
            advice = "rename one, or read them into two folders"
            if former is None:
                raise UsageError(problem, advice)
            outputs.append(InputError(problem, advice, source))
            continue
        named.add(name)
        outputs.append(PlannedFile(folder / name, tuple(group), os.fspath(name)))
    return outputs


def one_page_each(output: PlannedFile) -> list[PlannedFile | InputError]:
    """The output as several, NAME-001 and so on, of one page each; as it is, if it has but one."""
    if len(output.pictures) < 2:
        return [output]

    def numbered(path: Path, number: int) -> Path:
        stem, dot, endings = path.name.partition(".")
        return path.with_name(f"{stem}-{number:03}{dot}{endings}")

    return [
        page
        if isinstance(page, InputError)
        else PlannedFile(
            numbered(output.path, number),
            (page,),
            os.fspath(numbered(Path(output.name), number)) if output.name else "",
        )
        for number, page in enumerate(output.pictures, 1)
    ]


def _by_file(pictures: Iterable[Picture | InputError]) -> Iterator[list[Picture] | InputError]:
    """The pictures of each file together: a first one begins another file."""
    group: list[Picture] = []
    for picture in pictures:
        is_first = isinstance(picture, InputError) or picture.frame == 0
        if group and (is_first or picture.source != group[0].source):
            yield group
            group = []
        if isinstance(picture, InputError):
            yield picture
        else:
            group.append(picture)
    if group:
        yield group


def _place(source: str, roots: Sequence[Path]) -> Path:
    """The place of a file's output below the folder of outputs, by the file's own name."""
    path = Path("stdin" if source == "-" else source)
    root = next((root for root in roots if path.is_relative_to(root) and path != root), None)
    if root is not None:
        return path.relative_to(root)
    return Path(*(part for part in path.parts if part not in ("..", path.anchor)))


@dataclass
class OutputRun:
    """The making of outputs: once, or going on from what was done before.

    reading : what `keys.reading_key` says. write : writes pages to a file, which is whole or not
    there. done : the list of complete outputs, where there are many. resume : whether pages that
    were read before count.
    """

    reading: str
    write: Callable[[Iterable[Part], Path], None]
    resume: bool = False
    done: DoneList | None = None
    _open: set[_Making] = field(default_factory=set)
    _left: dict[Path, dict[str, list[Path]]] = field(default_factory=dict)

    def make(
        self,
        outputs: Iterable[PlannedFile | InputError],
        read: Callable[[Iterator[Todo]], Iterator[Part | InputError]],
    ) -> None:
        """Make all outputs; `read` gives for each thing to do what comes of it, in their order."""
        steps, again = tee(self._steps(outputs))
        try:
            outcomes = read(step.todo for step in steps)
            for step, outcome in zip(again, outcomes, strict=True):
                if step.making is not None and step.making.take(step, outcome):
                    self._open.discard(step.making)
        finally:
            for making in self._open:
                making.close()
            self._open.clear()

    def _steps(self, outputs: Iterable[PlannedFile | InputError]) -> Iterator[_Step]:
        """A step for each page, no sooner than somebody asks for it."""
        for output in outputs:
            if isinstance(output, InputError):
                yield _Step(output)
            elif self.done is not None and self._is_done(output):
                yield from (_Step(Known(ALREADY)) for _ in output.pictures)
            else:
                making = _Making(output, self)
                self._open.add(making)
                yield from map(making.step, output.pictures)

    def sweep(self, path: Path) -> None:
        """Remove what a process that was killed while it wrote `path` left beside it."""
        if path.parent not in self._left:
            self._left[path.parent] = unfinished(path.parent)
        for part in self._left[path.parent].pop(part_stem(path), []):
            part.unlink(missing_ok=True)

    def _is_done(self, output: PlannedFile) -> bool:
        if not self.resume or self.done is None or not output.path.exists():
            return False
        pages = [
            "" if isinstance(page, InputError) else keys.page_key(self.reading, page)
            for page in output.pictures
        ]
        return self.done.has(keys.output_key(output.name, pages), output.name)


@dataclass(frozen=True)
class _Step:
    """A page to come by: to be read, known, or an error; for an output in the making."""

    todo: Todo
    key: str = ""
    making: _Making | None = None


class _Making:
    """An output in the making: its pages are in its journal, or at hand if there is but one."""

    def __init__(self, output: PlannedFile, run: OutputRun) -> None:
        self._output, self._run = output, run
        if run.done is not None:
            make_folder(output.path.parent)
        if run.resume:
            run.sweep(output.path)
        in_list = run.done is not None
        wanted = len(output.pictures) > 1 or (run.resume and not in_list)
        self._journal = Journal(journal_path(output.path), run.resume) if wanted else None
        self._parts: dict[str, Part] = {}
        self._keys: list[str] = []  # of the pages, in their order
        self._left = len(output.pictures)
        self._failed = self._fresh = 0

    def step(self, page: Picture | InputError) -> _Step:
        if isinstance(page, InputError):
            return _Step(page, "", self)
        key = keys.page_key(self._run.reading, page)
        is_known = key and self._journal is not None and key in self._journal
        return _Step(Known(ALREADY) if is_known else page, key, self)

    def take(self, step: _Step, outcome: Part | InputError) -> bool:
        """Take up what came of a step; whether it was the last, and the output is complete."""
        if isinstance(step.todo, Known):
            self._keys.append(step.key)
        elif not isinstance(outcome, InputError):
            self._add(step.key or _once(), outcome, step.todo)
        else:
            self._failed += 1
            if isinstance(outcome.partial, str | bytes):
                self._add(_once(), outcome.partial, step.todo)  # to be read anew next time
        self._left -= 1
        if self._left == 0:
            self._complete()
        return self._left == 0

    def _add(self, key: str, part: Part, page: Todo) -> None:
        self._fresh += 1
        self._keys.append(key)
        if self._journal is None:
            self._parts[key] = part
        else:
            frame = getattr(page, "frame", 0)
            self._journal.add(key, part, source=getattr(page, "source", ""), page=frame + 1)

    def _complete(self) -> None:
        """Write the output, and that it is done; its journal goes, unless it is the only record."""
        name = self._output.name or self._output.path.name
        done = "" if self._failed else keys.output_key(name, self._keys)
        list_, journal = self._run.done, self._journal
        is_there = done and list_ is None and self._completed() == done
        if self._fresh or not is_there or not self._output.path.exists():
            self._run.write(self._pages(), self._output.path)
        if done and list_ is not None:
            list_.add(done, name)
        elif done and journal is not None and self._run.resume and not is_there:
            journal.add(COMPLETE, done)
        self.close(remove=not self._failed and (list_ is not None or not self._run.resume))

    def _completed(self) -> Part | None:
        """The key of the output as a former run completed it, by its journal."""
        journal = self._journal
        return journal[COMPLETE] if journal is not None and COMPLETE in journal else None

    def _pages(self) -> Iterator[Part]:
        """The pages, one at a time, in their order."""
        for key in self._keys:
            yield self._parts[key] if self._journal is None else self._journal[key]

    def close(self, remove: bool = False) -> None:
        """Close the journal, which is kept for --resume if there is anything in it."""
        if self._journal is not None:
            self._journal.close(remove or not self._journal.has_pages)


def _once() -> str:
    """Make a key for a page that has none: random, so that no later run finds it."""
    import secrets

    return f"once-{secrets.token_hex(8)}"
