"""The outbox: a mail is a row written in the same transaction as its cause, and leaves after the commit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import STAFF, Choice, Moment, Record, choice_of, field


class MailStatus(Choice):
    QUEUED = "queued", _("Queued"), "warn"
    SENDING = "sending", _("On its way"), "warn"
    SENT = "sent", _("Sent"), "good"
    DEFERRED = "deferred", _("To be tried again"), "warn"
    FAILED = "failed", _("Failed"), "bad"
    HELD = "held", _("Held"), "warn"
    DISCARDED = "discarded", _("Discarded")


class Mail(Record):
    """One mail to one recipient, as it was written."""

    __tablename__ = "mail"
    title, plural = _("E-mail"), _("E-mails")
    labelled = ("subject",)
    scope, recorded = STAFF, False

    message_id: Mapped[str] = field(_("Message-ID"), String(200), unique=True)
    notice: Mapped[str] = field(_("Notice"), String(60))
    recipient: Mapped[str] = field(_("To"), String(320), index=True)
    language: Mapped[str] = field(_("Language"), String(5), kind="language")
    sender_name: Mapped[str | None] = field(_("Name of the sender"), String(100))
    reply_to: Mapped[str | None] = field(_("Address for answers"), String(320))
    subject: Mapped[str] = field(_("Subject"), String(300))
    text: Mapped[str] = mapped_column(Text)  # with one-time links and codes in it: pages show masked()
    html: Mapped[str] = mapped_column(Text)
    status: Mapped[MailStatus] = field(_("Status"), choice_of(MailStatus), default=MailStatus.QUEUED, index=True)
    partner_id: Mapped[int | None] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    client_id: Mapped[int | None] = field(_("Client"), ForeignKey("client.id", ondelete="CASCADE"), index=True)
    sent_at: Mapped[datetime | None] = field(_("Sent on"), Moment)
    error: Mapped[str] = field(_("What went wrong"), String(500), default="")

    partner: Mapped[Any] = relationship("Partner")
    client: Mapped[Any] = relationship("Client")

    def __str__(self) -> str:
        return self.subject
