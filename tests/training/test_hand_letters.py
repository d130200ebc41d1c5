"""Learning a hand: what is learnt, what is kept, what is said of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr_cli import layout, recognition
from ocr_cli.data import sources
from ocr_cli.data.formats.ink import from_strokes
from ocr_cli.data.sets import CharacterSet
from ocr_cli.data.synthesis import synthetic
from ocr_cli.errors import InputError
from ocr_cli.modelfiles import weights
from ocr_cli.page import Page
from ocr_cli.training import characters as training
from ocr_cli.training.adaptation import hand
from ocr_cli.training.adaptation import letters as hand_letters
from ocr_cli.training.adaptation.copies import Copy, Lost

LINES = ("Stand by the old mill", "and count 27 grey boats", "Quick foxes jump", "over lazy dogs")
OTHER = ("Seven whole words which", "nobody ever wrote here", "belong to another 64 pages")
SHORT = hand_letters.LetterPractice(steps=40, copies=3, hands=4)


@pytest.fixture(scope="module")
def model() -> weights.Model:
    """The letter model that is shipped, as pages are read with it."""
    return weights.load_model("letters", in_context=False)


@pytest.fixture(scope="module")
def page(handwriting) -> Page:
    return analysed(handwriting(*LINES, seed=3))


def analysed(picture: Image.Image) -> Page:
    grey = np.asarray(picture, np.float32) / 255
    return layout.analyse(Page(grey, source="page.png", file_shape=grey.shape))


def learn(page: Page, lines: tuple[str, ...], model: weights.Model, **changes) -> hand.Learnt:
    copies = [Copy(page, "\n".join(lines))]
    practice = replace(SHORT, **changes)
    return hand.learn_hand(copies, recognition.Reader(model), np.random.default_rng(0), practice)


def letters(model: weights.Model, hands: int) -> CharacterSet:
    """All characters in synthetic hands that are not replayed."""
    rng = np.random.default_rng(99)
    classes = [c for c in model.classes if c]
    drawn = [synthetic.sample_hand(rng) for _ in range(hands)]
    items = [synthetic.draw_character(c, rng, hand) for hand in drawn for c in classes]
    return sources.rendered(from_strokes(items, classes * hands), model.classes)


def test_learns_the_hand_and_forgets_nothing(page: Page, model: weights.Model) -> None:
    lines, lost = hand_letters.letter_lines([Copy(page, "\n".join(LINES))], model)
    assert lost == []
    assert [line.row for line in lines] == [0, 1, 2, 3]
    tuner = hand_letters.LetterTuner(model, lines, SHORT, np.random.default_rng(0))
    tuned = tuner.tune(lines[:3], np.random.default_rng(1))
    assert tuned.classes == model.classes
    unseen = lines[3]
    losses = [
        training.evaluate(m, CharacterSet(unseen.images, unseen.labels, m.classes))[0]
        for m in (model, tuned)
    ]
    assert losses[1] < losses[0]
    everyone = letters(model, 5)
    before, after = (training.evaluate(m, everyone)[1] for m in (model, tuned))
    assert after > before - 0.03


def test_wrong_groupings_are_learnt_to_be_none(page: Page, model: weights.Model) -> None:
    lines, _ = hand_letters.letter_lines([Copy(page, "\n".join(LINES))], model)
    assert all(len(line.others) for line in lines)
    tuner = hand_letters.LetterTuner(model, lines, SHORT, np.random.default_rng(0))
    none = model.classes.index("")
    tuned = tuner.tune(lines[:3], np.random.default_rng(1))
    before, after = (m.probabilities(lines[3].others)[:, none].mean() for m in (model, tuned))
    assert after > before


def test_tells_the_gain_on_lines_it_did_not_see(page: Page, model: weights.Model) -> None:
    learnt = learn(page, LINES, model)
    assert learnt.before is not None
    assert learnt.after is not None
    assert learnt.before.length == learnt.after.length == sum(map(len, LINES))
    assert learnt.after.edits <= learnt.before.edits
    assert learnt.letters > 0.9 * sum(len(line.replace(" ", "")) for line in LINES)


def test_what_does_not_help_is_not_kept(page: Page, model: weights.Model) -> None:
    learnt = learn(page, LINES, model, lr=0.0)
    assert learnt.share == 0
    assert learnt.reader.letters is not None
    old_weights, new_weights = weights.for_use(model).weights, learnt.reader.letters.weights
    for old, new in zip(old_weights, new_weights, strict=True):
        for name, value in old.items():
            np.testing.assert_array_equal(value, new[name])


def test_a_row_whose_ink_was_not_found_is_not_learnt(page: Page, model: weights.Model) -> None:
    """A row drawn by hand over pale ink has no glyphs."""
    rows = (page.rows[0], replace(page.rows[0], words=()), *page.rows[1:])
    copy = Copy(replace(page, rows=rows), "\n".join((LINES[0], OTHER[0], *LINES[1:])))
    lines, lost = hand_letters.letter_lines([copy], model)
    assert [line.row for line in lines] == [0, 2, 3, 4]
    assert lost == [Lost("page.png", OTHER[0])]


def test_a_wrong_line_is_reported_and_not_learnt(page: Page, model: weights.Model) -> None:
    text = (LINES[0], OTHER[0], *LINES[2:])
    lines, lost = hand_letters.letter_lines([Copy(page, "\n".join(text))], model)
    assert [line.row for line in lines] == [0, 2, 3]
    assert lost == [Lost("page.png", OTHER[0])]


def test_a_wrong_text_is_an_error(page: Page, model: weights.Model) -> None:
    with pytest.raises(InputError, match="none of the text"):
        learn(page, OTHER, model)


def test_a_model_of_capitals_learns_what_it_has_a_class_for(page: Page) -> None:
    capitals = weights.load_model("mlp")
    lines, _ = hand_letters.letter_lines([Copy(page, "\n".join(LINES))], capitals)
    assert all(len(line.others) == 0 for line in lines)
    assert all((line.labels < len(capitals.classes)).all() for line in lines)


def test_a_convnet_without_non_letters_learns_too(handwriting) -> None:
    """It has no wrong groupings to learn from: an empty batch passes its layers."""
    capitals = weights.load_model("capitals")
    learnt = learn(analysed(handwriting("PACK MY BOX", seed=3)), ("PACK MY BOX",), capitals)
    assert learnt.letters > 5
    assert learnt.reader.letters is not None
    assert learnt.reader.letters.classes == capitals.classes


@pytest.mark.slow
def test_command(tmp_path: Path, handwriting, run_ocr) -> None:
    handwriting(*LINES, seed=3).save(tmp_path / "mine.png")
    text = (*LINES, OTHER[0])
    (tmp_path / "words.txt").write_text("\n".join(text), encoding="utf-8")
    command = ("train", "--page", "mine.png=words.txt", "--from", "letters", "--out", "mine.npz")
    result = run_ocr(*command, "--language", "none", cwd=tmp_path)
    assert result.returncode == 0, result.stderr.decode()
    assert result.stdout.decode().startswith("mine.npz  CER ")
    assert " on 4 lines, each read by what had not seen it" in result.stdout.decode()
    told = result.stderr.decode()
    assert told.startswith("ocr: learning takes about ")
    assert [f"round {n} of 5" in told for n in range(1, 6)] == [True] * 5
    assert told.endswith(f"ocr: mine.png: not found: {OTHER[0]}\n")
    mine = weights.load_model(tmp_path / "mine.npz")
    assert mine.classes == weights.load_model("letters").classes
    record = weights.read_meta(tmp_path / "mine.npz")["record"]
    assert record["cross_validated_cer"].keys() == {"before", "after"}
    read = run_ocr("read", "-m", "mine.npz", "-l", "none", "mine.png", cwd=tmp_path)
    assert len(read.stdout.decode().splitlines()) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--page", "none.png=words.txt"], "none.png"),
        (["--page", "mine.png=none.txt"], "none.txt: no such file; write what is on mine.png"),
        (["--page", "mine.png"], "mine.txt: no such file"),
        (["--page", "mine.png=words.txt", "--data", "x.npz"], "--page"),
    ],
)
def test_bad_pages_are_one_clear_line(
    tmp_path: Path, handwriting, run_ocr, arguments: list[str], message: str
) -> None:
    handwriting("ab", seed=3).save(tmp_path / "mine.png")
    (tmp_path / "words.txt").write_text("ab", encoding="utf-8")
    result = run_ocr("train", *arguments, "--language", "none", cwd=tmp_path)
    assert result.returncode in {1, 2}
    error = result.stderr.decode()
    assert message in error
    assert "Traceback" not in error
    assert error.count("\n") == 1
