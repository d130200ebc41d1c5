"""Reading rows whole: beam search against all paths, boxes on the ink, the shipped model."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ocr_cli import input as images
from ocr_cli import layout, recognition
from ocr_cli.errors import ModelError
from ocr_cli.evaluation import metrics
from ocr_cli.modelfiles import weights
from ocr_cli.modelfiles.weights import Model
from ocr_cli.nn import network
from ocr_cli.nn.layers import Conv2d, Dense, MaxPool2d, Relu
from ocr_cli.nn.losses import log_softmax
from ocr_cli.nn.sequence import BiGru, Columns
from ocr_cli.page import Box, Page, Row
from ocr_cli.recognition import lines
from ocr_cli.recognition.lines.beam import LineDecoding, beam_search, n_best

TEXTS = ("the quick brown fox", "A LAZY DOG 1234")


class Likes:
    """A language of a, b and c that is sure what follows each prefix."""

    alphabet = "abc"

    def __init__(self, text: str, **words: float) -> None:
        self.text, self.words = text, words

    def start(self) -> int:
        return 0

    def log_probabilities(self, states: np.ndarray) -> np.ndarray:
        rows = np.full((len(states), 3), np.log(0.05), np.float32)
        for row, state in zip(rows, states, strict=True):
            if state < len(self.text):
                row["abc".index(self.text[state])] = np.log(0.9)
        return rows

    def log_probabilities_of(self, states: np.ndarray, chars: np.ndarray) -> np.ndarray:
        return np.take_along_axis(self.log_probabilities(states), chars, 1)

    def advance(self, states: np.ndarray, chars: np.ndarray) -> np.ndarray:
        return states + 1

    def word_odds(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([self.words.get(text, 0.0) for text in texts], np.float32)


def best_of_all(
    scores: np.ndarray, decoding: LineDecoding, language: Likes | None
) -> tuple[int, ...]:
    """The best text by summing over every path."""
    steps, classes = scores.shape
    totals: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(classes), repeat=steps):
        text = tuple(k for k, _ in itertools.groupby(path) if k != classes - 1)
        found = float(scores[np.arange(steps), path].sum())
        totals[text] = float(np.logaddexp(totals.get(text, -np.inf), found))

    def total(text: tuple[int, ...]) -> float:
        extra = decoding.letter * len(text)
        for i, k in enumerate(text):
            if language is not None:
                row = language.log_probabilities(np.array([i]))[0]
                extra += decoding.language * float(row[k])
        return totals[text] + extra

    return max(totals, key=total)


def test_no_text_is_in_the_beam_twice() -> None:
    """A beam with several others that are it with one character more takes in all of them."""
    rng = np.random.default_rng(0)
    scores = [np.log(rng.dirichlet(np.full(5, 0.7), 9)).astype(np.float32) for _ in range(6)]
    for readings in n_best(scores, tuple("abcd"), None, LineDecoding(quiet=1.0)):
        texts = [tuple(text.tolist()) for text, _ in readings]
        assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("language", [None, Likes("abcabc")], ids=["alone", "language"])
def test_a_wide_beam_finds_the_best_of_all_texts(language: Likes | None) -> None:
    rng = np.random.default_rng(0)
    decoding = LineDecoding(language=0.7, letter=0.2, beam=64, choices=3, quiet=2.0)
    for _ in range(8):
        scores = [
            log_softmax(2 * rng.standard_normal((n, 4))).astype(np.float32)
            for n in rng.integers(1, 7, 3)
        ]
        found = beam_search(scores, tuple("abc"), language, decoding)
        for one, text in zip(scores, found, strict=True):
            assert tuple(text) == best_of_all(one, decoding, language)


def test_the_words_of_a_whole_text_count_for_its_odds() -> None:
    scores = [np.log(np.float32([[0.5, 0.3, 0.1, 0.1], [0.05, 0.8, 0.05, 0.1]]))]
    plain = n_best(scores, tuple("abc"), Likes("abc"), LineDecoding(quiet=2.0))[0]
    known = n_best(scores, tuple("abc"), Likes("abc", b=9.0), LineDecoding(quiet=2.0))[0]
    odds, odds_known = ({tuple(text): value for text, value in each} for each in (plain, known))
    assert max(odds, key=odds.__getitem__) == (0, 1)
    assert max(odds_known, key=odds_known.__getitem__) == (1,)
    assert odds_known[1,] == pytest.approx(odds[1,] + 9)


def test_what_is_read_does_not_depend_on_the_rows_beside() -> None:
    rng = np.random.default_rng(1)
    scores = [
        log_softmax(3 * rng.standard_normal((n, 4))).astype(np.float32) for n in (30, 3, 17, 1)
    ]
    together = beam_search(scores, tuple("abc"), Likes("abc"), LineDecoding(beam=8, choices=3))
    for one, text in zip(scores, together, strict=True):
        alone = beam_search([one], tuple("abc"), Likes("abc"), LineDecoding(beam=8, choices=3))
        assert text.tolist() == alone[0].tolist()
    assert beam_search([], tuple("abc"), None, LineDecoding()) == []


def small_model() -> Model:
    """A line model of the right shape that has learnt nothing."""
    layers = (
        Conv2d(1, 4, size=5, stride=2),
        Relu(),
        MaxPool2d(),
        Columns(),
        Dense(48, 8),
        BiGru(8, 6),
        Dense(12, 96),
    )
    characters = tuple(map(chr, range(32, 127)))
    return Model("line", characters, layers, network.init(layers, np.random.default_rng(0)), {})


def test_scores_do_not_depend_on_the_strips_beside() -> None:
    rng = np.random.default_rng(2)
    strips = [rng.random((48, w), np.float32) for w in (80, 12, 200, 44)]
    model = small_model()
    together = lines.sorted_scores(strips, model, together=3)
    for strip, found in zip(strips, together, strict=True):
        alone = lines.row_scores([strip], model)[0]
        assert found.shape == (strip.shape[1] // 4, 96)
        np.testing.assert_allclose(found, alone, atol=1e-5)
    assert lines.row_scores([], model) == []


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, handwriting) -> Page:
    path: Path = tmp_path_factory.mktemp("lines") / "page.png"
    handwriting(*TEXTS).save(path)
    return layout.analyse(next(iter(images.load_pages(str(path)))))


def rows_read(page: Page, model: Model) -> Page:
    """The page with each row read as a whole."""
    rows = lines.decoded(lines.emissions_of(page, model), model.classes, None)
    return replace(page, rows=tuple(rows))


def test_boxes_of_characters_share_out_the_ink(page: Page) -> None:
    read = rows_read(page, small_model())
    assert len(read.rows) == len(page.rows)
    for before, row in zip(page.rows, read.rows, strict=True):
        assert row.text == " ".join(word.text for word in row.words)
        ink = np.zeros((before.box.height, before.box.width), int)
        for word in row.words:
            assert word.text == "".join(glyph.text for glyph in word.glyphs)
            for glyph in word.glyphs:
                box = glyph.box
                assert glyph.ink.shape == (box.height, box.width)
                y, x = box.y1 - before.box.y1, box.x1 - before.box.x1
                ink[y : y + box.height, x : x + box.width] += glyph.ink
        assert ink.max(initial=0) <= 1
        assert not (ink.astype(bool) & ~lines.row_ink(before)).any()


def test_the_shipped_model_reads_drawn_writing_and_knows_where(page: Page) -> None:
    model = lines.load_line_model("lines")
    read = rows_read(page, model)
    assert len(read.rows) == len(TEXTS)
    assert metrics.score(read.text, "\n".join(TEXTS)).characters.rate < 0.2
    for row in read.rows:
        left = [glyph.box.x1 for word in row.words for glyph in word.glyphs]
        assert np.mean(np.diff(left) > 0) > 0.9
        assert all(0 < word.confidence <= 1 for word in row.words)


def test_saved_in_half_the_bits_it_reads_the_same(tmp_path: Path, page: Page) -> None:
    model = small_model()
    half = tuple({k: v.astype(np.float16) for k, v in p.items()} for p in model.weights)
    path = tmp_path / "small.npz"
    weights.save_model(path, Model("line", model.classes, model.layers, half, {}))
    loaded = lines.load_line_model(path)
    strip = np.random.default_rng(3).random((48, 40), np.float32)
    found, expected = (lines.row_scores([strip], m)[0] for m in (loaded, model))
    np.testing.assert_allclose(found, expected, atol=0.01)
    assert rows_read(Page(page.grey), loaded).rows == ()


def test_a_model_of_another_kind_or_shape_is_refused(tmp_path: Path) -> None:
    model = small_model()
    weights.save_model(tmp_path / "short.npz", Model("line", model.classes[:9], *_parts(model)))
    with pytest.raises(ModelError, match="make no sense"):
        lines.load_line_model(tmp_path / "short.npz")
    with pytest.raises(ModelError, match="kind"):
        lines.load_line_model("letters")


def _parts(model: Model) -> tuple:
    return model.layers, model.weights, {}


@pytest.mark.parametrize(
    ("legible", "kept"),
    [
        ([0.9, 0.9, 0.88], [0, 1, 2]),
        ([0.9, 0.9, 0.55], [0, 1]),  # a legible page's odd row
        ([0.62, 0.6, 0.5], [0, 1, 2]),  # an old hand: all are hard
        ([0.35, 0.3, 0.2], []),  # grain
        ([0.41], []),
        ([], []),
    ],
)
def test_rows_that_nobody_should_trust_are_left_out(legible: list[float], kept: list[int]) -> None:
    box = Box(0, 0, 10, 10)
    rows = tuple(Row(box, (), 0.0, 5.0, text=str(i), legibility=p) for i, p in enumerate(legible))
    page = Page(np.ones((10, 10), np.float32), rows=rows)
    assert [int(row.text) for row in recognition.without_doubtful(page).rows] == kept
