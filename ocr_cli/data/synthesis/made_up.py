"""Strings that are no words, made up: figures, codes, amounts, times, addresses, sums, code.

A language model that has seen them does not bend what is read there into words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ocr_cli.data.synthesis.addresses import address, address_word, email, person
from ocr_cli.data.synthesis.dice import TERMS, TYPES, UNITS, Dice

BREAK = "…"  # the text goes on, see `language.ngrams`
WHOLE = 0.4  # share of the strings that fill a line


def made_up(
    number: int,
    rng: np.random.Generator,
    language: str = "en",
    words: Sequence[str] = ("house", "water", "green", "post"),
) -> Iterator[str]:
    """Lines and pieces of lines that are no words, of many kinds, see KINDS.

    language : whose months, streets and commas, of TERMS. words : what hosts, files and
    variables are called, beside names.
    """
    dice = Dice(rng, TERMS[language], words)
    for _ in range(number):
        kind = KINDS[int(rng.integers(len(KINDS)))]
        text = kind(dice)
        yield text if rng.random() < WHOLE else f"{BREAK} {text} {BREAK}"


def _figure(d: Dice) -> str:
    number = d.number(0, 10 ** d.number(1, 7))
    return d.one(
        str(number), str(number), d.count(number), f"{number / 100:.2f}", f"{number / 10:.1f}",
        f"{number}%", f"{number / 10:.1f}%", f"{number} %",
        d.one("No. ", "no. ", "n° ", "Nr. ", "#", "# ") + str(number), d.figures(2, 10),
        f"-{number}", f"{number // 10}{d.terms.decimal}{number % 10}", f"{d.number(1, 30)}°",
        d.one("1/2", "1/4", "3/4", "½", "¼", "1½", "2/3"),
    )  # fmt: skip


def _measure(d: Dice) -> str:
    """A number and what it counts: 350 F, 5.5 H, 12 eggs."""
    number, unit = d.number(0, 10 ** d.number(1, 4)), d.word(UNITS)
    return d.one(
        f"{number} {unit}", f"{number} {unit}", f"{number}{unit}", f"{number / 10:.1f} {unit}",
        f"{number / 10:.1f}{unit}", f"{number}{d.terms.decimal}{d.number(0, 9)} {unit}",
        f"{d.count(number)} {unit}", f"{number} x {d.number(1, 500)} {unit}",
        f"{number} {d.one(*d.terms.counted.split('|'))}", f"{number} {d.common()}",
        f"{number}-{number + d.number(1, 50)} {unit}", f"+{number} {unit}",
    )  # fmt: skip


def _time(d: Dice) -> str:
    hour, minute = d.number(0, 23), d.number(0, 11) * 5 + d.number(0, 4) * d.number(0, 1)
    half = d.one("am", "pm", "AM", "PM", "a.m.", "p.m.", "h", "Uhr")
    return d.one(
        f"{hour}:{minute:02}", f"{hour}:{minute:02}", f"{hour:02}:{minute:02}",
        f"{hour % 12 + 1}:{minute:02} {half}", f"{hour % 12 + 1} {half}", f"{hour:02}.{minute:02}",
        f"{hour}h{minute:02}", f"{hour} h {minute:02}", f"{hour % 12 + 1}{half}",
        f"{hour:02}:{minute:02}:{d.number(0, 59):02}", f"{hour}:00 - {hour + 1}:{minute:02}",
        f"{hour}:{minute:02} - {hour + 1}:{minute:02}",
    )  # fmt: skip


def _price(d: Dice) -> str:
    cents = d.number(1, 10 ** d.number(2, 7))
    sign, name = d.one("$", "$", "€", "£"), d.one("EUR", "€", "€", "USD", "DM", "F", "Fr.")
    return d.one(
        f"{sign}{cents}", f"{sign} {d.count(cents)}", f"{sign}{d.count(cents)}",
        f"{sign}{d.amount(cents)}", f"{sign} {d.amount(cents)}", d.amount(cents),
        f"{d.amount(cents)} {name}", f"{d.count(cents)} {name}", f"{name} {d.amount(cents)}",
        f"{d.number(1, 99)}{d.terms.decimal}{d.one('95', '99', '50', '00')} {name}",
        f"{sign}{cents / 10:.1f} million", f"{d.number(2, 20)} @ {sign}{d.amount(cents)}",
        f"{d.common()} {d.amount(cents)}",
    )  # fmt: skip


def _part(d: Dice) -> str:
    return d.one(
        d.capitals(1, 3) + "-" + d.figures(2, 5), d.capitals(1, 3) + d.figures(2, 5),
        d.figures(1, 4) + d.capitals(1, 2), d.figures(2, 4) + "-" + d.figures(2, 5),
        d.capitals(2, 3) + "-" + d.figures(2, 4) + "-" + d.capitals(1, 2),
        d.capitals(1, 2) + d.figures(1, 3) + d.capitals(1, 2) + d.figures(0, 2),
        d.figures(1, 3) + "/" + d.figures(1, 3), d.capitals(1, 4) + " " + d.figures(2, 4),
        d.capitals(2, 6), "0x" + f"{d.number(0, 65535):x}", f"{d.number(0, 2**31):X}",
        d.one("Room ", "Box ", "Nr. ", "Model ", "Part ", "Flight ", "Apt. ", "p. ", "art. ")
        + d.capitals(0, 2) + d.figures(1, 4),
        f"{d.capitals(1, 1)}{d.number(1, 9)} {d.capitals(1, 1)}{d.number(1, 9)}",
    )  # fmt: skip


def _mixture(d: Dice) -> str:
    """Letters and figures without a pattern: only so does any of them follow any other."""
    drawn = [d.one(d.capitals(1, 1), d.figures(1, 1)) for _ in range(d.number(2, 7))]
    cut = d.number(1, len(drawn))
    head, tail = "".join(drawn[:cut]), "".join(drawn[cut:])
    return d.one(f"{head}{tail}", f"{head}-{tail}", f"{head} {tail}")


def _moves(d: Dice) -> str:
    """Letters and figures in turn, as in chess."""

    def square() -> str:
        return f"{d.word('a b c d e f g h')}{d.number(1, 8)}"

    def move() -> str:
        piece = d.word("K Q R B N S D T L C F A")
        return d.one(
            *[square()] * 3, piece + square(), piece + square(), f"{piece}x{square()}",
            f"{square()[0]}x{square()}", "O-O", "O-O-O", f"{piece}{square()}+",
            f"{square()}={piece}",
        )  # fmt: skip

    number = d.number(1, 60)
    return d.one(
        f"{number}. {move()} {move()}", f"{number}. {move()} {move()}",
        f"{number}. {move()} {move()} {number + 1}. {move()} {move()}",
        f"{number}.{move()} {move()}", f"{move()} {move()}", f"{move()}, {move()}",
        f"{number}... {move()}",
    )  # fmt: skip


def _telephone(d: Dice) -> str:
    a, b, c = d.figures(3, 3), d.figures(3, 3), d.figures(4, 4)
    pairs = [d.figures(2, 2) for _ in range(4)]
    return d.one(
        f"({a}) {b}-{c}", f"{a}-{b}-{c}", f"{b}-{c}", f"{a} {b} {c}",
        f"+{d.number(1, 99)} {a} {b}{c}", f"0{d.figures(2, 4)}/{d.figures(4, 7)}",
        f"0{d.figures(2, 4)}-{d.figures(4, 7)}", f"({a}) {b}-{c}, x{d.figures(2, 4)}",
        f"Tel. {a}-{c}", f"Fax: {b}-{c}", f"0{d.number(1, 9)} {' '.join(pairs)}",
        f"0{d.number(1, 9)}.{'.'.join(pairs)}", f"6{pairs[0]} {b} {a}",
    )  # fmt: skip


def _date(d: Dice) -> str:
    day, month, year = d.number(1, 31), d.number(1, 12), d.number(1850, 2035)
    name = d.terms.months.split()[month - 1]
    return d.one(
        f"{month}/{day}/{year % 100:02}", f"{day}/{month}/{year % 100:02}",
        f"{day}.{month}.{year}", f"{day:02}.{month:02}.{year % 100:02}",
        f"{year}-{month:02}-{day:02}", _in_words(d, day, name, year),
        _in_words(d, day, name, year), _in_words(d, day, name, year), f"{name[:3]} {day}",
        f"{name[:3]}. {day}", f"{day:02}/{month:02}/{year}",
        f"{d.word(d.terms.days)[:3]} {day}/{month}", f"{name} {year}", str(year), str(year),
        f"{year}-{(year + d.number(1, 9)) % 100:02}", f"{year}s",
    )  # fmt: skip


def _in_words(d: Dice, day: int, month: str, year: int) -> str:
    """A date as a language writes it."""
    weekday = d.word(d.terms.days)
    if month == month.lower() and " " in d.terms.thousands:  # French
        first = "1er" if day == 1 else str(day)
        return d.one(f"{first} {month} {year}", f"le {first} {month} {year}", f"{weekday} {first}")
    if month == month.lower():
        return d.one(f"{day} de {month} de {year}", f"{weekday}, {day} de {month}")
    if d.terms.decimal == ",":
        return d.one(f"{day}. {month} {year}", f"den {day}. {month} {year}", f"{weekday}, {day}.")
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10 if day // 10 != 1 else 0, "th")
    return d.one(
        f"{day} {month} {year}", f"{month} {day}, {year}", f"{weekday}, {month} {day}",
        f"{month} {day}{ending}", f"{day}{ending}",
    )  # fmt: skip


def _code(d: Dice) -> str:
    a, b = (
        d.one("i", "j", "n", "x", "y", "p", "fp", "buf", "count", "ptr", "tmp", "argc", "self"),
        d.one(d.small(1, 4), address_word(d.common()), address_word(d.common())),
    )
    c, k, kind = address_word(d.common()), d.number(0, 10 ** d.number(1, 3)), d.word(TYPES)
    sign = d.one("==", "!=", "<", ">", "<=", ">=")
    return d.one(
        f"{a} = {b} + {k};", f"{a} = {k}", f"{b} = {a} {d.word('+ - * / %')} {k}", f"{b} = []",
        f"{b} = {c}({a})", f"if ({a} {sign} {k}) {{", f"if {a} {sign} {k}:",
        f"elif {a} {sign} {b}:", "else:", f"for ({a} = 0; {a} < {b}; {a}++)",
        f"for ({kind} {a} = 0; {a} < {b}.length; {a}++) {{", f"for {a} in range({k}):",
        f"for {a} in {b}:", f"while {a} < {k}:", f"def {b}({a}):",
        f"def {b}_{c}({a}, {d.small(1, 2)}):", f"return {a} + {b}", f"return {b}[{a}]",
        f'print("{c}")', f"print({a})", f'printf("{c} %d\\n", {a});',
        f'System.out.println("{c}");', f"public static {kind} {b}({kind} {a}) {{",
        f"cout << {b} << endl;", f"let {b} = {k};", f"var {b} = {c}.{b}();",
        f"function {b}({a}, {c}) {{", f"import {b}", f"from {b} import {c}",
        f"class {c.capitalize()}:", f"self.{b} = {a}", f"{b}.append({a})", f"{b}.{c}()",
        f"{kind} {a};", f"{kind} {b} = {k};", f"{kind} *{a};", f"return {a};",
        f"{a} += {b}[{d.number(0, 9)}];", f"#include <{b}.h>", f"{b}({a}, {d.number(0, 255)});",
        f"{a}->{b} = NULL;", f"/* {b} */", f"// {b} {c}",
        f"#define {d.capitals(2, 5)} {d.number(0, 1024)}", f"while ({a} > 0) {a}--;", "}",
        "} else {", f"static {kind} {b}()", f"select {b} where {a} = {k};", f"<{b}>{c}</{b}>",
    )  # fmt: skip


def _sum(d: Dice) -> str:
    size = 10 ** d.number(1, 5)
    a, b = d.number(1, size), d.number(1, 10 ** d.number(1, 4))
    sign, c = d.one("+", "-", "*", "/", "x", ":"), d.number(1, size)
    letter, other = d.word("x y z a b n t"), d.word("x y b c k")
    return d.one(
        f"{a} {sign} {b} = {c}", f"{a}{sign}{b}={c}", f"{sign} {a}", f"{sign}{a}", f"= {a}",
        f"{a}", f"{a} {sign} {b}", f"{a} x {b} cm", f"{b}'{a % 12}\"", f"{a}/{b}={c}%",
        f"{letter}{b % 4 + 1} = {c / 10:.1f}", f"{letter} = {b}",
        f"{b}{letter} {d.word('+ -')} {a % 50}{other} = {c}",
        f"{letter}({other}) = {b}{other} + {a % 50}", f"{letter}^2 + {other}^2 = {b}", f"{b}) {a}",
        f"{a % 10}. {d.given()}", f"1/{b % 8 + 2} cup", f"{b % 12 + 1} 1/2",
        " ".join(d.figures(6, 10)), "A B C D E F G H I J K L M"[2 * (a % 5) :], f"{a} {b} {c}",
    )  # fmt: skip


Kind = Callable[[Dice], str]
KINDS: tuple[Kind, ...] = (
    *(_figure, _figure), *(_measure, _measure), _time, _price, *(_part, _part),
    *(_mixture, _mixture), _moves, _telephone, _date, *(email, email), person, address, _code,
    *(_sum, _sum),
)  # fmt: skip
