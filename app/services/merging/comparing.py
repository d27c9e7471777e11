"""Two records side by side: which value of each field stays, what would move over, and why they cannot be one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import LazyString, lazy_gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Client, ClientKind, ClientStatus
from app.models.base import Model, Own
from app.models.clients import CLIENT_FILE
from app.models.custom import FieldPortal, fields_of
from app.services import drive

# What only means something together is taken together, or not at all: half of one address with half of another is nobody's.
ADDRESS, POSTAL, TAX = ("street", "postcode", "city", "country"), ("mail_street", "mail_postcode", "mail_city"), ("tax_country", "tax_number")
TOGETHER = (ADDRESS, POSTAL, TAX)
RANK = (ClientStatus.PROSPECT, ClientStatus.FORMER, ClientStatus.CLIENT)
EMPTY = (None, "")


@dataclass(frozen=True)
class Line:
    """One field of two records: what the target has, what the source has, and which of them stays."""

    name: str
    own: Any
    other: Any
    taken: bool

    @property
    def is_same(self) -> bool:
        return bool(self.own == self.other)

    @property
    def differs(self) -> bool:
        """Whether something of the source will not be in the target."""
        return not self.taken and self.other not in EMPTY and self.own != self.other


def names_compared() -> list[str]:
    in_order = [column.key for column in Client.__table__.columns if column.key in CLIENT_FILE | {"status", "notifications"}]
    return [*in_order, *fields_of(Client)]


def value_of(client: Client, name: str) -> Any:
    return getattr(client, name) if name in Client.__table__.c else (client.custom or {}).get(name)


def lines_of(target: Client, source: Client) -> list[Line]:
    """Every field that either of them has, with what becomes of it."""
    found = []
    for name in names_compared():
        own, other = value_of(target, name), value_of(source, name)
        if own not in EMPTY or other not in EMPTY:
            found.append(Line(name, own, other, completes(target, source, name)))
    return found


def group_of(name: str) -> tuple[str, ...]:
    return next((names for names in TOGETHER if name in names), (name,))


def has_default(name: str) -> bool:
    return name in Client.__table__.c and Client.__table__.c[name].default is not None


def is_filled_in(client: Client, name: str) -> bool:
    """Whether somebody has said so: a field with a default says something from the first."""
    value = value_of(client, name)
    return value not in EMPTY and not (has_default(name) and value == Client.__table__.c[name].default.arg)


def completes(target: Client, source: Client, name: str) -> bool:
    """Whether the target takes this value of the source: it has none of its own, nor part of one. Three facts are taken for their own
    sake: who is a client is one, a US person stays one, and whoever is not to be written to is not."""
    own, other = value_of(target, name), value_of(source, name)
    if name == "status":
        return RANK.index(other) > RANK.index(own)
    if name == "us_person":
        return bool(other and not own)
    if name == "notifications":
        return bool(own and not other)
    telling = [each for each in group_of(name) if not has_default(each)]
    if not telling or any(is_filled_in(target, each) for each in group_of(name)):
        return False
    given = any(value_of(source, each) not in EMPTY for each in telling)
    return given and other not in EMPTY and own != other


def refusal(session: Session, target: Client, source: Client) -> LazyString | None:
    """Why two records cannot be one."""
    if target.id == source.id:
        return _("Please choose another record.")
    if target.partner_id != source.partner_id:
        return _("These clients belong to two partners: move one of them first.")
    if target.kind is not source.kind:
        return _("One is “%(one)s”, the other “%(other)s”: only records of the same kind can be merged.", one=target.kind.label, other=source.kind.label)
    pair = {target.id, source.id}
    together = select(Client.id).where(Client.kind == ClientKind.COUPLE, Client.first_person_id.in_(pair), Client.second_person_id.in_(pair))
    if session.scalar(together.limit(1)) is not None:
        return _("These two persons are a couple: they are not the same person.")
    return None


def loses_hidden(target: Client, source: Client) -> LazyString | None:
    """Why people of a partner cannot make them one: what the house notes of the two in fields that the portal does not show differs, and
    they would let go of it unseen."""
    known = fields_of(Client)
    kept = {key for client in (target, source) for key in client.custom or {}}
    hidden = [key for key in sorted({*known, *kept}) if key not in known or known[key].portal == FieldPortal.HIDDEN]
    if any(Line(key, value_of(target, key), value_of(source, key), completes(target, source, key)).differs for key in hidden):
        return _("The house keeps different notes on these two records. Please ask your account manager to merge them.")
    return None


def owned_by_a_client() -> Iterator[type[Any]]:
    for mapper in Model.registry.mappers:
        entity = mapper.class_
        if isinstance(getattr(entity, "scope", None), Own) and hasattr(entity, "client_id") and entity.client_id.property.columns[0].foreign_keys:
            yield entity


def what_moves(session: Session, source_id: int) -> dict[type, int]:
    """How many rows of each entity hang on the source, for a page that says so."""
    counted = {entity: session.scalar(select(func.count()).select_from(entity).where(entity.client_id == source_id)) or 0 for entity in owned_by_a_client()}
    return {entity: number for entity, number in counted.items() if number}


def outgrows(target_id: int, source_id: int) -> bool:
    """Whether the files of both together are more than one client's drive takes: none is lost, and none can be added until some go."""
    return drive.used(target_id) + drive.used(source_id) > drive.quota()
