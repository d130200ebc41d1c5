"""Input: from files, folders and bytes to pages; every limit on what comes in lives here."""

from ocr_cli.input.files import MOST_BYTES, Picture, find_files, find_pictures, note_on
from ocr_cli.input.formats import SUFFIXES
from ocr_cli.input.pages import load_colours, load_page, load_pages, shapes, upright_to_file

__all__ = [
    "MOST_BYTES",
    "SUFFIXES",
    "Picture",
    "find_files",
    "find_pictures",
    "load_colours",
    "load_page",
    "load_pages",
    "note_on",
    "shapes",
    "upright_to_file",
]
