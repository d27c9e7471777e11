"""Mails to a client's people: none leaves while its notifications are off. What would have gone is kept, and whoever switches them on
says what becomes of it. Rules: DOMAIN 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import LazyString, lazy_gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Choice, Client, Mail, MailStatus, Partner, QuestionnaireSent, now
from app.models.scope import leave
from app.services import client_links, jobs
from app.services.brand import brand_of
from app.services.client_people import Recipient, recipients, signatories_of
from app.services.crossings import crossing
from app.services.mails import written
from app.services.refusals import STALE, RuleBroken

OFF, IN_SUMMARY = _("Notifications are off for this client."), _("Taken up in the summary.")
__all__ = ["TITLES", "Recipient", "WhatWithHeld", "post", "recipients", "signatories_of", "switch"]

TITLES: dict[str, LazyString] = {  # what each mail to a client is, in the words of those who look after it
    "client_questionnaire": _("Questionnaire to answer"),
    "client_reminder": _("Reminder of a questionnaire"),
    "client_paper": _("Document to read and sign"),
    "client_code": _("Code to sign with"),
    "client_space": _("Link to the client’s space"),
    "client_moved": _("Letter about a new contact"),
    "client_summary": _("Summary of what was held back"),
}


class WhatWithHeld(Choice):
    SEND = "send", _("Send them now")
    SUMMARY = "summary", _("Send one summary instead")
    DISCARD = "discard", _("Discard them")


@dataclass(frozen=True)
class Told:
    """A mail of a client as those who look after it see it: never its words, in which one-time links stand."""

    id: int
    title: LazyString | str
    recipient: str
    status: MailStatus
    at: datetime
    reason: str


def post(session: Session, client: Client, notice: str, recipient: str, **facts: Any) -> Mail:
    """Queues a mail to one of a client's people in the current transaction, in the partner's name; held back while the client's
    notifications are off."""
    partner = session.get_one(Partner, client.partner_id)
    mail = written(notice, recipient, client.language, client.partner_id, client.id, brand=brand_of(partner), name=client.called, **facts)
    leave(session, mail)
    if client.notifications:
        jobs.enqueue("send_mail", {"message_id": mail.message_id}, recipient, session, key=mail.message_id)
    else:
        mail.status, mail.error = MailStatus.HELD, str(OFF)
    return mail


def of_client(client_id: int, limit: int = 100) -> list[Told]:
    """A client's mails, the newest first. The caller has found the client under its own scope."""
    with crossing() as session:
        rows = session.scalars(select(Mail).where(Mail.client_id == client_id).order_by(Mail.id.desc()).limit(limit))
        return [Told(row.id, TITLES.get(row.notice, row.notice), row.recipient, row.status, row.created_at, row.error) for row in rows]


def held_number(client_id: int) -> int:
    with crossing() as session:
        return session.scalar(select(func.count()).select_from(Mail).where(Mail.client_id == client_id, Mail.status == MailStatus.HELD)) or 0


def held(client_id: int) -> set[str]:
    """The Message-IDs of what is held back. The caller has found the client under its own scope."""
    with crossing() as session:
        return set(session.scalars(select(Mail.message_id).where(Mail.client_id == client_id, Mail.status == MailStatus.HELD)))


def switch(client_id: int, version: int, on: bool, what: WhatWithHeld | None, actor: str, actor_id: int) -> None:
    """Switches a client's notifications, on a session of the house's own: mails are not the partner's to write. Switching on says what
    becomes of the mails that were held; raises RuleBroken when it has to and does not, or when somebody else was quicker."""
    with crossing(reading=False) as session:
        session.info.update(actor=actor, actor_id=actor_id)
        client = session.scalar(select(Client).where(Client.id == client_id).with_for_update())
        if client is None or client.version != version or client.notifications is on:
            raise RuleBroken(STALE)
        held = list(session.scalars(select(Mail).where(Mail.client_id == client_id, Mail.status == MailStatus.HELD).order_by(Mail.id)))
        if on and held and what is None:
            raise RuleBroken(_("Please say what becomes of the e-mails that were held back."), "what")
        client.notifications = on
        if on and held:
            settle(session, client, held, what)
        if not on:
            hold_back(session, client_id)
        session.commit()


def hold_back(session: Session, client_id: int) -> None:
    """What has not left yet is held: a mail that is on its way at this moment is the last."""
    waiting = (MailStatus.QUEUED, MailStatus.DEFERRED, MailStatus.FAILED)
    for mail in session.scalars(select(Mail).where(Mail.client_id == client_id, Mail.status.in_(waiting))):
        mail.status, mail.error = MailStatus.HELD, str(OFF)


OF_QUESTIONNAIRES = ("client_questionnaire", "client_reminder")


def settle(session: Session, client: Client, held: list[Mail], what: WhatWithHeld | None) -> None:
    if what is WhatWithHeld.SEND:
        asked = give_questionnaires_time(session, client.id)
        for mail in held:
            if mail.notice in OF_QUESTIONNAIRES and not asked:  # answered or withdrawn meanwhile: its link would lead to nothing
                mail.status, mail.error = MailStatus.DISCARDED, ""
                continue
            mail.status, mail.error = MailStatus.QUEUED, ""
            client_links.give_time(session, mail.message_id)
            job = jobs.unfinished(session, "send_mail", mail.message_id)
            if job is not None:
                jobs.try_again(job)
            else:
                jobs.enqueue("send_mail", {"message_id": mail.message_id}, mail.recipient, session, key=mail.message_id)
        return
    for mail in held:
        mail.status, mail.error = MailStatus.DISCARDED, str(IN_SUMMARY) if what is WhatWithHeld.SUMMARY else ""
    if what is WhatWithHeld.SUMMARY:
        for recipient in dict.fromkeys(mail.recipient for mail in held):
            subjects = list(dict.fromkeys(mail.subject for mail in held if mail.recipient == recipient))
            link, link_row = client_links.new(session, client, recipient)
            link_row.message_id = post(session, client, "client_summary", recipient, subjects=subjects, link=link).message_id


def give_questionnaires_time(session: Session, client_id: int) -> bool:
    """The questionnaires that wait can be answered from the day on which their mail leaves; returns whether there are any."""
    waits = QuestionnaireSent.client_id == client_id, QuestionnaireSent.answered_at.is_(None), QuestionnaireSent.withdrawn_at.is_(None)
    rows = list(session.scalars(select(QuestionnaireSent).where(*waits)))
    for row in rows:
        row.expires_at = now() + current_app.config["QUESTIONNAIRE_LIFETIME"]
    return bool(rows)


def refuse_while_off(client: Client) -> None:
    """A code that is held back is worth nothing: what needs one waits until notifications are on."""
    if not client.notifications:
        raise RuleBroken(
            _(
                "Notifications are off for this client, so no code can be sent. Switch them on first, or print the PDF, have it signed by hand and put the scan into the drive."
            )
        )
