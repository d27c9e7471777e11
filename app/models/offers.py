"""What is distributed: suppliers, their products, the offerings opened for marketing, and who may market them."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from app.models.base import SHARED, Choice, Own, Record, Searchable, choice_of, field
from app.models.lookups import ProductKind, listed_in


class SupplierKind(Choice):
    INSURER = "insurer", _("Insurer")
    BANK = "bank", _("Bank")
    ASSET_MANAGER = "asset_manager", _("Asset manager")


class Supplier(Searchable, Record):
    """The insurer, bank or asset manager whose products are distributed. Never a Partner."""

    __tablename__ = "supplier"
    title, plural, adding = _("Supplier"), _("Suppliers"), _("New supplier")
    scope, searched = SHARED, ("name", "code")

    name: Mapped[str] = field(_("Name"), String(200), unique=True)
    code: Mapped[str] = field(_("Code"), String(20), unique=True, help=_("Short name used in feeds."))
    kind: Mapped[SupplierKind] = field(_("Kind of supplier"), choice_of(SupplierKind), default=SupplierKind.INSURER)
    website: Mapped[str | None] = field(_("Website"), String(200), kind="url")
    active: Mapped[bool] = field(_("Active"), default=True)


class Product(Searchable, Record):
    """What a supplier sells."""

    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("supplier_id", "name"), CheckConstraint("risk_class IS NULL OR risk_class BETWEEN 1 AND 7", name="risk_class_1_to_7"))
    title, plural, adding = _("Product"), _("Products"), _("New product")
    scope, searched = SHARED, ("name",)

    supplier_id: Mapped[int] = field(_("Supplier"), ForeignKey("supplier.id"), index=True)
    name: Mapped[str] = field(_("Name"), String(200))
    kind: Mapped[ProductKind] = field(_("Kind of product"), *listed_in(ProductKind), default=ProductKind.LIFE_INSURANCE)
    risk_class: Mapped[int | None] = field(
        _("Risk class"), help=_("From 1, the lowest, to 7."), more=_("The summary risk indicator of the product’s key information document.")
    )

    supplier: Mapped[Supplier] = relationship()


class OfferingStatus(Choice):
    DRAFT = "draft", _("Draft")
    OPEN = "open", _("Open"), "good"
    CLOSED = "closed", _("Closed"), "bad"


class Offering(Searchable, Record):
    """A product opened for marketing under stated conditions and dates; what staff assign to a partner."""

    __tablename__ = "offering"
    __table_args__ = (CheckConstraint("closes_on IS NULL OR closes_on >= opens_on", name="dates_in_order"),)
    title, plural, adding = _("Offering"), _("Offerings"), _("New offering")
    scope, searched = Own(through=("id", "Assignment.offering_id")), ("name",)

    product_id: Mapped[int] = field(_("Product"), ForeignKey("product.id"), index=True)
    name: Mapped[str] = field(_("Name"), String(200), unique=True)
    status: Mapped[OfferingStatus] = field(_("Status"), choice_of(OfferingStatus), default=OfferingStatus.DRAFT)
    opens_on: Mapped[date] = field(_("Opens on"))
    closes_on: Mapped[date | None] = field(_("Closes on"))
    required_categories: Mapped[list[str]] = field(
        _("ORIAS categories required"),
        JSON,
        default=list,
        kind="categories",
        help=_("The partner must hold one of them. None means anybody may market it."),
        more=_("The categories are those that ORIAS gave when the partner was last checked."),
    )
    target_market: Mapped[str | None] = field(_("Target market"), Text, kind="text")
    conditions: Mapped[str | None] = field(_("Conditions"), Text, kind="text")

    product: Mapped[Product] = relationship()


class Assignment(Record):
    """An offering assigned to a partner: from then on it may market it."""

    __tablename__ = "assignment"
    __table_args__ = (UniqueConstraint("offering_id", "partner_id"),)
    title, plural, adding = _("Assigned offering"), _("Assigned offerings"), _("Assign an offering")
    scope = Own("partner_id")

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    offering_id: Mapped[int] = field(_("Offering"), ForeignKey("offering.id"))
    assigned_on: Mapped[date] = field(_("Assigned on"))

    partner: Mapped[Any] = relationship("Partner")
    offering: Mapped[Offering] = relationship()

    def __str__(self) -> str:
        return str(self.offering)
