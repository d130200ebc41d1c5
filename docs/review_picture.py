"""Draws review.png, the README's picture of the correction page, in a headless Chromium."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "examples" / "note.jpg"
FILE = HERE / "review.png"


def main() -> None:
    """Shows a page of examples/ and takes its picture; without a browser the old one stays."""
    chromium = shutil.which("chromium")
    if chromium is None or find_spec("playwright") is None:
        print("docs/review.png stays as it is: chromium or playwright is not installed")
        return
    with TemporaryDirectory() as folder:
        shutil.copy(PAGE, folder)
        command = [sys.executable, "-m", "ocr_cli", "review", "--no-browser", PAGE.name]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
            try:
                address = server.stdout.readline() if server.stdout is not None else ""
                draw(chromium, address.strip())
            finally:
                server.terminate()


def draw(chromium: str, url: str) -> None:
    """The page with its first word at hand that has alternatives; much is marked as doubtful."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- where it is installed

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 600})
        page.goto(url)
        page.wait_for_selector("body[data-ready]", timeout=120_000)
        page.get_by_label("Mark words less sure than").fill("95")
        page.locator("#rows input").first.focus()
        for _ in range(10):
            page.keyboard.press("Tab")
            if page.locator(".choices").count():
                break
        page.screenshot(path=FILE)
        browser.close()
    with Image.open(FILE) as picture:
        picture.convert("RGB").quantize(128).save(FILE, optimize=True)


if __name__ == "__main__":
    main()
