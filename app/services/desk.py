"""What waits for somebody on its home page: for staff in one statement whatever it may see, for a partner in three."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, Integer, Select, String, cast, func, literal, null, select, type_coerce, union_all
from sqlalchemy.orm import Session

from app.models import (
    Agreement,
    AgreementStatus,
    Assignment,
    Client,
    Contract,
    Document,
    DocumentKind,
    Partner,
    PartnerKind,
    PartnerMove,
    Partnership,
    PartnerStatus,
    Program,
    Task,
    Tier,
    now,
    today,
)
from app.models.base import Moment
from app.permissions import CONTRACTS, FOLLOW_UP, MY_CLIENTS, MY_CONTRACTS, MY_OFFERINGS, PARTNER_FILE, READ
from app.services.contracts import is_held
from app.services.people import Person

SHOWN = 8
EXPIRES_WITHIN = timedelta(days=60)
COUNTED = 1000


@dataclass(frozen=True)
class Line:
    """A line of the desk: what it leads to, its name, a second fact, a choice of the model, and when."""

    id: int
    name: str
    detail: str
    choice: Any
    day: date | None
    moment: datetime | None


def part(section: str, key: Any, name: Any = None, detail: Any = None, choice: Any = None, day: Any = None, moment: Any = None) -> Select[Any]:
    """One part of the desk in the shape that all parts share."""

    def text(column: Any) -> Any:
        return cast(column, String) if column is not None else cast(null(), String)

    return select(
        literal(section).label("section"),
        type_coerce(key, Integer).label("id"),
        text(name).label("name"),
        text(detail).label("detail"),
        text(choice).label("choice"),
        (cast(null(), Date) if day is None else day).label("day"),
        (cast(null(), Moment()) if moment is None else moment).label("moment"),
    )


def waiting() -> Select[Any]:
    found = part("waiting", Partner.id, Partner.name, None, Partner.kind, None, Partner.submitted_at)
    return found.where(Partner.status == PartnerStatus.PENDING_VALIDATION).order_by(Partner.submitted_at)


def expiring() -> Select[Any]:
    found = part("expiring", Document.id, None, Partner.name, Document.kind, Document.expires_on)
    return found.join(Partner, Partner.id == Document.partner_id).where(Document.expires_on < today() + EXPIRES_WITHIN).order_by(Document.expires_on)


def moves() -> Select[Any]:
    found = part("moves", Partner.id, Partner.name, PartnerMove.by, PartnerMove.after, None, PartnerMove.created_at)
    return found.join(Partner, Partner.id == PartnerMove.partner_id).order_by(PartnerMove.id.desc())


def tasks(person_id: int) -> Select[Any]:
    found = part("tasks", Task.id, Task.name, Partner.name, None, Task.due_on)
    return found.join(Partner, Partner.id == Task.partner_id).where(Task.done_on.is_(None), Task.assignee_id == person_id).order_by(Task.due_on, Task.id)


CHOICES: dict[str, Any] = {"waiting": PartnerKind, "expiring": DocumentKind, "moves": PartnerStatus}


def of_staff(session: Session, who: Person) -> dict[str, list[Line]]:
    """The parts of the desk that this person's rights open."""
    parts = {
        **({"waiting": waiting(), "expiring": expiring(), "moves": moves()} if who.may(PARTNER_FILE, READ) else {}),
        **({"tasks": tasks(who.id)} if who.may(FOLLOW_UP, READ) else {}),
    }
    if not parts:
        return {}
    found: dict[str, list[Line]] = defaultdict(list, {name: [] for name in parts})
    for row in session.execute(union_all(*(select(each.limit(SHOWN).subquery()) for each in parts.values()))):
        choice = CHOICES[row.section](row.choice) if row.section in CHOICES else None
        found[row.section].append(Line(row.id, row.name or "", row.detail or "", choice, row.day, row.moment))
    return in_order(found)


def in_order(found: dict[str, list[Line]]) -> dict[str, list[Line]]:
    """A union promises no order: each part is put in its own."""
    far = date.max
    orders: dict[str, Callable[[Line], Any]] = {
        "waiting": lambda line: (line.moment is None, line.moment and line.moment.isoformat()),
        "moves": lambda line: -(line.moment.timestamp() if line.moment else 0),
    }
    return {name: sorted(lines, key=orders.get(name, lambda line: (line.day or far, line.id))) for name, lines in found.items()}


def counts_of_staff(session: Session, who: Person) -> dict[str, int]:
    """How many files wait, how many partners are active, and how many contracts have no client (at most COUNTED + 1), as far as
    this person may see."""
    files = select(func.count()).select_from(Partner).where(Partner.status == PartnerStatus.PENDING_VALIDATION)
    active = select(func.count()).select_from(Partner).where(Partner.status == PartnerStatus.ACTIVE)
    orphans = select(func.count()).select_from(select(Contract.id).where(Contract.client_id.is_(None)).limit(COUNTED + 1).subquery())
    wanted = {**({"files": files, "active": active} if who.may(PARTNER_FILE, READ) else {}), **({"orphans": orphans} if who.may(CONTRACTS, READ) else {})}
    if not wanted:
        return {}
    return dict(session.execute(select(*(each.scalar_subquery().label(name) for name, each in wanted.items()))).one()._mapping)


def of_partner(session: Session, who: Person) -> dict[str, Any]:
    """A partner's figures, its tier and program, its latest clients and what is to be done for the house."""
    in_euros = Contract.currency == "EUR"
    wanted: dict[str, Any] = {
        "tier": select(Tier.name).join(Partnership, Partnership.tier_id == Tier.id).where(Partnership.partner_id == who.partner_id),
        "program": select(Program.name).join(Partnership, Partnership.program_id == Program.id).where(Partnership.partner_id == who.partner_id),
    }
    waiting = Agreement.partner_id == who.partner_id, Agreement.status == AgreementStatus.TO_SIGN, Agreement.expires_at > now()
    wanted["to_sign"] = select(func.count(Agreement.id)).where(*waiting)
    if who.may(MY_CLIENTS, READ):
        wanted["clients"] = select(func.count(Client.id))
    if who.may(MY_CONTRACTS, READ):
        wanted |= {"contracts": select(func.count(Contract.id)).where(in_euros), "held": select(func.coalesce(func.sum(Contract.amount), 0)).where(in_euros, is_held())}
    if who.may(MY_OFFERINGS, READ):
        wanted["offerings"] = select(func.count(Assignment.id)).where(Assignment.partner_id == who.partner_id)
    facts = dict(session.execute(select(*(each.scalar_subquery().label(name) for name, each in wanted.items()))).one()._mapping)
    if who.may(MY_CLIENTS, READ):
        facts["latest_clients"] = session.scalars(select(Client).order_by(Client.id.desc()).limit(5)).all()
    return facts
