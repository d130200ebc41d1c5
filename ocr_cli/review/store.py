"""The store of pages under correction: read in turn, every change saved beside its picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ocr_cli import pipeline
from ocr_cli.errors import InputError, OcrError
from ocr_cli.files import replacing_text
from ocr_cli.input import Picture
from ocr_cli.page import Page
from ocr_cli.recognition import Reader
from ocr_cli.review import document as documents
from ocr_cli.review import pages, photo
from ocr_cli.review.document import Document, SavedRow

ENDING = ".ocr.json"
WAITING, READY, FAILED = "waiting", "ready", "failed"


@dataclass
class StoredPage:
    """A page in the store: its picture, its file, its state, and its document once it is READY."""

    picture: Picture
    path: Path
    state: str = WAITING
    problem: str = ""
    document: Document | None = field(default=None, repr=False)
    stamp: tuple[int, int] = (0, 0)  # of the file that the document was read from, or kept in
    small: bytes = field(default=b"", repr=False)  # the photo as it is shown at first
    photo: bytes = field(default=b"", repr=False)  # and as it is looked at closely, once it is
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def name(self) -> str:
        """What the page is called: its file's name, and which page of it."""
        name = Path(self.picture.source).name
        return name if not self.picture.frame else f"{name}, page {self.picture.frame + 1}"


def kept_beside(picture: Picture) -> Path:
    """The file of a picture's document: scan.ocr.json, of its further pages scan-2.ocr.json.

    Beside scan.png, scan.jpg's is scan.jpg.ocr.json if the short name is taken.
    """
    source = Path(picture.source)
    page = f"-{picture.frame + 1}" if picture.frame else ""
    short = source.with_name(source.stem + page + ENDING)
    try:
        taken = load(short).picture != source.name
    except (OSError, InputError):
        taken = False
    return source.with_name(source.name + page + ENDING) if taken else short


def load(path: Path) -> Document:
    """Load a document; OSError where there is no file, InputError where it is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as failure:
        raise InputError("not a page that ocr has kept (no UTF-8)", "", str(path)) from failure
    return documents.loads(text, str(path))


def save(path: Path, document: Document) -> None:
    """Write a document; its file is whole at any time; OcrError."""
    with replacing_text(path) as file:
        file.write(documents.document_text(document))


class Store:
    """All pages of one session, by their numbers from 0; thread-safe."""

    def __init__(self, pictures: Sequence[Picture], reader: Callable[[], Reader]) -> None:
        """reader : gives what reads; asked for when first needed, and again after teaching."""
        self.sheets = [StoredPage(picture, kept_beside(picture)) for picture in pictures]
        self._reader = reader
        self._reading = threading.Lock()

    def use(self, reader: Callable[[], Reader]) -> None:
        """Read with another reader from now on."""
        self._reader = reader

    def problems(self) -> list[str]:
        """A line for each page that failed to open."""
        return [sheet.problem for sheet in self.sheets if sheet.state == FAILED]

    def shown(self) -> list[tuple[Document, bytes]]:
        """The documents of all READY pages, and their photos as JPEG."""
        ready = [number for number, sheet in enumerate(self.sheets) if sheet.state == READY]
        return [(self.document(number), self.photo(number)) for number in ready]

    def open_all(self, keep: bool = True) -> None:
        """Open every page, in order: load its document, or else read its picture.

        keep : whether to save what is read. A page that fails is FAILED, and the others go on.
        """
        for sheet in self.sheets:
            try:
                with sheet.lock:
                    self._open(sheet, keep)
            except OcrError as failure:
                sheet.state, sheet.problem = FAILED, str(failure)
            except Exception as failure:  # one page's oddity must not cost the others
                sheet.state, sheet.problem = FAILED, f"{type(failure).__name__}: {failure}"

    def _open(self, sheet: StoredPage, keep: bool) -> None:
        if sheet.path.exists():
            self._refresh(sheet)
        elif keep:
            self._keep(sheet, self._read(sheet.picture))
        else:
            sheet.document = self._read(sheet.picture)
        document = _known(sheet)
        sheet.small = photo.jpeg(sheet.picture, document, photo.SMALL)
        sheet.state = READY

    def _read(self, picture: Picture) -> Document:
        with self._reading:
            return pages.document_of(
                pipeline.read_picture(picture, self._reader, alternatives=True)
            )

    def _refresh(self, sheet: StoredPage) -> None:
        """Take over what another program has written to the file meanwhile."""
        try:
            stamp = _stamp(sheet.path)
            if sheet.document is not None and stamp == sheet.stamp:
                return
            document = load(sheet.path)
        except FileNotFoundError:
            if sheet.document is not None:  # removed: the next change writes it again
                return
            raise
        source = Path(sheet.picture.source).name
        if document.picture != source or document.frame != sheet.picture.frame:
            problem = f"is of another picture ({document.picture})"
            raise InputError(problem, "move it away to read this one anew", str(sheet.path))
        sheet.document, sheet.stamp = document, stamp

    def _keep(self, sheet: StoredPage, document: Document) -> None:
        save(sheet.path, document)
        sheet.document, sheet.stamp = document, _stamp(sheet.path)

    def document(self, number: int) -> Document:
        """The document of a page as its file has it now; LookupError until the page is READY."""
        sheet = self.sheets[number]
        if sheet.state != READY:
            raise LookupError(number)
        with sheet.lock:
            self._refresh(sheet)
            return _known(sheet)

    def photo(self, number: int) -> bytes:
        """The photo of a page at full size, JPEG, made once; LookupError, InputError."""
        document, sheet = self.document(number), self.sheets[number]
        with sheet.lock:
            sheet.photo = sheet.photo or photo.jpeg(sheet.picture, document)
            return sheet.photo

    def patch(self, number: int, patch: Any) -> Document:
        """Apply `document.patched` and save; ValueError, ConflictError, OcrError, LookupError."""
        sheet = self.sheets[number]
        with sheet.lock:
            fresh = documents.patched(self.document(number), patch)
            self._keep(sheet, fresh)
            return fresh

    def read_box(self, number: int, box: tuple[float, float, float, float], name: str) -> SavedRow:
        """Read a box of a page as a new row, which is not yet in its document; ValueError."""
        page = self._grey(number)
        with self._reading:
            return pages.read_box(page, box, name, self._reader())

    def read_again(self) -> int:
        """Read all uncorrected rows anew; return how many there were."""
        count = 0
        for number, sheet in enumerate(self.sheets):
            if sheet.state != READY:
                continue
            rows = [row for row in self.document(number).rows if not row.is_corrected]
            page = self._grey(number) if rows else None
            if page is None:
                continue
            with self._reading:
                fresh = {row.id: row for row in pages.read_anew(page, rows, self._reader())}
            with sheet.lock:  # who corrects a row meanwhile keeps it
                self._keep(sheet, documents.reread(self.document(number), fresh))
            count += len(rows)
        return count

    def _grey(self, number: int) -> Page:
        return photo.page_of_photo(self.sheets[number].picture, self.document(number))

    def corrected(self) -> list[Path]:
        """The files of the READY pages that have corrected rows."""
        ready = [(i, sheet) for i, sheet in enumerate(self.sheets) if sheet.state == READY]
        return [sheet.path for i, sheet in ready if self.document(i).corrected]


def _known(sheet: StoredPage) -> Document:
    if sheet.document is None:
        raise LookupError(sheet.name)
    return sheet.document


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_ino


def picture_of(path: Path, document: Document) -> Picture:
    """The picture that a document lies beside."""
    from ocr_cli import input as images

    source = str(path.with_name(document.picture))
    found = images.find_pictures(source)
    if document.frame >= len(found):
        raise InputError("has no such page any more", "", source)
    return found[document.frame]
