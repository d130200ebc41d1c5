"""`ocr review`."""

from __future__ import annotations

import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ocr_cli import batch, parallel
from ocr_cli.cli import options
from ocr_cli.errors import InputError, OcrError
from ocr_cli.output import guard

if TYPE_CHECKING:
    from ocr_cli.input import Picture
    from ocr_cli.review.store import Store

# Not in the docstring, which python -OO leaves out.
HELP = """\
Read FILES and correct what was read, in the browser.

The photo is shown with the text beside it; words in doubt are marked. Tab goes to the next of
them, 1 to 5 take an alternative, typing replaces it, Enter says that the row is right, Ctrl-Z
undoes. Rows can be split, joined, deleted, moved, and drawn anew. Every change is kept at once
beside the picture, scan.jpg's in scan.ocr.json, which is taken up again next time.

Teach learns the hand from the corrected rows and reads all others anew; ocr read -m hand.npz
reads with what was learnt.

The page is served on this machine alone, to whoever has the address that is printed; Ctrl-C
ends it. With --html there is no server: the file has all that is needed, and its Save as gives
scan.ocr.json.
"""


@click.command("review", cls=options.Command, help=HELP)
@options.files
@options.model
@options.reader
@options.language
@click.option(
    "--html",
    type=options.OutputFile(),
    metavar="FILE",
    help="Write one HTML file to look at and mend without a server, and stop.",
)
@click.option(
    "--hand",
    type=options.OutputFile(),
    metavar="FILE",
    help="Where Teach keeps what it learns. [default: hand.npz beside the first picture]",
)
@click.option(
    "--port", type=options.Whole(0, 65535), default=0, help="Of the server. [default: a free one]"
)
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
def review(
    files: tuple[str, ...],
    recursive: bool,
    model: str,
    reader: str,
    language: str,
    html: Path | None,
    hand: Path | None,
    port: int,
    no_browser: bool,
) -> None:
    """Serve the page, or write it to a file."""
    parallel.cap_threads(1)
    from ocr_cli.data.charset import LANGUAGES
    from ocr_cli.modelfiles import weights
    from ocr_cli.review.store import Store

    model = options.model_of(model, reader)
    weights.model_path(model)  # a wrong name is told before there is a page
    if language not in ("auto", "none", *LANGUAGES):
        from ocr_cli.recognition import load_language  # which takes time to import

        load_language(language)
    pictures = _pictures(files, recursive)
    hand = hand or Path(pictures[0].source).with_name("hand.npz")
    store = Store(pictures, partial(batch.process_reader, model, language))
    inputs = [*(sheet.picture.source for sheet in store.sheets), model, language]
    outputs = [guard.Output("--hand", hand, "model")]
    if html is not None:
        outputs = [guard.Output("--html", html, "page of ocr review")]
    guard.check(outputs, inputs)
    if html is not None:
        _write(store, html)
    else:
        _serve(store, model, language, hand, port, not no_browser)


def _pictures(files: tuple[str, ...], recursive: bool) -> list[Picture]:
    """The pictures to review; what is none is told."""
    found: list[Picture] = []
    for picture in options.results(batch.find_all_pictures(files, recursive, None), 0, False):
        if picture.data is not None or picture.source == "-":
            raise InputError("has no place to keep what is typed", "give it as a file", "-")
        found.append(picture)
    if not found:
        raise OcrError("there is nothing to review")
    return found


def _write(store: Store, html: Path) -> None:
    from ocr_cli.files import replacing_text
    from ocr_cli.review.html import html_page

    store.open_all(keep=False)
    for problem in store.problems():
        options.tell(problem)
        click.get_current_context().meta[options.FAILED] = True
    kept = store.shown()
    if not kept:
        raise OcrError("no picture could be read")
    with replacing_text(html) as file:
        file.write(html_page(kept))


def _serve(store: Store, model: str, language: str, hand: Path, port: int, opens: bool) -> None:
    from ocr_cli.review.server import Server
    from ocr_cli.review.teach import Teaching

    def retaught() -> int:
        store.use(partial(batch.process_reader, str(hand), language))
        return store.read_again()

    teaching = Teaching(hand, model, language)
    try:
        server = Server(store, teaching, retaught, port)
    except OSError as failure:
        advice = "choose another --port, or leave it out"
        raise OcrError(f"port {port} cannot be used ({failure.strerror})", advice) from failure
    threading.Thread(target=store.open_all, daemon=True).start()
    click.echo(server.url)
    sys.stdout.flush()
    if opens:
        import webbrowser

        webbrowser.open(server.url)
    try:
        server.serve_forever()
    finally:
        teaching.stop()
        server.server_close()
