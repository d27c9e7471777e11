"""Clients, their signatories and references: for staff, and in the portal."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext, lazy_gettext as _
from sqlalchemy import ColumnElement, and_, select, true

from app.extensions import db
from app.models import Client, ClientKind, ClientReference, Membership, ReferenceClaim, Side, Signatory, Supplier, User
from app.permissions import CLIENT_FILE, MY_CLIENTS, WRITE
from app.services import clients, merging, once
from app.services.refusals import RuleBroken
from app.views import companies
from app.views.base import EntityView, HouseForm, HouseView, Portal, Rules, page, signed_in


def partner_chosen() -> int | None:
    """The partner that a form names, while somebody looks for a person in it; what is saved is checked by rules."""
    sent = request.args.get("partner_id", "") if (request.endpoint or "").endswith(".choices") else ""
    return int(sent) if sent.isdecimal() and len(sent) < 10 else None


def persons() -> ColumnElement[bool]:
    chosen = partner_chosen()
    return and_(Client.kind == ClientKind.PERSON, Client.partner_id == chosen if chosen is not None else true())


def advisers() -> ColumnElement[bool]:
    chosen = partner_chosen()
    works_there = User.id.in_(select(Membership.user_id).where(Membership.partner_id == chosen)) if chosen is not None else true()
    return and_(User.side == Side.PARTNER, works_there)


PERSONS = {"first_person_id": persons, "second_person_id": persons, "adviser_id": advisers}

IDENTITY = [
    "kind",
    "civility",
    "last_name",
    "first_name",
    "birth_name",
    "birth_date",
    "birth_place",
    "nationality",
    "company_name",
    "siren",
    "legal_form",
    "first_person",
    "second_person",
]
FAMILY = ["family_status", "matrimonial_regime", "children", "occupation"]
REACH = ["email", "phone", "mobile", "language", "street", "postcode", "city", "country", "mail_street", "mail_postcode", "mail_city"]
TAX = ["tax_country", "tax_number", "us_person"]
SECTIONS = {_("Family and work"): FAMILY, _("Contact details"): REACH, _("Tax"): TAX}
PAGES = {
    "": _("Client data"),
    "aggregation": _("Aggregation"),
    "drive": _("Drive"),
    "qcf": _("QCF"),
    "qpr": _("QPR"),
    "regulatory": _("Compliance"),
    "notifications": _("Notifications"),
    "admin": _("Admin"),
}

PEOPLE, COMPANIES = frozenset({ClientKind.PERSON, ClientKind.COUPLE}), frozenset(clients.COMPANIES)
ONLY_FOR = {
    "last_name": PEOPLE,
    **dict.fromkeys(("civility", "first_name", "birth_name", "birth_date", "birth_place", "nationality", *FAMILY), frozenset({ClientKind.PERSON})),
    "matrimonial_regime": PEOPLE,
    **dict.fromkeys(("company_name", "siren", "legal_form"), COMPANIES),
    "us_person": frozenset({ClientKind.PERSON}),
    "first_person_id": frozenset({ClientKind.COUPLE}),
    "second_person_id": frozenset({ClientKind.COUPLE}),
}


class ClientView(EntityView):
    model, access, slug, icon = Client, CLIENT_FILE, "clients", "person-vcard"
    rules = Rules(saving=clients.saving, saved=clients.saved, became=merging.became)
    list_columns = ["name", "kind", "partner", "status", "knowledge", "created_at"]
    under = {"name": "city"}
    filters = ["kind", "status", "partner_id", "knowledge", "notifications", "created_at"]
    sort = ["name", "status", "created_at"]
    form = {_("Client"): ["partner", "adviser", *IDENTITY]} | SECTIONS
    show = {_("Client"): ["kind", "status", "partner", "adviser", *IDENTITY[1:]]} | SECTIONS
    pages = PAGES
    narrow = PERSONS
    only_for = ONLY_FOR
    needed = frozenset({"last_name", "company_name", "first_person_id", "second_person_id"})
    show_template = portal_show_template = "clients/show.html"
    form_template = "clients/form.html"
    deletes = False  # on its own page: what the law has the house keep stays locked (services/erasure.py)
    recognised_by = (("email",), ("siren",), ("last_name", "first_name", "birth_date"))
    portal = Portal(
        access=MY_CLIENTS,
        list_columns=["name", "kind", "status", "knowledge", "created_at"],
        filters=["kind", "status", "knowledge", "notifications", "created_at"],
        form={_("Client"): IDENTITY} | SECTIONS,
        show={_("Client"): ["kind", "status", "adviser", *IDENTITY[1:]]} | SECTIONS,
        search=True,
        icon="person-vcard",
        title=_("My clients"),
    )

    def assist(self, form: HouseForm) -> dict[str, Any] | None:
        """The register fills in a company; and whoever is about to be registered a second time is shown before it is saved."""
        shown = companies.filled(form, Client, {"name": "company_name"})
        if shown is not None:
            form["kind"].data = form["kind"].data if form["kind"].data in clients.COMPANIES else ClientKind.COMPANY
            return shown
        if not request.path.endswith("/new") or request.form.get("not_the_same") or not form.validate():
            return None
        partner_id = form["partner_id"].data if "partner_id" in form else signed_in().partner_id
        alike = clients.alike({name: form[name].data for name in clients.TELLING if name in form}, partner_id)
        return {"alike": alike} if alike else None


class SignatoryView(EntityView):
    model, access, slug, icon = Signatory, CLIENT_FILE, "signatories", "pen"
    rules = Rules(saving=clients.saving_signatory)
    list_columns = ["last_name", "first_name", "is_principal", "client"]
    under = {"last_name": "role"}
    form = {_("Signatory"): ["client", "role", "first_name", "last_name", "birth_date", "email", "phone", "is_principal"]}
    portal = Portal(
        access=MY_CLIENTS,
        list_columns=["last_name", "first_name", "is_principal", "client"],
        form={_("Signatory"): ["client", "role", "first_name", "last_name", "birth_date", "email", "phone", "is_principal"]},
        icon="pen",
    )


class ClientReferenceView(EntityView):
    model, access, slug, icon = ClientReference, CLIENT_FILE, "references", "hash"
    rules = Rules(saving=clients.saving_reference, saved=clients.saved_reference)
    list_columns = ["reference", "supplier", "client"]
    form = {_("Supplier reference"): ["client", "supplier", "reference"]}
    show = form
    edits = False


class ReferenceClaimView(EntityView):
    """References that two clients declare: staff look at each and delete the claim once it is settled."""

    model, access, slug, icon = ReferenceClaim, CLIENT_FILE, "claims", "question-diamond"
    list_columns = ["reference", "supplier", "client", "created_at"]
    form = {_("Claimed reference"): ["client", "supplier", "reference"]}
    show = form
    adds = edits = False


class ReferenceDoor(HouseView):
    """References in the portal: what another client holds and what is free look the same from here (DOMAIN 5)."""

    access, frame, route_base = MY_CLIENTS, "portal", "/portal/clients"

    def client(self, record_id: int) -> Client:
        return db.first_or_404(select(Client).where(Client.id == record_id))

    @page("/<id:record_id>/references", methods=("GET",))
    def references(self, record_id: int) -> str:
        return self.screen(self.client(record_id))

    def screen(self, client: Client, refusal: RuleBroken | None = None) -> str:
        suppliers = db.session.scalars(select(Supplier).where(Supplier.active.is_(True)).order_by(Supplier.name)).all()
        rows = [(db.session.get_one(Supplier, supplier_id).name, reference) for (supplier_id, reference), _row in clients.references_of(client)]
        return render_template(
            "portal/references.html",
            client=client,
            rows=rows,
            suppliers=suppliers,
            refusal=refusal,
            sent=request.form,
            one_time=once.new_token(),
            may_write=signed_in().may(MY_CLIENTS, WRITE),
        )

    @page("/<id:record_id>/references/add", needs=WRITE, methods=("POST",))
    def add(self, record_id: int) -> Any:
        client = self.client(record_id)
        chosen = request.form.get("supplier_id", "")
        try:
            once.claim(request.form.get("one_time"), signed_in().id)
            if not chosen.isdecimal() or len(chosen) > 9:
                raise RuleBroken(_("Please choose a supplier."), "supplier_id")
            clients.add_reference(client, int(chosen), request.form.get("reference", "").replace("\x00", ""))
            db.session.commit()
            flash(gettext("The reference has been noted."), "good")
        except once.AlreadyDone:
            pass
        except RuleBroken as broken:
            db.session.rollback()
            return self.screen(self.client(record_id), broken), 422
        return redirect(f"/portal/clients/{record_id}/references")
