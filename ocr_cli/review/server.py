"""The server behind the page: the standard library's, on 127.0.0.1, for one person."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ocr_cli.errors import InputError, OcrError
from ocr_cli.output import formats
from ocr_cli.review import pages
from ocr_cli.review.document import ConflictError, checked_box, id_of, to_json
from ocr_cli.review.guard import HEADERS, Guard
from ocr_cli.review.store import FAILED, READY, Store, StoredPage
from ocr_cli.review.teach import Teaching

MOST_BYTES = 4 << 20  # of a request's body: a page of five thousand rows is less
PATIENCE = 30  # seconds without a byte, after which a connection is closed
SCRIPTS = ("edits", "photo", "keep", "saving", "view", "toolbar", "page")
ASSETS = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    **{f"/{name}.js": (f"{name}.js", "text/javascript; charset=utf-8") for name in SCRIPTS},
}
_ROUTE = re.compile(r"/api/pages/(\d{1,6})(/photo|/small|/read)?")


class RefusedError(Exception):
    """A request that is answered with a status and a sentence."""

    def __init__(self, status: HTTPStatus, told: str) -> None:
        super().__init__(told)
        self.status, self.told = status, told


def asset(name: str) -> bytes:
    """A file of the page."""
    return (files("ocr_cli.review") / "assets" / name).read_bytes()


class Server(ThreadingHTTPServer):
    """Serves the pages of a store to whoever has the token."""

    daemon_threads = True

    def __init__(
        self, store: Store, teaching: Teaching, retaught: Callable[[], int], port: int = 0
    ) -> None:
        """retaught : reads the rest anew when teaching is done, and says how many rows."""
        super().__init__(("127.0.0.1", port), Handler)
        self.store, self.teaching, self.retaught = store, teaching, retaught
        self.guard = Guard(self.server_port)

    @property
    def url(self) -> str:
        """Where the page is, with the token that opens it."""
        return f"http://127.0.0.1:{self.server_port}/?token={self.guard.token}"


class Handler(BaseHTTPRequestHandler):
    """Answers a request; who asks is checked before what is asked for."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "ocr", ""
    timeout = PATIENCE
    disable_nagle_algorithm = True  # a body does not wait until its head was received

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_PATCH(self) -> None:
        self._answer(self._patch)

    def do_POST(self) -> None:
        self._answer(self._post)

    def do_DELETE(self) -> None:
        self._answer(self._delete)

    def log_message(self, *_: Any) -> None:
        """Say nothing: addresses hold the token."""

    def _answer(self, work: Callable[[str], None]) -> None:
        """Carry out a request; exceptions become a status and a line of text."""
        try:
            path = self._checked()
            if path is not None:
                work(path)
        except RefusedError as refused:
            self._refuse(refused.status, refused.told)
        except ConflictError:
            self._refuse(HTTPStatus.CONFLICT, "changed in another window meanwhile")
        except (LookupError, InputError, ValueError) as wrong:
            missing = isinstance(wrong, LookupError)
            status = HTTPStatus.NOT_FOUND if missing else HTTPStatus.BAD_REQUEST
            self._refuse(status, "no such page" if missing else str(wrong))
        except OcrError as failure:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(failure))

    def _checked(self) -> str | None:
        """Check who asks; return the path, or None where the key came in the address, and is set.

        RefusedError for requests that are not from our own page.
        """
        guard = self.server.guard
        if not guard.knows(self.headers.get("Host")):
            raise RefusedError(HTTPStatus.MISDIRECTED_REQUEST, "this server has another name")
        path = urlsplit(self.path).path
        opens = self.command == "GET" and path == "/" and guard.has_token(self.path)
        if opens:  # the token leaves the address, and thus the browser's history
            self._send(HTTPStatus.SEE_OTHER, b"", {"Location": "/", "Set-Cookie": guard.cookie()})
            return None
        if not guard.is_ours(self.headers):
            raise RefusedError(HTTPStatus.FORBIDDEN, "asked for by another site")
        if not guard.has_cookie(self.headers):
            told = "open the address that ocr review printed: it has the key"
            raise RefusedError(HTTPStatus.FORBIDDEN, told)
        return path

    def _get(self, path: str) -> None:
        store = self.server.store
        if path in ASSETS:
            name, kind = ASSETS[path]
            self._send(HTTPStatus.OK, asset(name), {"Content-Type": kind})
        elif path == "/api/pages":
            self._json([_summary(store, i) for i in range(len(store.sheets))])
        elif path == "/api/teach":
            self._json(asdict(self.server.teaching.progress))
        elif path.startswith("/api/export/"):
            self._export(path.removeprefix("/api/export/"))
        else:
            number, part = self._page(path)
            document = store.document(number)
            if part in {"/photo", "/small"}:
                shown = store.photo(number) if part == "/photo" else store.sheets[number].small
                self._send(HTTPStatus.OK, shown, {"Content-Type": "image/jpeg"})
            elif part is None:
                tag = f'"{document.revision}"'
                if self.headers.get("If-None-Match") == tag:
                    self._send(HTTPStatus.NOT_MODIFIED, b"", {"ETag": tag})
                else:
                    self._json(to_json(document), {"ETag": tag})
            else:
                raise LookupError(path)

    def _patch(self, path: str) -> None:
        number, part = self._page(path)
        if part is not None:
            raise LookupError(path)
        document = self.server.store.patch(number, self._body())
        self._json(to_json(document), {"ETag": f'"{document.revision}"'})

    def _post(self, path: str) -> None:
        body = self._body()
        if path == "/api/teach":
            self.server.teaching.start(self.server.store.corrected(), self.server.retaught)
            self._json(asdict(self.server.teaching.progress))
            return
        number, part = self._page(path)
        box, name = body.get("box"), body.get("id")
        if part != "/read":
            raise LookupError(path)
        row = self.server.store.read_box(number, checked_box(box), id_of(name))
        self._json(asdict(row))

    def _delete(self, path: str) -> None:
        if path != "/api/teach":
            raise LookupError(path)
        self.server.teaching.stop()
        self._json(asdict(self.server.teaching.progress))

    def _page(self, path: str) -> tuple[int, str | None]:
        """The number of a page, and which part of it; LookupError where there is none."""
        match = _ROUTE.fullmatch(path)
        if match is None or int(match[1]) >= len(self.server.store.sheets):
            raise LookupError(path)
        return int(match[1]), match[2]

    def _body(self) -> dict[str, Any]:
        """The JSON object that was sent, of a size that makes sense."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "a length is missing")
        if int(length) > MOST_BYTES:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too much at once")
        try:
            body = json.loads(self.rfile.read(int(length)))
        except RecursionError as failure:
            raise ValueError("nested too deeply") from failure
        if isinstance(body, dict):
            return body
        raise ValueError("an object is missing")

    def _export(self, name: str) -> None:
        """Send the corrected text of one page, or of all that are READY, as a file to download."""
        if name not in available():
            raise LookupError(name)
        store, form = self.server.store, formats.READ[name]
        asked = parse_qs(urlsplit(self.path).query).get("page", [""])[0]
        ready = [i for i, sheet in enumerate(store.sheets) if sheet.state == READY]
        chosen = [int(asked)] if asked.isdecimal() and int(asked) in ready else ready
        if form.one_page:
            chosen = chosen[:1]
        corrected = (pages.page_of(store.document(i), store.sheets[i].picture) for i in chosen)
        written = BytesIO()
        formats.write(map(form.page, corrected), form, written)
        attachment = f'attachment; filename="corrected{form.suffixes[0]}"'
        kind = "application/octet-stream" if form.is_binary else "text/plain; charset=utf-8"
        headers = {"Content-Type": kind, "Content-Disposition": attachment}
        self._send(HTTPStatus.OK, written.getvalue(), headers)

    def _json(self, value: Any, more: dict[str, str] | None = None) -> None:
        body = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        kind = {"Content-Type": "application/json; charset=utf-8"}
        self._send(HTTPStatus.OK, body, kind | (more or {}))

    def _refuse(self, status: HTTPStatus, told: str) -> None:
        """Send a status and a line; close the connection, as the body may not have been read."""
        self.close_connection = True
        kind = {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"}
        self._send(status, told.encode("utf-8", "replace"), kind)

    def _send(self, status: HTTPStatus, body: bytes, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (HEADERS | more).items():
            self.send_header(name, value)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _summary(store: Store, number: int) -> dict[str, Any]:
    """The entry of a page in the list of pages: name, state, numbers of rows, formats."""
    sheet: StoredPage = store.sheets[number]
    told = {"name": sheet.name, "state": sheet.state, "problem": sheet.problem}
    if sheet.state != READY:
        return told | {"rows": 0, "corrected": 0, "formats": available()}
    try:
        document = store.document(number)
    except OcrError as failure:
        return told | {"state": FAILED, "problem": str(failure), "rows": 0, "corrected": 0}
    return told | {
        "rows": len(document.rows),
        "corrected": len(document.corrected),
        "revision": document.revision,
        "formats": available(),
    }


@cache
def available() -> tuple[str, ...]:
    """The formats that can be written with what is installed; asked for with every page's state."""
    return tuple(name for name, form in formats.READ.items() if _is_there(form))


def _is_there(form: formats.OutputFormat) -> bool:
    try:
        form.check()
    except OcrError:
        return False
    return True
