"""The brand under which a partner's clients are written to and received: a colour that can be read, a sender's name, an address for
answers. Contrast as WCAG 2.2 defines it (success criterion 1.4.3)."""

from __future__ import annotations

import io
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask_babel import format_decimal, lazy_gettext as _
from PIL import Image

from app.models import Partner
from app.services import files
from app.services.refusals import RuleBroken

GLACIER, WHITE, NIGHT = "#14569b", "#ffffff", "#171e27"  # the house's own colour, and the two grounds it is read on
ENOUGH = 4.5
LONGEST_NAME = 100
WIDEST, HIGHEST = 55, 13  # millimetres of a logo at the head of a letter


@dataclass(frozen=True)
class Brand:
    """`colour` is read on white and under white letters, `light` on a dark ground."""

    name: str
    colour: str
    light: str
    sender: str
    reply_to: str


def brand_of(partner: Partner) -> Brand:
    colour = partner.brand_colour or GLACIER
    return Brand(str(partner), colour, lightened(colour), (partner.sender_name or str(partner))[:LONGEST_NAME], partner.reply_to or "")


def letterhead(partner: Partner) -> dict[str, Any]:
    """The head of a document for this partner's clients, as templates/documents/letterhead.typ takes it: the logo's bytes as numbers and
    its width in millimetres. A logo that cannot be read is left out: a letter does not wait for a picture."""
    content = b""
    if partner.logo:
        with suppress(files.FileMissing, files.StoreGone):
            content = b"".join(files.read(partner.logo))
    width = 0.0
    if content:
        with Image.open(io.BytesIO(content)) as picture:
            width = min(WIDEST, HIGHEST * picture.width / picture.height)
    return {"colour": partner.brand_colour or GLACIER, "logo": list(content), "width": round(width, 1)}


def channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def luminance(colour: str) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1, no difference, to 21, black on white."""
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def lightened(colour: str) -> str:
    """The nearest colour on the way to white that can be read on a dark ground."""
    for step in range(21):
        found = "#" + "".join(f"{round(255 * (part + (1 - part) * step / 20)):02x}" for part in channels(colour))
        if contrast(found, NIGHT) >= ENOUGH:
            return found
    return WHITE


def clean_colour(typed: str) -> str | None:
    """The colour as #rrggbb, None for none; raises RuleBroken for what is no colour, or cannot be read."""
    text = typed.strip().lower()
    if not text:
        return None
    text = text if text.startswith("#") else f"#{text}"
    if re.fullmatch(r"#[0-9a-f]{3}", text):
        text = "#" + "".join(letter * 2 for letter in text[1:])
    if not re.fullmatch(r"#[0-9a-f]{6}", text):
        raise RuleBroken(_("This is not a colour. Write it like #14569b."), "brand_colour")
    found = contrast(text, WHITE)
    if found < ENOUGH:
        words = _(
            "White letters on this colour cannot be read well: their contrast is %(found)s, and %(least)s are needed. Please choose a darker one.",
            found=format_decimal(round(found, 1)),
            least=format_decimal(ENOUGH),
        )
        raise RuleBroken(words, "brand_colour")
    return text
