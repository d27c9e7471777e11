"""The outbox: mails are written with their cause and leave once the transaction has been committed."""

from __future__ import annotations

import re
from email.utils import make_msgid
from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale
from markupsafe import Markup, escape
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.connectors import mail as mail_connector
from app.extensions import db
from app.models import Mail, MailStatus, now
from app.models.scope import leave
from app.services.crossings import crossing


def post(notice: str, recipient: str, language: str, session: Session | None = None, partner_id: int | None = None, **facts: Any) -> Mail:
    """Queues one mail in the current transaction, written in the recipient's language from templates/emails/<notice>/."""
    with force_locale(language):
        subject = render_template(f"emails/{notice}/subject.txt", **facts).strip()
        body = render_template(f"emails/{notice}/body.txt", house=current_app.config["HOUSE_NAME"], **facts).strip()
        html = render_template("emails/layout.html", subject=subject, paragraphs=paragraphs(body), house=current_app.config["HOUSE_NAME"], language=language)
    mail = Mail(
        message_id=make_msgid(domain="cordee.example"),
        notice=notice,
        recipient=recipient,
        language=language,
        subject=subject,
        text=body,
        html=html,
        partner_id=partner_id,
    )
    target = session or db.session()
    leave(target, mail)
    return mail


def paragraphs(body: str) -> list[dict[str, Any]]:
    """A text mail as paragraphs of HTML: a line that is only an address becomes a button, one of digits a code."""
    found: list[dict[str, Any]] = []
    for block in re.split(r"\n\s*\n", body):
        line = block.strip()
        kind = "link" if re.fullmatch(r"https?://\S+", line) else "code" if re.fullmatch(r"[0-9]{6}", line) else "text"
        found.append({"kind": kind, "text": line, "lines": Markup("<br>").join(escape(part) for part in line.split("\n"))})
    return found


@event.listens_for(Session, "before_commit", insert=True)  # before history seals and empties what waits
def remember_mails(session: Session) -> None:
    if session.in_nested_transaction():
        return
    waiting = [record for record in session.info.get("outgoing", []) if isinstance(record, Mail)]
    if waiting:
        session.info["mails_to_send"] = waiting


@event.listens_for(Session, "after_commit")
def deliver_after_commit(session: Session) -> None:
    waiting = session.info.pop("mails_to_send", [])
    if waiting:
        deliver([mail.id for mail in waiting])


def deliver(ids: list[int]) -> None:
    """Sends queued mails; one that is refused stays in the outbox, marked failed."""
    with crossing(reading=False) as session:
        for mail in session.scalars(select(Mail).where(Mail.id.in_(ids), Mail.status == MailStatus.QUEUED)):
            letter = mail_connector.Letter(mail.message_id, mail.recipient, mail.subject, mail.text, mail.html)
            try:
                mail_connector.chosen.send(letter)
                mail.status, mail.sent_at = MailStatus.SENT, now()
            except (mail_connector.NotSent, OSError) as refusal:
                mail.status, mail.error = MailStatus.FAILED, str(refusal)[:500]
        session.commit()


def latest(limit: int = 200) -> list[Mail]:
    """The newest mails, for the demo's page."""
    with crossing() as session:
        return list(session.scalars(select(Mail).order_by(Mail.id.desc()).limit(limit)))


def one(mail_id: int) -> Mail | None:
    with crossing() as session:
        return session.get(Mail, mail_id)
