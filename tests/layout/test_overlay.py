"""The overlay: in the file's size, frames around letters, words and rows."""

import numpy as np

from ocr_cli import layout
from ocr_cli.output.overlay import LETTER, ROW, WORD, draw_overlay


def colours(picture):
    return {tuple(colour) for colour in np.unique(np.asarray(picture).reshape(-1, 3), axis=0)}


def test_frames_of_all_three_kinds_are_drawn(block):
    page = layout.analyse(block("HELLO THE", "TENTH HOLE", tilt=5))
    picture = draw_overlay(page)
    assert picture.size == page.file_shape[::-1]
    assert {LETTER, WORD, ROW} <= colours(picture)


def test_frames_lie_around_the_letter_s_box(block):
    page = layout.analyse(block("HELLO THE", "TENTH HOLE"))
    red = (np.asarray(draw_overlay(page)) == LETTER).all(-1)
    y1, x1, y2, x2 = page.box_in_file(page.letters[0].box)
    assert red[y1, x1:x2].all()
    assert red[y1:y2, x1].all()
