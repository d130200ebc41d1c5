"""The page in a real browser, headless: mended by keyboard, kept, and found again."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from ocr_cli import recognition
from ocr_cli.input import Picture
from ocr_cli.review.store import Store, load, save

CHROMIUM = which("chromium")
AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
pytestmark = [
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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory, handwriting: Callable[..., Any]) -> Path:
    """A folder with a page that was read; two of its words are in doubt."""
    folder = tmp_path_factory.mktemp("read")
    handwriting(*TEXTS).save(folder / "page.png")
    reader = recognition.load_reader("default", "en")
    store = Store([Picture(str(folder / "page.png"))], lambda: reader)
    store.open_all()
    document = store.document(0)
    assert [row.text for row in document.rows] == list(TEXTS)
    rows = [
        replace(row, words=tuple(replace(w, confidence=0.95, choices=()) for w in row.words))
        for row in document.rows
    ]
    for number in (1, 3):
        words = list(rows[number].words)
        words[1] = replace(words[1], confidence=0.3, choices=("first", "second"))
        rows[number] = replace(rows[number], words=tuple(words))
    save(folder / "page.ocr.json", replace(document, rows=tuple(rows)))
    return folder


@pytest.fixture
def folder(read: Path, tmp_path: Path) -> Path:
    for path in read.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def opened(browser: Any, url: str, **options: Any) -> Any:
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
    return [row.text for row in load(folder / "page.ocr.json").rows]


def eventually(page: Any, is_so: Callable[[], bool], seconds: int = 60) -> None:
    """Wait until it is so: a shared machine may take its time."""
    for _ in range(10 * seconds):
        if is_so():
            return
        page.wait_for_timeout(100)
    raise AssertionError(page.locator("#status").inner_text())


def until(page: Any, folder: Path, wanted: list[str]) -> None:
    """Wait until that is kept."""
    eventually(page, lambda: kept(folder) == wanted)


def at(page: Any) -> str:
    value: str = page.evaluate("document.activeElement.value")
    return value


def test_a_page_is_mended_by_keyboard_and_kept(chromium: Any, folder: Path) -> None:
    with review(folder) as (url, _):
        page = opened(chromium, url)
        assert page.url.endswith("/")  # the token is out of sight
        assert texts(page) == list(TEXTS)
        page.locator("#rows input").first.focus()
        page.keyboard.press("Tab")
        assert at(page) == "over"
        assert page.locator(".choices button").all_text_contents() == ["1first", "2second"]
        page.keyboard.press("2")  # an alternative
        assert at(page) == "second"
        page.keyboard.press("Tab")
        assert at(page) == "sleeps"
        page.keyboard.type("dreams 2 day")  # typing replaces, figures and blanks as well
        page.keyboard.press("Enter")
        until(page, folder, [TEXTS[0], "jumps second", TEXTS[2], "and dreams 2 day"])
        assert load(folder / "page.ocr.json").rows[3].accepted
        page.keyboard.press("Control+z")  # not accepted, and
        page.keyboard.press("Control+z")  # nothing typed
        until(page, folder, [TEXTS[0], "jumps second", TEXTS[2], TEXTS[3]])
        assert page.faults == []


def test_rows_are_split_joined_moved_drawn_and_deleted(chromium: Any, folder: Path) -> None:
    with review(folder, "-l", "en") as (url, _):
        page = opened(chromium, url)
        page.locator("#rows li:nth-child(1) input").nth(2).focus()
        page.keyboard.press("Control+Enter")
        until(page, folder, ["the quick", "brown fox", *TEXTS[1:]])
        page.keyboard.press("Alt+ArrowUp")
        until(page, folder, ["brown fox", "the quick", *TEXTS[1:]])
        page.keyboard.press("Control+j")  # the one further left comes first
        until(page, folder, list(TEXTS))
        third = page.locator("#rows li").nth(2).get_attribute("data-row")
        box = page.locator(f'#overlay g[data-row="{third}"]').bounding_box()
        page.locator("#rows li:nth-child(3) input").first.focus()
        page.keyboard.press("Control+Delete")
        until(page, folder, [*TEXTS[:2], TEXTS[3]])
        page.get_by_role("button", name="Draw a row").click()
        y, tall = box["y"] + box["height"] / 2, 0.6 * box["height"]
        page.mouse.move(max(3, box["x"] - 2), y - tall)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] + 2, y + tall, steps=4)
        page.mouse.up()
        until(page, folder, list(TEXTS))  # read at once, and where it belongs
        page.get_by_role("button", name="Undo").click()
        until(page, folder, [*TEXTS[:2], TEXTS[3]])
        assert page.faults == []


def test_nothing_is_lost_when_the_tab_or_the_server_goes(chromium: Any, folder: Path) -> None:
    with review(folder) as (url, process):
        page = opened(chromium, url)
        page.locator("#rows input").first.focus()
        page.keyboard.type("one")
        page.reload()  # while it is being kept
        page.wait_for_selector("body[data-ready]")
        assert texts(page)[0] == "one quick brown fox"
        page.locator("#rows input").nth(1).focus()
        page.keyboard.type("two")
        page.close(run_before_unload=True)
        until(opened(chromium, url), folder, ["one two brown fox", *TEXTS[1:]])
        process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        process.wait()
    with review(folder) as (url, _):
        assert texts(opened(chromium, url)) == ["one two brown fox", *TEXTS[1:]]


def test_two_windows_see_each_others_changes(chromium: Any, folder: Path) -> None:
    with review(folder) as (url, _):
        one, two = opened(chromium, url), opened(chromium, url)
        one.locator("#rows input").first.focus()
        one.keyboard.type("THE")
        eventually(two, lambda: texts(two)[0] == "THE quick brown fox")
        assert "another window" in two.locator("#status").inner_text()
        two.locator("#rows li:nth-child(2) input").first.focus()
        two.keyboard.type("leaps")
        eventually(one, lambda: texts(one)[1] == "leaps over")
        until(one, folder, ["THE quick brown fox", "leaps over", *TEXTS[2:]])


def test_undo_outlives_a_reload_and_takes_back_only_what_was_done_here(
    chromium: Any, folder: Path
) -> None:
    with review(folder) as (url, _):
        one, two = opened(chromium, url), opened(chromium, url)
        one.locator("#rows input").first.focus()
        one.keyboard.type("one")
        until(one, folder, ["one quick brown fox", *TEXTS[1:]])
        two.locator("#rows li:nth-child(2) input").first.focus()
        two.keyboard.type("two")
        eventually(one, lambda: texts(one)[1] == "two over")
        one.reload()
        one.wait_for_selector("body[data-ready]")
        one.keyboard.press("Control+z")
        until(one, folder, [TEXTS[0], "two over", *TEXTS[2:]])
        assert one.get_by_role("button", name="Undo").is_disabled()
        eventually(two, lambda: texts(two)[0] == TEXTS[0])
        assert one.faults == two.faults == []


def test_words_and_ink_point_at_each_other(chromium: Any, folder: Path) -> None:
    with review(folder) as (url, _):
        page = opened(chromium, url)
        page.locator("#rows input").nth(1).hover()
        assert page.locator("#overlay .word.lit").get_attribute("data-index") == "1"
        page.locator("#overlay g").nth(2).locator(".word").nth(1).hover()
        assert page.locator("#rows .cell.lit input").input_value() == "lazy"
        page.locator("#overlay g").nth(2).locator(".word").nth(1).click()
        assert at(page) == "lazy"
        before = page.locator("#stage").bounding_box()["width"]
        page.mouse.wheel(0, -400)
        assert page.locator("#stage").bounding_box()["width"] > 1.5 * before


def test_text_is_found_and_replaced(chromium: Any, folder: Path) -> None:
    with review(folder) as (url, _):
        page = opened(chromium, url)
        page.get_by_label("Find", exact=True).fill("brown fox")
        page.get_by_label("and put").fill("red hen")
        page.get_by_label("and put").press("Enter")
        until(page, folder, ["the quick red hen", *TEXTS[1:]])
        assert page.locator("#status").inner_text() == "1 row was changed."


def test_a_script_in_a_text_or_a_name_stays_text(chromium: Any, make: Any, tmp_path: Path) -> None:
    make.kept(tmp_path, "<img src=x onerror=alert(1)>.png")
    with review(tmp_path) as (url, _):
        page = opened(chromium, url)
        assert "jumps over <script>alert(1)</script>" in texts(page)
        assert page.locator("#pages option").inner_text() == "<img src=x onerror=alert(1)>.png"
        assert page.locator("main script, #pages img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_it_is_accessible(chromium: Any, folder: Path, scheme: str, width: int) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (npm install axe-core, or set AXE_CORE)")
    with review(folder) as (url, _):
        page = opened(chromium, url, color_scheme=scheme, bypass_csp=True)
        page.set_viewport_size({"width": width, "height": 740})
        page.locator("#rows li:nth-child(2) input").nth(1).focus()
        page.add_script_tag(path=AXE)
        found = page.evaluate("axe.run()")
        assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        if pictures := os.environ.get("OCR_SCREENSHOTS"):
            page.screenshot(path=Path(pictures) / f"review-{scheme}-{width}.png")


TAUGHT = (
    "the brown fox",
    "goes over a dog",
    "good food for two",
    "no room to look",
    "so long old boot",
    "look who took a book",
)


def test_a_mistake_that_was_taught_is_gone(
    chromium: Any, handwriting: Callable[..., Any], tmp_path: Path
) -> None:
    """Whoever writes this hand means 0 by what looks like an o; two rows are left to be read."""
    handwriting(*TAUGHT).save(tmp_path / "page.png")
    with review(tmp_path, "-l", "none", "-m", "lines") as (url, _):
        page = opened(chromium, url)
        assert texts(page) == list(TAUGHT)
        meant = [text.replace("o", "0") for text in TAUGHT]
        for number in range(1, 5):
            words = page.locator(f"#rows li:nth-child({number}) input")
            for index, word in enumerate(meant[number - 1].split()):
                if "0" in word:
                    words.nth(index).fill(word)
        eventually(page, lambda: kept(tmp_path) == [*meant[:4], *TAUGHT[4:]])
        page.get_by_role("button", name="Teach").click()
        eventually(page, lambda: "were read anew" in page.locator("#status").inner_text(), 400)
        assert "fewer mistakes" in page.locator("#status").inner_text()
        eventually(page, lambda: texts(page) == meant)
        assert kept(tmp_path) == meant
    assert (tmp_path / "hand.npz").is_file()


def test_one_file_does_without_a_server(chromium: Any, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ocr_cli", "review", "page.png", "--html", "out.html"],
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0
    page = opened(chromium, (folder / "out.html").as_uri())
    page.locator("#rows input").first.focus()
    page.keyboard.type("one")
    page.keyboard.press("Enter")
    with page.expect_download() as coming:
        page.get_by_role("button", name="Save this page").click()
    assert coming.value.suggested_filename == "page.ocr.json"
    coming.value.save_as(folder / "page.ocr.json")
    assert kept(folder) == ["one quick brown fox", *TEXTS[1:]]
    assert load(folder / "page.ocr.json").rows[0].accepted
    assert page.faults == []
