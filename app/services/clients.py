"""Clients and what hangs on them: who they belong to, who signs, which references suppliers know them by. Rules: DOMAIN 4, 5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import LazyString, lazy_gettext as _
from sqlalchemy import ColumnElement, and_, inspect, or_, select, true

from app.extensions import db
from app.models import (
    Client,
    ClientKind,
    ClientReference,
    ClientStatus,
    Complaint,
    ComplaintStatus,
    Contract,
    Partner,
    ReferenceClaim,
    Signatory,
    Supplier,
    Task,
    fold,
)
from app.models.scope import verb
from app.services import alerts, crossings
from app.services.refusals import RuleBroken

COMPANIES = (ClientKind.COMPANY, ClientKind.ASSOCIATION)


def saving(client: Client, new: bool) -> None:
    """What each kind of client needs."""
    if client.kind is ClientKind.PERSON and not (client.last_name or "").strip():
        raise RuleBroken(_("Please enter the last name."), "last_name")
    if client.kind in COMPANIES and not (client.company_name or "").strip():
        raise RuleBroken(_("Please enter the name of the company or association."), "company_name")
    if client.kind is ClientKind.COUPLE:
        saving_couple(client)
    else:
        client.first_person_id = client.second_person_id = None  # what is no couple any more links nobody
    if not new and client.kind is not ClientKind.PERSON and (together := couple_of(client)) is not None:
        raise RuleBroken(_("This person belongs to the couple “%(couple)s” and stays a person. Change the couple first.", couple=together.name), "kind")
    if client.siren and client.kind not in COMPANIES:
        raise RuleBroken(_("Only a company or an association has a SIREN."), "siren")
    if client.children is not None and not 0 <= client.children <= 30:
        raise RuleBroken(_("Between 0 and %(limit)s.", limit=30), "children")
    if not new and inspect(client).attrs.partner_id.history.deleted:
        moving(client)


TELLING = ("kind", "last_name", "first_name", "birth_date", "company_name", "siren", "email")


@dataclass(frozen=True)
class Alike:
    """A client that may be the one who is about to be registered, and why."""

    client: Client
    reasons: tuple[LazyString, ...]


SAME_SIREN, SAME_EMAIL, SAME_PERSON, SAME_NAME = _("same SIREN"), _("same e-mail"), _("same name and birth date"), _("same name")


def alike(facts: dict[str, Any], partner_id: int | None) -> list[Alike]:
    """The clients of this partner, among those that whoever asks can see, that have the same SIREN, e-mail, or name with birth date."""
    name = fold(str(Client(**{key: value for key, value in facts.items() if key != "siren"}).full_name))
    email, born = (facts.get("email") or "").strip(), facts.get("birth_date")
    found: dict[int, Alike] = {}
    wanted: list[tuple[LazyString, ColumnElement[bool]]] = []
    if facts.get("siren"):
        wanted.append((SAME_SIREN, Client.siren == facts["siren"]))
    if email:
        wanted.append((SAME_EMAIL, Client.email.in_({email, email.lower()})))
    if name and born is not None:
        wanted.append((SAME_PERSON, and_(Client.birth_date == born, Client.search_text.startswith(name, autoescape=True))))
    if name and facts.get("kind") in COMPANIES:
        wanted.append((SAME_NAME, and_(Client.kind.in_(COMPANIES), Client.name == facts.get("company_name"))))
    for reason, condition in wanted:
        for client in db.session.scalars(select(Client).where(condition, Client.partner_id == partner_id).order_by(Client.id).limit(5)):
            before = found[client.id].reasons if client.id in found else ()
            found[client.id] = Alike(client, (*before, reason))
    return list(found.values())[:5]


def couple_of(client: Client) -> Client | None:
    """The couple that a person is part of."""
    linked = or_(Client.first_person_id == client.id, Client.second_person_id == client.id)
    with db.session.no_autoflush:
        return db.session.scalar(select(Client).where(linked, Client.kind == ClientKind.COUPLE, Client.id != client.id).limit(1))


def moving(client: Client) -> None:
    """A client goes to another partner with its contracts; its adviser stays behind, and a couple stays together."""
    if client.kind is ClientKind.PERSON and (together := couple_of(client)) is not None:
        raise RuleBroken(_("This person belongs to the couple “%(couple)s”: move the couple, its persons go with it.", couple=together.name), "partner_id")
    if not inspect(client).attrs.adviser_id.history.added:
        client.adviser_id = None
    persons = [key for key in (client.first_person_id, client.second_person_id) if key]
    for person in db.session.scalars(select(Client).where(Client.id.in_(persons))):
        person.partner_id, person.adviser_id = client.partner_id, None
    goes_along: tuple[tuple[Any, Any], ...] = ((Contract, true()), (Complaint, Complaint.status != ComplaintStatus.ANSWERED), (Task, Task.done_on.is_(None)))
    for entity, still_open in goes_along:
        for row in db.session.scalars(select(entity).where(entity.client_id.in_([client.id, *persons]), still_open)):
            row.partner_id = client.partner_id


def saving_couple(client: Client) -> None:
    if not (client.last_name or "").strip():
        raise RuleBroken(_("Please enter the name of the couple."), "last_name")
    if client.first_person_id is None or client.second_person_id is None:
        raise RuleBroken(_("Please choose the two persons of the couple."), "first_person_id" if client.first_person_id is None else "second_person_id")
    moves = client.id is not None and bool(inspect(client).attrs.partner_id.history.deleted)
    for field in ("first_person_id", "second_person_id"):
        person = db.session.get(Client, getattr(client, field)) if getattr(client, field) else None
        if person is not None and (person.kind is not ClientKind.PERSON or (person.partner_id != client.partner_id and not moves)):
            raise RuleBroken(_("A couple links two persons of the same partner."), field)
    if client.first_person_id is not None and client.first_person_id == client.second_person_id:
        raise RuleBroken(_("A couple links two different persons."), "second_person_id")


def saved(client: Client, new: bool) -> None:
    """A renamed client is found under its new name among its contracts too."""
    if new:
        return
    with verb(db.session(), {Contract: {"search_text"}}), db.session.no_autoflush:
        for contract in db.session.scalars(select(Contract).where(Contract.client_id == client.id)):
            contract.search_text = fold(f"{contract.number_key} {client.full_name}")


def clean_reference(text: str) -> str:
    reference = " ".join(text.split())
    if not reference:
        raise RuleBroken(_("Please enter the reference."), "reference")
    if len(reference) > 60:
        raise RuleBroken(_("A reference has at most 60 characters."), "reference")
    return reference


def add_reference(client: Client, supplier_id: int, text: str) -> None:
    """Notes a supplier reference. One that another client holds becomes a claim for staff, and nobody learns it by trying:
    what is shown is the same in both cases."""
    reference = clean_reference(text)
    if db.session.get(Supplier, supplier_id) is None:
        raise RuleBroken(_("Please choose a supplier."), "supplier_id")
    if any(known == (supplier_id, reference) for known, _row in references_of(client)):
        raise RuleBroken(_("This client has this reference already."), "reference")
    kind = ReferenceClaim if crossings.reference_is_held(supplier_id, reference, client.id) else ClientReference
    with verb(db.session(), {kind: None}):
        db.session.add(kind(client_id=client.id, supplier_id=supplier_id, reference=reference))
    if kind is ClientReference:
        attach_contracts(client, supplier_id, reference)
    else:
        alerts.call(db.session(), "claimed_reference", db.session.get_one(Partner, client.partner_id))


def saving_reference(row: ClientReference, new: bool) -> None:
    row.reference = clean_reference(row.reference)


def saved_reference(row: ClientReference, new: bool) -> None:
    """A reference noted by staff resolves orphans like one that the partner notes."""
    attach_contracts(db.session.get_one(Client, row.client_id), row.supplier_id, row.reference)


def references_of(client: Client) -> list[tuple[tuple[int, str], ClientReference | ReferenceClaim]]:
    """Held and claimed references together, as the partner sees them."""
    rows: list[ClientReference | ReferenceClaim] = []
    for kind in (ClientReference, ReferenceClaim):
        rows += db.session.scalars(select(kind).where(kind.client_id == client.id))
    return sorted((((row.supplier_id, row.reference), row) for row in rows), key=lambda pair: pair[0])


def attach_contracts(client: Client, supplier_id: int, reference: str) -> None:
    """Adding a reference resolves every orphan contract of this client's partner that carries it."""
    orphans = select(Contract).where(
        Contract.supplier_id == supplier_id, Contract.reference == reference, Contract.partner_id == client.partner_id, Contract.client_id.is_(None)
    )
    with verb(db.session(), {Contract: {"client_id", "search_text"}, Client: {"status"}}):
        for contract in db.session.scalars(orphans):
            contract.client = client
            client.status = ClientStatus.CLIENT


def saving_signatory(signatory: Signatory, new: bool) -> None:
    """One principal: naming another one takes the title from the first; the first signatory is it by default."""
    others = db.session.scalars(select(Signatory).where(Signatory.client_id == signatory.client_id, Signatory.id != (signatory.id or 0))).all()
    named = [other for other in others if fold(str(other)) == fold(str(signatory)) and other.birth_date == signatory.birth_date]
    if new and named:
        raise RuleBroken(_("“%(name)s” signs for this client already. If it is somebody else, please enter the birth date.", name=str(named[0])), "last_name")
    if not any(other.is_principal for other in others):
        signatory.is_principal = True
    if signatory.is_principal and any(other.is_principal for other in others):
        signatory.is_principal = False  # the title is laid down before it is taken up: the database allows one at a time
        for other in others:
            other.is_principal = False
        db.session.flush()
        signatory.is_principal = True
