"""A client's questionnaires: answered with the adviser or by the client alone, scored, kept with the version they answer, and looked at
again in time. Rules: DOMAIN 4."""

from __future__ import annotations

from datetime import date, time, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.extensions import db
from app.models import OF_CLIENTS, AnsweredHow, Client, ClientAnswers, ClientKind, Knowledge, Lane, Questionnaire, QuestionnaireKind, now, today
from app.models.scope import verb
from app.services import jobs, schedules
from app.services.crossings import crossing
from app.services.questionnaires import answers
from app.services.questionnaires.definition import Definition, read
from app.services.refusals import RuleBroken

FOR_EVER = date(9999, 12, 31)
AT_ONCE = 500


def refuse_other_kinds(client: Client) -> None:
    """A couple is two persons: each answers for itself."""
    if client.kind is ClientKind.COUPLE:
        raise RuleBroken(_("Each person of a couple answers the questionnaires in its own file."))


def answer(
    session: Session, client: Client, questionnaire: Questionnaire, values: answers.Values, by: str, how: AnsweredHow, ago: timedelta = timedelta()
) -> ClientAnswers:
    """Keeps what a client answered to the version that was shown, with the score it has under it; some time `ago`, in demonstration
    data. Raises RuleBroken."""
    refuse_other_kinds(client)
    if questionnaire.published_at is None:
        raise RuleBroken(_("This questionnaire is not in use."))
    definition = read(questionnaire.content)
    kept = answers.checked(definition, values)
    found = answers.outcome(definition, kept)
    row = ClientAnswers(
        client_id=client.id,
        kind=questionnaire.kind,
        questionnaire_id=questionnaire.id,
        values=kept,
        score=found.score,
        level=found.level.key if found.level else "",
        how=how,
        by=by,
        review_on=review_day(definition, today() - ago),
        created_at=now() - ago,
    )
    with verb(session, {ClientAnswers: None, Client: {"knowledge"}}):
        session.add(row)
        session.flush()
        client.knowledge = state_of(session, client.id)
    return row


def review_day(definition: Definition, start: date) -> date:
    """The day on which answers given on a day are to be looked at again; the last of the month where its day does not exist."""
    if not definition.review:
        return FOR_EVER
    years, month = divmod(start.month - 1 + definition.review, 12)
    for day in range(start.day, 27, -1):
        try:
            return date(start.year + years, month + 1, day)
        except ValueError:
            continue
    return date(start.year + years, month + 1, min(start.day, 28))


def of_client(client_id: int, kind: QuestionnaireKind) -> list[ClientAnswers]:
    """Every time a client answered it, the latest first."""
    wanted = select(ClientAnswers).options(joinedload(ClientAnswers.questionnaire)).where(ClientAnswers.client_id == client_id, ClientAnswers.kind == kind)
    return list(db.session.scalars(wanted.order_by(ClientAnswers.id.desc())))


def latest(session: Session, client_id: int) -> dict[QuestionnaireKind, ClientAnswers]:
    """A client's latest answers to each questionnaire."""
    newest = select(func.max(ClientAnswers.id)).where(ClientAnswers.client_id == client_id).group_by(ClientAnswers.kind)
    found = session.scalars(select(ClientAnswers).options(joinedload(ClientAnswers.questionnaire)).where(ClientAnswers.id.in_(newest)))
    return {row.kind: row for row in found}


def state_of(session: Session, client_id: int) -> Knowledge:
    found = latest(session, client_id)
    if any(kind not in found for kind in OF_CLIENTS):
        return Knowledge.MISSING
    return Knowledge.DUE if any(row.is_due for row in found.values()) else Knowledge.CURRENT


def latest_of_partner(partner_id: int, limit: int = 20) -> list[tuple[Client, dict[QuestionnaireKind, ClientAnswers]]]:
    """The latest answers of a partner's clients, those who answered last first."""
    newest = select(ClientAnswers.client_id).join(Client, Client.id == ClientAnswers.client_id)
    newest = newest.where(Client.partner_id == partner_id).group_by(ClientAnswers.client_id).order_by(func.max(ClientAnswers.id).desc()).limit(limit)
    ids = list(db.session.scalars(newest))
    each = select(func.max(ClientAnswers.id)).where(ClientAnswers.client_id.in_(ids)).group_by(ClientAnswers.client_id, ClientAnswers.kind)
    beside = (joinedload(ClientAnswers.client), joinedload(ClientAnswers.questionnaire))
    found: dict[int, tuple[Client, dict[QuestionnaireKind, ClientAnswers]]] = {}
    for row in db.session.scalars(select(ClientAnswers).options(*beside).where(ClientAnswers.id.in_(each)).order_by(ClientAnswers.id.desc())):
        found.setdefault(row.client_id, (row.client, {}))[1][row.kind] = row
    return [found[client_id] for client_id in ids if client_id in found]


# --- in time --------------------------------------------------------------------------------------


@jobs.kind("review_knowledge", _("Look at questionnaires that are to be reviewed"), lane=Lane.LONG)
def review_knowledge(run: jobs.Run) -> None:
    """Clients whose latest answers have reached their day: their file says so, and lists can be filtered by it."""
    newest = select(func.max(ClientAnswers.id)).group_by(ClientAnswers.client_id, ClientAnswers.kind)
    with crossing() as session:
        overdue = select(ClientAnswers.client_id).join(Client, Client.id == ClientAnswers.client_id)
        overdue = overdue.where(ClientAnswers.id.in_(newest), ClientAnswers.review_on <= today(), Client.knowledge == Knowledge.CURRENT)
        ids = sorted(set(session.scalars(overdue)))
    for start in range(0, len(ids), AT_ONCE):
        with crossing(reading=False) as session:
            for client in session.scalars(select(Client).where(Client.id.in_(ids[start : start + AT_ONCE]))):
                client.knowledge = state_of(session, client.id)
            session.commit()
        run.renew(done=start, total=len(ids))


schedules.daily("review_knowledge", time(5, 20))
