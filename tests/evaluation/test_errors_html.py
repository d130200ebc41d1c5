"""The page on reading errors: well-formed, self-contained, and nothing in it unescaped."""

from __future__ import annotations

import base64
import io
from html.parser import HTMLParser

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ocr_cli.evaluation import errors_html
from ocr_cli.evaluation.errors_html import errors_page
from ocr_cli.evaluation.metrics import Tally, TextScore
from ocr_cli.evaluation.wrong_words import CAUSES, Column, Mark, WrongWord

VOID = {"meta", "img", "br"}
SCORE = TextScore(Tally(3, 60), Tally(2, 50), Tally(2, 12))


class Strict(HTMLParser):
    """Knows the open tags, refuses one that closes another, and keeps what it meets."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[tuple[str, str]] = []
        self.feed(page)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.text.append((self.open[-1] if self.open else "", data))

    def all_text(self, *tags: str) -> str:
        return "".join(data for tag, data in self.text if not tags or tag in tags)

    def count(self, name: str) -> int:
        return sum(tag == name for tag, _ in self.tags)


def word(*columns: tuple[str, str, str], source: str = "a/note.png", line: int = 1) -> WrongWord:
    picture = np.full((30, 60), 255, np.uint8)
    picture[5:25, 10:20] = 0
    marks = (Mark(10, 20, True), Mark(22, 40, False))
    return WrongWord(source, line, tuple(Column(*c) for c in columns), picture, marks)


O_FOR_0 = word(("T", "T", ""), ("O", "0", "class"))


def page_of(*words: WrongWord) -> Strict:
    return Strict(errors_page(words, SCORE, 2, "letters", "en"))


def test_no_errors_leave_a_short_page() -> None:
    score = TextScore(Tally(0, 60))
    page = Strict(errors_page([], score, 2, "letters", "none"))
    assert "Nothing was read wrongly" in page.all_text()
    assert "0.00 %" in page.all_text()
    assert page.count("table") == page.count("figure") == page.count("h2") == 0


def test_words_stand_under_their_cause_with_shares_above() -> None:
    space = word(("A", "A", ""), ("", " ", "space"), ("B", "B", ""), line=7)
    page = page_of(O_FOR_0, O_FOR_0, space)
    assert [attrs["id"] for tag, attrs in page.tags if tag == "h2"] == ["class", "space"]
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert links == ["#class", "#space"]
    cells = [data for tag, data in page.text if tag in {"td", "a"}]
    assert cells[cells.index("class") :][:4] == ["class", "2", "66.7 %", "2"]
    assert cells[cells.index("box") :][:4] == ["box", "0", "0.0 %", "0"]
    captions = [data for tag, data in page.text if tag == "figcaption"]
    assert captions == ["note.png, row 1", "note.png, row 1", "note.png, row 7"]
    assert "Files in a" in page.all_text("span")


def test_the_worst_confusion_comes_first() -> None:
    one = word(("8", "B", "class"))
    page = page_of(one, O_FOR_0, O_FOR_0)
    codes = [data for tag, data in page.text if tag == "code"]
    assert codes == ["0", "O", "B", "8"]


def test_what_was_read_stands_below_what_is_right_sign_by_sign() -> None:
    page = page_of(word(("a", "a", ""), ("", "b", "box"), ("", "\n", "box"), (" ", "", "space")))
    marks = [data for tag, data in page.text if tag == "mark"]
    assert marks == ["b", "⏎", "·", "·", "·", "␣"]
    assert "also space" in page.all_text("figcaption")


def test_pictures_are_inside_the_page() -> None:
    page = page_of(O_FOR_0)
    ((_, attrs),) = [(tag, attrs) for tag, attrs in page.tags if tag == "img"]
    kind, _, data = (attrs["src"] or "").partition(",")
    assert kind == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert (str(picture.width), str(picture.height)) == (attrs["width"], attrs["height"])
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert (pixels[5:25, 10:20] == 0).all()
    below = pixels[30:].reshape(-1, 3)
    assert {tuple(colour) for colour in below} == {(255,) * 3, *errors_html.COLOURS}
    red = (pixels == errors_html.COLOURS[1]).all(-1)
    assert red.any(0).nonzero()[0].tolist() == list(range(10, 19))
    assert not any({"src", "href"} & set(a) and tag not in {"img", "a"} for tag, a in page.tags)


def test_of_very_many_words_the_worst_are_shown() -> None:
    worse = word(("X", "Y", "class"), ("X", "Y", "class"), source="z.png")
    many = [O_FOR_0] * (errors_html.MOST_WORDS + 4) + [worse]
    page = page_of(*many)
    assert page.count("figure") == errors_html.MOST_WORDS
    assert "5 more" in page.all_text("p")
    assert next(d for tag, d in page.text if tag == "figcaption").startswith("z.png")


def test_files_without_a_common_folder_are_told_in_full() -> None:
    page = page_of(O_FOR_0, word(("X", "Y", "class"), source="b/note.png"))
    told = page.all_text("figcaption")
    assert "a/note.png" in told
    assert "b/note.png" in told


@given(
    st.text(min_size=1, max_size=3),
    st.text(max_size=8),
    st.text(min_size=1, max_size=8),
    st.sampled_from(list(CAUSES)),
)
def test_any_text_is_only_text(character: str, model: str, source: str, cause: str) -> None:
    columns = (Column(character, "<b>&\"'", cause), Column("<script>", "", cause))
    wrong = WrongWord(source, 1, columns, np.zeros((4, 4), np.uint8))
    html = errors_page([wrong], SCORE, 1, model, "<i>")
    html.encode("utf-8")
    page = Strict(html)
    plain = page_of(word(("x", "y", cause), ("z", "", cause), source="x"))
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in plain.tags} | {"code"}
    assert "<script>" in page.all_text("mark")
    assert "language <i>." in page.all_text("span")
    (alt,) = (attrs["alt"] for tag, attrs in page.tags if tag == "img")
    assert alt == "<b>&\"'"
