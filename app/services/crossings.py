"""Sessions of the house itself, which look across scopes: for signing in, one-time links, mails, and the few questions whose
answer (yes or no) a partner's rule needs about somebody else's rows.

Reading ones can be opened while the request's own session holds SQLite's write lock; writing ones must come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.extensions import db, house_engine, reading_engine, reads_only
from app.models import Client, ClientReference, Partner, Partnership, PartnerStatus, Setting, Submission, User
from app.models.scope import SYSTEM, Scope

HELD = (PartnerStatus.PENDING_VALIDATION, PartnerStatus.ACTIVE, PartnerStatus.SUSPENDED)


@contextmanager
def crossing(reading: bool = True, piecemeal: bool = False) -> Iterator[Session]:
    """A session of the house itself. A writing one must not be opened while the request's session has begun. `piecemeal` reads
    through a cursor (yield_per), which PostgreSQL has only within a transaction."""
    token = reads_only.set(reading)
    session = Session(house_engine() if reading and not piecemeal else db.engine, expire_on_commit=False, info={"scope": SYSTEM, "actor": "system"})
    try:
        yield session
    finally:
        session.close()
        reads_only.reset(token)


@contextmanager
def seen_as(scope: Scope) -> Iterator[Session]:
    """A session that reads what somebody else would read, behind the same walls: for staff who look at what a partner sees."""
    token = reads_only.set(True)
    session = Session(reading_engine(), expire_on_commit=False, info={"scope": scope, "actor": "", "reads": True})
    try:
        yield session
    finally:
        session.close()
        reads_only.reset(token)


def siren_is_held(siren: str, by_other_than: int) -> bool:
    """Whether a file from validation on has this SIREN already."""
    with crossing() as session:
        held = select(Partner.id).where(Partner.siren == siren, Partner.id != by_other_than, Partner.status.in_(HELD), Partner.contested.is_(False))
        return session.scalar(held.limit(1)) is not None


def reference_is_held(supplier_id: int, reference: str, by_other_than: int) -> bool:
    """Whether another client, whoever's, holds this supplier reference."""
    with crossing() as session:
        held = select(ClientReference.id).where(
            ClientReference.supplier_id == supplier_id, ClientReference.reference == reference, ClientReference.client_id != by_other_than
        )
        return session.scalar(held) is not None


class Card(NamedTuple):
    """Whom to write to, or to call."""

    name: str
    email: str
    phone: str | None


def account_manager_of(partner_id: int) -> Card | None:
    """Who looks after a partner: named on its partnership, else on its file. Of the staff, a partner sees nobody else."""
    with crossing() as session:
        named = select(Partnership.account_manager_id).where(Partnership.partner_id == partner_id).scalar_subquery()
        on_file = select(Partner.account_manager_id).where(Partner.id == partner_id).scalar_subquery()
        user = session.scalar(select(User).where(User.id == func.coalesce(named, on_file), User.active.is_(True)))
        return Card(user.get_full_name(), user.email, user.phone) if user is not None else None


def adviser_of(client_id: int) -> Card | None:
    """Whom a client turns to: its adviser, else the partner that looks after it."""
    with crossing() as session:
        client = session.get_one(Client, client_id)
        partner, user = session.get_one(Partner, client.partner_id), session.get(User, client.adviser_id or 0)
        if user is not None and user.active:
            return Card(user.get_full_name(), user.email, user.phone or partner.phone)
        return Card(str(partner), partner.email, partner.phone) if partner.email else None


def setting(key: str) -> object | None:
    with crossing() as session:
        return session.scalar(select(Setting.value).where(Setting.key == key))


def led_to(token: str) -> str | None:
    """Where the first of identical posts led, or None when there has been none."""
    with crossing() as session:
        return session.scalar(select(Submission.led_to).where(Submission.token == token))
