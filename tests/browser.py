"""`ocr review` as a process, and its page in Debian's Chromium, driven by Playwright."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from ocr_cli.review.store import load

CHROMIUM = which("chromium")
AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
NEEDED = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="playwright is not installed"),
]
TEXTS = ("the quick brown fox", "jumps over", "a lazy dog here", "and sleeps")


@contextmanager
def review(folder: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`ocr review` of the folder's pictures as a process, and the address that it prints."""
    pictures = sorted(path.name for path in folder.glob("*.png"))
    command = [sys.executable, "-m", "ocr_cli", "review", "--no-browser", *options, *pictures]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


def opened(browser: Any, url: str, **options: Any) -> Any:
    """A window with the page, once its rows are there; `faults` of its scripts are kept in it."""
    page = browser.new_page(viewport={"width": 1200, "height": 800}, **options)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.faults = faults
    page.goto(url)
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    return page


def texts(page: Any) -> list[str]:
    """The rows as the page shows them."""
    script = "rows => rows.map(r => [...r.querySelectorAll('input')].map(i => i.value).join(' '))"
    found: list[str] = page.eval_on_selector_all("#rows li", script)
    return found


def kept(folder: Path) -> list[str]:
    """The rows as they are kept beside page.png."""
    return [row.text for row in load(folder / "page.ocr.json").rows]


def eventually(page: Any, is_so: Callable[[], bool], seconds: int = 60) -> None:
    """Wait until it is so: a shared machine may take its time."""
    for _ in range(10 * seconds):
        if is_so():
            return
        page.wait_for_timeout(100)
    raise AssertionError(told(page))


def told(page: Any) -> str:
    """What the live region says."""
    said: str = page.locator("#status").inner_text()
    return said


def until(page: Any, folder: Path, wanted: list[str]) -> None:
    """Wait until that is kept."""
    eventually(page, lambda: kept(folder) == wanted)


def at(page: Any) -> str:
    """The word that has the focus."""
    value: str = page.evaluate("document.activeElement.value")
    return value
