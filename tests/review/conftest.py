"""A page that is kept beside its picture, so that nothing need be read, and a server for it."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from browser import CHROMIUM
from browser import TEXTS as READ
from PIL import Image

from ocr_cli import recognition
from ocr_cli.input import Picture
from ocr_cli.review import store as stores
from ocr_cli.review.document import Document, SavedRow, SavedWord, to_json
from ocr_cli.review.server import Server
from ocr_cli.review.store import Store
from ocr_cli.review.teach import Teaching

TEXTS = ("the quick brown fox", "jumps over <script>alert(1)</script>", "a lazy dog")


def row(name: str, text: str, y: float, confidence: float = 0.5) -> SavedRow:
    """A row of a page 400 wide; each word is 60 wide."""
    words = tuple(
        SavedWord(
            (20.0 + 70 * i, y - 10, 80.0 + 70 * i, y + 10), word, confidence, None, ("other",)
        )
        for i, word in enumerate(text.split())
    )
    return SavedRow(name, ((20.0, y), (380.0, y)), 4.0, 0.0, words)


def document(picture: str = "scan.png", texts: tuple[str, ...] = TEXTS) -> Document:
    rows = tuple(row(f"r{i}", text, 40.0 * i) for i, text in enumerate(texts, 1))
    eye = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    return Document(picture, 0, (400, 200), eye, (400, 200), rows)


def kept(folder: Path, name: str = "scan.png") -> Path:
    """A blank picture in a folder with a page kept beside it; the picture's path."""
    picture = folder / name
    Image.new("L", (400, 200), 255).save(picture, "PNG")
    stores.save(stores.kept_beside(Picture(str(picture))), document(name))
    return picture


def plain(**changes: Any) -> dict[str, Any]:
    """The first row as plain values, some of them others."""
    found: dict[str, Any] = json.loads(json.dumps(to_json(document())))["rows"][0]
    return found | changes


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Makes documents, rows, rows as plain values, and pages that are kept in a folder."""
    return SimpleNamespace(document=document, row=row, plain=plain, kept=kept)


def nothing_reads() -> Any:
    raise AssertionError("nothing is to be read here")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A server of two pages, one of which has a file name that is a script."""
    paths = kept(tmp_path), kept(tmp_path, "<script>alert(2)<.png")
    store = Store([Picture(str(path)) for path in paths], nothing_reads)
    store.open_all()
    teaching = Teaching(tmp_path / "hand.npz", "default", "none")
    server = Server(store, teaching, lambda: 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield SimpleNamespace(server=server, store=store, folder=tmp_path, guard=server.guard)
    server.shutdown()
    server.server_close()


@pytest.fixture
def ask(served: SimpleNamespace) -> Any:
    """Asks the server as its own page does; headers may be replaced, and None leaves one out."""

    def asked(method: str, path: str, body: Any = None, **headers: str | None) -> SimpleNamespace:
        port = served.server.server_port
        usual = {"Host": f"127.0.0.1:{port}", "Cookie": served.guard.cookie().split(";")[0]}
        sent = usual | {"Origin": f"http://127.0.0.1:{port}"} | headers
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        if data is not None and "Content-Length" not in sent:
            sent["Content-Length"] = str(len(data))
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(data)
        answer = connection.getresponse()
        found = SimpleNamespace(
            status=answer.status, headers=answer.headers, body=answer.read(), json=None
        )
        if "json" in (answer.headers.get("Content-Type") or ""):
            found.json = json.loads(found.body)
        connection.close()
        return found

    return asked


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser without a screen."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def read_once(tmp_path_factory: pytest.TempPathFactory, handwriting: Callable[..., Any]) -> Path:
    """A folder with a page that was read; two of its words are in doubt."""
    folder = tmp_path_factory.mktemp("read")
    handwriting(*READ).save(folder / "page.png")
    reader = recognition.load_reader("default", "en")
    store = Store([Picture(str(folder / "page.png"))], lambda: reader)
    store.open_all()
    document = store.document(0)
    assert [row.text for row in document.rows] == list(READ)
    rows = [
        replace(row, words=tuple(replace(w, confidence=0.95, choices=()) for w in row.words))
        for row in document.rows
    ]
    for number in (1, 3):
        words = list(rows[number].words)
        words[1] = replace(words[1], confidence=0.3, choices=("first", "second"))
        rows[number] = replace(rows[number], words=tuple(words))
    stores.save(folder / "page.ocr.json", replace(document, rows=tuple(rows)))
    return folder


@pytest.fixture
def folder(read_once: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    for path in read_once.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path
