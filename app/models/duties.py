"""What the law asks of whoever keeps files on people: complaints, requests about one's own data, and what is kept locked after a
deletion. Rules: DOMAIN 8, GDPR art. 12 to 21, ACPR recommendation 2022-R-01."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, event
from sqlalchemy.orm import Mapped, Mapper, mapped_column, relationship

from app.models.base import STAFF, Choice, Moment, Own, Record, choice_of, field, now, today
from app.models.clients import Client
from app.models.terms import months_after, working_days_after

ACKNOWLEDGED_WITHIN, ANSWERED_WITHIN = 10, 2  # working days; months
REQUEST_WITHIN = 1  # months


class Channel(Choice):
    LETTER = "letter", _("Letter")
    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Phone call")
    VISIT = "visit", _("In person")


class ComplaintStatus(Choice):
    RECEIVED = "received", _("Received"), "bad"
    ACKNOWLEDGED = "acknowledged", _("Acknowledged"), "warn"
    ANSWERED = "answered", _("Answered"), "good"


class ComplaintOutcome(Choice):
    ACCEPTED = "accepted", _("Accepted")
    PARTLY = "partly", _("Accepted in part")
    REJECTED = "rejected", _("Rejected")


WRITTEN_OF_COMPLAINT = frozenset({"client_id", "received_on", "channel", "subject", "text", "acknowledged_on", "answered_on", "outcome", "answer"})


class Complaint(Record):
    """A client's complaint: to be acknowledged within ten working days, and answered within two months."""

    __tablename__ = "complaint"
    title, plural, adding = _("Complaint"), _("Complaints"), _("New complaint")
    labelled = ("subject",)
    scope = Own("partner_id", adviser="client.adviser_id", writes=WRITTEN_OF_COMPLAINT, ruled=frozenset({"status", "acknowledge_by", "answer_by"}))
    __table_args__ = (
        CheckConstraint("acknowledged_on IS NULL OR acknowledged_on >= received_on", name="acknowledged_after_it_came"),
        CheckConstraint("answered_on IS NULL OR answered_on >= received_on", name="answered_after_it_came"),
        Index("ix_complaint_status", "status", "answer_by"),
    )

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    client_id: Mapped[int | None] = field(_("Client"), ForeignKey("client.id", ondelete="SET NULL"), index=True)
    client_name: Mapped[str | None] = field(_("Client, deleted since"), String(200))
    received_on: Mapped[date] = field(_("Received on"), default=today)
    channel: Mapped[Channel] = field(_("How it came"), choice_of(Channel), default=Channel.EMAIL)
    subject: Mapped[str] = field(_("Subject"), String(200))
    text: Mapped[str] = field(_("What is complained of"), Text, kind="text")
    status: Mapped[ComplaintStatus] = field(_("Status"), choice_of(ComplaintStatus), default=ComplaintStatus.RECEIVED)
    acknowledge_by: Mapped[date] = field(_("To be acknowledged by"))
    acknowledged_on: Mapped[date | None] = field(_("Acknowledged on"), help=_("The day on which the client was told that it has arrived."))
    answer_by: Mapped[date] = field(_("To be answered by"))
    answered_on: Mapped[date | None] = field(_("Answer sent on"))
    outcome: Mapped[ComplaintOutcome | None] = field(_("Outcome"), choice_of(ComplaintOutcome))
    answer: Mapped[str | None] = field(
        _("Answer given"),
        Text,
        kind="text",
        help=_("Every answer names the mediator: La Médiation de l’Assurance for insurance, the AMF’s mediator for financial investment advice."),
        more=_("The client can turn to it free of charge, two months after having sent a written complaint, even if it has not been answered."),
    )

    partner: Mapped[Any] = relationship("Partner")
    client: Mapped[Client | None] = relationship()

    @property
    def is_late(self) -> bool:
        """Whether a term has passed that was not kept yet."""
        unacknowledged = self.acknowledged_on is None and self.acknowledge_by < today()
        return self.answered_on is None and (unacknowledged or self.answer_by < today())

    def __str__(self) -> str:
        return self.subject


@event.listens_for(Complaint, "before_insert")
@event.listens_for(Complaint, "before_update")
def keep_terms(mapper: Mapper, connection: Any, complaint: Complaint) -> None:
    """Terms and status follow from the days that were noted: nobody sets them."""
    complaint.received_on = complaint.received_on or today()
    complaint.acknowledge_by = working_days_after(complaint.received_on, ACKNOWLEDGED_WITHIN)
    complaint.answer_by = months_after(complaint.received_on, ANSWERED_WITHIN)
    if complaint.answered_on is not None:
        complaint.status = ComplaintStatus.ANSWERED
    else:
        complaint.status = ComplaintStatus.ACKNOWLEDGED if complaint.acknowledged_on is not None else ComplaintStatus.RECEIVED


class RequestKind(Choice):
    ACCESS = "access", _("Access to the data")
    CORRECTION = "correction", _("Correction")
    RESTRICTION = "restriction", _("Restriction")
    ERASURE = "erasure", _("Erasure")
    OBJECTION = "objection", _("Objection")
    PORTABILITY = "portability", _("Portability")


class DataRequest(Record):
    """What a client asks about its own data: to be answered within a month (GDPR art. 12, 3)."""

    __tablename__ = "data_request"
    title, plural, adding = _("Request about data"), _("Requests about data"), _("New request")
    labelled = ("id",)
    scope = Own(through=("client_id", "Client.id"), writes=frozenset({"client_id", "kind", "received_on", "text", "done_on", "answer"}), ruled=frozenset({"answer_by"}))

    client_id: Mapped[int] = field(_("Client"), ForeignKey("client.id", ondelete="CASCADE"), index=True)
    kind: Mapped[RequestKind] = field(_("What is asked"), choice_of(RequestKind))
    received_on: Mapped[date] = field(_("Received on"), default=today)
    text: Mapped[str] = field(_("In the client’s words"), Text, kind="text")
    answer_by: Mapped[date] = field(_("To be answered by"))
    done_on: Mapped[date | None] = field(_("Answer sent on"))
    answer: Mapped[str | None] = field(_("Answer given"), Text, kind="text")

    client: Mapped[Client] = relationship()

    def __str__(self) -> str:
        return f"{self.kind.label}"


@event.listens_for(DataRequest, "before_insert")
@event.listens_for(DataRequest, "before_update")
def keep_term(mapper: Mapper, connection: Any, request: DataRequest) -> None:
    request.received_on = request.received_on or today()
    request.answer_by = months_after(request.received_on, REQUEST_WITHIN)


class LockedFile(Record):
    """What the law has the house keep of a client that was deleted: locked, out of every list, until its day."""

    __tablename__ = "locked_file"
    title, plural = _("Locked file"), _("Locked files")
    scope = STAFF
    unrecorded = frozenset({"content"})

    partner_id: Mapped[int | None] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    name: Mapped[str] = field(_("Client"), String(200))
    purpose: Mapped[str] = field(_("Why it is kept"), String(300), kind="sentence")
    created_at: Mapped[datetime] = field(_("Deleted on"), Moment, default=now)
    until: Mapped[date] = field(_("Kept until"), index=True)
    deleted_by: Mapped[str] = field(_("Deleted by"), String(200))
    client_id: Mapped[int] = mapped_column()  # the number that it had: its history is found by it
    content: Mapped[dict[str, Any]] = mapped_column(JSON)

    partner: Mapped[Any] = relationship("Partner")


class LockedBytes(Record):
    """The bytes that belong to a locked file: documents and their versions."""

    __tablename__ = "locked_bytes"
    title, plural = _("File kept locked"), _("Files kept locked")
    labelled = ("id",)
    scope, recorded = STAFF, False

    locked_id: Mapped[int] = mapped_column(ForeignKey("locked_file.id", ondelete="CASCADE"), index=True)
    key: Mapped[str] = field(_("Kept file"), String(80), index=True, kind="file")
    name: Mapped[str] = mapped_column(String(250), default="")
