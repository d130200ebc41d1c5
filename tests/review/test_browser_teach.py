"""A hand that is taught in a real browser, headless."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from browser import NEEDED, TEXTS, eventually, kept, opened, review, texts, told

pytestmark = NEEDED


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


def test_teaching_shows_how_far_it_is_and_can_be_stopped(chromium: Any, folder: Path) -> None:
    with review(folder) as (url, _):
        page = opened(chromium, url)
        for number in range(1, 5):
            page.locator(f"#rows li:nth-child({number}) input").first.focus()
            page.keyboard.press("Enter")
        page.get_by_role("button", name="Teach").click()
        stop = page.get_by_role("button", name="Stop")
        stop.wait_for()
        assert page.get_by_role("button", name="Teach").is_disabled()
        assert page.get_by_role("progressbar", name="Teaching").is_visible()
        assert told(page) == "Learning how this hand writes …"
        stop.click()
        eventually(page, lambda: told(page) == "Teaching was stopped.")
        assert page.get_by_role("button", name="Teach").is_enabled()
        assert not stop.is_visible()
        assert texts(page) == list(TEXTS)
    assert not (folder / "hand.npz").exists()
