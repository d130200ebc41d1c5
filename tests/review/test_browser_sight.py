"""What the page shows in a real browser, headless, to eyes and ears, and to nobody else."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from browser import AXE, NEEDED, TEXTS, at, opened, review, texts, told

pytestmark = NEEDED


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


def test_wheel_pinch_and_slider_zoom_photo_and_text_alike(chromium: Any, folder: Path) -> None:
    sizes = """() => [document.getElementById("stage").getBoundingClientRect().width,
        parseFloat(getComputedStyle(document.getElementById("rows")).fontSize)]"""
    with review(folder) as (url, _):
        page = opened(chromium, url, has_touch=True)
        seen = [page.evaluate(sizes)]
        page.locator("#photo").hover()
        page.mouse.wheel(0, -400)
        seen.append(page.evaluate(sizes))
        touch = page.context.new_cdp_session(page)
        for kind, apart in (("touchStart", 20), ("touchMove", 40), ("touchMove", 60)):
            fingers = [{"x": 300 + by * apart, "y": 400, "id": by + 1} for by in (-1, 1)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        seen.append(page.evaluate(sizes))
        page.get_by_label("Zoom").fill("50")  # the whole width
        for (photo, text), (photo_after, text_after) in pairwise(seen):
            assert photo_after > 1.4 * photo
            assert text_after > 1.3 * text
        assert page.evaluate(sizes) == pytest.approx(seen[0], rel=0.02)


def test_how_sure_a_word_must_be_is_chosen_and_told_by_more_than_colour(
    chromium: Any, folder: Path
) -> None:
    with review(folder) as (url, _):
        page = opened(chromium, url)
        marked = "cells => cells.map(c => c.querySelector('input').value)"
        assert page.eval_on_selector_all(".cell.doubtful", marked) == ["over", "sleeps"]
        assert page.locator("#overlay .doubtful").count() == 2
        doubtful = page.locator(".cell.doubtful").first
        mark = "cell => getComputedStyle(cell, '::after').content"
        line = "cell => getComputedStyle(cell.querySelector('input')).borderBottomStyle"
        assert doubtful.evaluate(mark) == '"?"'
        assert doubtful.evaluate(line) == "dashed"
        assert "doubtful, 30 % sure" in doubtful.locator("input").get_attribute("aria-label")
        page.get_by_label("Mark words less sure than").fill("25")
        assert page.locator(".doubtful").count() == 0
        assert told(page) == "4 rows, 0 words in doubt."
        page.get_by_label("Mark words less sure than").fill("100")
        assert page.locator(".cell.doubtful").count() == sum(len(t.split()) for t in TEXTS)


def test_what_is_done_is_said_and_the_focus_is_seen(chromium: Any, folder: Path) -> None:
    ring = "getComputedStyle(document.activeElement).outline"
    with review(folder) as (url, _):
        page = opened(chromium, url)
        assert page.locator("#status").get_attribute("role") == "status"
        page.locator("#rows input").first.focus()
        page.keyboard.press("Tab")
        assert "solid 3px" in page.evaluate(ring)
        page.keyboard.press("1")
        assert told(page) == "Took first."
        page.keyboard.press("Enter")
        assert told(page) == "The row is accepted."
        page.keyboard.press("Control+z")
        assert told(page) == "Undone."
        page.keyboard.press("Escape")  # out of the text, to the buttons
        for name in ("join", "up", "down", "delete", "draw"):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.id") == name
            assert "solid 3px" in page.evaluate(ring)


@pytest.mark.parametrize("alone", [False, True])
def test_no_other_host_is_asked(chromium: Any, folder: Path, alone: bool) -> None:
    asked: list[str] = []
    with review(folder) as (served, _):
        command = [sys.executable, "-m", "ocr_cli", "review", "page.png", "--html", "out.html"]
        if alone:
            subprocess.run(command, cwd=folder, check=True)
        url = (folder / "out.html").as_uri() if alone else served
        page = opened(chromium, url)
        page.on("request", lambda request: asked.append(request.url))
        page.reload()
        page.wait_for_selector("body[data-ready]")
        page.locator("#rows input").first.focus()
        page.keyboard.type("one")
        page.wait_for_timeout(500)
    home = url if alone else f"http://{urlsplit(url).netloc}/"
    assert asked
    assert [one for one in asked if not one.startswith((home, "data:", "blob:"))] == []
