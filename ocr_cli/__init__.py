"""Reads handwriting from photos and scans, offline, with networks of our own.

>>> import ocr_cli
>>> ocr_cli.read("note.jpg")[0].text  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ocr_cli.api import (
        Alternative,
        Box,
        InputError,
        OcrError,
        Page,
        Row,
        Word,
        load_reader,
        read,
    )

__version__ = "0.2.0"
__all__ = [
    "Alternative",
    "Box",
    "InputError",
    "OcrError",
    "Page",
    "Row",
    "Word",
    "__version__",
    "load_reader",
    "read",
]


def __getattr__(name: str) -> Any:
    """What `api` has, imported when it is first asked for: `import ocr_cli` is instant."""
    if name not in __all__:
        raise AttributeError(f"module 'ocr_cli' has no attribute '{name}'")
    from ocr_cli import api

    return getattr(api, name)
