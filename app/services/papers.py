"""The pieces of a partner's file: handed in, compared with the person's own words, and looked at by few. Rules: DOMAIN 2 and 3."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Alert, Deed, Document, DocumentKind, History, IdentityPaper, Partner, PartnerStatus, now, today
from app.models.recorder import entry_of
from app.models.scope import leave
from app.services import alerts, colleagues, mrz
from app.services.crossings import crossing
from app.services.files import Kept
from app.services.mrz import Zone
from app.services.refusals import RuleBroken, refuse_all

DATED = (DocumentKind.LIABILITY, DocumentKind.GUARANTEE, DocumentKind.ASSOCIATION)  # what is good for a year and bears its last day
SAME_LOOK = timedelta(minutes=1)  # a page and the picture on it are one look
BEING_FILLED = (PartnerStatus.DRAFT, PartnerStatus.REFUSED)


@dataclass(frozen=True)
class Particulars:
    """What an identity document says of itself."""

    number: str = ""
    expires_on: date | None = None
    zone: str = ""


@dataclass(frozen=True)
class Compared:
    """How an identity document compares with the person who handed it in; kept as the proof of the check."""

    number: str
    is_valid: bool
    reason: str = ""
    lines: str = ""  # the kind of machine-readable lines, "" without any
    differences: list[str] = field(default_factory=list)
    register: str = ""


def particulars(number: str, expires_on: date | None, typed_zone: str) -> Particulars:
    """Number, expiry and machine-readable lines as they belong together; the lines fill in what was left empty. Raises RuleBroken
    with every sentence (fields identity_number, identity_expires_on, mrz)."""
    wrong: dict[str, Any] = {}
    zone: Zone | None = None
    try:
        zone = mrz.read(typed_zone) if typed_zone.strip() else None
    except RuleBroken as refusal:
        wrong["mrz"] = refusal.sentence
    number = plain_number(number)
    if zone is not None:
        if number and number != zone.number:
            wrong["identity_number"] = _("The lines at the bottom of the document say %(number)s. Please check the number.", number=zone.number)
        if expires_on is not None and zone.expires_on is not None and expires_on != zone.expires_on:
            wrong["identity_expires_on"] = _("The lines at the bottom of the document say another day. Please check the date.")
        number, expires_on = number or zone.number, expires_on or zone.expires_on
    if not number and "mrz" not in wrong:
        wrong["identity_number"] = _("Please enter the number of your identity document.")
    if expires_on is not None and expires_on < today() and "identity_expires_on" not in wrong:
        wrong["identity_expires_on"] = _("This document has expired. Please hand in one that is valid.")
    refuse_all(wrong)
    return Particulars(number[:40], expires_on, zone.lines if zone is not None else "")


def plain_number(number: str) -> str:
    return "".join(each for each in number.upper() if each.isalnum())


def add(partner: Partner, kind: DocumentKind, kept: Kept, by: str, said: Particulars) -> Document:
    """A piece handed in; the number and lines of an identity document go to a row of their own. Staff hear of what a partner
    hands in once its file has been submitted."""
    is_identity = kind == DocumentKind.IDENTITY
    facts = {"key": kept.key, "filename": kept.filename, "media_type": kept.media_type, "size": kept.size, "digest": kept.digest}
    document = Document(partner_id=partner.id, kind=kind, expires_on=said.expires_on, number=None if is_identity else said.number or None, uploaded_by=by, **facts)
    db.session.add(document)
    db.session.flush()
    if is_identity:
        db.session.add(IdentityPaper(partner_id=partner.id, document_id=document.id, number=said.number, zone=said.zone))
    return document


def tell_staff(partner: Partner) -> None:
    """One alert however many pieces come, until somebody has handled it."""
    with crossing() as session:
        open_one = select(Alert.id).where(Alert.kind == "document_received", Alert.partner_id == partner.id, Alert.handled_at.is_(None))
        if session.scalar(open_one.limit(1)) is not None:
            return
    alerts.call(db.session(), "document_received", partner)


def describe(document: Document, said: Particulars) -> None:
    """Corrects what was said of an identity document that has been handed in already."""
    document.expires_on = said.expires_on
    paper = paper_of(document)
    if paper is None:
        db.session.add(IdentityPaper(partner_id=document.partner_id, document_id=document.id, number=said.number, zone=said.zone))
    else:
        paper.number, paper.zone = said.number, said.zone


def paper_of(document: Document) -> IdentityPaper | None:
    return db.session.scalar(select(IdentityPaper).where(IdentityPaper.document_id == document.id))


def hidden(number: str) -> str:
    """Enough of a number to recognise it by."""
    return f"…{number[-4:]}" if len(number) > 4 else number


def compare(paper: IdentityPaper) -> tuple[str, list[str]]:
    """The kind of machine-readable lines, and which facts of the person they do not bear out: of the owner they fit best. Without
    lines, or without anybody to compare them with, there is no kind."""
    if not paper.zone:
        return "", []
    zone = mrz.read(paper.zone)
    found = [mrz.differences(zone, user.first_name, user.last_name, user.birth_date) for user in colleagues.owners(paper.partner_id)]
    return (zone.kind, min(found, key=len)) if found else ("", [])


def note_look(document_id: int, actor: str, actor_id: int) -> None:
    """Writes into the history that somebody has seen an identity document. On a session of its own: no transaction is open."""
    with crossing(reading=False) as session:
        session.info.update(actor=actor, actor_id=actor_id)
        if not seen_just_now(session, document_id, actor_id):
            leave(session, entry_of(session, Deed.SEEN, Document.__name__, document_id, {}))
        session.commit()


def seen_just_now(session: Session, document_id: int, actor_id: int) -> bool:
    of_document = History.entity == Document.__name__, History.record_id == document_id, History.deed == Deed.SEEN
    return session.scalar(select(History.id).where(*of_document, History.actor_id == actor_id, History.at > now() - SAME_LOOK).limit(1)) is not None
