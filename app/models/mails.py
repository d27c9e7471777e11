"""The outbox: a mail is a row written in the same transaction as its cause, and leaves after the commit."""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped

from app.models.base import INTERNAL, Choice, Moment, Record, choice_of, field


class MailStatus(Choice):
    QUEUED = "queued", _("Queued"), "warn"
    SENT = "sent", _("Sent"), "good"
    FAILED = "failed", _("Failed"), "bad"
    HELD = "held", _("Held"), "warn"


class Mail(Record):
    """One mail to one recipient, as it was written."""

    __tablename__ = "mail"
    title, plural = _("Mail"), _("Mails")
    scope, recorded = INTERNAL, False

    message_id: Mapped[str] = field(_("Message-ID"), String(200), unique=True)
    notice: Mapped[str] = field(_("Notice"), String(60))
    recipient: Mapped[str] = field(_("To"), String(320), index=True)
    language: Mapped[str] = field(_("Language"), String(5))
    subject: Mapped[str] = field(_("Subject"), String(300))
    text: Mapped[str] = field(_("Text"), Text)
    html: Mapped[str] = field(_("HTML"), Text)
    status: Mapped[MailStatus] = field(_("Status"), choice_of(MailStatus), default=MailStatus.QUEUED, index=True)
    partner_id: Mapped[int | None] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    sent_at: Mapped[datetime | None] = field(_("Sent on"), Moment)
    error: Mapped[str] = field(_("Error"), String(500), default="")
