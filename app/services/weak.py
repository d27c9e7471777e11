"""Passwords that are refused: short, common, or made of what everybody knows about the person and the house. No rule asks for
signs or capitals (OWASP ASVS 5, chapter 6.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from anyascii import anyascii
from flask import current_app
from flask_babel import lazy_gettext as _
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.services.refusals import RuleBroken

SHORTEST, LONGEST = 10, 200
# What lists from elsewhere do not hold and everybody here would try.
OF_THE_TRADE = frozenset(
    """bienvenue soleil doudou chouchou loulou bonjour motdepasse courtage courtier assurance assurances partenaire partenaires conseil
    patrimoine cabinet epargne finance gestion distribution convention retraite mutuelle prevoyance""".split()  # noqa: SIM905 - a list of words reads like this
)
OWN_PART = 6  # characters that are left when known words are taken out
WORD = 4  # shorter words are in too many good passwords


@cache
def common() -> frozenset[str]:
    """Passwords that people choose most, from the lists of zxcvbn."""
    return frozenset(FREQUENCY_LISTS["passwords"])


def refuse(password: str, known: Iterable[str] = ()) -> None:
    """Raises RuleBroken (field "password") for a password that is too easy to guess. `known` holds names, addresses and companies
    that go with the person."""
    if len(password) < SHORTEST:
        raise RuleBroken(_("A password has at least %(number)s characters.", number=SHORTEST), "password")
    if len(password) > LONGEST:
        raise RuleBroken(_("A password has at most %(number)s characters.", number=LONGEST), "password")
    plain = anyascii(password).lower()
    bare = re.sub(r"[\W\d_]+$", "", plain)  # whatever digits and signs are put behind it
    if len(set(plain)) < 4 or any(is_easy(each) for each in (plain, bare, plain[: len(plain) // 2] if is_doubled(plain) else plain)):
        raise RuleBroken(
            _("This password is among the first that anybody would try. Please choose another one: a few words that nobody would put together are best."), "password"
        )
    found, left = [], plain
    for word in words_of([*known, current_app.config["APP_NAME"], current_app.config["HOUSE_NAME"]]):
        if word in left:
            found.append(word)
            left = left.replace(word, " ")
    if found and len(re.sub(r"[\W_]", "", left)) < OWN_PART:
        raise RuleBroken(_("This password is mostly “%(word)s”, which others know as well. Please choose another one.", word=" ".join(found)), "password")


def is_easy(plain: str) -> bool:
    return bool(plain) and (plain in common() or plain in OF_THE_TRADE or is_run(plain))


def is_doubled(plain: str) -> bool:
    half, rest = divmod(len(plain), 2)
    return rest == 0 and plain[:half] == plain[half:]


def words_of(known: Iterable[str]) -> list[str]:
    """The words in names and addresses, the longest first."""
    found = {word for text in known if text for word in re.findall(r"[a-z]+", anyascii(text).lower()) if len(word) >= WORD}
    return sorted(found, key=lambda word: (-len(word), word))


def is_run(plain: str) -> bool:
    """Letters or digits that follow each other on the keyboard or in the alphabet, from end to end."""
    rows = ("abcdefghijklmnopqrstuvwxyz" * 2, "0123456789" * 4, "azertyuiopqsdfghjklmwxcvbn" * 2, "qwertyuiopasdfghjklzxcvbnm" * 2)
    return any(plain in row or plain in row[::-1] for row in rows)
