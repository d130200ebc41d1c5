"""Trees of XML files: nodes by their local names, points and numbers in their attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.errors import InputError

Points = NDArray[np.float64]


def damaged_xml(fault: Exception, source: str = "") -> InputError:
    """An InputError for a file that is no XML."""
    return InputError(f"not readable as XML: {fault}", "export the page anew", source)


def local_name(node: Any) -> str:
    """A node's name without its namespace."""
    return str(node.tag).rpartition("}")[2]


def nodes(node: Any, name: str) -> list[Any]:
    """Every node of that name in a tree."""
    return [child for child in node.iter() if local_name(child) == name]


def child_nodes(node: Any, name: str) -> Iterator[Any]:
    """The children of that name."""
    return (child for child in node if local_name(child) == name)


def child_node(node: Any, name: str) -> Any:
    """The first child of that name; None where there is none."""
    return next(child_nodes(node, name), None)


def only_page(root: Any) -> Any:
    """The tree's one page; InputError where there is none or are several."""
    pages = nodes(root, "Page")
    if len(pages) != 1:
        raise InputError(f"has {len(pages)} pages", "give each page a file of its own")
    return pages[0]


def points_in(text: str | None) -> Points:
    """(n, 2) of "x,y x,y" or "x y x y"; InputError where these are no pairs of numbers."""
    parts = (text or "").replace(",", " ").split()
    try:
        numbers = np.array(parts, np.float64)
    except ValueError:
        numbers = np.full(1, np.nan)
    if len(numbers) % 2 or not np.isfinite(numbers).all():
        raise InputError(f"points that are no pairs of numbers: {' '.join(parts)[:40]}")
    return numbers.reshape(-1, 2)


def number_in(node: Any, name: str) -> float | None:
    """An attribute that is a number; None where it is missing."""
    text = node.get(name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise InputError(
            f"{local_name(node)} {node.get('ID') or node.get('id') or ''}: "
            f"{name} is no number: {text[:40]}"
        )
    return number
