"""The outbox: a mail and the job that sends it are written with their cause, and leave once that has been committed."""

from __future__ import annotations

import re
from datetime import timedelta
from email.utils import make_msgid
from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale, lazy_gettext as _
from markupsafe import Markup, escape
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.connectors import mail as mail_connector
from app.extensions import db
from app.models import Mail, MailStatus, now
from app.models.scope import leave
from app.services import jobs
from app.services.crossings import crossing
from app.services.refusals import RuleBroken


def written(notice: str, recipient: str, language: str, partner_id: int | None = None, **facts: Any) -> Mail:
    """One mail in the recipient's language, from templates/emails/<notice>/."""
    with force_locale(current_app.config["LANGUAGES"][language]["locale"]):
        subject = " ".join(render_template(f"emails/{notice}/subject.txt", **facts).split())
        body = render_template(f"emails/{notice}/body.txt", house=current_app.config["HOUSE_NAME"], **facts).strip()
        link = facts.get("link")
        button = render_template(f"emails/{notice}/button.txt").strip() if link else ""
        shown = {"subject": subject, "paragraphs": paragraphs(body, link), "link": link, "button": button, "language": language}
        html = render_template("emails/layout.html", house=current_app.config["HOUSE_NAME"], **shown)
    return Mail(
        message_id=make_msgid(domain="cordee.example"),
        notice=notice,
        recipient=recipient,
        language=language,
        subject=subject[:300],
        text=body,
        html=html,
        partner_id=partner_id,
    )


def post(notice: str, recipient: str, language: str, session: Session | None = None, partner_id: int | None = None, **facts: Any) -> Mail:
    """Queues one mail, with the job that sends it, in the current transaction."""
    mail, target = written(notice, recipient, language, partner_id, **facts), session or db.session()
    leave(target, mail)
    jobs.enqueue("send_mail", {"message_id": mail.message_id}, recipient, target)
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


@jobs.kind("send_mail", _("Send an e-mail"), most_tries=100, lease=timedelta(seconds=120))
def send_mail(run: jobs.Run) -> None:
    """Hands one mail to its transport. No transaction is open meanwhile: a slow mail server holds up nobody's writing. One that
    was cut off in the middle goes again under the same Message-ID, by which mail programs know a repeat."""
    letter = begin_sending(run.facts["message_id"])
    if letter is None:
        return
    try:
        mail_connector.chosen.send(letter)
    except Exception as refusal:
        for_good = getattr(refusal, "for_good", False)
        note(letter.message_id, MailStatus.FAILED if for_good else MailStatus.DEFERRED, str(refusal) or type(refusal).__name__, run if for_good else None)
        if not for_good:
            raise
    else:
        note(letter.message_id, MailStatus.SENT, "", run)


def begin_sending(message_id: str) -> mail_connector.Letter | None:
    """The letter, marked as on its way; None when it has left already or is held back."""
    with crossing(reading=False) as session:
        mail = session.scalar(select(Mail).where(Mail.message_id == message_id).with_for_update())
        if mail is None or mail.status in (MailStatus.SENT, MailStatus.HELD, MailStatus.FAILED):
            return None
        mail.status = MailStatus.SENDING
        letter = mail_connector.Letter(mail.message_id, mail.recipient, mail.subject, mail.text, mail.html)
        session.commit()
        return letter


def note(message_id: str, status: MailStatus, error: str, settles: jobs.Run | None) -> None:
    """What became of a mail, in one transaction with the word that its job is done."""
    with crossing(reading=False) as session:
        mail = session.scalars(select(Mail).where(Mail.message_id == message_id).with_for_update()).one()
        mail.status, mail.error, mail.sent_at = status, error[:500], now() if status is MailStatus.SENT else None
        if settles is not None:
            settles.settle(session)
        session.commit()


def send_again(mail: Mail) -> None:
    """A mail that failed or waits for its next try goes into the queue once more."""
    if mail.status not in (MailStatus.FAILED, MailStatus.DEFERRED):
        raise RuleBroken(_("Only a mail that has not left can be sent again."))
    mail.status, mail.error = MailStatus.QUEUED, ""
    jobs.enqueue("send_mail", {"message_id": mail.message_id}, mail.recipient)


SECRETS = re.compile(r"(https?://\S*?/)[0-9A-Za-z_\-]{16,}|^[0-9]{6}$", re.MULTILINE)


def masked(text: str) -> str:
    """A mail as staff may read it: without what opens a door, one-time links and codes."""
    return SECRETS.sub(lambda found: f"{found[1] or ''}…", text)


def latest(limit: int = 200) -> list[Mail]:
    """The newest mails, for the demo's page."""
    with crossing() as session:
        return list(session.scalars(select(Mail).order_by(Mail.id.desc()).limit(limit)))


def one(mail_id: int) -> Mail | None:
    with crossing() as session:
        return session.get(Mail, mail_id)
