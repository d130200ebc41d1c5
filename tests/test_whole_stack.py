"""Handwriting drawn, a network trained, saved, and put to use by `ocr read`; in seconds."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ocr_cli.data.formats.ink import Ink, from_strokes
from ocr_cli.data.sources import InkSource, rendered
from ocr_cli.data.synthesis import synthetic
from ocr_cli.data.synthesis.nonletters import NON_LETTER
from ocr_cli.evaluation import metrics
from ocr_cli.modelfiles import weights
from ocr_cli.nn import network
from ocr_cli.training import characters as training

LETTERS = "AHKLTX"
LINES = ("HALT", "TALK AXLA", "LATHAX")


def drawn_page(rng: np.random.Generator) -> Image.Image:
    """LINES in one neat hand, dark blue on grey paper that is darker to the right."""
    height, width = 520, 900
    shade = np.linspace(225, 170, width) + rng.normal(0, 2, (height, width))
    page = Image.fromarray(shade.clip(0, 255).astype(np.uint8)).convert("RGB")
    pen, hand = ImageDraw.Draw(page), synthetic.sample_hand(rng, wildness=0.3)
    for number, text in enumerate(LINES):
        baseline = 140 + 150 * number
        for stroke in synthetic.draw_text(text, rng, hand):
            points = (stroke * 0.08 + (60, baseline)).ravel().tolist()
            pen.line(points, fill=(30, 30, 90), width=6, joint="curve")
    return page


def letters(per_letter: int, rng: np.random.Generator) -> Ink:
    """The strokes of each of LETTERS by so many writers."""
    labels = LETTERS * per_letter
    return from_strokes([synthetic.draw_character(c, rng) for c in labels], list(labels))


def trained(rng: np.random.Generator) -> weights.Model:
    """A small network after some hundred steps on synthetic letters, and what is none."""
    classes = (*LETTERS, NON_LETTER)
    source = InkSource(letters(500, rng), classes, non_letters=0.3)
    layers = training.plain_mlp((64,), len(classes))
    start = weights.Model("mlp", classes, layers, network.init(layers, rng))
    recipe = training.Recipe(epochs=6, batch_size=30, lr=0.002, momentum=0.9)
    valid = rendered(letters(30, rng), classes)
    model, history = training.train(start, source, valid, recipe)
    assert history[-1].train_loss < history[0].train_loss
    assert max(epoch.valid_score for epoch in history) > 0.9
    return model


def test_from_drawn_letters_to_text(tmp_path: Path, run_ocr) -> None:
    rng = np.random.default_rng(5)
    weights.save_model(tmp_path / "tiny.npz", trained(rng))
    drawn_page(rng).save(tmp_path / "page.png")
    options = "--model", tmp_path / "tiny.npz", "--language", "none"
    result = run_ocr("read", *options, tmp_path / "page.png")
    assert result.returncode == 0, result.stderr.decode()
    read = result.stdout.decode()
    assert len(read.splitlines()) == len(LINES)
    errors = metrics.score(read, "\n".join(LINES)).characters
    assert errors.rate <= 0.2  # a network of 5 seconds may err
