"""How quick the correction page is: first paint, and from a key to the screen.

A photo of 12 megapixels with 25 rows of ten words, in Debian's Chromium without a screen, driven
by Playwright. The wall clock counts, as it does for who types: say how busy the machine is.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
from PIL import Image

from ocr_cli.review.document import Document, SavedRow, SavedWord
from ocr_cli.review.store import save

ROUNDS = 5
KEYS = "abcdefghijklmnopqrstuvwxyz"
# From the event to the frame that shows it: a task that is queued in a frame runs when it is done.
LISTEN = """() => {
  window.waits = [];
  document.addEventListener("keydown", (event) => {
    const began = event.timeStamp;
    requestAnimationFrame(() => setTimeout(() => waits.push(performance.now() - began)));
  }, true);
}"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
# The policy lets no text become a script, and so Playwright's own waiting for one is no good.
PHOTO = """() => new Promise((done) => {
  const shown = () => requestAnimationFrame(() => setTimeout(() => done(performance.now())));
  const picture = document.getElementById("picture");
  if (picture.complete) shown(); else picture.addEventListener("load", shown, {once: true});
})"""


def main() -> None:
    """Prints the medians of some rounds, and the slowest."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as player:
        drawn(Path(folder))
        browser = player.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
        rounds = [measured(browser, folder) for _ in range(ROUNDS)]
        browser.close()
    print(f"load {os.getloadavg()[0]:.1f}")
    for what in rounds[0]:
        times = [one[what] for one in rounds]
        print(f"{what:32} {statistics.median(times):5.0f} ms, slowest {max(times):5.0f} ms")


def drawn(folder: Path) -> None:
    """A photo, and beside it what was read."""
    noise = np.random.default_rng(0).integers(150, 255, (375, 500), np.uint8)
    Image.fromarray(noise).resize((4000, 3000)).convert("RGB").save(folder / "big.jpg", quality=88)
    rows = tuple(row(number) for number in range(25))
    to_file = ((4000 / 2048, 0.0, 0.0), (0.0, 3000 / 1536, 0.0), (0.0, 0.0, 1.0))
    save(
        folder / "big.ocr.json",
        Document("big.jpg", 0, (2048, 1536), to_file, (4000, 3000), rows),
    )


def row(number: int) -> SavedRow:
    """A row of ten words, of which every third is in doubt."""
    y = 50.0 + 58 * number
    words = tuple(
        SavedWord(
            (30.0 + 180 * k, y - 20, 190.0 + 180 * k, y + 20),
            f"word{k}",
            0.5 if k % 3 == 0 else 0.95,
            None,
            ("other", "more"),
        )
        for k in range(10)
    )
    return SavedRow(f"r{number}", ((30.0, y), (1840.0, y)), 6.0, 0.0, words)


def measured(browser: Any, folder: str) -> dict[str, float]:
    """Milliseconds: a page opened, typed in, and walked through, with a server of its own."""
    command = [sys.executable, "-m", "ocr_cli", "review", "--no-browser", "big.jpg"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101 -- for mypy
        address = server.stdout.readline().strip()
        first = browser.new_page()  # until the page is there: reading is over
        first.goto(address)
        first.wait_for_selector("body[data-ready]")
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        shown = page.evaluate(PHOTO)
        page.wait_for_timeout(1000)
        first_paint = page.evaluate(PAINT)
        page.locator("#rows input").nth(100).focus()
        page.evaluate(LISTEN)
        for key in [*KEYS, *["Tab"] * 20]:
            page.keyboard.press(key)
            page.wait_for_timeout(30)
        waits = page.evaluate("waits")
        server.terminate()
    for one in (first, page):
        one.close()
    typing, tabs = waits[: len(KEYS)], waits[len(KEYS) :]
    return {
        "first paint": first_paint,
        "rows and photo on the screen": shown,
        "key to screen, typing, median": statistics.median(typing),
        "key to screen, typing, slowest": max(typing),
        "key to screen, Tab, median": statistics.median(tabs),
        "key to screen, Tab, slowest": max(tabs),
    }


if __name__ == "__main__":
    main()
