"""Questionnaires sent to clients: one mail with a link, answered bit by bit without an account, with reminders. Whatever version was
sent can be answered, also when another one has been published meanwhile. Rules: DOMAIN 4."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time, timedelta
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.models import AnsweredHow, Client, ClientAnswers, Lane, Partner, PartnerStatus, QuestionnaireKind, QuestionnaireSent, now
from app.services import client_links, client_mails, client_papers, jobs, knowledge, once, schedules
from app.services.client_links import Guest
from app.services.client_people import is_theirs
from app.services.crossings import crossing
from app.services.questionnaires import answers, versions
from app.services.refusals import RuleBroken

REMINDED_AFTER = timedelta(days=4)
LONGEST_BEGUN = 60_000  # characters of a form that waits to be gone on with
NO_SUCH_ADDRESS = _("Please choose one of this client’s e-mail addresses.")
GONE = _("This questionnaire has been answered or withdrawn, or its time is over. Please ask your adviser for a new one.")


def send(client_id: int, kind: QuestionnaireKind, email: str, by: str, by_id: int | None, token: str | None) -> bool:
    """Sends a questionnaire in its version of today to one of the client's addresses; one that still waited is withdrawn. Returns
    whether the mail leaves: it is held while notifications are off. Raises RuleBroken, and AlreadyDone for a double post. On a session
    of the house's own: links and mails are not the partner's to write; the caller has found the client under its own scope."""
    with crossing(reading=False) as session:
        session.info.update(actor=by, actor_id=by_id)
        once.claim(token, by_id, session=session)
        client = session.get_one(Client, client_id)
        knowledge.refuse_other_kinds(client)
        known = client_mails.recipients(client, client_mails.signatories_of(session, client_id))
        if email not in [each.email for each in known]:
            raise RuleBroken(NO_SUCH_ADDRESS, "email")
        questionnaire = session.scalar(versions.newest(kind))
        if questionnaire is None:
            raise RuleBroken(_("There is no questionnaire at the moment."))
        for waiting in session.scalars(select(QuestionnaireSent).where(QuestionnaireSent.client_id == client_id, QuestionnaireSent.kind == kind, *OPEN)):
            waiting.withdrawn_at = now()
        expires = now() + current_app.config["QUESTIONNAIRE_LIFETIME"]
        message_id = write(session, client, "client_questionnaire", email, kind)
        sent = {"client_id": client_id, "kind": kind, "questionnaire_id": questionnaire.id, "sent_to": email, "by": by, "expires_at": expires, "begun": {}}
        session.add(QuestionnaireSent(**sent, message_id=message_id))
        session.commit()
        return client.notifications


OPEN = (QuestionnaireSent.answered_at.is_(None), QuestionnaireSent.withdrawn_at.is_(None))


def write(session: Session, client: Client, notice: str, email: str, kind: QuestionnaireKind) -> str:
    """One mail with a fresh link, which runs from the day on which the mail leaves; returns the mail's Message-ID."""
    link, row = client_links.new(session, client, email)
    row.message_id = client_mails.post(session, client, notice, email, link=link, kind=kind.value).message_id
    return row.message_id


def invite(client_id: int, email: str, by: str, by_id: int, token: str | None) -> bool:
    """Mails one of a client's people a link to its own space; returns whether it leaves. Raises RuleBroken and AlreadyDone."""
    with crossing(reading=False) as session:
        session.info.update(actor=by, actor_id=by_id)
        once.claim(token, by_id, session=session)
        client = session.get_one(Client, client_id)
        if email not in [each.email for each in client_mails.recipients(client, client_mails.signatories_of(session, client_id))]:
            raise RuleBroken(NO_SUCH_ADDRESS, "email")
        link, row = client_links.new(session, client, email)
        row.message_id = client_mails.post(session, client, "client_space", email, link=link).message_id
        session.commit()
        return client.notifications


def of_client(session: Session, client_id: int, kind: QuestionnaireKind | None = None) -> list[QuestionnaireSent]:
    wanted = select(QuestionnaireSent).options(joinedload(QuestionnaireSent.questionnaire)).where(QuestionnaireSent.client_id == client_id)
    wanted = wanted if kind is None else wanted.where(QuestionnaireSent.kind == kind)
    return list(session.scalars(wanted.order_by(QuestionnaireSent.id.desc()).limit(20)))


def first_page(visit: str) -> str:
    """Where a link leads: to the one thing that waits for the client, if it is one; else to its space."""
    guest = client_links.identify(visit)
    if guest is None:
        return "/space/"
    with crossing() as session:
        waiting = [f"/space/questionnaires/{row.id}" for row in of_client(session, guest.client_id) if row.is_open]
        waiting += [f"/space/papers/{paper.id}" for paper in client_papers.offered(client_papers.waiting_of(session, guest.client_id))]
    return waiting[0] if len(waiting) == 1 else "/space/"


def withdraw(sent_id: int, client_id: int) -> None:
    with crossing(reading=False) as session:
        row = find(session, sent_id, client_id)
        row.withdrawn_at = now()
        session.commit()


def remind_now(sent_id: int, client_id: int) -> bool:
    """Another mail for a questionnaire that waits; one a day. Returns whether it leaves."""
    with crossing(reading=False) as session:
        row = find(session, sent_id, client_id)
        if max(row.created_at, row.reminded_at or row.created_at) > now() - timedelta(days=1):
            raise RuleBroken(_("A mail has been sent within the last day. Please wait a little."))
        client = session.get_one(Client, client_id)
        remind(session, row, client)
        session.commit()
        return client.notifications


def find(session: Session, sent_id: int, client_id: int) -> QuestionnaireSent:
    """The questionnaire, if it is this client's and still waits; else RuleBroken."""
    row = session.scalar(select(QuestionnaireSent).where(QuestionnaireSent.id == sent_id, QuestionnaireSent.client_id == client_id).with_for_update())
    if row is None or not row.is_open:
        raise RuleBroken(GONE)
    return row


def remind(session: Session, row: QuestionnaireSent, client: Client) -> None:
    """Another mail; a questionnaire whose address is no longer one of the client's is withdrawn instead."""
    if not is_theirs(session, client, row.sent_to):
        row.withdrawn_at = now()
        return
    row.reminded_at = now()
    row.message_id = write(session, client, "client_reminder", row.sent_to, row.kind)


# --- the client answers ---------------------------------------------------------------------------


def keep(sent_id: int, guest: Guest, fields: Iterable[tuple[str, str]]) -> None:
    """Keeps what stands in the form, to go on with on another day."""
    begun: dict[str, Any] = {"fields": [[name, text] for name, text in fields if name.startswith("q_")]}
    if sum(len(name) + len(text) for name, text in begun["fields"]) > LONGEST_BEGUN:
        raise RuleBroken(_("This is too much to keep."))
    with crossing(reading=False) as session:
        row = find(session, sent_id, guest.client_id)
        row.begun, row.opened_at = begun, row.opened_at or now()
        session.commit()


def note_opened(sent_id: int, guest: Guest) -> None:
    with crossing(reading=False) as session:
        row = find(session, sent_id, guest.client_id)
        row.opened_at = row.opened_at or now()
        session.commit()


def answer(sent_id: int, guest: Guest, values: answers.Values) -> int:
    """The client's answers, by itself; returns the number of the document to sign. Raises RuleBroken; of two at once, one counts."""
    with crossing() as session:
        row = session.scalar(select(QuestionnaireSent).options(joinedload(QuestionnaireSent.questionnaire)).where(QuestionnaireSent.id == sent_id))
    if row is None or row.client_id != guest.client_id or not row.is_open:
        raise RuleBroken(GONE)
    with client_papers.prepared(guest.client_id, row.questionnaire, values) as result, crossing(reading=False) as session:
        row = find(session, sent_id, guest.client_id)
        client = session.get_one(Client, guest.client_id)
        by = client_papers.signer_of(client, client_mails.signatories_of(session, client.id), guest.email).name
        session.info["actor"] = by
        kept = knowledge.answer(session, client, row.questionnaire, values, by, AnsweredHow.LINK)
        row.answered_at, row.begun = now(), {}
        paper = client_papers.offer(session, kept, result)
        session.commit()
        return paper.id


def answer_together(session: Session, client: Client, questionnaire: Any, values: answers.Values, by: str, result: client_papers.Result) -> ClientAnswers:
    """The client's answers, with the adviser beside: in the caller's transaction, under its scope."""
    row = knowledge.answer(session, client, questionnaire, values, by, AnsweredHow.TOGETHER)
    client_papers.offer(session, row, result)
    return row


# --- in time --------------------------------------------------------------------------------------


@jobs.kind("remind_clients", _("Remind clients of questionnaires"), lane=Lane.LONG)
def remind_clients(run: jobs.Run) -> None:
    """One reminder to whoever has not answered after some days."""
    due = select(QuestionnaireSent.id).where(*OPEN, QuestionnaireSent.reminded_at.is_(None), QuestionnaireSent.created_at < now() - REMINDED_AFTER)
    with crossing() as session:
        ids = list(session.scalars(due.where(QuestionnaireSent.expires_at > now()).order_by(QuestionnaireSent.id)))
    for done, sent_id in enumerate(ids):
        with crossing(reading=False) as session:
            row = session.scalar(select(QuestionnaireSent).where(QuestionnaireSent.id == sent_id, QuestionnaireSent.reminded_at.is_(None), *OPEN).with_for_update())
            client = session.get(Client, row.client_id) if row is not None else None
            if row is not None and client is not None and session.get_one(Partner, client.partner_id).status is PartnerStatus.ACTIVE:
                remind(session, row, client)
            session.commit()
        run.renew(done=done + 1, total=len(ids))


schedules.daily("remind_clients", time(8, 30))
