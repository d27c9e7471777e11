"""The words of agreements: written by staff as text with fields, kept in versions, put into parts that a page and a PDF show.

The text is plain: a line that begins with "# " is a title, a blank line ends a paragraph, lines that begin with "- " are a list.
A field stands in braces, in the text's own language: {partenaire}, {partner}.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import LazyString, force_locale, format_date, gettext, lazy_gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models import EVERY_KIND, AgreementKind, AgreementTemplate, Country, Exercise, Partner, PartnerKind, today
from app.services.crossings import crossing
from app.services.identifiers import grouped
from app.services.refusals import STALE, RuleBroken

LONGEST = 60_000  # characters of one text
FIELD = re.compile(r"\{([^{}\n]{1,40})\}")


@dataclass(frozen=True)
class Field:
    """What may stand in braces: its name by language, what it says to whoever writes, and where its words come from."""

    names: dict[str, str]
    label: LazyString
    words: Callable[[Partner], str]


def registration_words(partner: Partner) -> str:
    """What the partner is registered under: « RCS Marseille 732 829 320, ORIAS 07 004 126 »."""
    siren = grouped("siren", partner.siren or "")
    words = gettext("RCS %(town)s %(siren)s", town=partner.rcs_town, siren=siren) if partner.needs_rcs else gettext("SIREN %(siren)s", siren=siren)
    if partner.orias_number:
        words += gettext(", ORIAS %(number)s", number=grouped("orias", partner.orias_number))
    return words


def address_words(partner: Partner) -> str:
    """The parts of the address that the file holds, on one line."""
    town = " ".join(part for part in (partner.postcode, partner.city) if part)
    abroad = "" if partner.country == Country.FRANCE else partner.country.label
    return ", ".join(part for part in (partner.street, town, abroad) if part)


FIELDS = [
    Field({"fr": "maison", "en": "house"}, _("Name of the house"), lambda partner: current_app.config["HOUSE_NAME"]),
    Field({"fr": "partenaire", "en": "partner"}, _("Legal name of the partner"), str),
    Field({"fr": "nature", "en": "kind"}, _("Kind of partner"), lambda partner: str(partner.kind.label)),
    Field({"fr": "siren", "en": "siren"}, _("SIREN"), lambda partner: grouped("siren", partner.siren or "")),
    Field({"fr": "orias", "en": "orias"}, _("ORIAS number"), lambda partner: grouped("orias", partner.orias_number or "")),
    Field({"fr": "immatriculation", "en": "registration"}, _("RCS or SIREN, and ORIAS"), registration_words),
    Field({"fr": "adresse", "en": "address"}, _("Address"), address_words),
    Field({"fr": "ville", "en": "town"}, _("Town"), lambda partner: partner.city or ""),
    Field({"fr": "date", "en": "date"}, _("Day on which it is offered"), lambda partner: format_date(today(), "long")),
]


def locale_of(language: str) -> str:
    """The locale in which a language's dates are written: en_GB for English."""
    return current_app.config["LANGUAGES"][language]["locale"]


def by_name() -> dict[str, Field]:
    """Every field by every name it has: a text that was pasted from the other language still finds its fields."""
    return {name: each for each in FIELDS for name in each.names.values()}


def check(text: str) -> str:
    """The text as it is kept; raises RuleBroken (field "text") for one that is empty, too long or names an unknown field."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise RuleBroken(_("Please write the text."), "text")
    if len(text) > LONGEST:
        raise RuleBroken(_("At most %(limit)s characters; you typed %(typed)s.", limit=LONGEST, typed=len(text)), "text")
    for number, line in enumerate(text.split("\n"), 1):
        for name in FIELD.findall(line):
            if name.strip().lower() not in by_name():
                raise RuleBroken(_("Line %(number)s: there is no field {%(name)s}.", number=number, name=name), "text")
        if re.search(r"[{}]", FIELD.sub("", line)):
            raise RuleBroken(_("Line %(number)s: a brace is not closed. A field is written {name}.", number=number), "text")
    return text


def parts_of(text: str, partner: Partner, language: str) -> list[dict[str, Any]]:
    """The text as parts: [{"title", "paragraphs"}], where a paragraph is a text or {"items": [...]}. Fields are filled in after
    the text has been taken apart, once: what a partner is called is never read as markup or as a field."""
    known = by_name()
    with force_locale(locale_of(language)):

        def filled(words: str) -> str:
            return FIELD.sub(lambda found: known[found[1].strip().lower()].words(partner), words)

        parts: list[dict[str, Any]] = []
        for block in re.split(r"\n\s*\n", text.strip()):
            for kind, lines in pieces(block.split("\n")):
                if kind == "title":
                    parts.append({"title": filled(lines[0]), "paragraphs": []})
                    continue
                if not parts:
                    parts.append({"title": "", "paragraphs": []})
                parts[-1]["paragraphs"].append({"items": [filled(line) for line in lines]} if kind == "items" else filled(" ".join(lines)))
    return parts


def pieces(lines: list[str]) -> list[tuple[str, list[str]]]:
    """The lines of a block by what they are: "title", "items" or "paragraph"; neighbours of one kind belong together."""
    found: list[tuple[str, list[str]]] = []
    for line in (line.strip() for line in lines):
        if not line:
            continue
        kind, words = ("title", line[2:]) if line.startswith("# ") else ("items", line[2:]) if line.startswith("- ") else ("paragraph", line)
        if found and found[-1][0] == kind != "title":
            found[-1][1].append(words)
        else:
            found.append((kind, [words]))
    return found


# --- versions -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wording:
    """The words in force: a version that staff wrote, or those that come with the program (no id, version 0)."""

    name: str
    text: str
    number: int = 0
    id: int | None = None
    by: str = ""


def newest(kind: AgreementKind, partner_kind: str, language: str) -> AgreementTemplate | None:
    same = AgreementTemplate.kind == kind, AgreementTemplate.partner_kind == partner_kind, AgreementTemplate.language == language
    with crossing() as session:
        return session.scalar(select(AgreementTemplate).where(*same).order_by(AgreementTemplate.number.desc()).limit(1))


def wording_of(row: AgreementTemplate) -> Wording:
    return Wording(row.name, row.text, row.number, row.id, row.by)


def in_force(kind: AgreementKind, partner_kind: PartnerKind, language: str) -> Wording:
    """What an agreement with such a partner says: the words for its kind, else those for all, else the program's own."""
    for wanted in (partner_kind.value, EVERY_KIND):
        row = newest(kind, wanted, language)
        if row is not None:
            return wording_of(row)
    return built_in(kind, language)


def to_edit(kind: AgreementKind, partner_kind: str, language: str) -> Wording:
    """What the editor begins with: the newest version of exactly these words, else what is in force in their place, as version 0."""
    row = newest(kind, partner_kind, language)
    if row is not None:
        return wording_of(row)
    general = newest(kind, EVERY_KIND, language) if partner_kind != EVERY_KIND else None
    base = wording_of(general) if general is not None else built_in(kind, language)
    return Wording(base.name, base.text)


def versions(kind: AgreementKind, partner_kind: str, language: str) -> list[AgreementTemplate]:
    same = AgreementTemplate.kind == kind, AgreementTemplate.partner_kind == partner_kind, AgreementTemplate.language == language
    return list(db.session.scalars(select(AgreementTemplate).where(*same).order_by(AgreementTemplate.number.desc()).limit(50)))


def overview() -> dict[tuple[AgreementKind, str, str], AgreementTemplate]:
    """The newest version of every wording that staff have written."""
    last = select(func.max(AgreementTemplate.id)).group_by(AgreementTemplate.kind, AgreementTemplate.partner_kind, AgreementTemplate.language)
    rows = db.session.scalars(select(AgreementTemplate).where(AgreementTemplate.id.in_(last)))
    return {(row.kind, row.partner_kind, row.language): row for row in rows}


def save(kind: AgreementKind, partner_kind: str, language: str, name: str, text: str, begun_from: int, by: str) -> AgreementTemplate:
    """Keeps the next version, in force at once for what is offered from now on. `begun_from` is the version that the writer saw:
    when somebody else has saved one meanwhile, raises RuleBroken and nothing is written."""
    if not name.strip():
        raise RuleBroken(_("Please fill in this field."), "name")
    text = check(text)
    last = newest(kind, partner_kind, language)
    if (last.number if last is not None else 0) != begun_from:
        raise RuleBroken(STALE)
    row = AgreementTemplate(kind=kind, partner_kind=partner_kind, language=language, number=begun_from + 1, name=name.strip()[:200], text=text, by=by)
    db.session.add(row)
    try:
        db.session.flush()
    except IntegrityError as meanwhile:  # somebody saved the same version at this moment
        raise RuleBroken(STALE) from meanwhile
    return row


def sample(partner_kind: str) -> Partner:
    """A made-up partner for the preview."""
    kind = next((each for each in PartnerKind if each.value == partner_kind), PartnerKind.INSURANCE_BROKER)
    facts = {"siren": "732829320", "rcs_town": "Marseille", "orias_number": "07004126", "street": "12 quai du Port", "postcode": "13002", "city": "Marseille"}
    made = Partner(name="Cabinet Lumière", kind=kind, **facts)
    made.country, made.exercise = Country.FRANCE, Exercise.COMMERCIAL
    return made


def built_in(kind: AgreementKind, language: str) -> Wording:
    """The words that come with the program."""
    names = {each.names["en"]: f"{{{each.names.get(language, each.names['en'])}}}" for each in FIELDS}
    with force_locale(locale_of(language)):
        if kind is AgreementKind.AMENDMENT:
            return Wording(gettext("Amendment to the distribution agreement"), amendment(names))
        return Wording(gettext("Distribution agreement"), agreement(names))


def between(names: dict[str, str]) -> str:
    return "\n\n".join(
        [
            "# " + gettext("Between"),
            gettext("%(house)s, hereafter “the House”,", house=names["house"]),
            gettext(
                "and %(partner)s (%(registered)s), %(address)s, hereafter “the Partner”.",
                partner=names["partner"],
                registered=names["registration"],
                address=names["address"],
            ),
        ]
    )


def dated(names: dict[str, str]) -> str:
    return gettext("Dated %(day)s", day=names["date"])


def placeholder(language: str) -> str:
    """The sentence that an amendment has to replace."""
    with force_locale(locale_of(language)):
        return gettext("Write here what this amendment changes in the agreement.")


def amendment(names: dict[str, str]) -> str:
    return "\n\n".join(
        [
            between(names),
            "# " + gettext("Article 1 – What changes"),
            gettext("Write here what this amendment changes in the agreement."),
            "# " + gettext("Article 2 – The rest stands"),
            gettext("All other articles of the distribution agreement stay as they are."),
            dated(names),
        ]
    )


def agreement(names: dict[str, str]) -> str:
    return "\n\n".join(
        [
            between(names),
            "# " + gettext("Article 1 – Purpose"),
            gettext(
                "The House entrusts the Partner, without exclusivity, with distributing the offerings that it assigns to it. The list of these offerings is kept up to date on the Partner’s portal."
            ),
            "# " + gettext("Article 2 – The Partner’s duties"),
            gettext("The Partner keeps the registrations, insurance and guarantees that its activity requires, and tells the House without delay of any change."),
            gettext("It gathers its clients’ needs and knowledge, advises them in their interest, and keeps the proof of it."),
            "# " + gettext("Article 3 – Remuneration"),
            gettext(
                "The Partner receives the share of commissions that its program and tier provide for, on commissions actually received by the House. Statements are drawn up monthly."
            ),
            "# " + gettext("Article 4 – Personal data"),
            gettext("Each party is the controller of the personal data it processes, and keeps clients’ data confidential and secure."),
            "# " + gettext("Article 5 – Term"),
            gettext(
                "This agreement takes effect when the House has validated the Partner’s file, for an unlimited time. Either party may end it with three months’ notice."
            ),
            dated(names),
        ]
    )
