"""Addresses that were nearly read: an @ and points where the network all but sees them."""

import numpy as np
import pytest

from ocr_cli.layout.courses import Course, Pyramid, grey_strip
from ocr_cli.page import Box, Row
from ocr_cli.recognition import addresses
from ocr_cli.recognition.lines import RowEmissions, with_text

CLASSES = tuple(" abcdefghijklmnopqrstuvwxyzG6@.,/-?0123456789IL")


def seen_as(text: str, nearly: dict[int, tuple[str, float]]) -> RowEmissions:
    """A network that sees a text, at some places another character that much less likely."""
    scores = np.full((3 * len(text), len(CLASSES) + 1), np.log(1e-6), np.float32)
    scores[:, -1] = np.log(0.999)
    for k, c in enumerate(text):
        scores[3 * k + 1] = np.log(1e-6)
        scores[3 * k + 1, CLASSES.index(c)] = np.log(0.7)
        if k in nearly:
            other, less = nearly[k]
            at = CLASSES.index(other) if other else len(CLASSES)
            scores[3 * k + 1, at] = np.log(0.7) - less
    course = Course(np.array([[10.0, 50.0], [10.0 + 12 * len(text), 50.0]]), 4.4)
    row = Row(Box(30, 0, 70, 20 + 12 * len(text)), (), 55.0, 14.0, course=course)
    page = np.ones((100, 40 + 12 * len(text)), np.float32)
    return RowEmissions(row, np.zeros((40, 20 + 12 * len(text)), bool),
                        grey_strip(Pyramid(page), course), scores)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "nearly", "right"),
    [
        ("kimGweb.de", {3: ("@", 5.0)}, "kim@web.de"),
        ("kim 6web.de", {3: ("", 1.0), 4: ("@", 5.0)}, "kim@web.de"),
        ("rosa@web de", {8: (".", 2.0)}, "rosa@web.de"),
        ("www hotel.at", {3: (".", 2.0)}, "www.hotel.at"),
        ("maps.site.com list", {13: ("/", 2.0)}, "maps.site.com/list"),
        ("kimGweb.de", {3: ("@", 12.0)}, "kimGweb.de"),  # the network is sure
        ("look at", {4: (".", 7.0)}, "look at"),
        ("we were all there at", {16: (".", 1.0)}, "we were all there at"),
    ],
)
def test_what_all_but_is_an_address_is_one(
    text: str, nearly: dict[int, tuple[str, float]], right: str
) -> None:
    seen = seen_as(text, nearly)
    row = with_text(seen, text, CLASSES)
    assert row.text == text
    assert addresses.as_address(row, seen, CLASSES).text == right


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("kim.lane@postbox.org", True),
        ("www.hotel-sonne.at", True),
        ("news.bbc.co.uk/list", True),
        ("https://ocr.io/a.b", True),
        ("Look at", False),
        ("3.5 de", False),
        ("kim@lane", False),
    ],
)
def test_addresses_are_known(text: str, address: bool) -> None:
    assert addresses.is_address(text) == address
