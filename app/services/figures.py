"""Figures that home pages draw: each a short table, read under the session's scope, with the access it asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from babel.dates import format_skeleton
from flask_babel import LazyString, get_locale, gettext, lazy_gettext as _
from sqlalchemy import extract, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import Client, Contract, Partner, PartnerStatus, Product, Supplier, today
from app.models.base import Moment
from app.permissions import CLIENT_FILE, CONTRACTS, MY_CLIENTS, MY_CONTRACTS, PARTNER_FILE, Access
from app.services.contracts import is_held

Rows = list[tuple[str, int | Decimal]]
MONTHS = 12
SHOWN = 8  # bars; what is beyond stands in the last one


@dataclass(frozen=True)
class Figure:
    """One chart: its words, who may see it (staff's access, a partner's), what it counts, and how it is read."""

    name: str
    title: LazyString
    label: LazyString
    unit: LazyString
    accesses: tuple[Access, ...]
    read: Callable[[Session], Rows]
    is_money: bool = False
    over_time: bool = False


def month_of(day: date) -> str:
    """« nov. 2026 »"""
    return format_skeleton("yMMM", day, locale=str(get_locale()))


def last_months() -> list[date]:
    """The first days of the last twelve months, this one included, the oldest first."""
    first = today().replace(day=1)
    back = [first.year * 12 + first.month - 1 - number for number in range(MONTHS)]
    return [date(months // 12, months % 12 + 1, 1) for months in reversed(back)]


def by_month(session: Session, entity: Any, moment: InstrumentedAttribute[Any]) -> Rows:
    months = last_months()
    begin = datetime.combine(months[0], time(), UTC) if isinstance(moment.type, Moment) else months[0]
    year, month = extract("year", moment), extract("month", moment)
    counted = session.execute(select(year, month, func.count()).select_from(entity).where(moment >= begin).group_by(year, month))
    found = {(int(each[0]), int(each[1])): int(each[2]) for each in counted}
    return [(month_of(first), found.get((first.year, first.month), 0)) for first in months]


def partners_by_status(session: Session) -> Rows:
    counted = {row[0]: row[1] for row in session.execute(select(Partner.status, func.count()).group_by(Partner.status))}
    return [(str(status.label), counted[status]) for status in PartnerStatus if counted.get(status)]


def clients_by_month(session: Session) -> Rows:
    return by_month(session, Client, Client.created_at)


def contracts_by_month(session: Session) -> Rows:
    return by_month(session, Contract, Contract.effective_on)


def held(session: Session, key: Any, joined: Any) -> list[tuple[Any, Decimal]]:
    """Amounts held in euros by some column of what contracts point at, the largest first."""
    total = func.sum(Contract.amount)
    statement = select(key, total).select_from(Contract).join(*joined).where(Contract.currency == "EUR", is_held()).group_by(key).order_by(total.desc())
    return [(name, amount or Decimal(0)) for name, amount in session.execute(statement)]


def held_by_supplier(session: Session) -> Rows:
    return gathered([(str(name), amount) for name, amount in held(session, Supplier.name, (Supplier, Supplier.id == Contract.supplier_id))])


def held_by_kind(session: Session) -> Rows:
    return gathered([(str(kind.label), amount) for kind, amount in held(session, Product.kind, (Product, Product.id == Contract.product_id))])


def gathered(rows: Rows) -> Rows:
    """The largest, and the others together."""
    rest = sum((value for _name, value in rows[SHOWN - 1 :]), Decimal(0))
    return rows if len(rows) <= SHOWN else [*rows[: SHOWN - 1], (gettext("Others"), rest)]


FIGURES = {
    figure.name: figure
    for figure in (
        Figure("partners-by-status", _("Partners by status"), _("Status"), _("Partners"), (PARTNER_FILE,), partners_by_status),
        Figure("clients-by-month", _("New clients by month"), _("Month"), _("Clients"), (CLIENT_FILE, MY_CLIENTS), clients_by_month, over_time=True),
        Figure("contracts-by-month", _("Contracts by month of effect"), _("Month"), _("Contracts"), (CONTRACTS, MY_CONTRACTS), contracts_by_month, over_time=True),
        Figure("held-by-supplier", _("Amounts held by supplier"), _("Supplier"), _("Value"), (CONTRACTS, MY_CONTRACTS), held_by_supplier, is_money=True),
        Figure("held-by-kind", _("Amounts held by kind of product"), _("Product type"), _("Value"), (CONTRACTS, MY_CONTRACTS), held_by_kind, is_money=True),
    )
}
