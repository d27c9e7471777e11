"""Merging two records of a client, for the tests: what hangs on one, the forms, and a picture of the whole database."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from app import models as m
from app.models import Model
from app.services import merging
from tests.clients import EN


def form(visitor, target, source, place="/clients", **changes):
    page = visitor.get(f"{place}/{target.id}/merge?with={source.id}").text
    sent = {name: re.search(rf'name="{name}" value="([^"]*)"', page).group(1) for name in ("version", "other_version", "one_time")}
    return {"with": source.id} | sent | changes


def merged(visitor, target, source, place="/clients"):
    return visitor.post(f"{place}/{target.id}/merge", form(visitor, target, source, place))


def undone(visitor, target, place="/clients", number=None):
    number = number or re.search(r'name="merge" value="(\d+)"', visitor.get(f"{place}/{target.id}/admin").text).group(1)
    return visitor.post(f"{place}/{target.id}/merge/undo", {"merge": number}, **EN)


def everything(cast: Any) -> dict[str, list[Any]]:
    """Every row of the database but what tells of the merge itself."""
    told = {"client_merge", "history", "history_values", "history_head", "submission", "sign_in", "attempt", "job", "ab_user"}

    def rows(session):
        found = {}
        for table in Model.metadata.sorted_tables:
            if table.name in told or "id" not in table.c:
                continue
            columns = [column for column in table.c if column.name not in ("version", "updated_at")]
            found[table.name] = sorted(tuple(map(str, row)) for row in session.execute(table.select().with_only_columns(*columns)))
        return found

    return cast.read(rows)


def hang(cast: Any, partner: m.Partner, client: m.Client, mark: str) -> m.Supplier:
    """A row in every place that points at a client."""
    supplier, moment = cast.supplier(), m.now()
    with cast.writing() as session:
        session.get(m.Client, client.id).status = m.ClientStatus.CLIENT
    cast.add(m.Signatory(client_id=client.id, first_name=mark, last_name="Signe", is_principal=True))
    cast.add(m.ClientReference(client_id=client.id, supplier_id=supplier.id, reference=f"{mark}1"))
    cast.add(m.ReferenceClaim(client_id=client.id, supplier_id=supplier.id, reference=f"{mark}2"))
    contract = cast.contract(partner, client, number=f"{mark}-77")
    cast.add(m.Advice(client_id=client.id, contract_id=contract.id, kind=m.AdviceKind.GIVEN, given_on=date(2026, 1, 5)))
    folder = cast.add(m.Folder(client_id=client.id, name="Contrats", name_key="contrats"))
    cast.client_file(client, name="pièce.pdf")
    cast.client_file(client, name="dedans.pdf", folder_id=folder.id)
    cast.add(m.Complaint(partner_id=partner.id, client_id=client.id, subject="x", text="x"))
    cast.add(m.Task(partner_id=partner.id, client_id=client.id, name="Appeler"))
    cast.add(m.DataRequest(client_id=client.id, kind=m.RequestKind.ACCESS, text="x"))
    cast.questionnaire_sent(client)
    answered = {"client_id": client.id, "kind": m.QuestionnaireKind.QPR, "questionnaire_id": cast.read(lambda session: session.query(m.Questionnaire.id).first()[0])}
    answers = cast.add(m.ClientAnswers(**answered, values={}, score=1, by="x", how=m.AnsweredHow.TOGETHER, review_on=date(2028, 1, 1)))
    cast.client_paper(client, cast.get(m.ClientAnswers, answers.id))
    cast.add(m.ClientLink(client_id=client.id, sent_to="x@exemple.fr", digest=f"{mark}-link", expires_at=moment + timedelta(days=1)))
    cast.add(m.Mail(message_id=f"<{mark}@exemple.fr>", notice="client_space", recipient="x@exemple.fr", client_id=client.id, partner_id=partner.id, **WORDS))
    cast.add(m.ClientMerge(client_id=client.id, source_id=0, source_name=mark, by="x", until=date(2020, 1, 1), content=None))
    for place in ("first_person_id", "second_person_id"):
        other = {"first_person_id", "second_person_id"} - {place}
        couple = {place: client.id, other.pop(): cast.client(partner).id}
        cast.client(partner, kind=m.ClientKind.COUPLE, first_name=None, last_name=f"Couple {mark}", **couple)
    return supplier


WORDS = {"subject": "x", "text": "x", "html": "x", "language": "fr", "status": m.MailStatus.SENT}


def places_with(cast: Any, client: m.Client) -> set[str]:
    """The places, by table and column, where something points at a client."""
    return cast.read(
        lambda session: {f"{table.name}.{column.name}" for table, column in merging.places() if session.query(column).filter(column == client.id).first() is not None}
    )
