"""The pieces of a partner's file: documents, what an identity document says, and what was reminded of in time."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _
from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import INTERNAL, Own, Record, field, today
from app.models.lookups import DocumentKind, listed_in
from app.models.partners import Partner

HANDED_IN = frozenset({"kind", "number", "expires_on", "key", "filename", "media_type", "size", "digest", "uploaded_by"})


class Document(Record):
    """A file of a partner. The bytes lie with the file connector under `key`; this row says what they are."""

    __tablename__ = "document"
    title, plural, adding = _("Document"), _("Documents"), _("Add a document")
    labelled = ("filename",)
    scope = Own("partner_id", writes=HANDED_IN, applicant=HANDED_IN, deletes=False)

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    kind: Mapped[DocumentKind] = field(_("Kind of document"), *listed_in(DocumentKind))
    number: Mapped[str | None] = field(_("Number"), String(40), help=_("As printed on the document."))
    expires_on: Mapped[date | None] = field(_("Expires on"))
    key: Mapped[str] = field(_("Kept file"), String(80), unique=True, kind="file")
    filename: Mapped[str] = field(_("File name"), String(200))
    media_type: Mapped[str] = field(_("Type of file"), String(100))
    size: Mapped[int] = field(_("Size in bytes"))
    digest: Mapped[str] = field(_("SHA-256"), String(64))
    uploaded_by: Mapped[str] = field(_("Uploaded by"), String(200))

    partner: Mapped[Partner] = relationship()

    @property
    def is_expired(self) -> bool:
        return self.expires_on is not None and self.expires_on < today()

    def __str__(self) -> str:
        return self.filename


class IdentityPaper(Record):
    """What an identity document says of a person. It lies apart from the document's row, which more people may see; history holds
    none of it."""

    __tablename__ = "identity_paper"
    title, plural = _("Identity document"), _("Identity documents")
    labelled = ("id",)
    scope = Own("partner_id", writes=frozenset({"document_id", "number", "zone"}), applicant=frozenset({"document_id", "number", "zone"}))
    unrecorded = frozenset({"number", "zone"})

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    document_id: Mapped[int] = field(_("Document"), ForeignKey("document.id", ondelete="CASCADE"), unique=True)
    number: Mapped[str] = field(_("Number of the identity document"), String(40), default="")
    zone: Mapped[str] = field(_("Machine-readable lines"), String(100), default="")


class Reminder(Record):
    """That people were reminded of a day on which something runs out: `days` is how long before, the latest time."""

    __tablename__ = "reminder"
    __table_args__ = (UniqueConstraint("partner_id", "about"),)
    title, plural = _("Reminder"), _("Reminders")
    scope, recorded = INTERNAL, False

    partner_id: Mapped[int] = mapped_column(ForeignKey("partner.id"))
    about: Mapped[str] = mapped_column(String(60))  # "document:12", "orias:2027-03-01", "agreement:7"
    days: Mapped[int] = mapped_column()
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id", ondelete="SET NULL"))
