"""Writer adaptation from corrected pages, in a process of its own that can be stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_cli import parallel
from ocr_cli.errors import InputError, OcrError, shown
from ocr_cli.layout import with_ink
from ocr_cli.layout.assembly import with_bare_rows
from ocr_cli.review import pages, photo
from ocr_cli.review.store import ENDING, load, picture_of
from ocr_cli.training.adaptation.copies import Copy, open_copy

if TYPE_CHECKING:
    from ocr_cli.training.adaptation.hand import Learnt


def open_known(argument: str) -> Copy:
    """The copy that --page names: a kept page, scan.ocr.json, or PICTURE=TEXT; InputError."""
    return kept_copy(Path(argument)) if argument.endswith(ENDING) else open_copy(argument)


def kept_copy(path: Path) -> Copy:
    """Load a document's corrected rows as an aligned copy; InputError where there are none."""
    try:
        document = load(path)
    except OSError as failure:
        raise InputError(f"cannot be opened ({failure.strerror})", "", str(path)) from failure
    rows = document.corrected
    if not rows:
        advice = "correct some rows with ocr review first, or accept them with Enter"
        raise InputError("no row of it has been corrected", advice, str(path))
    page = photo.page_of_photo(picture_of(path, document), document)
    page = with_bare_rows(page, [pages.course_of(row) for row in rows])
    return Copy(with_ink(page), "\n".join(row.text for row in rows), aligned=True)


LEARNING = "Learning how this hand writes …"


@dataclass(frozen=True)
class Progress:
    """The progress of teaching: `state` is idle, learning, reading, done, stopped or failed."""

    state: str = "idle"
    step: int = 0
    steps: int = 1
    message: str = ""


class Teaching:
    """Runs one adaptation at a time; its messages are plain words for the page."""

    def __init__(self, out: Path, model: str, language: str) -> None:
        self.out, self._model, self._language = out, model, language
        self._lock = threading.Lock()
        self._process: Any = None
        self.progress = Progress()

    def start(self, paths: Sequence[Path], after: Callable[[], int]) -> None:
        """Learn from kept pages; `after`, in a thread, reads the others, and says how many rows.

        InputError where nothing has been corrected yet, or it is under way.
        """
        with self._lock:
            if self.progress.state in {"learning", "reading"}:
                raise InputError("teaching is under way")
            if not paths:
                raise InputError("nothing has been corrected yet", "accept or mend some rows first")
            here, there = get_context("spawn").Pipe(duplex=False)
            work = [str(path) for path in paths], str(self.out), self._model, self._language
            process = get_context("spawn").Process(target=_learn, args=(there, *work))
            with _without_ctrl_c():
                process.start()
            self._process = process
            there.close()
            self.progress = Progress("learning", message=LEARNING)
        threading.Thread(target=self._follow, args=(process, here, after), daemon=True).start()

    def stop(self) -> None:
        """End it; what was learnt so far is dropped, and what was read stays as it is."""
        with self._lock:
            if self.progress.state == "learning" and self._process is not None:
                self._process.terminate()
                self._process = None
                self.progress = Progress("stopped", message="Teaching was stopped.")

    def _follow(self, process: Any, connection: Connection, after: Callable[[], int]) -> None:
        """Follow the process to its end, in a thread: its messages become progress."""
        tell = partial(self._tell, process)
        told: tuple[Any, ...] = ("failed", "the process that was learning has ended")
        try:
            while True:
                told = connection.recv()
                if told[0] != "step":
                    break
                tell(Progress("learning", told[1], told[2], LEARNING))
        except (EOFError, OSError):
            pass
        process.join()
        if told[0] == "learnt":
            _, message, helped = told
            _finish(message, helped, after, tell)
        else:
            tell(Progress("failed", message=f"Nothing was learnt: {told[1]}."))

    def _tell(self, process: Any, progress: Progress) -> bool:
        """Set the progress; False, and nothing set, where this teaching was stopped."""
        with self._lock:
            if self._process is not process:
                return False
            self.progress = progress
            return True


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Start processes that Ctrl-C passes by: the server is told of it, and ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which, when it is started, lets the signal in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _finish(
    message: str, helped: bool, after: Callable[[], int], tell: Callable[[Progress], bool]
) -> None:
    """Have the other rows read anew where learning helped, and tell the end."""
    if not helped:
        tell(Progress("done", 1, 1, message))
        return
    if not tell(Progress("reading", 1, 1, f"{message} Reading the other rows anew …")):
        return
    try:
        count = after()
    except (OcrError, LookupError, OSError) as failure:
        tell(Progress("failed", message=f"{message} Reading anew failed: {failure}"))
        return
    tell(Progress("done", 1, 1, f"{message} {count} other rows were read anew."))


def _learn(connection: Connection, paths: list[str], out: str, model: str, language: str) -> None:
    """Learn and save, in the process; steps and outcome go through the connection."""
    parallel.start_worker()  # Ctrl-C and whatever else ends the server end this, too
    try:
        learnt = learn_pages(paths, model, language, lambda k, n: connection.send(("step", k, n)))
        if learnt.share:
            save(Path(out), learnt, {"command": f"ocr review, {len(paths)} pages"})
        connection.send(("learnt", in_words(learnt, Path(out)), bool(learnt.share)))
    except OcrError as failure:
        connection.send(("failed", str(failure)))


def learn_pages(
    paths: Sequence[str], model: str, language: str, on_step: Callable[[int, int], None]
) -> Learnt:
    """Adapt the reader `model` to the hand of documents, as `ocr train --page` does."""
    import numpy as np

    from ocr_cli.recognition import load_reader
    from ocr_cli.training.adaptation import hand

    steps, done = hand.FOLDS, iter(range(1, 100))
    reader, rng = load_reader(model, language), np.random.default_rng(0)
    copies = [open_known(path) for path in paths]
    with parallel.processes(2) as executor:
        return hand.learn_hand(
            copies, reader, rng, executor=executor, on_step=lambda: on_step(next(done), steps)
        )


def save(out: Path, learnt: Learnt, record: dict[str, Any]) -> None:
    """Keep what was learnt, for `ocr read -m`."""
    from ocr_cli.modelfiles.weights import save_hand

    save_hand(
        out, learnt.reader.models, learnt.reader.habit.arrays(), {**record, **learnt.record()}
    )


def in_words(learnt: Learnt, out: Path) -> str:
    """Tell the gain in plain words."""
    if learnt.before is None or learnt.after is None:
        return "Too few rows were corrected to tell whether it helps; the reader stays as it was."
    before, after = 100 * learnt.before.rate, 100 * learnt.after.rate
    if not learnt.share:
        return (
            f"It is not sure that learning helps: on rows it had not seen, {before:.1f} of 100 "
            "characters were wrong, and with what it had learnt not surely fewer. The reader stays "
            "as it was; correct some more rows."
        )
    fewer = 100 * (1 - after / before)
    low, high = (100 * end for end in learnt.gain)
    return (
        f"On rows it had not learnt from, {before:.1f} of 100 characters were wrong before and "
        f"{after:.1f} are now: {fewer:.0f} % fewer mistakes; on others of this hand most likely "
        f"{low:.1f} to {high:.1f} of 100 fewer. Kept in {shown(str(out))}."
    )
