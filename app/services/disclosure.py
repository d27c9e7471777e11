"""Who of a partner sees a client, and how much of it: asked under each person's own scope, by the same walls that hold on the portal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import (
    Client,
    ClientAnswers,
    ClientFile,
    ClientPaper,
    ClientReference,
    Complaint,
    Contract,
    DataRequest,
    MemberRole,
    Membership,
    Partner,
    ReferenceClaim,
    Signatory,
    Task,
    User,
)
from app.models.scope import Scope
from app.permissions import MY_CLIENTS, MY_COMPLAINTS, MY_CONTRACTS, Access
from app.services.crossings import crossing, seen_as
from app.services.people import scope_of_member

# What hangs on a client, with the right that opens it on the portal.
PARTS: tuple[tuple[type[Any], Access], ...] = (
    (Signatory, MY_CLIENTS),
    (ClientReference, MY_CLIENTS),
    (ReferenceClaim, MY_CLIENTS),
    (ClientFile, MY_CLIENTS),
    (ClientAnswers, MY_CLIENTS),
    (ClientPaper, MY_CLIENTS),
    (Contract, MY_CONTRACTS),
    (Complaint, MY_COMPLAINTS),
    (DataRequest, MY_COMPLAINTS),
    (Task, MY_CLIENTS),
)
HIGHEST = 20  # companies above one another: more is a fault in the data


@dataclass(frozen=True)
class Part:
    """How many rows of one kind hang on the client, and how many of them a role sees."""

    entity: type[Any]
    access: Access
    seen: int
    all: int


@dataclass(frozen=True)
class Onlooker:
    """A person of the client's partner, or of a company above it, and whether it finds the client."""

    user: User
    partner: Partner
    sees: bool
    is_above: bool


def parts_for(client_id: int, partner_id: int) -> list[Part]:
    """What somebody of the partner who is not limited to own clients finds of a client."""
    with crossing() as house, seen_as(scope_of_member(house, partner_id, None, False)) as theirs:
        return [Part(entity, access, number(theirs, entity, client_id), number(house, entity, client_id)) for entity, access in PARTS]


def number(session: Session, entity: type[Any], client_id: int) -> int:
    wanted = select(func.count()).select_from(entity).where(entity.client_id == client_id)
    if entity is ClientFile:
        wanted = wanted.where(ClientFile.deleted_at.is_(None))
    return session.scalar(wanted) or 0


def onlookers(client_id: int, partner_id: int, role: MemberRole) -> list[Onlooker]:
    """Everybody who has a role with the client's partner, and with the companies above it, who read what their agents do."""
    found = []
    with crossing() as house:
        for partner in upwards(house, partner_id):
            everybody = scope_of_member(house, partner.id, None, False)
            all_see = finds(everybody, client_id)  # asked once for all who are not limited to own clients
            people = select(Membership, User).join(User, User.id == Membership.user_id).where(Membership.partner_id == partner.id, Membership.role == role)
            for membership, user in house.execute(people.where(User.active.is_(True)).order_by(User.last_name, User.id)):  # type: ignore[call-arg, arg-type]
                limited = membership.own_clients_only
                sees = finds(replace(everybody, person_id=user.id, own_clients_only=True), client_id) if limited else all_see
                found.append(Onlooker(user, partner, partner.is_open and sees, partner.id != partner_id))
    return found


def finds(scope: Scope, client_id: int) -> bool:
    with seen_as(scope) as theirs:
        return theirs.scalar(select(Client.id).where(Client.id == client_id)) is not None


def upwards(session: Session, partner_id: int) -> Iterator[Partner]:
    seen: set[int] = set()
    number: int | None = partner_id
    while number is not None and number not in seen and len(seen) < HIGHEST:
        seen.add(number)
        partner = session.get_one(Partner, number)
        yield partner
        number = partner.parent_id
