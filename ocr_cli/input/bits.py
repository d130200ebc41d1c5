"""Levels of grey where a file stores fewer bits than it has room for."""

from __future__ import annotations

DEEP = (1.0, 3.0, 7.0, 15.0, 31.0, 63.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)


def full_scale(brightest: float) -> float:
    """The largest value of the least usual number of bits that holds `brightest`.

    Scanners store 10 to 14 bits in 16, and some programs 1 to 6 bits in 8. Of 7 bits 8 are
    made, as a dark photo has such values too.
    """
    return next((full for full in DEEP if brightest <= full), brightest)
