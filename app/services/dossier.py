"""Everything the house knows about one client, gathered: for the client who asks (GDPR art. 15 and 20), and for what is kept locked."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import current_app
from flask_babel import force_locale, format_currency, format_date, format_datetime, format_decimal, gettext
from sqlalchemy import Column, inspect, select
from sqlalchemy.orm import Session, joinedload

from app.connectors import documents
from app.models import (
    Advice,
    Choice,
    Client,
    ClientAnswers,
    ClientFile,
    ClientPaper,
    ClientReference,
    Complaint,
    Contract,
    DataRequest,
    Mail,
    Partner,
    QuestionnaireSent,
    Signatory,
    Supplier,
    today,
)
from app.models.base import Money
from app.models.custom import FieldPortal, fields_of
from app.services import identifiers
from app.services.brand import letterhead
from app.services.client_papers import COULD_NOT_BE_WRITTEN
from app.services.crossings import crossing
from app.services.questionnaires import reading
from app.services.refusals import RuleBroken
from app.services.wordings import locale_of

HIDDEN = frozenset({"id", "version", "created_at", "updated_at", "search_text", "name_key", "number_key", "key", "signed_key", "proof", "begun", "values", "custom"})


def plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    if isinstance(value, Choice):
        return value.value
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bool | int | list | dict) or value is None:
        return value
    return str(value)


def facts_of(record: Any) -> dict[str, Any]:
    """A record's columns that are about the person, by their names."""
    found = {}
    for attribute in inspect(type(record)).column_attrs:
        if attribute.key in HIDDEN or attribute.key.endswith("_id") or "label" not in attribute.columns[0].info:
            continue
        found[attribute.key] = plain(getattr(record, attribute.key))
    return found | {"noted_on": plain(record.created_at)}


def gathered(session: Session, client: Client, on_portal: bool = False) -> dict[str, Any]:
    """Everything about a client that this session sees, as JSON keeps it; keys are those of the tables. `on_portal` leaves out the
    house's own fields that are not shown there."""
    fields = {key: known for key, known in fields_of(Client).items() if not (on_portal and known.portal == FieldPortal.HIDDEN)}
    own: dict[str, Any] = {
        "client": facts_of(client)
        | {"fields": {str(known.label): plain((client.custom or {}).get(key)) for key, known in fields.items() if (client.custom or {}).get(key) is not None}}
    }
    for title, entity in (
        ("signatories", Signatory),
        ("documents", ClientPaper),
        ("files", ClientFile),
        ("questionnaires_sent", QuestionnaireSent),
        ("requests", DataRequest),
        ("advice", Advice),
    ):
        own[title] = [facts_of(row) for row in session.scalars(select(entity).where(entity.client_id == client.id).order_by(entity.id))]  # type: ignore[attr-defined]
    own["complaints"] = [facts_of(row) for row in session.scalars(select(Complaint).where(Complaint.client_id == client.id).order_by(Complaint.id))]
    named = select(ClientReference, Supplier.name).join(Supplier, Supplier.id == ClientReference.supplier_id)
    own["references"] = [{"supplier": name, "reference": row.reference} for row, name in session.execute(named.where(ClientReference.client_id == client.id))]
    held = select(Contract).options(joinedload(Contract.supplier), joinedload(Contract.product)).where(Contract.client_id == client.id).order_by(Contract.id)
    own["contracts"] = [facts_of(row) | {"supplier": str(row.supplier), "product": str(row.product or "")} for row in session.scalars(held)]
    own["answers"] = [answers_of(row) for row in session.scalars(answered(client.id))]
    mails = mails_of(client, on_portal)
    own["mails"] = [{"subject": mail.subject, "to": mail.recipient, "status": mail.status.value, "on": plain(mail.sent_at or mail.created_at)} for mail in mails]
    return own


def mails_of(client: Client, on_portal: bool) -> list[Mail]:
    """The mails to a client, which nobody reads but through here; on the portal those of its present partner only."""
    wanted = select(Mail).where(Mail.client_id == client.id).order_by(Mail.id)
    with crossing() as house:
        return list(house.scalars(wanted.where(Mail.partner_id == client.partner_id) if on_portal else wanted))


def answered(client_id: int) -> Any:
    return select(ClientAnswers).options(joinedload(ClientAnswers.questionnaire)).where(ClientAnswers.client_id == client_id).order_by(ClientAnswers.id)


def answers_of(row: ClientAnswers) -> dict[str, Any]:
    level = reading.class_of(row)
    told = [{"question": words, "answer": answer} for _title, lines in reading.told(row) for _question, words, answer in lines]
    return facts_of(row) | {"class": level["words"] if level else "", "answers": told}


def written(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2)


# --- to read --------------------------------------------------------------------------------------


def pdf(session: Session, client: Client, on_portal: bool = False) -> bytes:
    """The same, to be read, in the client's language; raises RuleBroken."""
    partner = session.get_one(Partner, client.partner_id)
    with force_locale(locale_of(client.language)):
        data = {
            "title": gettext("What we know about you"),
            "house": current_app.config["HOUSE_NAME"],
            "partner": str(partner),
            "brand": letterhead(partner),
            "language": client.language,
            "intro": gettext("Drawn up on %(day)s for %(client)s.", day=format_date(today(), "long"), client=client.called),
            "parts": parts_of(session, client, on_portal),
        }
    try:
        return documents.render("dossier", data)
    except documents.NotRendered as fault:
        current_app.logger.error("the file of client %s could not be written: %s", client.id, fault)
        raise RuleBroken(COULD_NOT_BE_WRITTEN) from fault


def parts_of(session: Session, client: Client, on_portal: bool) -> list[dict[str, Any]]:
    """The sections of the document: a title, and cards of (label, value)."""
    found = [{"title": str(Client.title), "cards": [pairs(client)]}]
    for entity in (Signatory, ClientReference, Contract, ClientPaper, ClientFile, QuestionnaireSent, Advice, Complaint, DataRequest):
        rows = session.scalars(select(entity).where(entity.client_id == client.id).order_by(entity.id))  # type: ignore[attr-defined]
        found.append({"title": str(entity.plural), "cards": [pairs(row) for row in rows]})
    for row in session.scalars(answered(client.id)):
        told = [[words, answer if isinstance(answer, str) else ""] for _title, lines in reading.told(row) for _question, words, answer in lines]
        level = reading.class_of(row)
        found.append({"title": str(row), "cards": [[[gettext("Class"), level["words"] if level else ""], *told]]})
    mails = [[mail.subject, f"{mail.recipient}, {format_datetime(mail.created_at, 'medium')}"] for mail in mails_of(client, on_portal)]
    found.append({"title": str(Mail.plural), "cards": [mails] if mails else []})
    return [part for part in found if any(part["cards"])]


def pairs(record: Any) -> list[list[str]]:
    """A record's facts with their labels, as people read them; empty ones are left out."""
    found = []
    for name, value in facts_of(record).items():
        column = inspect(type(record)).column_attrs.get(name)
        if value in (None, "", [], {}) or column is None:
            continue
        found.append([str(column.columns[0].info["label"]), words_of(getattr(record, name), column.columns[0], getattr(record, "currency", "EUR"))])
    for name in ("supplier", "product"):
        if getattr(record, name, None) is not None:
            found.append([str(type(getattr(record, name)).title), str(getattr(record, name))])
    return found


LONG_WORD = re.compile(r"\S{24}(?=\S)")


def words_of(value: Any, column: Column, currency: str) -> str:
    """A value as people read it; a digest may be broken where a line ends."""
    kind = column.info.get("kind")
    if isinstance(column.type, Money):
        return str(format_currency(value, currency))
    if kind == "language":
        return str(current_app.config["LANGUAGES"].get(value, {}).get("name", value))
    if kind in ("phone", "siren"):
        return identifiers.grouped(kind, value)
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, datetime):
        return format_datetime(value, "medium")
    if isinstance(value, date):
        return format_date(value, "medium")
    if isinstance(value, Decimal):
        return str(format_decimal(value))
    words = str(getattr(value, "label", value))
    return LONG_WORD.sub("\\g<0>\u200b", words) if column.name == "digest" else words
