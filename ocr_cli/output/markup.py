"""Markup for the formats in XML: text that any parser takes, and a document of elements."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

# What XML may not hold, what could steer a terminal, and marks that turn the way of writing.
_UNFIT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def clean(text: str) -> str:
    """The text with what does not belong into a document replaced by U+FFFD."""
    return _UNFIT.sub("\ufffd", text)


def element(
    parent: ET.Element | None, tag: str, text: str = "", /, **attributes: Any
) -> ET.Element:
    """A new element, the last in `parent`; attributes that are None are left out."""
    given = {k: clean(str(v)) for k, v in attributes.items() if v is not None}
    made = ET.Element(tag, given) if parent is None else ET.SubElement(parent, tag, given)
    made.text = clean(text) or None
    return made


def document(root: ET.Element) -> str:
    """The whole XML file."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + fragment(root)


def fragment(root: ET.Element) -> str:
    """An element and all in it, indented."""
    ET.indent(root, " ")
    return ET.tostring(root, "unicode") + "\n"
