"""The outbox: mails are written with their cause and leave once the transaction has been committed."""

from __future__ import annotations

import re
from datetime import timedelta
from email.utils import make_msgid
from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale
from markupsafe import Markup, escape
from sqlalchemy import and_, event, or_, select
from sqlalchemy.orm import Session

from app.connectors import mail as mail_connector
from app.extensions import db
from app.models import Mail, MailStatus, now
from app.models.scope import leave
from app.services.crossings import crossing


def post(notice: str, recipient: str, language: str, session: Session | None = None, partner_id: int | None = None, **facts: Any) -> Mail:
    """Queues one mail in the current transaction, written in the recipient's language from templates/emails/<notice>/."""
    with force_locale(current_app.config["LANGUAGES"][language]["locale"]):
        subject = " ".join(render_template(f"emails/{notice}/subject.txt", **facts).split())
        body = render_template(f"emails/{notice}/body.txt", house=current_app.config["HOUSE_NAME"], **facts).strip()
        link = facts.get("link")
        button = render_template(f"emails/{notice}/button.txt").strip() if link else ""
        shown = {"subject": subject, "paragraphs": paragraphs(body, link), "link": link, "button": button, "language": language}
        html = render_template("emails/layout.html", house=current_app.config["HOUSE_NAME"], **shown)
    mail = Mail(
        message_id=make_msgid(domain="cordee.example"),
        notice=notice,
        recipient=recipient,
        language=language,
        subject=subject[:300],
        text=body,
        html=html,
        partner_id=partner_id,
    )
    target = session or db.session()
    leave(target, mail)
    return mail


def paragraphs(body: str, link: str | None) -> list[dict[str, Any]]:
    """A text mail as paragraphs of HTML: the notice's own link becomes a button, a line of six digits a code. No other
    address does, whatever people typed into their names."""
    found: list[dict[str, Any]] = []
    for block in re.split(r"\n\s*\n", body):
        line = block.strip()
        kind = "link" if line == link else "code" if re.fullmatch(r"[0-9]{6}", line) else "text"
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
    """What led to the mails is written: whatever happens to them now, the request has succeeded."""
    waiting = session.info.pop("mails_to_send", [])
    if not waiting:
        return
    try:
        deliver([mail.id for mail in waiting])
    except Exception:
        current_app.logger.exception("mails wait in the outbox: `flask mails` sends them")


def deliver(ids: list[int]) -> None:
    """Sends these mails. No transaction is open meanwhile: a slow mail server holds up nobody's writing."""
    with crossing() as session:
        letters = [
            mail_connector.Letter(mail.message_id, mail.recipient, mail.subject, mail.text, mail.html)
            for mail in session.scalars(select(Mail).where(Mail.id.in_(ids), Mail.status != MailStatus.SENT).order_by(Mail.id))
        ]
    refusals = {letter.message_id: send(letter) for letter in letters}
    with crossing(reading=False) as session:
        for mail in session.scalars(select(Mail).where(Mail.message_id.in_(refusals))):
            refusal = refusals[mail.message_id]
            mail.status, mail.error = (MailStatus.FAILED, refusal[:500]) if refusal else (MailStatus.SENT, "")
            mail.sent_at = None if refusal else now()
        session.commit()


def send(letter: mail_connector.Letter) -> str:
    """Hands one letter to the mail connector; the reason if it was refused, whatever went wrong."""
    try:
        mail_connector.chosen.send(letter)
    except Exception as refusal:
        current_app.logger.warning("a mail was not sent: %s", refusal)
        return str(refusal) or type(refusal).__name__
    return ""


def deliver_waiting() -> tuple[int, int]:
    """Sends every mail that has not left yet, after a fault or a crash; (sent, still waiting). One that was queued a moment
    ago is on its way with the request that wrote it."""
    forgotten = and_(Mail.status == MailStatus.QUEUED, Mail.created_at < now() - timedelta(minutes=2))
    not_sent = select(Mail.id).where(or_(Mail.status == MailStatus.FAILED, forgotten)).order_by(Mail.id)
    with crossing() as session:
        ids = list(session.scalars(not_sent))
    deliver(ids)
    with crossing() as session:
        left = len(list(session.scalars(not_sent.where(Mail.id.in_(ids)))))
    return len(ids) - left, left


def latest(limit: int = 200) -> list[Mail]:
    """The newest mails, for the demo's page."""
    with crossing() as session:
        return list(session.scalars(select(Mail).order_by(Mail.id.desc()).limit(limit)))


def one(mail_id: int) -> Mail | None:
    with crossing() as session:
        return session.get(Mail, mail_id)
