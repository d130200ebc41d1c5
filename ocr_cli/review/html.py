"""Pages under correction as one HTML file that needs no server, and keeps by downloading."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence

from ocr_cli.review.document import Document, to_json
from ocr_cli.review.server import asset

MODULES = (
    "edits.js",
    "photo.js",
    "keep.js",
    "past.js",
    "saving.js",
    "view.js",
    "toolbar.js",
    "page.js",
)  # each needs those before it
_IMPORT = re.compile(r'^import (?P<names>.*?) from "\./(?P<module>[a-z]+)\.js";\n', re.MULTILINE)
_ENDS = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}  # no </script> in texts


def html_page(kept: Sequence[tuple[Document, bytes]]) -> str:
    """The page of some documents and their photos (JPEG), all in one."""
    pages = [
        {"document": to_json(document), "photo": f"data:image/jpeg;base64,{_base64(photo)}"}
        for document, photo in kept
    ]
    data = json.dumps(pages, ensure_ascii=False).translate(_ENDS)
    script, style = f"\n{_script()}", f"\n{asset('page.css').decode()}"
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    page = re.sub('<link rel="modulepreload".*>\n', "", asset("page.html").decode())
    page = page.replace(
        '<link rel="stylesheet" href="/page.css">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<style>{style}</style>',
    )
    return page.replace(
        '<script type="module" src="/page.js"></script>',
        f'<script type="application/json" id="kept-pages">{data}</script>\n'
        f'<script type="module">{script}</script>',
    )


def _script() -> str:
    """All modules as one: each is a function that gives what it exports."""
    parts = []
    for name in MODULES:
        text = asset(name).decode()
        names = re.findall(r"^export (?:const|function|class) (\w+)", text, re.MULTILINE)
        body = re.sub(r"^export ", "", _IMPORT.sub(_given, text), flags=re.MULTILINE)
        module = name.removesuffix(".js")
        parts.append(
            f"const {module}Module = (() => {{\n{body}\nreturn {{{', '.join(names)}}};\n}})();"
        )
    return "\n".join(parts)


def _given(match: re.Match[str]) -> str:
    """What an import line becomes: {a, b} or * as name, of a module that has run already."""
    names = match["names"].removeprefix("* as ")
    return f"const {names} = {match['module']}Module;\n"


def _hash(text: str) -> str:
    """What a policy calls a script or style of this text."""
    return f"'sha256-{_base64(hashlib.sha256(text.encode()).digest())}'"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
