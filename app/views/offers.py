"""Suppliers, products, offerings and their assignment."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, select

from app.models import Assignment, Offering, OfferingStatus, Partner, PartnerStatus, Product, Supplier, today
from app.permissions import CATALOGUE, MY_OFFERINGS, OFFER
from app.services import offers
from app.views.base import EntityView, Portal, Rules, signed_in


class SupplierView(EntityView):
    model, access, slug, icon = Supplier, CATALOGUE, "suppliers", "bank2"
    first_sort = "name"
    list_columns = ["name", "code", "kind", "active"]
    form = {_("Supplier"): ["name", "code", "kind", "website", "active"]}
    tabs = ["ProductView", "ProviderCodeView", "ContractView"]


class ProductView(EntityView):
    model, access, slug, icon = Product, CATALOGUE, "products", "box"
    first_sort = "name"
    rules = Rules(saving=offers.saving_product)
    list_columns = ["name", "kind", "risk_class"]
    under = {"name": "supplier"}
    form = {_("Product"): ["supplier", "name", "kind", "risk_class"]}
    tabs = ["OfferingView"]


def assigned_to_me() -> list[ColumnElement[bool]]:
    """What this company itself may market; its agents have lists of their own."""
    mine = select(Assignment.offering_id).where(Assignment.partner_id == signed_in().partner_id)
    return [Offering.id.in_(mine)]


class OfferingView(EntityView):
    model, access, slug, icon = Offering, OFFER, "offerings", "tags"
    first_sort = "name"
    rules = Rules(saving=offers.saving)
    list_columns = ["name", "status", "opens_on", "closes_on", "required_categories"]
    under = {"name": "product"}
    filters = ["status", "product_id", "opens_on"]
    form = {
        _("Offering"): ["product", "name", "status", "opens_on", "closes_on"],
        _("Conditions"): ["required_categories", "target_market", "conditions"],
    }
    defaults = {"opens_on": lambda: today()}
    tabs = ["AssignmentView"]
    portal_show_template = "portal/offering.html"
    portal = Portal(
        access=MY_OFFERINGS,
        list_columns=["name", "status", "opens_on", "closes_on", "required_categories"],
        show={_("Offering"): ["status", "opens_on", "closes_on"], _("Conditions"): ["required_categories", "target_market", "conditions"]},
        search=True,
        icon="tags",
        title=_("My offerings"),
        where=assigned_to_me,
    )


def active_partners() -> ColumnElement[bool]:
    return Partner.status == PartnerStatus.ACTIVE


def open_offerings() -> ColumnElement[bool]:
    return Offering.status == OfferingStatus.OPEN


class AssignmentView(EntityView):
    model, access, slug, icon = Assignment, OFFER, "assignments", "person-check"
    rules = Rules(saving=offers.saving_assignment)
    list_columns = ["offering", "partner", "assigned_on"]
    form = {_("Assigned offering"): ["partner", "offering", "assigned_on"]}
    narrow = {"partner_id": active_partners, "offering_id": open_offerings}
    defaults = {"assigned_on": lambda: today()}
