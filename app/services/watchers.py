"""Who may see one record: everybody whose rights and scope reach it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Client, Contract, Membership, Partner, Side, User
from app.models.scope import Scope, rows_of
from app.permissions import CLIENT_FILE, CONTRACTS, MY_CLIENTS, MY_COMPANY, MY_CONTRACTS, NONE, PARTNER_FILE, STAFF_ROLES, Level
from app.services.crossings import crossing
from app.services.people import partner_facts, staff_rights


@dataclass(frozen=True)
class Watcher:
    """Somebody who may see a record, through which role, and how far."""

    name: str
    role: str
    company: str
    level: Level


KINDS = {Partner: (PARTNER_FILE, MY_COMPANY), Client: (CLIENT_FILE, MY_CLIENTS), Contract: (CONTRACTS, MY_CONTRACTS)}


def who_may_see(record: Partner | Client | Contract) -> list[Watcher]:
    """Everybody whose rights and scope reach this record: the answer comes from the same table and the same criterion."""
    staff_kind, portal_kind = KINDS[type(record)]
    found: list[Watcher] = []
    with crossing() as session:
        for user in session.scalars(select(User).where(User.active.is_(True), User.side == Side.STAFF).order_by(User.last_name)):
            level = staff_rights(user.roles).get(staff_kind.name, NONE)
            if level:
                found.append(Watcher(user.get_full_name(), ", ".join(str(STAFF_ROLES.get(role.name, role.name)) for role in user.roles), "", level))
        for membership in session.scalars(select(Membership).join(User).where(User.active.is_(True)).order_by(Membership.id)):
            facts = partner_facts(session, membership.user, membership.partner_id)
            level = facts["rights"].get(portal_kind.name, NONE) if facts else NONE
            if facts and level and reaches(session, facts["scope"], record):
                found.append(Watcher(str(membership.user), str(membership.role.label), str(membership.partner), level))
    return found


def reaches(session: Session, scope: Scope, record: Partner | Client | Contract) -> bool:
    rows = rows_of(type(record), scope)
    return rows is None or session.scalar(select(type(record).id).where(type(record).id == record.id, rows), scope.values) is not None
