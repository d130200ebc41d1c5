"""A line model that learns a hand: what it takes from a page, what it leaves as it was."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ocr_cli import input as images
from ocr_cli import layout
from ocr_cli.data.patches import TALL
from ocr_cli.errors import InputError
from ocr_cli.modelfiles.weights import Model
from ocr_cli.nn import ctc, network
from ocr_cli.nn.layers import Conv2d, Dense, MaxPool2d, Relu
from ocr_cli.nn.sequence import BiGru, Columns
from ocr_cli.page import Page
from ocr_cli.recognition import Reader
from ocr_cli.recognition import lines as line_reading
from ocr_cli.training.adaptation import hand
from ocr_cli.training.adaptation import lines as hand_lines
from ocr_cli.training.adaptation.copies import Copy
from ocr_cli.training.adaptation.lines import KnownLine, LinePractice, LineTuner, match_texts

TEXTS = ("the quick brown fox", "jumps over", "a lazy dog again", "and sleeps")
QUICK = LinePractice(passes=2, least=2, replay=4)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, handwriting) -> Copy:
    """A drawn page and its text."""
    path: Path = tmp_path_factory.mktemp("hand") / "page.png"
    handwriting(*TEXTS).save(path)
    page = layout.analyse(next(iter(images.load_pages(str(path)))))
    assert len(page.rows) == len(TEXTS)
    return Copy(page, "\n".join(TEXTS))


@pytest.fixture(scope="module")
def shipped() -> Model:
    return line_reading.load_line_model("lines")


@pytest.fixture(scope="module")
def tiny() -> Model:
    """A line model that was never trained."""
    classes = tuple(map(chr, range(32, 127)))
    layers = (
        Conv2d(1, 4, size=5, stride=2),
        Relu(),
        MaxPool2d(),
        Columns(),
        Dense(48, 16),
        BiGru(16, 24),
        Dense(48, len(classes) + 1),
    )
    return Model("line", classes, layers, network.init(layers, np.random.default_rng(0)))


def known_lines(copy: Copy) -> list[KnownLine]:
    aligned = replace(copy, aligned=True)
    classes = line_reading.load_line_model("lines").classes
    return hand_lines.known_lines([aligned], [TEXTS], classes)[0]


def learn(copies: list[Copy], model: Model) -> hand.Learnt:
    return hand.learn_hand(copies, Reader(None, model), np.random.default_rng(0), of_lines=QUICK)


def loss(model: Model, lines: list[KnownLine]) -> float:
    total = 0.0
    for line in lines:
        (scores,) = line_reading.row_scores([line.strip], model)
        target = np.array([model.classes.index(c) for c in line.text])
        total += ctc.ctc_loss(scores[None], np.array([len(scores)]), [target])[0]
    return total


def test_rows_meet_their_lines_and_leave_strange_ones_alone() -> None:
    rows = ["thc quiek", "~", "brown fex", "over the lazy"]
    lines = ["the quick", "brown fox", "nothing of the kind", "over the lazy", "dog"]
    assert match_texts(rows, lines) == [(0, 0), (2, 1), (3, 3)]
    assert match_texts([], lines) == match_texts(rows, []) == []
    assert match_texts(["abcd", "efgh"], ["efgh", "abcd"]) in ([(0, 1)], [(1, 0)])


def test_practice_lowers_the_loss_and_leaves_the_first_layers(copy: Copy, tiny: Model) -> None:
    before = [{k: v.copy() for k, v in p.items()} for p in tiny.weights]
    lines = known_lines(copy)
    tuner = LineTuner(tiny, lines, replace(QUICK, passes=25, lr=1e-2), np.random.default_rng(0))
    tuned = tuner.tune(range(4), np.random.default_rng(1))
    assert loss(tuned, lines) < 0.5 * loss(tiny, lines)
    assert tuned.classes == tiny.classes
    for layer, old, kept, new in zip(tiny.layers, before, tiny.weights, tuned.weights, strict=True):
        for name, value in old.items():
            np.testing.assert_array_equal(kept[name], value)
            assert new[name].shape == value.shape
        if isinstance(layer, Conv2d):
            np.testing.assert_array_equal(new["weights"], old["weights"])


def test_what_no_page_shows_is_not_forgotten(copy: Copy, shipped: Model) -> None:
    """Synthetic hands that were not replayed still read much as before."""
    rng = np.random.default_rng(5)
    tuner = LineTuner(shipped, known_lines(copy), replace(QUICK, passes=6), rng)
    others = hand_lines.draw_lines(["JUDGE 4071", "Vexing #23?"], rng)
    old, new = (line_reading.row_scores(others, m) for m in (shipped, tuner.tune(range(4), rng)))
    for a, b in zip(old, new, strict=True):
        assert (a.argmax(-1) == b.argmax(-1)).mean() > 0.9


def test_every_character_is_replayed() -> None:
    assert set("".join(hand_lines.REPLAYED)) == set(map(chr, range(32, 127)))


def test_a_seed_says_what_is_learnt(copy: Copy, tiny: Model) -> None:
    first, again, other = (
        LineTuner(tiny, known_lines(copy), QUICK, rng).tune([0, 2], rng).weights[-1]
        for rng in map(np.random.default_rng, (0, 0, 1))
    )
    np.testing.assert_array_equal(first["weights"], again["weights"])
    assert (first["weights"] != other["weights"]).any()


def test_pages_are_learnt_as_far_as_it_helps(copy: Copy, shipped: Model) -> None:
    blank = Copy(layout.analyse(Page(np.ones((60, 90), np.float32), "blank.png")), "never written")
    learnt = learn([blank, copy], shipped)
    assert [(one.source, one.line) for one in learnt.lost] == [("blank.png", "never written")]
    assert learnt.letters == sum(len(text.replace(" ", "")) for text in TEXTS)
    assert learnt.before is not None
    assert learnt.after is not None
    assert learnt.after.length == learnt.before.length == sum(map(len, TEXTS))
    assert (learnt.share > 0) == (learnt.gain[0] > 0)
    assert learnt.reader.lines is not None
    changed = (learnt.reader.lines.weights[-1]["bias"] != shipped.weights[-1]["bias"]).any()
    assert changed == (learnt.share > 0)


def read_rows(page: Page, model: Model) -> list[str]:
    """What a model reads in each row."""
    seen = line_reading.emissions_of(page, model)
    return [row.text for row in line_reading.decoded(seen, model.classes, None)]


def test_a_wrong_line_is_reported_and_not_learnt(copy: Copy, shipped: Model) -> None:
    wrong = "0123 4567 89+=%"
    said = [TEXTS[0], wrong, *TEXTS[2:]]
    read = read_rows(copy.page, shipped)
    lines, lost = hand_lines.known_lines(
        [replace(copy, text="\n".join(said))], [read], shipped.classes
    )
    assert [line.text for line in lines] == [TEXTS[0], *TEXTS[2:]]
    assert [line.row for line in lines] == [0, 2, 3]
    assert [(one.line, one.words) for one in lost] == [(wrong, ())]


def test_a_line_with_a_character_that_no_class_is_for_is_reported(
    copy: Copy, shipped: Model
) -> None:
    strange = TEXTS[1].replace("o", "ő")
    read = read_rows(copy.page, shipped)
    texts = "\n".join([TEXTS[0], strange])
    lines, lost = hand_lines.known_lines([replace(copy, text=texts)], [read], shipped.classes)
    assert [line.text for line in lines] == [TEXTS[0]]
    assert [one.line for one in lost] == [strange]


@pytest.mark.parametrize("text", ["", "0123 4567 89+=%\n#$%&"])
def test_a_text_that_is_not_on_the_page_is_no_text_to_learn(
    copy: Copy, shipped: Model, text: str
) -> None:
    with pytest.raises(InputError, match="none of the text"):
        learn([replace(copy, text=text)], shipped)


def test_rows_that_are_given_are_learnt_however_wrong_they_were_read(copy: Copy) -> None:
    """Of a corrected page each row's text is known: nothing is matched."""
    classes = tuple(map(chr, range(32, 127)))
    misread = ["~"] * len(TEXTS)
    assert hand_lines.known_lines([copy], [misread], classes)[0] == []
    lines, lost = hand_lines.known_lines([replace(copy, aligned=True)], [misread], classes)
    assert [(line.row, line.text) for line in lines] == list(enumerate(TEXTS))
    assert lost == []
    for line in lines:
        assert line.patch.text == line.text
        assert line.patch.image.shape[0] == TALL
