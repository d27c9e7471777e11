"""What the demo house knows of its clients: who they are, what they have answered, what waits for them."""

from __future__ import annotations

import random
from datetime import timedelta

from sqlalchemy import select

from app.extensions import db
from app.models import (
    OF_CLIENTS,
    AnsweredHow,
    Civility,
    Client,
    ClientKind,
    Country,
    FamilyStatus,
    MatrimonialRegime,
    Questionnaire,
    QuestionnaireKind,
)
from app.services import client_papers, client_questionnaires, knowledge
from app.services.questionnaires import answers, versions
from app.services.questionnaires.definition import Definition, QuestionKind, read

WORK = ("Infirmière libérale", "Artisan menuisier", "Cadre commerciale", "Professeur des écoles", "Retraité", "Pharmacienne", "Ingénieur", "Agricultrice")
WITH_DOCUMENT = 6  # clients of the first partner whose results are there to be signed


def load(first_partner_id: int) -> None:
    """Details for every person; answers, some of them long ago, for most of the first partner's and for some of the others'."""
    for client in db.session.scalars(select(Client).where(Client.kind == ClientKind.PERSON).order_by(Client.id)).all():
        luck = random.Random(client.id)  # noqa: S311 - the same house each time
        describe(client, luck)
        if luck.random() < 0.7 and (client.partner_id == first_partner_id or client.id % 5 == 0):
            for kind in OF_CLIENTS:
                answer(client, kind, luck)
    db.session.flush()


def describe(client: Client, luck: random.Random) -> None:
    client.civility = luck.choice(list(Civility))
    client.nationality, client.birth_place = Country.FRANCE, client.city
    client.family_status = luck.choice(list(FamilyStatus))
    if client.family_status is FamilyStatus.MARRIED:
        client.matrimonial_regime = luck.choice((MatrimonialRegime.ACQUESTS, MatrimonialRegime.SEPARATION))
    client.children, client.occupation = luck.randrange(4), luck.choice(WORK)
    client.street = f"{luck.randrange(1, 120)} rue des Lilas"


def answered(definition: Definition, luck: random.Random) -> answers.Values:
    """Answers that go together: somebody bold is bold throughout, give or take one step."""
    bold = luck.random()
    values: answers.Values = {}
    for question in definition.questions():
        if not question.options or not answers.is_asked(definition, question, values):
            continue
        place = round(bold * (len(question.options) - 1) + luck.choice((-1, 0, 0, 1)))
        key = question.options[min(max(place, 0), len(question.options) - 1)].key
        values[question.key] = [key] if question.kind is QuestionKind.SEVERAL else key
    return values


def answer(client: Client, kind: QuestionnaireKind, luck: random.Random) -> None:
    shown: Questionnaire | None = versions.in_force(kind)
    assert shown is not None
    ago = timedelta(days=luck.randrange(5, 900))
    knowledge.answer(db.session(), client, shown, answered(read(shown.content), luck), "Camille Rousseau", AnsweredHow.TOGETHER, ago)


def load_documents(partner_id: int) -> None:
    """A few results to sign, and a questionnaire that waits, for the partner whose portal people look at first. After the commit of
    everything else: documents are written between transactions."""
    people = db.session.scalars(select(Client).where(Client.partner_id == partner_id, Client.kind == ClientKind.PERSON).order_by(Client.id).limit(WITH_DOCUMENT)).all()
    ids = [client.id for client in people]
    for place, client in enumerate(people):
        client.notifications = place % 2 == 0
        client.language = "fr"
    db.session.commit()
    shown = versions.in_force(QuestionnaireKind.QPR)
    assert shown is not None
    for client_id in ids[: WITH_DOCUMENT // 2]:
        values = answered(read(shown.content), random.Random(client_id))  # noqa: S311 - the same house each time
        with client_papers.prepared(client_id, shown, values) as result:
            client_questionnaires.answer_together(db.session(), db.session.get_one(Client, client_id), shown, values, "Camille Rousseau", result)
            db.session.commit()
    for client_id in ids[WITH_DOCUMENT // 2 :]:
        email = db.session.get_one(Client, client_id).email or ""
        db.session.rollback()
        client_questionnaires.send(client_id, QuestionnaireKind.QCF, email, "Camille Rousseau", None, f"demo {client_id}")
