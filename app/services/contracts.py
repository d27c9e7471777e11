"""Contracts: whose they are. Rules: DOMAIN 5."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import Client, ClientKind, ClientStatus, Contract, ContractStatus, Product, ProductKind, Supplier, number_key
from app.services.refusals import RuleBroken


def saving(contract: Contract, new: bool) -> None:
    """The number is unique per supplier, the client is the partner's, the product is the supplier's."""
    key = number_key(contract.number or "")
    if not key:
        raise RuleBroken(_("Please enter the contract number."), "number")
    same = select(Contract.id).where(Contract.supplier_id == contract.supplier_id, Contract.number_key == key, Contract.id != (contract.id or 0))
    with db.session.no_autoflush:
        if db.session.scalar(same) is not None:
            raise RuleBroken(_("This supplier already has a contract with this number (spaces and dashes do not count)."), "number")
        product = db.session.get(Product, contract.product_id) if contract.product_id else None
        client = db.session.get(Client, contract.client_id) if contract.client_id else None
    if product is not None and product.supplier_id != contract.supplier_id:
        raise RuleBroken(_("This product belongs to another supplier."), "product_id")
    if client is not None:
        contract.partner_id = contract.partner_id or client.partner_id
        if client.partner_id != contract.partner_id:
            raise RuleBroken(_("This client belongs to another partner."), "client_id")
        contract.client = client
        if client.status is ClientStatus.PROSPECT:
            client.status = ClientStatus.CLIENT


SHOWN = 200
RUNNING = (ContractStatus.ACTIVE, ContractStatus.SUSPENDED)


@dataclass(frozen=True)
class Total:
    """What contracts come to under one heading, currency by currency."""

    title: str
    number: int
    amount: Decimal
    currency: str


def is_held() -> ColumnElement[bool]:
    """What a client holds: a credit is what it owes, and adds nothing to that."""
    return or_(Contract.product_id.is_(None), Contract.product_id.not_in(select(Product.id).where(Product.kind == ProductKind.CREDIT)))


def whose(client: Client) -> ColumnElement[bool]:
    """The contracts that a client's file shows: its own and those of the couples it is part of."""
    couples = select(Client.id).where(Client.kind == ClientKind.COUPLE, or_(Client.first_person_id == client.id, Client.second_person_id == client.id))
    return or_(Contract.client_id == client.id, Contract.client_id.in_(couples))


def held_by(client: Client) -> dict[str, Any]:
    """A client's contracts, and what they come to in all, by supplier and by kind of product; ended ones count nothing, and credits are
    added up by themselves."""
    beside = (joinedload(Contract.supplier), joinedload(Contract.product), joinedload(Contract.client))
    rows = list(db.session.scalars(select(Contract).options(*beside).where(whose(client)).order_by(Contract.amount.desc(), Contract.id).limit(SHOWN)))
    running = (whose(client), Contract.status.in_(RUNNING))
    sums = (func.count(Contract.id), func.sum(Contract.amount), Contract.currency)
    by_supplier = select(Supplier.name, *sums).join(Supplier, Supplier.id == Contract.supplier_id).where(*running, is_held()).group_by(Supplier.name, Contract.currency)
    by_kind = (
        select(Product.kind, *sums).join(Product, Product.id == Contract.product_id, isouter=True).where(*running, is_held()).group_by(Product.kind, Contract.currency)
    )
    return {
        "rows": rows,
        "totals": totals(select(literal(""), *sums).where(*running, is_held()).group_by(Contract.currency)),
        "owed": totals(select(literal(""), *sums).where(*running, ~is_held()).group_by(Contract.currency)),
        "by_supplier": totals(by_supplier),
        "by_kind": totals(by_kind),
        "more": len(rows) == SHOWN,
    }


def totals(statement: Any) -> list[Total]:
    found = [Total(str(getattr(name, "label", name) or ""), number, amount or Decimal(0), currency) for name, number, amount, currency in db.session.execute(statement)]
    return sorted(found, key=lambda total: (-total.amount, total.title))
