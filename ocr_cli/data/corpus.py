"""The text that the shipped language model learns from: words, transcripts, made-up strings.

Word frequencies tell what words there are; the transcripts of the train split tell how words
follow each other, where capitals stand and how points are set; strings made up here (figures,
times, prices, part numbers, dates, addresses, names with initials, lines of code) keep such
things from being bent into words.
"""

from __future__ import annotations

import importlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ocr_cli.data import ink
from ocr_cli.errors import MissingExtraError

BREAK = "…"  # the text goes on, see reading.ngrams
# Languages of the word lists, and how many words of each stand in a corpus of a million words.
LANGUAGES = {"en": 1_000_000, "de": 60_000, "fr": 30_000, "nl": 20_000, "it": 10_000}
# What follows a word of a list, and how often. "" ends the line.
ENDINGS = {
    f" {BREAK}": 0.82,
    f", {BREAK}": 0.04,
    f". {BREAK}": 0.03,
    ".": 0.02,
    "": 0.04,
    f"'s {BREAK}": 0.01,
    f"-{BREAK}": 0.01,
    f": {BREAK}": 0.01,
    f"; {BREAK}": 0.005,
    f"? {BREAK}": 0.005,
    f"! {BREAK}": 0.005,
    f") {BREAK}": 0.0025,
    f'" {BREAK}': 0.0025,
}


def english(folder: Path, rng: np.random.Generator, words: float = 3.0) -> Iterator[str]:
    """The lines of the shipped model's corpus.

    Parameters
    ----------
    folder : holds words.npz and lines.npz; only the train split is read.
    words : millions of English words drawn from the list.

    Raises MissingExtraError without wordfreq, InputError where the archives cannot be read.
    """
    for language, per_million in LANGUAGES.items():
        yield from listed_words(language, round(words * per_million), rng)
    yield from transcripts(folder)
    yield from made_up(30_000, rng)


def listed_words(language: str, number: int, rng: np.random.Generator) -> Iterator[str]:
    """About `number` words of a list, as pieces of lines, each as often as it is used.

    Accents are dropped, as the transcripts have none; words with figures are left out.
    """
    try:
        wordfreq = importlib.import_module("wordfreq")
    except ImportError as error:
        raise MissingExtraError("wordfreq", "language", "building the corpus") from error
    frequency: Counter[str] = Counter()
    for word, per_word in wordfreq.get_frequency_dict(language, wordlist="large").items():
        plain = without_accents(word)
        if plain.isascii() and plain.replace("'", "").isalpha():
            frequency[plain] += per_word
    chances = list(ENDINGS.values())
    for word, per_word in frequency.items():
        times = rng.multinomial(round(per_word * number), chances)
        for ending, n in zip(ENDINGS, times, strict=True):
            yield from [f"{BREAK} {word}{ending}"] * int(n)


def without_accents(text: str) -> str:
    """The bare letters, as in the transcripts: é is e, ß is ss."""
    bare = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("’", "'"))
    return "".join(char for char in bare if not unicodedata.combining(char))


def transcripts(folder: Path, split: str = "train") -> Iterator[str]:
    """The different texts of a split's lines, and of its words, these as pieces."""
    yield from sorted(set(map(str, ink.load(folder / "lines.npz", split).labels)))
    words = Counter(map(str, ink.load(folder / "words.npz", split).labels))
    for word, n in sorted(words.items()):
        # Where some writers parted the strokes, the label has an @ for it.
        plain = word.replace("@", "") if len(word) > 1 else word
        yield from [f"{BREAK} {plain} {BREAK}"] * round(n**0.5)


def made_up(number: int, rng: np.random.Generator) -> Iterator[str]:
    """Lines and pieces of lines that are no words, of many kinds, see KINDS."""
    for _ in range(number):
        kind = KINDS[int(rng.integers(len(KINDS)))]
        text = kind(_Dice(rng))
        whole = rng.random() < 0.4
        yield text if whole else f"{BREAK} {text} {BREAK}"


class _Dice:
    """Short names for the draws below."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def one(self, *choices: str) -> str:
        return choices[int(self.rng.integers(len(choices)))]

    def word(self, pool: str) -> str:
        return self.one(*pool.split())

    def number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def figures(self, least: int, most: int) -> str:
        return "".join(str(self.number(0, 9)) for _ in range(self.number(least, most)))

    def capitals(self, least: int, most: int) -> str:
        return self._letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ", self.number(least, most))

    def small(self, least: int, most: int) -> str:
        return self._letters("abcdefghijklmnopqrstuvwxyz", self.number(least, most))

    def surname(self) -> str:
        """A name nobody need have, of syllables, so that any name is possible."""
        start, end = self.word(STARTS), self.one("", self.word(ENDS), self.word(ENDS))
        syllables = [self.word(VOWELS) + self.word(MIDDLES) for _ in range(self.number(1, 2))]
        middle = "".join(syllables)
        return start + (middle.capitalize() if start == "O'" else middle) + end

    def given(self) -> str:
        return self.word(GIVEN)

    def _letters(self, pool: str, length: int) -> str:
        return "".join(pool[int(i)] for i in self.rng.integers(len(pool), size=length))


GIVEN = """
Adam Alan Alice Andrew Anna Anne Barbara Ben Bill Bob Carl Carol Chris Clara Daniel David Diane
Donna Doris Ed Elena Emma Eric Eva Frank Fred George Grace Hans Helen Henry Ida Ivan Jack James Jan
Jane Jim Joan Joe John Julia Karen Kate Ken Kim Laura Lee Linda Lisa Lucy Maria Mark Martin Mary
Michael Mike Nancy Nick Nora Olga Oscar Otto Pat Paul Peter Phil Rachel Ray Richard Rita Robert Rosa
Roy Sally Sam Sara Steve Sue Susan Thomas Tim Tom Tony Uwe Vera Victor Walter Wendy Will
"""
MONTHS = """
January February March April May June July August September October November December
"""
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
STREETS = "Street St. Avenue Ave. Road Rd. Lane Drive Dr. Boulevard Blvd. Court Way Place"
STATES = """
AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC
ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY
"""
STARTS = "B C D F G H J K L M N P R S T V W Z Br Ch Cl Gr Kr Mc O' Sch St"
VOWELS = "a e i o u ai ee ie ou"
MIDDLES = "b d g k l m n r s t v z ck ll ng nn rd ss st tt"
ENDS = "er man son ski ini ova ley ton ez berg a o"


def _figure(d: _Dice) -> str:
    number = d.number(0, 10 ** d.number(1, 7))
    return d.one(
        str(number),
        f"{number:,}",
        f"{number / 100:.2f}",
        f"{number / 10:.1f}",
        f"{number}%",
        f"{number / 10:.1f}%",
        f"No. {number}",
        f"#{number}",
        d.figures(2, 10),
        f"-{number}",
    )


def _time(d: _Dice) -> str:
    hour, minute = d.number(0, 23), d.number(0, 11) * 5 + d.number(0, 4) * d.number(0, 1)
    half = d.one("am", "pm", "AM", "PM", "a.m.", "p.m.")
    return d.one(
        f"{hour}:{minute:02}",
        f"{hour:02}:{minute:02}",
        f"{hour % 12 + 1}:{minute:02} {half}",
        f"{hour % 12 + 1} {half}",
        f"{hour:02}.{minute:02}",
        f"{hour % 12 + 1}{half}",
        f"{hour:02}:{minute:02}:{d.number(0, 59):02}",
        f"{hour}:00 - {hour + 1}:{minute:02}",
    )


def _price(d: _Dice) -> str:
    amount = d.number(1, 10 ** d.number(1, 6))
    return d.one(
        f"${amount}",
        f"${amount / 100:.2f}",
        f"${amount:,}",
        f"${amount:,}.00",
        f"{amount / 100:.2f}",
        f"{amount} EUR",
        f"EUR {amount / 100:.2f}",
        f"DM {amount}",
        f"{d.number(1, 99)}.{d.one('95', '99', '50', '00')}",
        f"${amount / 10:.1f} million",
        f"{d.number(2, 20)} @ ${amount / 100:.2f}",
    )


def _part(d: _Dice) -> str:
    return d.one(
        d.capitals(1, 3) + "-" + d.figures(2, 5),
        d.capitals(1, 3) + d.figures(2, 5),
        d.figures(1, 4) + d.capitals(1, 2),
        d.figures(2, 4) + "-" + d.figures(2, 5),
        d.capitals(2, 3) + "-" + d.figures(2, 4) + "-" + d.capitals(1, 2),
        d.capitals(1, 2) + d.figures(1, 3) + d.capitals(1, 2) + d.figures(0, 2),
        d.figures(1, 3) + "/" + d.figures(1, 3),
        d.capitals(1, 4) + " " + d.figures(2, 4),
        d.capitals(2, 6),
        "0x" + f"{d.number(0, 65535):x}",
        f"{d.number(0, 2**31):X}",
        d.one("Room ", "Box ", "Nr. ", "Model ", "Part ", "Flight ", "Apt. ")
        + d.capitals(0, 2)
        + d.figures(1, 4),
    )


def _mixture(d: _Dice) -> str:
    """Letters and figures without a pattern: only so does any of them follow any other."""
    drawn = [d.one(d.capitals(1, 1), d.figures(1, 1)) for _ in range(d.number(2, 7))]
    cut = d.number(1, len(drawn))
    head, tail = "".join(drawn[:cut]), "".join(drawn[cut:])
    return d.one(f"{head}{tail}", f"{head}-{tail}", f"{head} {tail}")


def _telephone(d: _Dice) -> str:
    a, b, c = d.figures(3, 3), d.figures(3, 3), d.figures(4, 4)
    return d.one(
        f"({a}) {b}-{c}",
        f"{a}-{b}-{c}",
        f"{b}-{c}",
        f"{a} {b} {c}",
        f"+{d.number(1, 99)} {a} {b}{c}",
        f"0{d.figures(2, 4)}/{d.figures(4, 7)}",
        f"0{d.figures(2, 4)}-{d.figures(4, 7)}",
        f"({a}) {b}-{c}, x{d.figures(2, 4)}",
        f"Tel. {a}-{c}",
        f"Fax: {b}-{c}",
    )


def _date(d: _Dice) -> str:
    day, month, year = d.number(1, 31), d.number(1, 12), d.number(1900, 2035)
    name = MONTHS.split()[month - 1]
    return d.one(
        f"{month}/{day}/{year % 100:02}",
        f"{day}.{month}.{year}",
        f"{year}-{month:02}-{day:02}",
        f"{day} {name} {year}",
        f"{name} {day}, {year}",
        f"{name[:3]} {day}",
        f"{name[:3]}. {day}",
        f"{d.word(DAYS)}, {name} {day}",
        f"{day:02}/{month:02}/{year}",
        f"{d.word(DAYS)[:3]} {day}/{month}",
        f"{name} {year}",
        str(year),
        f"{day}{'th' if 3 < day < 21 else 'st' if day % 10 == 1 else 'th'}",
        f"{year}s",
    )


def _email(d: _Dice) -> str:
    given, surname = d.given().lower(), d.surname().lower().replace("'", "")
    user = d.one(
        given,
        surname,
        given + "." + surname,
        given[0] + surname,
        given[0] + "." + surname,
        given + d.figures(1, 3),
        surname + "_" + given,
        d.small(2, 4),
        "info",
    )
    host = d.one(
        surname, d.small(2, 4), "mail", "cs." + d.small(2, 4), d.surname().lower().replace("'", "")
    )
    end = d.one("com", "com", "com", "org", "net", "edu", "de", "co.uk", "nl", "fr", "gov")
    return d.one(
        *([f"{user}@{host}.{end}"] * 4),
        f"www.{host}.{end}",
        f"http://www.{host}.{end}/{d.small(2, 6)}",
    )


def _name(d: _Dice) -> str:
    given, surname, initial = d.given(), d.surname(), d.capitals(1, 1)
    return d.one(
        f"{given} {surname}",
        f"{given} {initial}. {surname}",
        f"{surname}, {given}",
        f"{initial}. {surname}",
        f"{initial}. {d.capitals(1, 1)}. {surname}",
        f"{surname}, {initial}.",
        f"Mr. {surname}",
        f"Mrs. {surname}",
        f"Dr. {initial}. {surname}",
        surname,
        f"{surname}, {given} {d.figures(5, 5)}",
        f"{given} {surname}, {d.figures(4, 4)}",
    )


def _address(d: _Dice) -> str:
    street = f"{d.number(1, 9999)} {d.surname()} {d.word(STREETS)}"
    place, state = d.surname(), d.word(STATES)
    return d.one(
        street,
        f"{street}, {place}, {state}",
        f"{place}, {state} {d.figures(5, 5)}",
        f"{state} {d.figures(5, 5)}",
        f"{d.figures(5, 5)} {place}",
        f"{street} #{d.number(1, 40)}",
        f"P.O. Box {d.figures(2, 4)}",
        f"{street}, Apt. {d.number(1, 40)}{d.capitals(0, 1)}",
        f"{place}str. {d.number(1, 150)}{d.one('', 'a', 'b')}",
    )


def _code(d: _Dice) -> str:
    a, b = (
        d.one("i", "j", "n", "x", "y", "p", "fp", "buf", "count", "ptr", "tmp", "argc"),
        d.small(1, 4),
    )
    return d.one(
        f"{a} = {b} + {d.number(0, 99)};",
        f"if ({a} == {d.number(0, 9)}) {{",
        f"for ({a} = 0; {a} < {b}; {a}++)",
        f"int {a};",
        f"char *{a};",
        f"return {a};",
        f"{a} += {b}[{d.number(0, 9)}];",
        f"#include <{b}.h>",
        f"{b}({a}, {d.number(0, 255)});",
        f"{a}->{b} = NULL;",
        f"/* {b} */",
        f"#define {d.capitals(2, 5)} {d.number(0, 1024)}",
        f"while ({a} > 0) {a}--;",
        "}",
        "} else {",
        f"static {d.one('int', 'char', 'void')} {b}()",
    )


def _sum(d: _Dice) -> str:
    a, b = d.number(1, 999), d.number(1, 99)
    sign, c = d.one(("+", "-", "*", "/", "x")[a % 5]), d.number(1, 999)
    return d.one(
        f"{a} {sign} {b} = {c}",
        f"{a}{sign}{b}={c}",
        f"{a} x {b} cm",
        f"{b} kg",
        f"{a} km",
        f"{b}'{a % 12}\"",
        f"{a}/{b}={c}%",
        f"x{b % 4 + 1} = {c / 10:.1f}",
        f"{b}) {a}",
        f"{a % 10}. {d.given()}",
        f"1/{b % 8 + 2} cup",
        f"{b % 12 + 1} 1/2",
        " ".join(d.figures(6, 10)),
        "A B C D E F G H I J K L M"[2 * (a % 5) :],
        f"{a} {b} {c}",
    )


Kind = Callable[[_Dice], str]
KINDS: tuple[Kind, ...] = (
    _figure,
    _time,
    _price,
    *(_part, _part),
    *(_mixture, _mixture),
    _telephone,
    _date,
    _email,
    _name,
    _address,
    _code,
    _sum,
)
