"""Who may ask, what may be asked, and what becomes of it."""

import io
import json
import re
import socket
import zipfile

import pytest

from ocr_cli.review.store import load


def test_the_page_and_what_it_needs(ask) -> None:
    page = ask("GET", "/")
    assert page.status == 200
    assert b'<script type="module" src="/page.js">' in page.body
    for name in re.findall(rb'(?:href|src)="(/[a-z.]+)"', page.body):
        assert ask("GET", name.decode()).status == 200
    assert [one["name"] for one in ask("GET", "/api/pages").json] == [
        "scan.png",
        "<script>alert(2)<.png",
    ]
    for name in ("small", "photo"):
        assert ask("GET", f"/api/pages/0/{name}").body[:2] == b"\xff\xd8"


def test_headers_let_nothing_in_from_elsewhere(ask) -> None:
    headers = ask("GET", "/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_token_opens_the_page_once_and_leaves_the_address(ask, served) -> None:
    token = served.guard.token
    opened = ask("GET", f"/?token={token}", Cookie=None, Origin=None)
    assert (opened.status, opened.headers["Location"]) == (303, "/")
    cookie = opened.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert ask("GET", "/", Cookie=cookie.split(";")[0]).status == 200


@pytest.mark.parametrize("path", ["/", "/page.js", "/api/pages", "/api/pages/0", "/api/teach"])
def test_a_wrong_token_gets_nothing(ask, served, path: str) -> None:
    name = served.guard.cookie().split("=")[0]
    for cookie in (None, f"{name}=", f"{name}=guessed", "other=1", "\x01=;;"):
        assert ask("GET", path, Cookie=cookie).status == 403
    assert ask("GET", f"{path}?token=guessed", Cookie=None).status == 403
    if path != "/":  # the token in an address opens the page, and nothing else
        assert ask("GET", f"{path}?token={served.guard.token}", Cookie=None).status == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "", None])
def test_another_host_is_not_served(ask, host: str | None) -> None:
    assert ask("GET", "/api/pages", Host=host).status == 421


def test_a_foreign_origin_is_not_served(ask) -> None:
    patch = {"base": 1, "rows": {"r1": None}, "order": None}
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}):
        assert ask("PATCH", "/api/pages/0", patch, **headers).status == 403
        assert ask("POST", "/api/teach", {}, **headers).status == 403
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert ask("GET", "/api/pages/0", **foreign).status == 403
    assert len(ask("GET", "/api/pages/0").json["rows"]) == 3


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/pages/../../../etc/passwd",
        "/api/pages/0/photo/../../../../etc/passwd",
        "/api/pages/7",
        "/api/pages/0/read",
        "/assets/page.html",
        "/scan.png",
        "/api/export/../../etc/passwd",
        "//etc/passwd",
        "/%00",
    ],
)
def test_no_path_leads_to_a_file(ask, path: str) -> None:
    answer = ask("GET", path)
    assert answer.status in (400, 404)
    assert b"root:" not in answer.body


def test_a_document_names_its_own_picture_alone(ask) -> None:
    """What the browser says of a page cannot make the server open another file."""
    ask("PATCH", "/api/pages/0", {"base": 1, "rows": {}, "order": None, "picture": "/etc/passwd"})
    assert ask("GET", "/api/pages/0").json["picture"] == "scan.png"


def test_a_body_of_100_mb_is_refused_before_it_is_read(ask) -> None:
    answer = ask("PATCH", "/api/pages/0", b"{}", **{"Content-Length": str(100 << 20)})
    assert answer.status == 413
    assert ask("PATCH", "/api/pages/0", b"{}", **{"Content-Length": None}).status == 411
    assert ask("GET", "/api/pages").status == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b"\xff", b'{"base": 1e999}'])
def test_a_body_that_makes_no_sense_is_told(ask, body: bytes) -> None:
    assert ask("PATCH", "/api/pages/0", body).status == 400


def test_texts_go_out_as_they_came_in_and_never_as_html(ask) -> None:
    page = ask("GET", "/api/pages/0")
    assert page.headers["Content-Type"] == "application/json; charset=utf-8"
    assert page.json["rows"][1]["words"][2]["read"] == "<script>alert(1)</script>"
    text = ask("GET", "/api/export/text?page=0")
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert text.body.decode().splitlines()[1] == "jumps over <script>alert(1)</script>"


def test_a_change_is_kept_beside_the_picture_at_once(ask, served) -> None:
    page = ask("GET", "/api/pages/0").json
    row = page["rows"][0]
    row["words"][0]["typed"] = "The"
    answer = ask("PATCH", "/api/pages/0", {"base": 1, "rows": {"r1": row}, "order": None})
    assert answer.status == 200
    assert load(served.folder / "scan.ocr.json").rows[0].text == "The quick brown fox"
    exported = json.loads(ask("GET", "/api/export/jsonl?page=0").body)
    assert exported["rows"][0]["text"] == "The quick brown fox"
    tag = answer.headers["ETag"]
    assert ask("GET", "/api/pages/0", **{"If-None-Match": tag}).status == 304


def test_a_second_window_is_told(ask) -> None:
    page = ask("GET", "/api/pages/0").json
    first, second, _ = page["rows"]
    first["accepted"] = second["accepted"] = True
    patch = {"base": 1, "rows": {"r1": first}, "order": None}
    assert ask("PATCH", "/api/pages/0", patch).status == 200
    assert ask("PATCH", "/api/pages/0", patch).status == 409  # the same row, from an old page
    other = {"base": 1, "rows": {"r2": second}, "order": None}
    assert ask("PATCH", "/api/pages/0", other).status == 200  # another row: both are kept
    assert [row["accepted"] for row in ask("GET", "/api/pages/0").json["rows"]] == [
        True,
        True,
        False,
    ]


def test_every_format_of_ocr_read_can_be_had(ask) -> None:
    for name in ask("GET", "/api/pages").json[0]["formats"]:
        answer = ask("GET", f"/api/export/{name}")
        assert answer.status == 200
        read = {"pdf": text_in, "alto": unpacked, "page": unpacked}.get(name, bytes)
        assert b"lazy" in read(answer.body)
        assert answer.headers["Content-Disposition"].startswith("attachment")


def test_all_pages_are_saved_each_with_its_number(ask) -> None:
    hocr = ask("GET", "/api/export/hocr").body.decode()
    assert re.findall(r'id="(page_\d+)"', hocr) == ["page_1", "page_2"]
    for name, ending in ("alto", ".alto.xml"), ("page", ".xml"):
        answer = ask("GET", f"/api/export/{name}")
        assert f'"corrected{ending}.zip"' in answer.headers["Content-Disposition"]
        with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
            assert archive.namelist() == [f"corrected-001{ending}", f"corrected-002{ending}"]
            assert all(b"lazy" in archive.read(one) for one in archive.namelist())
        alone = ask("GET", f"/api/export/{name}?page=1")
        assert f'"corrected{ending}"' in alone.headers["Content-Disposition"]
        assert alone.body.startswith(b"<?xml")


def text_in(pdf: bytes) -> bytes:
    """The text of a PDF's first page, as another program finds it."""
    pdfium = pytest.importorskip("pypdfium2")
    with pdfium.PdfDocument(pdf) as document:
        return document[0].get_textpage().get_text_range().encode()


def unpacked(archive: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        return b"".join(map(files.read, files.namelist()))


def test_teaching_needs_corrections(ask) -> None:
    answer = ask("POST", "/api/teach", {})
    assert answer.status == 400
    assert b"nothing has been corrected yet" in answer.body


def test_only_the_loopback_address_is_bound(served) -> None:
    assert served.server.server_address[0] == "127.0.0.1"
    with socket.socket() as other:
        other.settimeout(2)
        assert other.connect_ex(("127.0.0.2", served.server.server_port)) != 0
