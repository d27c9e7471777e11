"""What a register or a signature has proved, in a reader's words: keys and values as they were kept stay in the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext, lazy_gettext as _

from app.services.identifiers import grouped
from app.views.base.columns import moment

LABELS = {
    "siren": _("SIREN"),
    "name": _("Name in the register"),
    "is_open": _("Company open"),
    "in_rcs": _("Entered in the RCS"),
    "street": _("Street"),
    "postcode": _("Postcode"),
    "city": _("Town"),
    "number": _("Number"),
    "statuses": _("Registrations"),
    "is_valid": _("Valid"),
    "reason": _("Reason"),
    "lines": _("Machine-readable lines"),
    "differences": _("Differs from what was declared"),
    "register": _("Register"),
    "exercise": _("Form of activity"),
    "collects_funds": _("Collects funds"),
    "agreement": _("Agreement no."),
    "title": _("Title"),
    "partner": _("Partner"),
    "offered_at": _("Offered on"),
    "code_sent_at": _("Code sent on"),
    "document_sha256": _("SHA-256 of the PDF"),
    "signed_by": _("Signed by"),
    "email": _("Code sent to"),
    "address": _("IP address"),
    "at": _("Signed on"),
    "consent": _("Words agreed to"),
    "code_digest": _("Fingerprint of the code"),
    "level": _("Level of signature"),
    "seal": _("Seal"),
}
VALUES = {
    "INSCRIT": _("registered"),
    "SUPPRIME": _("struck off"),
    "RADIE": _("struck off"),
    "COMMERCIALE": _("commercial"),
    "LIBERALE_NON_REGLEMENTEE": _("liberal profession"),
    "LIBERALE_REGLEMENTEE": _("liberal profession"),
    "ARTISANALE": _("craftsman"),
    "ARTISANALE_REGLEMENTEE": _("craftsman"),
    "expired": _("expired"),
    "reported stolen": _("reported stolen"),
    "other person": _("not the person declared"),
    "last_name": _("last name"),
    "first_name": _("first name"),
    "birth_date": _("birth date"),
    "CNI": _("in order (French card of 2 × 36 characters)"),
    "TD1": _("in order (card of 3 × 30 characters)"),
    "TD2": _("in order (card of 2 × 36 characters)"),
    "TD3": _("in order (passport, 2 × 44 characters)"),
    "simple": _("simple electronic signature"),
}
REGISTERS = {"local": _("Local register (demonstration)"), "public": _("Public registers")}


def proof_words(proof: dict[str, Any]) -> list[tuple[str, str]]:
    """The facts of a proof, labelled; empty ones are left out."""
    return [(str(LABELS.get(key, key)), value_words(key, value)) for key, value in proof.items() if value not in (None, "", {}, [])]


def value_words(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, dict):
        return ", ".join(f"{name} ({value_words(name, each)})" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(value_words(key, each) for each in value)
    if key in ("at", "offered_at", "code_sent_at"):
        return moment(datetime.fromisoformat(value))
    if key == "siren":
        return grouped("siren", str(value))
    if key == "number" and str(value).isdigit():
        return grouped("orias", str(value))
    return str(VALUES.get(str(value), value))


def register_words(name: str) -> str:
    return str(REGISTERS.get(name, name))
