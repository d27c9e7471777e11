"""How a client enters without a password: a link that is mailed, works once and opens one browser for a while. The same address can be
sent a fresh one; what was begun is still there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Client, ClientLink, Partner, PartnerStatus, now
from app.models.scope import Scope, ScopeKind
from app.services.brand import brand_of
from app.services.client_people import is_theirs
from app.services.crossings import crossing
from app.services.people import digest_of
from app.services.refusals import RuleBroken

STAYS = timedelta(hours=12)  # how long a browser stays in
DEAD = _("This link has been used, or its time is over. You can have a new one sent to the same address.")
CLOSED = _("This space is not open at the moment. Please get in touch with your adviser.")


@dataclass(frozen=True)
class Guest:
    """A client who came by a link: whose rows it sees, in which language, and under whose name."""

    link_id: int
    client_id: int
    name: str
    email: str
    language: str
    partner_id: int
    partner_name: str
    partner_logo: str | None
    colour: str

    @property
    def scope(self) -> Scope:
        return Scope(ScopeKind.LINK, client_id=self.client_id)


def new(session: Session, client: Client, recipient: str) -> tuple[str, ClientLink]:
    """A fresh link for one of a client's people, and its row. Earlier ones stay good, each once: two mails of one day both open."""
    secret = secrets.token_urlsafe(24)
    row = ClientLink(client_id=client.id, sent_to=recipient, digest=digest_of(secret), expires_at=now() + current_app.config["CLIENT_LINK_LIFETIME"])
    session.add(row)
    return f"{current_app.config['PUBLIC_URL'].rstrip('/')}/space/enter/{secret}", row


def give_time(session: Session, message_id: str) -> None:
    """The link of a mail that was held back begins to run as the mail leaves."""
    row = session.scalar(select(ClientLink).where(ClientLink.message_id == message_id, ClientLink.used_at.is_(None)))
    if row is not None:
        row.expires_at = now() + current_app.config["CLIENT_LINK_LIFETIME"]


def is_good(secret: str) -> bool:
    with crossing() as session:
        row = session.scalar(select(ClientLink).where(ClientLink.digest == digest_of(secret)))
        return row is not None and row.is_open and is_open_to(session, row)


def leads_to(secret: str) -> int | None:
    """Whose link it is, used or not."""
    with crossing() as session:
        return session.scalar(select(ClientLink.client_id).where(ClientLink.digest == digest_of(secret)))


def house_of(secret: str) -> str:
    """In whose name a link was sent; nothing for one that is none of ours."""
    with crossing() as session:
        wanted = select(Partner).join(Client, Client.partner_id == Partner.id).join(ClientLink, ClientLink.client_id == Client.id)
        partner = session.scalar(wanted.where(ClientLink.digest == digest_of(secret)))
        return str(partner) if partner is not None else ""


def is_open_to(session: Session, row: ClientLink) -> bool:
    """Whether a link's owner may enter at all: the client's notifications are on, the address still is one of the client's, and the
    partner works."""
    client = session.get(Client, row.client_id)
    if client is None or not client.notifications or not is_theirs(session, client, row.sent_to):
        return False
    return session.get_one(Partner, client.partner_id).status is PartnerStatus.ACTIVE


def enter(secret: str) -> str:
    """Uses a link up and returns the secret of this browser's visit; raises RuleBroken. Of two at once, one is let in."""
    with crossing(reading=False) as session:
        row = session.scalar(select(ClientLink).where(ClientLink.digest == digest_of(secret)).with_for_update())
        if row is None or not row.is_open:
            raise RuleBroken(DEAD)
        if not is_open_to(session, row):
            raise RuleBroken(CLOSED)
        visit = secrets.token_urlsafe(24)
        row.used_at, row.session_digest, row.session_until = now(), digest_of(visit), now() + STAYS
        session.commit()
        return visit


def identify(visit: str | None) -> Guest | None:
    """Who is behind a browser's visit, while it lasts."""
    if not visit:
        return None
    with crossing() as session:
        row = session.scalar(select(ClientLink).where(ClientLink.session_digest == digest_of(visit), ClientLink.session_until > now()))
        if row is None or not is_open_to(session, row):
            return None
        client = session.get_one(Client, row.client_id)
        partner = session.get_one(Partner, client.partner_id)
        return Guest(row.id, client.id, client.called, row.sent_to, client.language, partner.id, str(partner), partner.logo, brand_of(partner).colour)


def end(visit: str | None) -> None:
    """The visit of this browser is over."""
    with crossing(reading=False) as session:
        session.execute(update(ClientLink).where(ClientLink.session_digest == digest_of(visit or "")).values(session_until=now()))
        session.commit()


def owner_of(session: Session, secret: str) -> tuple[Client, str] | None:
    """Whose a link was, used or not, and whom it was sent to; None while it may not enter."""
    row = session.scalar(select(ClientLink).where(ClientLink.digest == digest_of(secret)))
    return (session.get_one(Client, row.client_id), row.sent_to) if row is not None and is_open_to(session, row) else None
