"""Every mail the house writes: one function per notice. Links are made from the setting PUBLIC_URL, never from a request."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import DocumentKind, Mail, Membership, Partner, User, today
from app.services import colleagues
from app.services.brand import brand_of
from app.services.crossings import crossing
from app.services.mails import post, written

# What a preview of each notice is written with: made up, and the same for all.
SAMPLE = {
    "name": "Camille",
    "company": "Cabinet Lumière",
    "contested": False,
    "offerings": ["Sérénité Vie", "Horizon PER"],
    "reason": "La pièce d’identité est illisible.",
    "code": "000000",
    "what": "on",
    "sentence": _("has lost a category at ORIAS."),
    "lines": [("Cabinet Lumière", _("has lost a category at ORIAS."))],
    "tasks": [("Rappeler le cabinet", "Cabinet Lumière", date(2027, 1, 30))],
    "new": "camille@example.org",
    "title": "Avenant n° 1",
    "until": datetime(2027, 3, 1, 17, tzinfo=UTC),
    "today": date(2027, 1, 30),
    "kind": "qpr",
    "subjects": ["Quelques questions sur vos connaissances", "Votre code de signature"],
    "pieces": [(None, date(2027, 3, 1)), (DocumentKind.LIABILITY, date(2027, 1, 15))],
}
WITHOUT_LINK = frozenset({"client_code", "client_moved", "signing_code", "address_changed", "second_factor"})


def names() -> list[str]:
    """Every notice there is, by the folder of its words."""
    folder = Path(current_app.root_path) / "templates" / "emails"
    return sorted(each.name for each in folder.iterdir() if each.is_dir())


def preview(notice: str, language: str) -> Mail:
    """A notice as it would leave; nothing is queued."""
    facts: dict[str, Any] = SAMPLE if notice in WITHOUT_LINK else {**SAMPLE, "link": link("/")}
    return written(notice, "somebody@example.org", language, **facts)


def client_preview(partner: Partner, language: str) -> Mail:
    """A mail to a client under a partner's brand, as it would leave; nothing is queued."""
    return written("client_questionnaire", "somebody@example.org", language, brand=brand_of(partner), name=SAMPLE["name"], kind="qpr", link=link("/"))


def link(path: str) -> str:
    return current_app.config["PUBLIC_URL"].rstrip("/") + path


def confirm_address(session: Session, email: str, first_name: str, language: str, secret: str) -> Mail:
    return post("confirm_address", email, language, session, name=first_name, link=link(f"/partner/confirm/{secret}"))


def address_already_known(session: Session, email: str, first_name: str, language: str) -> Mail:
    """Sent instead of a confirmation to somebody who can sign in already; the page says the same in both cases."""
    return post("address_already_known", email, language, session, name=first_name, link=link("/partner/signin"))


def invitation(session: Session, email: str, first_name: str, language: str, secret: str, partner_id: int, company: str) -> Mail:
    return post("invitation", email, language, session, partner_id, name=first_name, company=company, link=link(f"/partner/confirm/{secret}"))


def signing_code(session: Session, email: str, language: str, code: str, partner_id: int, title: str) -> Mail:
    return post("signing_code", email, language, session, partner_id, code=code, title=title)


def to_sign(partner: Partner, title: str, until: datetime) -> None:
    """An amendment waits for its signature: to the owners, who may sign."""
    for email, language, name in owners_of(partner.id):
        post("to_sign", email, language, partner_id=partner.id, name=name, company=str(partner), title=title, until=until, link=link("/portal/profile/"))


def sign_reminder(session: Session, partner: Partner, title: str, until: datetime) -> None:
    for email, language, name in owners_of(partner.id):
        post("sign_reminder", email, language, session, partner.id, name=name, company=str(partner), title=title, until=until, link=link("/partner/signin"))


def renewals(session: Session, partner: Partner, pieces: list[tuple[Any, date]]) -> None:
    """What runs out: each piece's kind (None for the registration at ORIAS) with its last day."""
    for email, language, name in owners_of(partner.id):
        post("renewals", email, language, session, partner.id, name=name, company=str(partner), pieces=pieces, today=today(), link=link("/portal/profile/"))


def owners_of(partner_id: int) -> list[tuple[str, str, str]]:
    """Address, language and first name of those who may act for a partner."""
    return [(user.email, user.language or "fr", user.first_name) for user in colleagues.owners(partner_id)]


def forgotten_password(session: Session, email: str, first_name: str, language: str, secret: str) -> Mail:
    return post("forgotten_password", email, language, session, name=first_name, link=link(f"/password/reset/{secret}"))


def password_changed(session: Session, email: str, first_name: str, language: str) -> Mail:
    return post("password_changed", email, language, session, name=first_name, link=link("/password/forgotten"))


def second_factor(session: Session, email: str, first_name: str, language: str, what: str) -> Mail:
    """ "on", "off", or "codes" for fresh recovery codes."""
    return post("second_factor", email, language, session, name=first_name, what=what)


def new_address(session: Session, email: str, first_name: str, language: str, secret: str) -> Mail:
    return post("new_address", email, language, session, name=first_name, link=link(f"/password/address/{secret}"))


def address_changed(session: Session, email: str, first_name: str, language: str, new: str) -> Mail:
    """To the address that was one's own until now."""
    return post("address_changed", email, language, session, name=first_name, new=new)


def alert(session: Session, email: str, language: str, kind: str, partner: Partner, sentence: str, place: str) -> Mail:
    """To a member of staff who wants to hear of this kind of alert at once."""
    facts = {"company": str(partner), "link": link(place)}
    if kind in ("file_waits", "contested"):
        return post("file_waits", email, language, session, partner.id, contested=kind == "contested", **facts)
    return post("alert", email, language, session, partner.id, sentence=sentence, **facts)


def digest(session: Session, email: str, first_name: str, language: str, lines: list[tuple[str, str]], tasks: list[tuple[str, str, date]]) -> Mail:
    """The morning's mail: what has come up since yesterday's, and one's own tasks that are due."""
    return post("digest", email, language, session, name=first_name, lines=lines, tasks=tasks, link=link("/alerts/" if lines else "/"))


def people_of(partner: Partner) -> list[tuple[str, str, str]]:
    with crossing() as session:
        found = session.scalars(select(User).join(Membership, Membership.user_id == User.id).where(Membership.partner_id == partner.id, User.active.is_(True)))
        return [(user.email, user.language or "fr", user.first_name) for user in found]


def file_validated(partner: Partner, offerings: list[str]) -> None:
    for email, language, name in people_of(partner):
        post("file_validated", email, language, partner_id=partner.id, name=name, company=str(partner), offerings=offerings, link=link("/partner/signin"))


def file_refused(partner: Partner, reason: str) -> None:
    for email, language, name in people_of(partner):
        post("file_refused", email, language, partner_id=partner.id, name=name, company=str(partner), reason=reason, link=link("/partner/signin"))
