"""The outbox: a mail and the job that sends it are written with their cause, and leave once that has been committed."""

from __future__ import annotations

import re
from datetime import timedelta
from email.utils import make_msgid
from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale, gettext, lazy_gettext as _
from markupsafe import Markup, escape
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.connectors import mail as mail_connector
from app.extensions import db
from app.models import Client, Job, Mail, MailStatus, now
from app.models.base import encodable
from app.models.scope import leave
from app.services import jobs
from app.services.brand import GLACIER, Brand
from app.services.crossings import crossing
from app.services.refusals import RuleBroken


def written(notice: str, recipient: str, language: str, partner_id: int | None = None, client_id: int | None = None, brand: Brand | None = None, **facts: Any) -> Mail:
    """One mail in the recipient's language, from templates/emails/<notice>/; in the name of the house, unless a brand is given."""
    house, colour = (brand.name, brand.colour) if brand else (current_app.config["HOUSE_NAME"], GLACIER)
    with force_locale(current_app.config["LANGUAGES"][language]["locale"]):
        subject = " ".join(render_template(f"emails/{notice}/subject.txt", house=house, **facts).split())
        body = render_template(f"emails/{notice}/body.txt", house=house, **facts).strip()
        link = facts.get("link")
        button = render_template(f"emails/{notice}/button.txt").strip() if link else ""
        shown = {"subject": subject, "paragraphs": paragraphs(body, link), "link": link, "button": button, "language": language}
        html = render_template("emails/layout.html", house=house, colour=colour, **shown)
    return Mail(
        message_id=make_msgid(domain="cordee.example"),
        notice=notice,
        recipient=recipient,
        language=language,
        subject=subject[:300],
        text=body,
        html=html,
        partner_id=partner_id,
        client_id=client_id,
        sender_name=brand.sender if brand else None,
        reply_to=brand.reply_to or None if brand else None,
    )


def post(notice: str, recipient: str, language: str, session: Session | None = None, partner_id: int | None = None, **facts: Any) -> Mail:
    """Queues one mail, with the job that sends it, in the current transaction."""
    mail, target = written(notice, recipient, language, partner_id, **facts), session or db.session()
    leave(target, mail)
    jobs.enqueue("send_mail", {"message_id": mail.message_id}, recipient, target, key=mail.message_id)
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


def never_sent(session: Session, job: Job) -> None:
    """The job of a mail was dropped or set aside: the mail says so, and can be sent again."""
    mail = session.scalar(select(Mail).where(Mail.message_id == job.key))
    if mail is not None and mail.status in UNDER_WAY:
        mail.status, mail.error = MailStatus.FAILED, job.error or gettext("The job was dropped.")


UNDER_WAY = (MailStatus.QUEUED, MailStatus.SENDING, MailStatus.DEFERRED)


@jobs.kind("send_mail", _("Send an e-mail"), most_tries=100, lease=timedelta(seconds=150), ended=never_sent)
def send_mail(run: jobs.Run) -> None:
    """Hands one mail to its transport. No transaction is open meanwhile: a slow mail server holds up nobody's writing. One that
    was cut off in the middle goes again under the same Message-ID, by which mail programs know a repeat. Every word about the mail
    is written together with one about its job, so that a worker that has lost the lease changes neither."""
    letter = begin_sending(run)
    if letter is None:
        return
    try:
        mail_connector.chosen.send(letter)
    except Exception as refusal:
        for_good = getattr(refusal, "for_good", False)
        note(run, letter, MailStatus.FAILED if for_good else MailStatus.DEFERRED, str(refusal) or type(refusal).__name__)
    else:
        note(run, letter, MailStatus.SENT, "")


def begin_sending(run: jobs.Run) -> mail_connector.Letter | None:
    """The letter, marked as on its way; None when it has left already or is held back."""
    with crossing(reading=False) as session:
        run.write(session, lease_until=now() + run.kind.lease)
        mail = session.scalar(select(Mail).where(Mail.message_id == run.facts["message_id"]).with_for_update())
        if mail is None or mail.status not in UNDER_WAY:
            return None
        if mail.client_id is not None and not session.get_one(Client, mail.client_id).notifications:
            mail.status = MailStatus.HELD  # switched off since it was queued
            session.commit()
            return None
        mail.status = MailStatus.SENDING
        letter = mail_connector.Letter(mail.message_id, mail.recipient, mail.subject, mail.text, mail.html, mail.sender_name or "", mail.reply_to or "")
        session.commit()
        return letter


def note(run: jobs.Run, letter: mail_connector.Letter, status: MailStatus, error: str) -> None:
    """What became of a mail and of its job, in one transaction."""
    words = jobs.without_secrets(encodable(error))[:500]
    with crossing(reading=False) as session:
        mail = session.scalars(select(Mail).where(Mail.message_id == letter.message_id).with_for_update()).one()
        mail.status, mail.error, mail.sent_at = status, words, now() if status is MailStatus.SENT else None
        if status is MailStatus.DEFERRED:
            run.put_off(session, words)
        else:
            run.settle(session)
        session.commit()


def send_again(mail: Mail) -> None:
    """A mail that has not left is due at once: by the job that it has, or by a new one."""
    if mail.status not in (*UNDER_WAY, MailStatus.FAILED):
        raise RuleBroken(_("Only a mail that has not left can be sent again."))
    job = jobs.unfinished(db.session(), "send_mail", mail.message_id)
    mail.status, mail.error = MailStatus.QUEUED, ""
    if job is not None:
        jobs.try_again(job)
    else:
        jobs.enqueue("send_mail", {"message_id": mail.message_id}, mail.recipient, key=mail.message_id)


def latest(limit: int = 200) -> list[Mail]:
    """The newest mails, for the demo's page."""
    with crossing() as session:
        return list(session.scalars(select(Mail).order_by(Mail.id.desc()).limit(limit)))


def one(mail_id: int) -> Mail | None:
    with crossing() as session:
        return session.get(Mail, mail_id)
