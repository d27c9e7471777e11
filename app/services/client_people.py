"""Whom of a client a mail can go to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Client, Signatory


@dataclass(frozen=True)
class Recipient:
    """Somebody of a client whom a mail can go to."""

    name: str
    email: str


def signatories_of(session: Session, client_id: int) -> list[Signatory]:
    return list(session.scalars(select(Signatory).where(Signatory.client_id == client_id).order_by(Signatory.id)))


def recipients(client: Client, signatories: list[Signatory]) -> list[Recipient]:
    """The client's own address first, then its signatories', the principal before the others."""
    found = [Recipient(client.called, client.email)] if client.email else []
    for each in sorted(signatories, key=lambda signatory: not signatory.is_principal):
        if each.email and each.email.lower() not in [known.email.lower() for known in found]:
            found.append(Recipient(str(each), each.email))
    return found


def is_theirs(session: Session, client: Client, email: str) -> bool:
    """Whether an address still is one of this client's: one that was removed opens nothing any more."""
    return email.lower() in [each.email.lower() for each in recipients(client, signatories_of(session, client.id))]
