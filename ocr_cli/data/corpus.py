"""The texts that the shipped language models learn from: words, running text, made-up strings.

Word frequencies tell what words there are; running text out of free packages, which
`benchmarks/prose.py` fetches, tells how words follow each other; transcripts of train splits tell
what is written by hand; strings made up (`synthesis.made_up`: figures, times, prices, part numbers,
dates, addresses, names with initials, lines of code) keep such things from being bent into words.
"""

from __future__ import annotations

import importlib
import re
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from ocr_cli.data.charset import WESTERN, folded
from ocr_cli.data.formats import ink
from ocr_cli.data.synthesis.made_up import BREAK, made_up
from ocr_cli.errors import MissingExtraError

# What follows a word of a list, and how often. "" ends the line.
ENDINGS = {
    f" {BREAK}": 0.82, f", {BREAK}": 0.04, f". {BREAK}": 0.03, ".": 0.02, "": 0.04,
    f"'s {BREAK}": 0.01, f"-{BREAK}": 0.01, f": {BREAK}": 0.01, f"; {BREAK}": 0.005,
    f"? {BREAK}": 0.005, f"! {BREAK}": 0.005, f") {BREAK}": 0.0025, f'" {BREAK}': 0.0025,
}  # fmt: skip
# French sets signs apart, and has other quotes; so may the others.
_FRENCH_ENDINGS = {
    f" {BREAK}": 0.82, f", {BREAK}": 0.045, f". {BREAK}": 0.03, ".": 0.025, "": 0.04,
    f"-{BREAK}": 0.01, f" : {BREAK}": 0.008, f": {BREAK}": 0.004, f" ; {BREAK}": 0.003,
    f"; {BREAK}": 0.001, f" ? {BREAK}": 0.003, f" ! {BREAK}": 0.003, f"! {BREAK}": 0.001,
    f") {BREAK}": 0.003, f" » {BREAK}": 0.002, f"» {BREAK}": 0.0005, f'" {BREAK}': 0.0015,
}  # fmt: skip
_NO_GENITIVE = {end: share for end, share in ENDINGS.items() if not end.startswith("'")}
# What stands before a word of a list, and how often.
_OPENINGS = {'"': 0.0025, "(": 0.0025, "- ": 0.002}
SENTENCE = (3, 14)  # words to a sentence put together at random
ROW = (22, 56)  # characters to a row of wrapped text
NAMES = 0.04  # share of the words inside a sentence that are names
TIMES = 6  # that what was written by pen counts, beside so much print
APART = 0.2  # share of the paragraphs whose points stand apart, as many people set them
BARE = 0.06  # share of the words with accents that are written without, as capitals often are
_POINTS = re.compile(r"(?<=\w)([,.;:!?]) ?(?=\s|$)")

# What is elided before what in French; all others, l' and d', stand before any vowel.
_FOLLOWERS = {
    "c": "est était étaient en eût",
    "j": "ai avais aurais aurai étais aime espère attends arrive habite y en entends adore ose",
    "n": "est a ai y en avait ont était étaient avez as aime avons importe êtes existe aura",
    "s": "il ils est y en agit était appelle installe occupe étend inscrit arrête élève ouvre",
    "m": "a ai as en aime y avait appelle est embrasse attend envoyer ennuie",
    "t": "a ai as en aime y avait appelle est embrasse attends envoie écris",
    "qu": "il elle on un une ils elles en à au est avec après y avait aux",
}
_VOWELS = "aeiouyàâéèêëîïôûœ"
_SILENT = "homme hommes heure heures histoire habitude hôtel hôpital hiver honneur herbe huile"

# Endings of German nouns. Which words are nouns the list does not tell.
_GERMAN_NOUN = re.compile(
    ".+(ung|ungen|heit|heiten|keit|keiten|schaft|tion|tionen|tät|nis|ling|mann|haus|stadt|straße"
    "|zeit|tag|jahr|platz|land|werk|buch|raum|recht|stelle|meister|bahn|hof|berg|burg|dorf)$"
)
_NO_NOUN = re.compile(".+(en|lich|liche|licher|liches|ig|ige|iger|isch|ische|te|t|end|ende|st|em)$")
_NOUNS = """
zeit jahr jahre mann frau kind kinder tag tage leben welt haus stadt land menschen ende hand auge
wasser herr arbeit weg geld schule uhr euro teil seite name wort frage hund buch auto vater mutter
bruder freund krieg woche abend morgen nacht straße bild spiel
"""


@dataclass(frozen=True)
class CorpusRecipe:
    """The ingredients of a language's corpus.

    Attributes
    ----------
    words : how many words of each list stand in it, of a million of its own.
    sets : folders of transcripts in real/, whose train split is read.
    prose : running text, and how many millions of its characters at most.
    endings : what follows a word, and how often. openings : what stands before it.
    sentences : whether words are also put together to sentences, where there are few real ones.
    """

    words: dict[str, int]
    sets: tuple[str, ...] = ()
    prose: dict[str, float] = field(default_factory=dict)
    endings: dict[str, float] = field(default_factory=lambda: ENDINGS)
    openings: dict[str, float] = field(default_factory=lambda: _OPENINGS)
    sentences: int = 0


RECIPES = {
    "en": CorpusRecipe(
        {"en": 1_000_000, "de": 40_000, "fr": 30_000, "es": 15_000, "nl": 15_000, "it": 10_000},
        ("gnhk", "memorials", "hooker"),
        {"austen": 4, "moby-dick": 2, "sotu": 4, "fortunes": 2.2},
    ),
    "fr": CorpusRecipe(
        {"fr": 1_000_000, "en": 40_000, "de": 10_000, "es": 10_000, "it": 10_000},
        ("copiste", "poilus"),
        {"freedroid": 1, "fillets": 1, "kstars": 1},
        _FRENCH_ENDINGS,
        {"« ": 0.003, "«": 0.0005, **_OPENINGS},
    ),
    "de": CorpusRecipe(
        {"de": 1_000_000, "en": 40_000, "fr": 15_000, "it": 5_000},
        ("dhsd",),
        {"freedroid": 0.2, "fillets": 0.1, "fortunes": 0.1},
        _NO_GENITIVE,
        sentences=12_000,
    ),
    "es": CorpusRecipe(
        {"es": 1_000_000, "en": 40_000, "fr": 10_000, "it": 10_000},
        (),
        {"reina-valera": 2, "fortunes": 1},
        _NO_GENITIVE,
        {"¿": 0.006, "¡": 0.006, "«": 0.001, **_OPENINGS},
        sentences=12_000,
    ),
}


def corpus(
    language: str,
    data: Path,
    phrases: Path,
    rng: np.random.Generator,
    *,
    prose: Path,
    words: float = 3.0,
    strings: int = 60_000,
) -> Iterator[str]:
    """The lines of a shipped model's corpus; only train splits are read.

    Parameters
    ----------
    language : of RECIPES.
    data : holds ink/words.npz, ink/lines.npz (for English) and real/.
    phrases : a file of everyday lines. prose : a folder of running text, LANGUAGE.NAME.txt.
    words : millions drawn from the language's own list.
    strings : made up.

    Raises MissingExtraError without wordfreq, InputError where the archives cannot be read.
    """
    recipe = RECIPES[language]
    for other, per_million in recipe.words.items():
        yield from listed_words(other, round(words * per_million), rng, recipe)
    if language == "fr":
        yield from elisions(round(words * 55_000), rng)
    if recipe.sentences:
        yield from sentences(language, recipe.sentences, rng)
    for text in real_texts(data / "real", recipe.sets):
        yield from text.splitlines()
        yield from wrapped(text, rng)
    for name, millions in recipe.prose.items():
        yield from running_text(prose / f"{language}.{name}.txt", millions, rng)
    everyday = phrases.read_text(encoding="utf-8")
    yield from everyday.splitlines()
    yield from wrapped(everyday, rng)
    if language == "en":
        for _ in range(TIMES):
            yield from transcripts(data / "ink")
    names = _alphabetic(language, 4000)
    yield from made_up(strings, rng, language, [word for word in names if len(word) > 2])


def listed_words(
    language: str, number: int, rng: np.random.Generator, recipe: CorpusRecipe | None = None
) -> Iterator[str]:
    """About `number` words of a list, as pieces of lines, each as often as it is used.

    Words with figures are left out. Some words stand without their accents.
    """
    recipe = recipe or RECIPES["en"]
    chances = list(recipe.endings.values())
    for word, per_word in frequencies(language).items():
        count = round(per_word * number)
        if not count:
            continue
        bare = without_accents(word)
        plain = int(rng.binomial(count, BARE)) if bare != word else 0
        for form, times in ((word, count - plain), (bare, plain)):
            each = rng.multinomial(times, chances)
            for ending, n in zip(recipe.endings, each, strict=True):
                yield from [f"{BREAK} {form}{ending}"] * int(n)
            for opening, share in recipe.openings.items():
                n = int(rng.binomial(times, share))
                yield from [f"{BREAK} {opening}{form} {BREAK}"] * n


def elisions(number: int, rng: np.random.Generator) -> Iterator[str]:
    """About `number` words with l', d', qu' and the like before them, as French has them.

    The list has them as words of their own, l and homme, without saying what follows which.
    """
    frequency = frequencies("fr")
    silent = _SILENT.split()
    vowels = {
        word: per_word
        for word, per_word in frequency.items()
        if (word[0] in _VOWELS and len(word) > 3) or word in silent or word in ("un", "une", "on")
    }
    heads = {head: frequency[head] for head in ("l", "d", *_FOLLOWERS)}
    for head, share in heads.items():
        followers: dict[str, float] = {
            word: frequency.get(word, 1e-6) for word in _FOLLOWERS.get(head, "").split()
        }
        if not followers:
            followers = vowels
        chances = np.array(list(followers.values()))
        drawn = rng.multinomial(
            round(number * share / sum(heads.values())), chances / chances.sum()
        )
        for word, n in zip(followers, drawn, strict=True):
            yield from [f"{BREAK} {head}'{word} {BREAK}"] * int(n)


def sentences(language: str, number: int, rng: np.random.Generator) -> Iterator[str]:
    """Words put together at random, as rows: how lines start and end, and where capitals stand."""
    frequency = frequencies(language)
    words = list(frequency)
    chances = np.array(list(frequency.values()))
    chances /= chances.sum()
    lengths = rng.integers(*SENTENCE, size=number)
    drawn = np.split(rng.choice(len(words), lengths.sum(), p=chances), np.cumsum(lengths)[:-1])
    texts = [_sentence(language, [words[i] for i in each], rng) for each in drawn]
    yield from wrapped(" ".join(texts), rng)


def _sentence(language: str, words: list[str], rng: np.random.Generator) -> str:
    cased = [_cased(language, word, rng) for word in words]
    cased[0] = cased[0][:1].upper() + cased[0][1:]
    comma = rng.random(len(cased)) < 0.08
    text = " ".join(w + "," * bool(c) for w, c in zip(cased, comma, strict=True)).rstrip(",")
    end = str(rng.choice([".", "?", "!"], p=[0.9, 0.06, 0.04]))
    opening = {"?": "¿", "!": "¡"}.get(end, "") if language == "es" else ""
    return f"{opening}{text}{end}"


def _cased(language: str, word: str, rng: np.random.Generator) -> str:
    """The word as it may stand inside a sentence: a name now and then, a noun in German."""
    share = NAMES
    if language == "de" and len(word) > 3:
        known = word in _NOUNS.split() or _GERMAN_NOUN.match(word)
        share = 1.0 if known else 0.1 if _NO_NOUN.match(word) else len(word) / 16
    return word[:1].upper() + word[1:] if rng.random() < share else word


@cache
def frequencies(language: str) -> dict[str, float]:
    """The frequency of each word of a language's list, of those that can be read."""
    try:
        wordfreq = importlib.import_module("wordfreq")
    except ImportError as error:
        raise MissingExtraError("wordfreq", "language", "building the corpus") from error
    frequency: dict[str, float] = {}
    letters = {char for char in WESTERN if char.isalpha()} | {"'"}
    for listed, per_word in wordfreq.get_frequency_dict(language, wordlist="large").items():
        plain = listed.isascii() and listed.isalpha()  # most are; these need no closer look
        word = listed if plain else folded(listed)
        if plain or (letters.issuperset(word) and word.replace("'", "").isalpha()):
            frequency[word] = frequency.get(word, 0.0) + per_word
    return frequency


def _alphabetic(language: str, number: int) -> list[str]:
    """The words that a language uses most, of letters alone."""
    by_use = sorted(frequencies(language).items(), key=lambda item: -item[1])
    return [word for word, _ in by_use[:number] if word.isalpha()]


def without_accents(text: str) -> str:
    """The bare letters: é is e, ß is ss."""
    bare = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("’", "'"))
    return "".join(char for char in bare if not unicodedata.combining(char))


def real_texts(folder: Path, sets: Iterable[str], split: str = "train") -> Iterator[str]:
    """The transcripts of a split of each set, in the order of their names, as they can be read."""
    for name in sets:
        for path in sorted((folder / name / split).glob("*.txt")):
            yield folded(path.read_text(encoding="utf-8-sig"))


def running_text(path: Path, millions: float, rng: np.random.Generator) -> Iterator[str]:
    """Paragraphs of a file, one a line there, in random order and broken into rows.

    millions : of characters, after which no further paragraph is begun.
    """
    known, left = set(WESTERN), millions * 1e6
    texts = [folded(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for i in rng.permutation(len(texts)):
        if left > 0 and known.issuperset(texts[i]):
            apart = rng.random() < APART
            yield from wrapped(_POINTS.sub(r" \1", texts[i]) if apart else texts[i], rng)
            left -= len(texts[i])


def wrapped(text: str, rng: np.random.Generator) -> list[str]:
    """A text's rows broken anew, since where a row ends says little of the language."""
    width = int(rng.integers(*ROW))
    return textwrap.wrap(" ".join(text.split()), width, break_long_words=False)


def transcripts(folder: Path, split: str = "train") -> Iterator[str]:
    """The different texts of a split's lines, and of its words, these as pieces."""
    yield from sorted(set(map(str, ink.load(folder / "lines.npz", split).labels)))
    words = Counter(map(str, ink.load(folder / "words.npz", split).labels))
    for word, n in sorted(words.items()):
        # Where some writers parted the strokes, the label has an @ for it.
        plain = word.replace("@", "") if len(word) > 1 else word
        yield from [f"{BREAK} {plain} {BREAK}"] * round(n**0.5)
