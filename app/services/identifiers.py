"""Identifiers as people type them: cleaned, checked, and refused in words. Rules: DOMAIN 3; checks by python-stdnum."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from email_validator import EmailNotValidError, validate_email
from flask_babel import lazy_gettext as _
from stdnum import bic as bic_numbers, iban as iban_numbers
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.fr import siren as siren_numbers

from app.models import today
from app.services.refusals import RuleBroken

OLDEST_BIRTH = date(1900, 1, 1)


def squeezed(text: str) -> str:
    """Without the spaces, dots and dashes that people group digits with."""
    return re.sub(r"[\s.\-\u2010-\u2015]", "", text)


def siren(text: str) -> str:
    """Nine digits that pass the Luhn check; raises RuleBroken."""
    digits = squeezed(text)
    if not re.fullmatch(r"[0-9]{9}", digits):
        raise RuleBroken(_("A SIREN has nine digits."))
    try:
        return siren_numbers.validate(digits)
    except ValidationError as refusal:
        raise RuleBroken(_("This SIREN is not valid: its check digit is wrong. Please check each digit.")) from refusal


def orias(text: str) -> str:
    """Eight digits, the first two being the year of first registration; there is no check digit."""
    digits = squeezed(text)
    if not re.fullmatch(r"[0-9]{8}", digits):
        raise RuleBroken(_("An ORIAS number has eight digits, for example 07 004 126."))
    return digits


def iban(text: str) -> str:
    try:
        return iban_numbers.validate(squeezed(text))
    except InvalidChecksum as refusal:
        raise RuleBroken(_("This IBAN is not valid: its check digits are wrong. Please check each character.")) from refusal
    except ValidationError as refusal:
        raise RuleBroken(_("This IBAN is not valid. A French one has 27 characters and begins with FR.")) from refusal


def bic(text: str) -> str:
    try:
        return bic_numbers.validate(squeezed(text))
    except ValidationError as refusal:
        raise RuleBroken(_("This BIC is not valid. It has 8 or 11 characters, for example AGRIFRPP.")) from refusal


def email(text: str) -> str:
    try:
        return validate_email(text.strip(), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as refusal:
        raise RuleBroken(_("This e-mail address is not valid. It should look like name@example.com.")) from refusal


def phone(text: str) -> str:
    digits = re.sub(r"[\s.\-()\u2010-\u2015]", "", text)
    if not re.fullmatch(r"\+?[0-9]{8,15}", digits):
        raise RuleBroken(_("A phone number has 8 to 15 digits, for example 01 23 45 67 89 or +33 1 23 45 67 89."))
    return digits


def website(text: str) -> str:
    address = text.strip()
    if "://" not in address:
        address = f"https://{address}"
    if not re.fullmatch(r"https?://[^\s/@<>\"']+\.[^\s@<>\"']+", address):
        raise RuleBroken(_("This web address is not valid. It should look like www.example.com."))
    return address


def currency(text: str) -> str:
    code = text.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise RuleBroken(_("A currency has three letters, for example EUR."))
    return code


def birth_date(value: date) -> date:
    if not OLDEST_BIRTH <= value <= today():
        raise RuleBroken(_("A birth date lies between 1900 and today."))
    return value


CHECKS: dict[str, Callable] = {
    "siren": siren,
    "orias": orias,
    "iban": iban,
    "bic": bic,
    "email": email,
    "phone": phone,
    "url": website,
    "currency": currency,
    "birth_date": birth_date,
}


def grouped(kind: str | None, value: str) -> str:
    """An identifier as people read it: SIREN by three, IBAN by four, ORIAS and French phone numbers as they are printed."""
    if kind == "siren" and len(value) == 9:
        return f"{value[:3]}\u202f{value[3:6]}\u202f{value[6:]}"
    if kind == "orias" and len(value) == 8:
        return f"{value[:2]}\u202f{value[2:5]}\u202f{value[5:]}"
    if kind == "iban":
        return "\u202f".join(value[at : at + 4] for at in range(0, len(value), 4))
    if kind == "phone" and re.fullmatch(r"0[0-9]{9}", value):
        return "\u202f".join(value[at : at + 2] for at in range(0, 10, 2))
    return value
