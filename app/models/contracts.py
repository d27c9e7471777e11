"""Contracts: one client's holding with a supplier. Its key is (supplier, number without spaces, dashes or case)."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, Mapper, mapped_column, relationship, validates

from app.models.base import Choice, Money, Own, Record, choice_of, field, fold
from app.models.clients import Client
from app.models.custom import Customised


class ContractStatus(Choice):
    REQUESTED = "requested", _("Requested"), "warn"
    ACTIVE = "active", _("In force"), "good"
    SUSPENDED = "suspended", _("Suspended"), "bad"
    ENDED = "ended", _("Ended")


def number_key(number: str) -> str:
    """A contract number as suppliers mean it: « al-0000 12 » and "AL000012" are the same contract."""
    return re.sub(r"[\s\-\u2010-\u2015]", "", number).upper()


class Contract(Customised, Record):
    """One client's holding: number, supplier, product, amount, dates, status. An orphan has no client."""

    __tablename__ = "contract"
    custom_holder = "contract"
    title, plural, adding = _("Contract"), _("Contracts"), _("New contract")
    labelled = ("number",)
    scope = Own("partner_id", adviser="client.adviser_id", ruled=frozenset({"client_id", "search_text"}), link="client_id")
    searched = ("number_key", "holder")
    __table_args__ = (
        UniqueConstraint("supplier_id", "number_key"),
        Index("ix_contract_partner_amount", "partner_id", "amount", "id"),
        Index("ix_contract_partner_effective", "partner_id", "effective_on", "id"),
        Index("ix_contract_partner_number", "partner_id", "number", "id"),
        Index("ix_contract_partner_id", "partner_id", "id"),
        Index("ix_contract_client", "client_id", "id"),
        Index("ix_contract_amount", "amount", "id"),
        Index("ix_contract_effective", "effective_on", "id"),
        Index("ix_contract_number", "number", "id"),
        Index("ix_contract_status", "status", "id"),
        CheckConstraint("number_key <> ''", name="has_a_number"),
    )

    number: Mapped[str] = field(_("Contract number"), String(60))
    number_key: Mapped[str] = mapped_column(String(60))
    supplier_id: Mapped[int] = field(_("Supplier"), ForeignKey("supplier.id"))
    product_id: Mapped[int | None] = field(_("Product"), ForeignKey("product.id"), index=True)
    partner_id: Mapped[int | None] = field(_("Partner"), ForeignKey("partner.id"))
    client_id: Mapped[int | None] = field(_("Client"), ForeignKey("client.id"))
    status: Mapped[ContractStatus] = field(_("Status"), choice_of(ContractStatus), default=ContractStatus.ACTIVE)
    amount: Mapped[Decimal] = field(_("Value"), Money, default=Decimal(0), kind="money")
    currency: Mapped[str] = field(_("Currency"), String(3), default="EUR", kind="currency")
    effective_on: Mapped[date | None] = field(_("Effective date"))
    valued_on: Mapped[date | None] = field(_("Valued on"))
    renews_on: Mapped[date | None] = field(_("Renews on"))
    last_movement_on: Mapped[date | None] = field(_("Last movement"))
    reference: Mapped[str | None] = field(
        _("Supplier reference"),
        String(60),
        help=_("The reference under which the supplier knows the client."),
        more=_("It is what links a contract to a client of the same supplier. A contract without a client is counted on the home page until somebody links it."),
    )
    holder: Mapped[str | None] = field(_("Holder as sent by the supplier"), String(200))
    search_text: Mapped[str] = mapped_column(Text, default="")

    supplier: Mapped[Any] = relationship("Supplier")
    product: Mapped[Any] = relationship("Product")
    partner: Mapped[Any] = relationship("Partner")
    client: Mapped[Client | None] = relationship()

    @validates("number")
    def keep_number_key(self, name: str, number: str) -> str:
        self.number_key = number_key(number or "")
        return number

    def __str__(self) -> str:
        return self.number


@event.listens_for(Contract, "before_insert")
@event.listens_for(Contract, "before_update")
def keep_search_text_of_contract(mapper: Mapper, connection: Any, contract: Contract) -> None:
    """A contract is found by its number and by its client's name, so the name is folded in beside the number."""
    owner = contract.client.name if contract.client else contract.holder
    contract.search_text = fold(f"{contract.number_key} {owner or ''}")
