"""Contracts: whose they are. Rules: DOMAIN 5."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import Client, ClientStatus, Contract, Product, number_key
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
