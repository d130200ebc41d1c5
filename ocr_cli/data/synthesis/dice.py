"""Dice for made-up strings, and lists of what is common."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Terms:
    """The words of a language for dates, streets, titles and figures; each a text of words."""

    months: str
    days: str
    streets: str  # "{} Street": the name stands for {}
    titles: str
    counted: str
    decimal: str = "."
    thousands: str = ","


TERMS = {
    "en": Terms(
        months="January February March April May June July August September October November"
        " December",
        days="Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        streets="{} Street|{} St.|{} Avenue|{} Ave.|{} Road|{} Rd.|{} Lane|{} Drive|{} Court",
        titles="Mr. Mrs. Dr. Miss Prof.",
        counted="apples|eggs|km|cm|miles|lbs|cups|days|people|pages|boxes|years|oz|kg",
    ),
    "fr": Terms(
        months="janvier février mars avril mai juin juillet août septembre octobre novembre"
        " décembre",
        days="lundi mardi mercredi jeudi vendredi samedi dimanche",
        streets="rue {}|rue de {}|avenue {}|place {}|bd {}|impasse {}|chemin de {}|quai {}",
        titles="M. Mme Mlle Dr Me",
        counted="œufs|kg|km|cm|litres|jours|personnes|pages|francs|ans|heures|habitants",
        decimal=",",
        thousands=" ",
    ),
    "de": Terms(
        months="Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        days="Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        streets="{}straße|{}str.|{}weg|{}gasse|{}platz|{}allee|{}ring|{}-Straße|Am {}|Im {}",
        titles="Herr Frau Dr. Prof. Herrn",
        counted="Eier|Stück|kg|km|cm|Liter|Tage|Personen|Seiten|Jahre|Stunden|Einwohner|Euro",
        decimal=",",
        thousands=".",
    ),
    "es": Terms(
        months="enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre"
        " diciembre",
        days="lunes martes miércoles jueves viernes sábado domingo",
        streets="calle {}|calle de {}|avenida {}|plaza {}|c/ {}|paseo de {}|camino {}",
        titles="Sr. Sra. Srta. Dr. D. Dña.",
        counted="huevos|kg|km|cm|litros|días|personas|páginas|pesetas|años|horas|habitantes",
        decimal=",",
        thousands=".",
    ),
}


class Dice:
    """Short names for the draws below."""

    def __init__(self, rng: np.random.Generator, terms: Terms, words: Sequence[str]) -> None:
        self.rng, self.terms, self.words = rng, terms, words

    def one(self, *choices: str) -> str:
        return choices[int(self.rng.integers(len(choices)))]

    def word(self, pool: str) -> str:
        return self.one(*pool.split())

    def number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def figures(self, least: int, most: int) -> str:
        return "".join(str(self.number(0, 9)) for _ in range(self.number(least, most)))

    def capitals(self, least: int, most: int) -> str:
        return self._letters(string.ascii_uppercase, self.number(least, most))

    def small(self, least: int, most: int) -> str:
        return self._letters(string.ascii_lowercase, self.number(least, most))

    def surname(self) -> str:
        """A name nobody need have, of syllables, so that any name is possible."""
        start, end = self.word(STARTS), self.one("", self.word(ENDS), self.word(ENDS))
        syllables = [self.word(VOWELS) + self.word(MIDDLES) for _ in range(self.number(1, 2))]
        middle = "".join(syllables)
        return start + (middle.capitalize() if start == "O'" else middle) + end

    def given(self) -> str:
        return self.word(GIVEN)

    def common(self) -> str:
        """A word of the language, small."""
        return self.words[int(self.rng.integers(len(self.words)))]

    def amount(self, cents: int) -> str:
        """A sum of money as the language writes it, or as computers do."""
        whole, part = divmod(cents, 100)
        plain = f"{whole}.{part:02}"
        local = f"{whole:,}".replace(",", self.terms.thousands) + f"{self.terms.decimal}{part:02}"
        return self.one(plain, f"{whole}{self.terms.decimal}{part:02}", local)

    def count(self, number: int) -> str:
        """A whole number, thousands apart or not."""
        return self.one(str(number), f"{number:,}".replace(",", self.terms.thousands))

    def _letters(self, pool: str, length: int) -> str:
        return "".join(pool[int(i)] for i in self.rng.integers(len(pool), size=length))


def shaped(shapes: Sequence[str], rng: np.random.Generator) -> str:
    """One of the shapes, with any digit for each 0 in it, and any letter for each A and a."""
    put = {"0": string.digits, "A": string.ascii_uppercase, "a": string.ascii_lowercase}
    shape = str(rng.choice(list(shapes)))
    return "".join(str(rng.choice(list(put[c]))) if c in put else c for c in shape)


GIVEN = """
Adam Alain Alan Alice Ana Andrew Anna Anne Antonio Barbara Ben Bernard Bill Bob Carl Carlos Carmen
Carol Chloé Chris Claire Clara Claude Daniel David Diane Dieter Donna Doris Ed Elena Elisabeth Emma
Eric Eva Fernando François Françoise Frank Fred Friedrich George Gérard Grace Günter Hans Heinrich
Helen Hélène Henri Henry Ida Ingrid Isabel Ivan Jack Jacques James Jan Jane Javier Jean Jeanne Jim
Joan Joe John Jörg José Juan Julia Jürgen Karen Karl Kate Ken Kim Klaus Laura Lee Léon Linda Lisa
Louis Louise Lucía Lucy Luis Marcel María Marie Mark Martin Mary Michael Michel Miguel Mike Monika
Nancy Nick Nora Olga Oscar Otto Pablo Pat Paul Pedro Peter Phil Pierre Rachel Ramón Ray Renée
Richard Rita Robert Rosa Roy Sally Sam Sara Sébastien Sofía Stefan Steve Sue Susan Thérèse Thomas
Tim Tom Tony Ursula Uwe Vera Victor Walter Wendy Will Wolfgang Yves
"""
STATES = """
AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC
ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY
"""
STARTS = "B C D F G H J K L M N P R S T V W Z Br Ch Cl Gr Kr Mc O' Sch St"
VOWELS = "a e i o u ai ee ie ou"
MIDDLES = "b d g k l m n r s t v z ck ll ng nn rd ss st tt"
ENDS = "er man son ski ini ova ley ton ez berg a o"
UNITS = "KM km cm mm m kg g mg l ml F C H h W kW V A Hz GB MB MHz m2 mph % ° °C °F pts ft in lb Mio"
DOMAINS = "com com com org org net edu de de fr es it nl at ch co.uk gov info io eu"
FOLDERS = "list index in home news shop img login search docs a b p q wiki contact"
KINDS_OF_FILE = "txt pdf jpg png html py c java csv zip doc md exe json"
TYPES = "int char float double long bool void String auto"
