"""The page in a real browser, headless: mended by keyboard, kept, and found again."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from browser import NEEDED, TEXTS, at, eventually, kept, opened, review, texts, told, until

from ocr_cli.review.store import load

pytestmark = NEEDED


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


def test_text_is_found_and_replaced_on_all_pages(chromium: Any, folder: Path, make: Any) -> None:
    make.kept(folder, "second.png")
    with review(folder) as (url, _):
        page = opened(chromium, url)
        names = page.locator("#pages option")  # with what keeps a page from being opened
        eventually(page, lambda: names.all_text_contents() == ["page.png", "second.png"])
        page.get_by_label("Find", exact=True).fill("quick brown")
        page.get_by_label("and put").fill("slow red")
        page.get_by_label("and put").press("Enter")
        until(page, folder, ["the slow red fox", *TEXTS[1:]])
        other = folder / "second.ocr.json"
        eventually(page, lambda: load(other).rows[0].text == "the slow red fox")
        assert load(other).rows[2].text == "a lazy dog"
        eventually(page, lambda: told(page) == "2 rows were changed.")


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
