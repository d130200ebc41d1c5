"""Names and addresses, made up: of people, of post and of the net."""

from __future__ import annotations

import unicodedata

from ocr_cli.data.synthesis.dice import DOMAINS, FOLDERS, KINDS_OF_FILE, STATES, Dice


def email(d: Dice) -> str:
    """An address of the net, with an @."""
    given, surname = address_word(d.given()), address_word(d.surname())
    user = d.one(
        given, surname, given + "." + surname, given[0] + surname, given[0] + "." + surname,
        given + d.figures(1, 4), surname + "_" + given, d.small(2, 4), "info",
        address_word(d.common()), f"{given}.{address_word(d.common())}",
    )  # fmt: skip
    host = d.one(
        surname, d.small(2, 4), "mail", "web", "gmail", "cs." + d.small(2, 4),
        address_word(d.surname()), address_word(d.common()),
        address_word(d.common()) + address_word(d.common()),
        f"{address_word(d.common())}-{address_word(d.common())}",
    )  # fmt: skip
    end = d.word(DOMAINS)
    page = d.one(d.small(2, 6), address_word(d.common()), d.word(FOLDERS), d.word(FOLDERS))
    return d.one(
        *([f"{user}@{host}.{end}"] * 5), f"www.{host}.{end}", f"www.{host}.{end}/{page}",
        f"{host}.{end}/{page}", f"http://www.{host}.{end}/{page}", f"https://{host}.{end}/{page}",
        f"{page}.{d.word(KINDS_OF_FILE)}", f"@{user}", f"#{address_word(d.common())}",
    )  # fmt: skip


def address_word(name: str) -> str:
    """A name as addresses have it: small, without accents."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("ß", "ss"))
    return "".join(char for char in plain if char.isascii() and char.isalnum()) or "x"


def person(d: Dice) -> str:
    """A person's name, with a title or initials."""
    given, surname, initial = d.given(), d.surname(), d.capitals(1, 1)
    return d.one(
        f"{given} {surname}", f"{given} {initial}. {surname}", f"{surname}, {given}",
        f"{initial}. {surname}", f"{initial}. {d.capitals(1, 1)}. {surname}",
        f"{surname}, {initial}.", f"{d.word(d.terms.titles)} {surname}",
        f"{d.word(d.terms.titles)} {given} {surname}",
        f"{d.word(d.terms.titles)} {initial}. {surname}", surname,
        f"{surname}, {given} {d.figures(5, 5)}", f"{given} {surname}, {d.figures(4, 4)}",
    )  # fmt: skip


def address(d: Dice) -> str:
    """A postal address, or a part of one."""
    name = d.one(d.surname(), d.common().capitalize())
    street = d.one(*d.terms.streets.split("|")).format(name)
    number = d.number(1, 10 ** d.number(1, 4))
    here = (
        f"{number} {street}"
        if d.terms.decimal == "."
        else d.one(f"{street} {number}", f"{number}, {street}", f"{street}, {number}", street)
    )
    place, state = d.surname(), d.word(STATES)
    return d.one(
        here, here, f"{here}, {place}, {state}", f"{place}, {state} {d.figures(5, 5)}",
        f"{state} {d.figures(5, 5)}", f"{d.figures(5, 5)} {place}", f"{here} #{d.number(1, 40)}",
        f"P.O. Box {d.figures(2, 4)}", f"{here}, Apt. {d.number(1, 40)}{d.capitals(0, 1)}",
        f"{street} {d.number(1, 150)}{d.one('', 'a', 'b')}",
        f"{d.capitals(1, 2)}{d.number(1, 20)}{d.capitals(0, 1)} {d.number(1, 9)}{d.capitals(2, 2)}",
    )  # fmt: skip
